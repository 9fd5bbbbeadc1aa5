// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/migrations.h"

#include "engine/core/error.h"

#include <sqlite3.h>

#include <atomic>
#include <cassert>
#include <unistd.h>
#include <utility>

namespace sy::store {

namespace {

/// Copies through SQLite's backup interface, which sees what is still in the log, into a sibling that is then renamed.
void backUp(Database& source, int version)
{
    const auto target = backupPath(source.path(), version);
    static std::atomic<int> nBackups = 0; // two connections of one process may be at it
    auto sibling = target;
    sibling += ".part" + std::to_string(getpid()) + "-" + std::to_string(++nBackups);
    std::error_code ignored;
    std::filesystem::remove(sibling, ignored);
    bool isAsExpected = false;
    {
        sqlite3* handle = nullptr;
        const int code = sqlite3_open(sibling.c_str(), &handle);
        std::unique_ptr<sqlite3, decltype(&sqlite3_close_v2)> copy(handle, &sqlite3_close_v2);
        if (code != SQLITE_OK)
            throw StorageFailure(sibling.string(), "making a backup before the upgrade", sqlite3_errmsg(handle));
        sqlite3_backup* backup = sqlite3_backup_init(handle, "main", source.handle(), "main");
        const int stepped = backup ? sqlite3_backup_step(backup, -1) : sqlite3_errcode(handle);
        sqlite3_backup_finish(backup);
        if (stepped != SQLITE_DONE)
            throw StorageFailure(sibling.string(), "making a backup before the upgrade", sqlite3_errstr(stepped));
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(handle, "PRAGMA user_version", -1, &statement, nullptr);
        isAsExpected = statement && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) == version;
        sqlite3_finalize(statement);
    }
    // Another process may have upgraded the file between our look and our copy; then its backup is the one to keep.
    if (isAsExpected)
        std::filesystem::rename(sibling, target);
    else
        std::filesystem::remove(sibling, ignored);
}

} // namespace

std::filesystem::path backupPath(const std::filesystem::path& path, int version)
{
    auto result = path;
    result += ".v" + std::to_string(version) + ".backup";
    return result;
}

int schemaVersion(Database& database)
{
    Statement statement(database, "PRAGMA user_version");
    return statement.step() ? int(statement.integer(0)) : 0;
}

void migrate(Database& database, std::span<const Migration> migrations)
{
    const int newest = migrations.empty() ? 0 : migrations.back().version;
    int toBackUp = schemaVersion(database); // a new file (0) has nothing worth keeping
    for (const Migration& migration : migrations) {
        assert(migration.version == &migration - migrations.data() + 1);
        const int current = schemaVersion(database);
        if (current > newest)
            throw StorageFailure(database.path().string(), "opening the database",
                                 std::string("it was written by a newer version of this program (schema ")
                                     .append(std::to_string(current))
                                     .append(", this version knows up to ")
                                     .append(std::to_string(newest))
                                     .append("); update the program, or open the backup beside the file"));
        if (current >= migration.version)
            continue;
        if (toBackUp > 0)
            backUp(database, std::exchange(toBackUp, 0));
        Transaction transaction(database);
        if (schemaVersion(database) >= migration.version)
            continue; // another process was first
        try {
            database.execute(migration.sql);
        } catch (const StorageFailure& failure) {
            throw StorageFailure(failure.path, std::string("upgrading the database (") + migration.what + ")", failure.detail);
        }
        // PRAGMA takes no parameters; the number is our own.
        database.execute(std::string("PRAGMA user_version=").append(std::to_string(migration.version)).c_str());
        transaction.commit();
    }
}

} // namespace sy::store
