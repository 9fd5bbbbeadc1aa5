// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/language.h"
#include "app/pages/page_table.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QRegularExpression>
#include <QSet>
#include <QTest>
#include <QXmlStreamReader>

using namespace sy::app;

namespace {

struct Entry {
    QString context, source;
    QStringList translations;
    bool isUnfinished = false;
    bool isPlural = false;
};

QList<Entry> readTs(const QString& name)
{
    QFile file(QStringLiteral(SY_SOURCE_DIR "/translations/") + name);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QXmlStreamReader xml(&file);
    QList<Entry> entries;
    QString context;
    Entry entry;
    while (!xml.atEnd()) {
        xml.readNext();
        if (xml.isStartElement()) {
            const auto tag = xml.name();
            if (tag == QLatin1String("name"))
                context = xml.readElementText();
            else if (tag == QLatin1String("message"))
                entry = {context, {}, {}, false, xml.attributes().value(QLatin1String("numerus")) == QLatin1String("yes")};
            else if (tag == QLatin1String("source"))
                entry.source = xml.readElementText();
            else if (tag == QLatin1String("translation")) {
                entry.isUnfinished = xml.attributes().hasAttribute(QLatin1String("type"));
                if (!entry.isPlural)
                    entry.translations << xml.readElementText();
            } else if (tag == QLatin1String("numerusform"))
                entry.translations << xml.readElementText();
        } else if (xml.isEndElement() && xml.name() == QLatin1String("message")) {
            entries << entry;
        }
    }
    return entries;
}

} // namespace

class TestTranslations : public QObject {
    Q_OBJECT
private slots:
    void chineseIsComplete();
    void placeholdersSurviveTranslation();
    void everyTextOfTheSourcesIsInTheFile();
    void switchingChangesWordsAndBack();
    void englishPluralsAreRight();
};

void TestTranslations::chineseIsComplete()
{
    const QList<Entry> entries = readTs(QStringLiteral("switchyard_zh_CN.ts"));
    QVERIFY(entries.size() > 400);
    const QRegularExpression han(QStringLiteral("\\p{Han}")), word(QStringLiteral("\\p{L}{2}"));
    int withoutHan = 0;
    for (const Entry& entry : entries) {
        QVERIFY2(!entry.isUnfinished, qPrintable(entry.context + QStringLiteral(": ") + entry.source));
        QVERIFY2(!entry.translations.join(QString()).isEmpty(), qPrintable(entry.source));
        if (entry.source.contains(word) && !entry.translations.join(QString()).contains(han))
            ++withoutHan; // "Top-k", "SHA-256", "%1 of %2"
    }
    QVERIFY2(withoutHan < 15, qPrintable(QString::number(withoutHan)));
}

void TestTranslations::placeholdersSurviveTranslation()
{
    const QRegularExpression placeholder(QStringLiteral("%(?:\\d|n)"));
    const auto all = [&](const QString& text) {
        QStringList list;
        for (auto it = placeholder.globalMatch(text); it.hasNext();)
            list << it.next().captured();
        list.sort();
        return list;
    };
    for (const QString& file : {QStringLiteral("switchyard_zh_CN.ts"), QStringLiteral("switchyard_en.ts")})
        for (const Entry& entry : readTs(file))
            for (const QString& translation : entry.translations)
                QVERIFY2(all(entry.source) == all(translation), qPrintable(entry.source + QStringLiteral(" / ") + translation));
}

void TestTranslations::everyTextOfTheSourcesIsInTheFile()
{
    // A text added without running lupdate would show in English: ask for one of each page, and look for all tr() of this folder.
    QSet<QString> known;
    for (const Entry& entry : readTs(QStringLiteral("switchyard_zh_CN.ts")))
        known.insert(entry.source);
    const QRegularExpression call(QStringLiteral("\\btr\\(\"((?:[^\"\\\\]|\\\\.)*)\""));
    int n = 0;
    for (const QString& dir : {QStringLiteral("app"), QStringLiteral("widgets")}) {
        QStringList files;
        QStringList folders{QStringLiteral(SY_SOURCE_DIR "/") + dir};
        while (!folders.isEmpty()) {
            const QDir folder(folders.takeFirst());
            if (folder.dirName() == QLatin1String("cli"))
                continue;
            for (const QFileInfo& info : folder.entryInfoList(QDir::Files | QDir::Dirs | QDir::NoDotAndDotDot)) {
                if (info.isDir())
                    folders << info.filePath();
                else if (info.suffix() == QLatin1String("cpp"))
                    files << info.filePath();
            }
        }
        for (const QString& path : files) {
            QFile file(path);
            QVERIFY(file.open(QIODevice::ReadOnly));
            const QString text = QString::fromUtf8(file.readAll());
            for (auto it = call.globalMatch(text); it.hasNext();) {
                QString source = it.next().captured(1);
                source.replace(QStringLiteral("\\n"), QStringLiteral("\n")).replace(QStringLiteral("\\\""), QStringLiteral("\""));
                QVERIFY2(known.contains(source), qPrintable(path + QStringLiteral(": ") + source));
                ++n;
            }
        }
    }
    QVERIFY(n > 400);
}

void TestTranslations::switchingChangesWordsAndBack()
{
    Language language;
    language.set(QStringLiteral("zh_CN"));
    QCOMPARE(pageTable()[0].title(), QStringLiteral("对话"));
    QCOMPARE(QCoreApplication::translate("sy::app::ChatPage", "New chat"), QStringLiteral("新对话"));
    QCOMPARE(QLocale().language(), QLocale::Chinese);
    language.set(QStringLiteral("en"));
    QCOMPARE(pageTable()[0].title(), QStringLiteral("Chat"));
    QCOMPARE(QLocale().language(), QLocale::English);
}

void TestTranslations::englishPluralsAreRight()
{
    Language language;
    language.set(QStringLiteral("en"));
    QCOMPARE(QCoreApplication::translate("DocumentWords", "%n document(s)", nullptr, 1), QStringLiteral("1 document"));
    QCOMPARE(QCoreApplication::translate("DocumentWords", "%n document(s)", nullptr, 5), QStringLiteral("5 documents"));
}

QTEST_MAIN(TestTranslations)
#include "tst_translations.moc"
