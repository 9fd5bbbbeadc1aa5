// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/migrations.h"

#include "engine/core/error.h"
#include "engine/store/app_schema.h"

#include <QTemporaryDir>
#include <QTest>

#include <atomic>
#include <barrier>
#include <filesystem>
#include <thread>
#include <vector>

using namespace sy::store;
namespace fs = std::filesystem;

namespace {

constexpr Migration kFirst[] = {{1, "notes", "CREATE TABLE notes(text)"}};
constexpr Migration kBoth[] = {{1, "notes", "CREATE TABLE notes(text)"},
                               {2, "stars", "ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 3"}};
constexpr Migration kBroken[] = {{1, "notes", "CREATE TABLE notes(text)"},
                                 {2, "ruin", "DELETE FROM notes; CREATE TABLE more(x); INSERT INTO missing VALUES(1)"}};

int64_t number(Database& db, const char* sql)
{
    Statement query(db, sql);
    return query.step() ? query.integer(0) : -1;
}

} // namespace

class TestMigrations : public QObject {
    Q_OBJECT

private slots:
    void init()
    {
        m_folder = std::make_unique<QTemporaryDir>();
        m_path = fs::path(m_folder->filePath("a.db").toStdString());
    }

    void aNewFileGetsTheWholeSchemaWithoutABackup()
    {
        Database db(m_path);
        migrate(db, kBoth);
        QCOMPARE(schemaVersion(db), 2);
        QVERIFY(!fs::exists(backupPath(m_path, 0)));
        QVERIFY(!fs::exists(backupPath(m_path, 1)));
        migrate(db, kBoth);
        QCOMPARE(schemaVersion(db), 2);
    }

    void anUpgradeKeepsTheRowsAndABackupOfTheOldFile()
    {
        {
            Database db(m_path);
            migrate(db, kFirst);
            Statement(db, "INSERT INTO notes VALUES(?)").run("kept"); // still in the log when the backup is made
            migrate(db, kBoth);
            QCOMPARE(number(db, "SELECT stars FROM notes WHERE text = 'kept'"), int64_t(3));
        }
        Database old(backupPath(m_path, 1));
        QCOMPARE(schemaVersion(old), 1);
        QCOMPARE(number(old, "SELECT count(*) FROM notes WHERE text = 'kept'"), int64_t(1));
        QVERIFY_THROWS_EXCEPTION(sy::StorageFailure, Statement(old, "SELECT stars FROM notes"));
    }

    void aFailingStepChangesNothing()
    {
        Database db(m_path);
        migrate(db, kFirst);
        Statement(db, "INSERT INTO notes VALUES('kept')").run();
        try {
            migrate(db, kBroken);
            QFAIL("a broken migration went through");
        } catch (const sy::StorageFailure& failure) {
            QVERIFY(failure.doing.find("ruin") != std::string::npos);
        }
        QCOMPARE(schemaVersion(db), 1);
        QCOMPARE(number(db, "SELECT count(*) FROM notes"), int64_t(1));
        QCOMPARE(number(db, "SELECT count(*) FROM sqlite_master WHERE name = 'more'"), int64_t(0));
    }

    void aNewerFileIsRefusedAndUntouched()
    {
        Database db(m_path);
        migrate(db, kBoth);
        try {
            migrate(db, kFirst);
            QFAIL("a newer schema was accepted");
        } catch (const sy::StorageFailure& failure) {
            QVERIFY(failure.detail.find("newer version") != std::string::npos);
        }
        QCOMPARE(schemaVersion(db), 2);
    }

    void severalProcessesMayOpenTheSameNewFile()
    {
        // Each round is a new file: it takes luck to meet at the moment that hurts.
        constexpr int kRounds = 60;
        constexpr int kThreads = 6;
        std::atomic<int> nOpened = 0;
        for (int round = 0; round < kRounds; ++round) {
            const fs::path folder = m_path.parent_path() / std::to_string(round);
            fs::create_directory(folder);
            std::barrier start(kThreads);
            std::vector<std::jthread> threads;
            for (int i = 0; i < kThreads; ++i)
                threads.emplace_back([&] {
                    start.arrive_and_wait();
                    try {
                        Database db = openAppDatabase(folder);
                        nOpened += schemaVersion(db) == appMigrations().back().version;
                    } catch (const sy::StorageFailure& failure) {
                        qWarning("%s", failure.what());
                    }
                });
        }
        QCOMPARE(nOpened.load(), kRounds * kThreads);
    }

    void theProgramsSchemaUpgradesFromEveryVersion()
    {
        const auto all = appMigrations();
        for (size_t n = 1; n <= all.size(); ++n) {
            const fs::path path = m_path.parent_path() / ("v" + std::to_string(n) + ".db");
            Database db(path);
            migrate(db, all.first(n));
            migrate(db, all);
            QCOMPARE(schemaVersion(db), int(all.size()));
            QCOMPARE(fs::exists(backupPath(path, int(n))), n < all.size());
        }
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    fs::path m_path;
};

QTEST_APPLESS_MAIN(TestMigrations)
#include "tst_migrations.moc"
