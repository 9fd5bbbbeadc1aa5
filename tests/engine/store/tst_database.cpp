// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/database.h"

#include "engine/core/error.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <sys/stat.h>
#include <unistd.h>

using namespace sy::store;

class TestDatabase : public QObject {
    Q_OBJECT

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = m_folder->filePath("a.db").toStdString();
    }

    void valuesComeBackAsTheyWereBound()
    {
        Database db(m_path);
        db.execute("CREATE TABLE t(i, d, s, b, n)");
        const std::byte blob[] = {std::byte{0}, std::byte{255}};
        Statement(db, "INSERT INTO t VALUES(?, ?, ?, ?, ?)")
            .run(int64_t(-5'000'000'000), 0.25, std::string("a\0b", 3), std::span<const std::byte>(blob), nullptr);
        Statement(db, "INSERT INTO t VALUES(?, ?, ?, ?, ?)").run(1, 0.0, std::string_view(), std::span<const std::byte>(), std::optional<int64_t>());
        Statement query(db, "SELECT * FROM t ORDER BY i");
        QVERIFY(query.step());
        QCOMPARE(query.integer(0), int64_t(-5'000'000'000));
        QCOMPARE(query.real(1), 0.25);
        QCOMPARE(query.text(2), std::string("a\0b", 3));
        QCOMPARE(query.blob(3).size(), size_t(2));
        QVERIFY(query.blob(3)[1] == std::byte{255});
        QVERIFY(query.isNull(4));
        QVERIFY(query.step());
        QVERIFY(!query.isNull(2)); // an empty text is a text
        QVERIFY(!query.isNull(3));
        QVERIFY(query.isNull(4));
        QVERIFY(!query.step());
    }

    void anUncommittedTransactionIsRolledBack()
    {
        Database db(m_path);
        db.execute("CREATE TABLE t(i)");
        try {
            Transaction transaction(db);
            Statement(db, "INSERT INTO t VALUES(1)").run();
            throw 1;
        } catch (int) {
        }
        QVERIFY(!db.isInTransaction());
        {
            Transaction transaction(db);
            Statement(db, "INSERT INTO t VALUES(2)").run();
            transaction.commit();
        }
        Statement query(db, "SELECT group_concat(i) FROM t");
        QVERIFY(query.step());
        QCOMPARE(query.text(0), std::string("2"));
    }

    void foreignKeysAreEnforcedAndTheLogIsOn()
    {
        Database db(m_path);
        db.execute("CREATE TABLE p(id INTEGER PRIMARY KEY); CREATE TABLE c(p REFERENCES p(id))");
        QVERIFY_THROWS_EXCEPTION(sy::StorageFailure, Statement(db, "INSERT INTO c VALUES(1)").run());
        Statement mode(db, "PRAGMA journal_mode");
        QVERIFY(mode.step());
        QCOMPARE(mode.text(0), std::string("wal"));
    }

    void aReaderDoesNotWaitForAWriter()
    {
        Database writer(m_path), reader(m_path);
        writer.execute("CREATE TABLE t(i); INSERT INTO t VALUES(1)");
        Transaction transaction(writer);
        Statement(writer, "INSERT INTO t VALUES(2)").run();
        Statement query(reader, "SELECT count(*) FROM t");
        QVERIFY(query.step());
        QCOMPARE(query.integer(0), int64_t(1));
    }

    void checkpointMovesTheLogIntoTheFile()
    {
        Database db(m_path);
        db.execute("CREATE TABLE t(x); INSERT INTO t VALUES(hex(randomblob(40000)))");
        const auto before = QFile(QString::fromStdString(m_path)).size();
        db.checkpoint();
        QVERIFY(QFile(QString::fromStdString(m_path)).size() > before);
    }

    void aDamagedFileSaysWhatToDo()
    {
        QFile file(QString::fromStdString(m_path));
        QVERIFY(file.open(QFile::WriteOnly));
        file.write(QByteArray(8192, 'x'));
        file.close();
        try {
            Database db(m_path);
            QFAIL("opened a file that is no database");
        } catch (const sy::StorageFailure& failure) {
            QVERIFY(failure.detail.find("damaged") != std::string::npos);
            QVERIFY(failure.detail.find("backup") != std::string::npos);
            QCOMPARE(failure.path, m_path);
        }
    }

    void aFolderThatIsNotThereSaysSo()
    {
        try {
            Database db("/nonexistent/folder/a.db");
            QFAIL("opened a database in a folder that does not exist");
        } catch (const sy::StorageFailure& failure) {
            QVERIFY(failure.detail.find("folder exists") != std::string::npos);
        }
    }

    void aWrongStatementThrowsAndLeavesTheConnectionUsable()
    {
        Database db(m_path);
        QVERIFY_THROWS_EXCEPTION(sy::StorageFailure, Statement(db, "SELEKT 1"));
        Statement query(db, "SELECT 1");
        QVERIFY(query.step());
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::string m_path;
};

QTEST_APPLESS_MAIN(TestDatabase)
#include "tst_database.moc"
