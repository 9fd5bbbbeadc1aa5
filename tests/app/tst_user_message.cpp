// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/language.h"
#include "app/messages/engine_words.h"
#include "app/messages/user_message.h"
#include "engine/core/error.h"

#include <QDir>
#include <QRegularExpression>
#include <QTest>

using namespace sy;
using namespace sy::app;

class TestUserMessage : public QObject {
    Q_OBJECT
private slots:
    void everyEngineErrorHasTitleAndRemedy();
    void factsOfTheErrorAreSaid();
    void storageFailuresGetTheRemedyOfTheirCause_data();
    void storageFailuresGetTheRemedyOfTheirCause();
    void aDownloadThatFailedIsSaidInPlainWords();
    void sizesAndTimesAreReadable();
    void theEnginesWordsAreInTheLanguageOfTheWindow();
    void everySentenceAboutDocumentsHasATranslation();
};

void TestUserMessage::everyEngineErrorHasTitleAndRemedy()
{
    const BadFile badFile("/m/model.gguf", "tensor blk.0.attn_q.weight ends past the end of the file", 4096);
    const Unsupported unsupported("architecture mamba", "this build has llama, qwen2, qwen3 and bert");
    const OutOfMemory outOfMemory("cpu", 5000000000, 2000000000);
    const DeviceFailure device("cuda:0", "copying weights", "illegal address");
    const StorageFailure storage("/data/x.db", "opening", "no such file");
    const std::bad_alloc alloc;
    const std::invalid_argument context("the prompt of 9000 tokens exceeds the context of 8192");
    const std::runtime_error other("surprise");
    for (const std::exception* error : std::initializer_list<const std::exception*>{&badFile, &unsupported, &outOfMemory, &device, &storage, &alloc, &context, &other}) {
        const UserMessage message = describe(*error);
        QVERIFY2(!message.title.isEmpty(), error->what());
        QVERIFY2(!message.remedy.isEmpty(), error->what());
        QVERIFY(!message.technical.isEmpty());
        QVERIFY2(!message.title.contains(QLatin1Char('%')) && !message.detail.contains(QStringLiteral("%1")), qPrintable(message.title + message.detail));
    }
    QVERIFY(describe(Cancelled()).remedy.isEmpty()); // an answer, not a failure
    QVERIFY(describe(context).title != describe(other).title);
}

void TestUserMessage::factsOfTheErrorAreSaid()
{
    const UserMessage bad = describe(BadFile("/m/model.gguf", "tensor x ends past the end", 4096));
    QVERIFY(bad.title.contains(QStringLiteral("model.gguf")));
    QVERIFY(bad.detail.startsWith(QStringLiteral("Tensor x ends past the end"))); // a sentence; the engine's begins in the middle of one
    QVERIFY(bad.detail.endsWith(QLatin1Char('.')) && !bad.detail.contains(QStringLiteral("..")));
    QVERIFY(describe(BadFile("/m/config.json", "config.json is empty")).detail.startsWith(QStringLiteral("config.json"))); // names as they are spelled
    QVERIFY(bad.detail.contains(QStringLiteral("4,096")) || bad.detail.contains(QStringLiteral("4096")));
    const UserMessage memory = describe(OutOfMemory("cpu", 5000000000, 2000000000));
    QVERIFY2(memory.detail.contains(QStringLiteral("5.0 GB")) && memory.detail.contains(QStringLiteral("2.0 GB")), qPrintable(memory.detail));
    QVERIFY(describe(Unsupported("architecture mamba", "r")).title.contains(QStringLiteral("mamba")));
}

void TestUserMessage::storageFailuresGetTheRemedyOfTheirCause_data()
{
    QTest::addColumn<QString>("detail");
    QTest::addColumn<QString>("doing");
    QTest::addColumn<QString>("word");
    QTest::newRow("full") << "No space left on device" << "writing" << "disk space";
    QTest::newRow("denied") << "Permission denied" << "opening" << "permissions";
    QTest::newRow("locked") << "database is locked" << "writing" << "Another program";
    QTest::newRow("network") << "connection refused" << "downloading part 3" << "network";
    QTest::newRow("other") << "No such file" << "opening" << "exists";
}

void TestUserMessage::storageFailuresGetTheRemedyOfTheirCause()
{
    QFETCH(QString, detail);
    QFETCH(QString, doing);
    QFETCH(QString, word);
    const UserMessage message = describe(StorageFailure("/data/f", doing.toStdString(), detail.toStdString()));
    QVERIFY2(message.remedy.contains(word), qPrintable(message.remedy));
}

void TestUserMessage::aDownloadThatFailedIsSaidInPlainWords()
{
    const UserMessage message = describe(StorageFailure("part1.whl", "downloading", "ERROR: No matching distribution found for x (pip ended with status 1; check the network)"));
    QVERIFY(message.title.contains(QStringLiteral("download")));
    QVERIFY(!message.text().contains(QStringLiteral("ERROR")) && message.text().contains(QStringLiteral("part1.whl")));
    QVERIFY(message.remedy.contains(QStringLiteral("network")));
    QVERIFY(message.technical.contains(QStringLiteral("No matching distribution"))); // for whoever copies the details
    QVERIFY(describe(StorageFailure("/m", "downloading the model", "5 MB needed, 3 MB free; make room")).detail.contains(QStringLiteral("3 MB free")));
}

void TestUserMessage::sizesAndTimesAreReadable()
{
    QCOMPARE(formatBytes(1500000000), QStringLiteral("1.5 GB"));
    QCOMPARE(formatBytes(0), QStringLiteral("0 bytes"));
    QVERIFY(formatSecondsLeft(-1).isEmpty());
    QVERIFY(formatSecondsLeft(30).contains(QStringLiteral("30")));
    QVERIFY(formatSecondsLeft(600).contains(QStringLiteral("10")));
}

void TestUserMessage::theEnginesWordsAreInTheLanguageOfTheWindow()
{
    const std::string two = "Pages 3, 7 to 9 and 12 more have an image instead of text and would need OCR. The file is very long: only its first 500 pages were read.";
    QCOMPARE(engineWords(two), QString::fromStdString(two));
    Language language;
    language.set(QStringLiteral("zh_CN"));
    QCOMPARE(engineWords(two), QStringLiteral("第 3、7 至 9 及另外 12 页是图片而不是文字，需要文字识别（OCR）。文件非常长：只读取了前 500 页。"));
    QCOMPARE(engineWords("Page 4 could not be read: the file is damaged there. Something new."), QStringLiteral("第 4 页无法读取：文件在此处损坏。 Something new."));
    QCOMPARE(engineWords("The file made the reader fail (it took too long)."), QStringLiteral("读取此文件时阅读器出错（用时过长）。"));
    QCOMPARE(engineWords("The file is damaged in 12 places, where its bytes are no UTF-8 text; the rest was read."),
             QStringLiteral("文件有 12 处损坏，那里的字节不是 UTF-8 文本；其余部分已读取。"));
    QCOMPARE(describe(BadFile("/m/x.gguf", "tensor blk.0.attn_q.weight is missing")).detail, QStringLiteral("缺少张量 blk.0.attn_q.weight。"));
    QCOMPARE(engineWords("the model architecture \"mamba\" is not supported: this version runs bert, llama, qwen2"), QStringLiteral("不支持模型架构“mamba”：此版本支持：bert, llama, qwen2"));
    QCOMPARE(engineWords("tensor a.weight has shape (3, 4), but the model's hyperparameters ask for (4, 4)"), QStringLiteral("张量 a.weight 的形状为 (3, 4)，而模型超参数要求 (4, 4)"));
    QCOMPARE(engineWords("it is no valid JSON: behind row 12 it neither goes on nor ends"), QStringLiteral("不是有效的 JSON：第 12 行之后既没有继续也没有结束"));
    QCOMPARE(engineWords("the JSON has the key \"ids\" twice"), QStringLiteral("JSON 中的键“ids”出现了两次"));
    QCOMPARE(describe(StorageFailure("/m/x.gguf", "opening the file", "No such file or directory")).detail, QStringLiteral("/m/x.gguf：文件或文件夹不存在（打开文件）。"));
    QVERIFY(!describe(BadFile("/m/x.gguf", "tensor a is missing")).text().contains(QStringLiteral("。 "))); // no space behind a Chinese full stop
    QCOMPARE(engineWords(""), QString());
    language.set(QStringLiteral("en"));
}

void TestUserMessage::everySentenceAboutDocumentsHasATranslation()
{
    Language language;
    language.set(QStringLiteral("zh_CN"));
    static const QRegularExpression literals(QStringLiteral("\"([A-Z](?:[^\"\\\\]|\\\\.)*)\"(?:\\s*\"((?:[^\"\\\\]|\\\\.)*)\")?"));
    int n = 0;
    for (const QString& folder : {QStringLiteral("documents"), QStringLiteral("retrieval")}) {
        const QDir dir(QStringLiteral(SY_SOURCE_DIR "/engine/") + folder);
        for (const QString& name : dir.entryList({QStringLiteral("*reader.cpp"), QStringLiteral("ingest.cpp"), QStringLiteral("prepared_document.cpp")})) {
            QFile file(dir.filePath(name));
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QString text = QString::fromUtf8(file.readAll());
            for (auto it = literals.globalMatch(text); it.hasNext();) {
                const QRegularExpressionMatch match = it.next();
                const QString sentence = match.captured(1) + match.captured(2);
                if (!sentence.contains(QLatin1Char(' ')) || !sentence.endsWith(QLatin1Char('.')))
                    continue; // a part of one, with something that varies behind it
                QVERIFY2(engineWords(sentence.toStdString()) != sentence, qPrintable(sentence));
                ++n;
            }
        }
    }
    QVERIFY(n >= 10);
    language.set(QStringLiteral("en"));
}

QTEST_MAIN(TestUserMessage)
#include "tst_user_message.moc"
