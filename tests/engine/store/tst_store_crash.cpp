// SPDX-License-Identifier: GPL-3.0-or-later
// A child process (this program with other arguments) writes a conversation as fast as it can and tells the parent over a pipe
// what it has committed. The parent kills it at a random moment and looks at what is left.
#include "engine/store/app_schema.h"
#include "engine/store/chat_store.h"

#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include <csignal>
#include <cstdio>
#include <random>
#include <unistd.h>

using namespace sy::store;

namespace {

constexpr int kRounds = 50;

void report(int64_t message, size_t length)
{
    char line[64];
    const int n = std::snprintf(line, sizeof line, "%lld %zu\n", static_cast<long long>(message), length);
    if (write(STDOUT_FILENO, line, size_t(n)) != n)
        _exit(1);
}

/// Never returns by itself.
[[noreturn]] void writeUntilKilled(const char* dataDir)
{
    ChatStore store(openAppDatabase(dataDir));
    store.closeInterrupted();
    const auto chat = store.create("crash 测试", "");
    for (;;) {
        const auto question = store.append({.chat = chat.id, .role = "user", .text = "question"});
        report(question, 8);
        const auto answer = store.append({.chat = chat.id, .role = "assistant", .text = "", .status = MessageStatus::streaming});
        std::string text;
        for (int i = 0; i < 12; ++i) {
            text += "word 词 ";
            store.updateText(answer, text);
            report(answer, text.size());
        }
        store.finish({.id = answer, .text = text});
    }
}

} // namespace

class TestStoreCrash : public QObject {
    Q_OBJECT

private slots:
    void nothingReportedAsWrittenIsLostWhenTheProcessIsKilled()
    {
        QTemporaryDir folder;
        const std::string dataDir = folder.path().toStdString();
        std::mt19937 random(20261124);
        for (int round = 0; round < kRounds; ++round) {
            QProcess child;
            child.start(QCoreApplication::applicationFilePath(), {"--write-until-killed", folder.path()});
            QVERIFY(child.waitForStarted());
            QVERIFY(child.waitForReadyRead(30'000)); // it has written something
            QTest::qSleep(int(random() % 40));
            child.kill(); // SIGKILL
            QVERIFY(child.waitForFinished());
            const QList<QByteArray> lines = child.readAllStandardOutput().split('\n');
            QVERIFY(lines.size() >= 2);
            const QList<QByteArray> last = lines[lines.size() - 2].split(' '); // the one after it may be cut
            const int64_t message = last[0].toLongLong();
            const size_t length = last[1].toULongLong();

            Database db = openAppDatabase(dataDir);
            Statement integrity(db, "PRAGMA integrity_check");
            QVERIFY(integrity.step());
            QCOMPARE(integrity.text(0), std::string("ok"));
            Statement stored(db, "SELECT length(CAST(text AS BLOB)) FROM messages WHERE id = ?");
            stored.bind(1, message);
            QVERIFY(stored.step());
            QVERIFY(size_t(stored.integer(0)) >= length);
            // Both full-text indexes agree with their tables; this throws otherwise.
            db.execute("INSERT INTO message_terms(message_terms) VALUES('integrity-check');"
                       "INSERT INTO title_terms(title_terms) VALUES('integrity-check')");
        }
        ChatStore store(openAppDatabase(dataDir));
        store.closeInterrupted();
        QCOMPARE(store.list().size(), size_t(kRounds));
        QVERIFY(!store.search("词", 10).empty());
        const auto chat = store.list().front().id;
        QVERIFY(store.append({.chat = chat, .role = "user", .text = "goes on"}) > 0);
    }
};

int main(int argc, char** argv)
{
    if (argc == 3 && QByteArray(argv[1]) == "--write-until-killed")
        writeUntilKilled(argv[2]);
    QCoreApplication app(argc, argv);
    TestStoreCrash test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_store_crash.moc"
