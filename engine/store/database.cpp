// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/database.h"

#include "engine/core/error.h"
#include "engine/store/fts_tokenizer.h"

#include <sqlite3.h>

#include <chrono>
#include <thread>

namespace sy::store {

namespace {

constexpr int kBusyTimeoutMs = 10'000;

std::string remedyFor(int code, const char* message)
{
    switch (code & 0xFF) {
    case SQLITE_FULL:
        return "the disk is full; free some space and try again";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return "no permission to write there; check the folder's permissions or choose another data folder";
    case SQLITE_CANTOPEN:
        return "the file cannot be opened; check that the folder exists and may be written";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return "another program has been writing to it for more than ten seconds; close it and try again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return std::string("the file is damaged (") + message + "); restore it from the backup beside it or move it away";
    case SQLITE_IOERR:
        return std::string("the disk reported an error (") + message + "); check the disk and the free space";
    case SQLITE_NOMEM:
        return "not enough memory";
    default:
        return message;
    }
}

} // namespace

void Database::Closer::operator()(sqlite3* handle) const noexcept
{
    sqlite3_close_v2(handle);
}

Database::Database(const std::filesystem::path& path) : m_path(path)
{
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    m_handle.reset(handle);
    check(code, "opening the database");
    sqlite3_extended_result_codes(handle, 1);
    sqlite3_busy_timeout(handle, kBusyTimeoutMs);
    useWriteAheadLog();
    execute("PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;"
            "PRAGMA cache_size=-16384; PRAGMA journal_size_limit=67108864;");
    registerTokenizer(*this);
}

Database::~Database() = default;

// Of several processes that meet in a new file, each reads it and wants to write the new mode. Waiting would be for ever, so
// SQLite says "busy" at once without asking the timeout: only whoever lets go and asks again gets through.
void Database::useWriteAheadLog()
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(kBusyTimeoutMs);
    int code = SQLITE_OK;
    while ((code = sqlite3_exec(m_handle.get(), "PRAGMA journal_mode=WAL", nullptr, nullptr, nullptr)) != SQLITE_OK) {
        if ((code & 0xFF) != SQLITE_BUSY || std::chrono::steady_clock::now() > deadline)
            check(code, "changing the database");
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

void Database::check(int code, std::string_view doing) const
{
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
        return;
    const char* message = m_handle ? sqlite3_errmsg(m_handle.get()) : sqlite3_errstr(code);
    throw StorageFailure(m_path.string(), std::string(doing), remedyFor(code, message));
}

void Database::execute(const char* sql)
{
    check(sqlite3_exec(m_handle.get(), sql, nullptr, nullptr, nullptr), "changing the database");
}

int64_t Database::lastInsertId() const
{
    return sqlite3_last_insert_rowid(m_handle.get());
}

int64_t Database::changes() const
{
    return sqlite3_changes64(m_handle.get());
}

bool Database::isInTransaction() const
{
    return sqlite3_get_autocommit(m_handle.get()) == 0;
}

void Database::checkpoint()
{
    // A reader in the way makes a passive checkpoint do less, which is no failure.
    const int code = sqlite3_wal_checkpoint_v2(m_handle.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if ((code & 0xFF) != SQLITE_BUSY && (code & 0xFF) != SQLITE_LOCKED)
        check(code, "writing the log back into the database");
}

void Statement::Finalizer::operator()(sqlite3_stmt* statement) const noexcept
{
    sqlite3_finalize(statement);
}

Statement::Statement(Database& database, std::string_view sql) : m_database(&database)
{
    sqlite3_stmt* statement = nullptr;
    const int code = sqlite3_prepare_v3(database.handle(), sql.data(), int(sql.size()), 0, &statement, nullptr);
    m_statement.reset(statement);
    database.check(code, "preparing a query");
}

Statement& Statement::bind(int index, int64_t value)
{
    m_database->check(sqlite3_bind_int64(m_statement.get(), index, value), "binding a number");
    return *this;
}

Statement& Statement::bind(int index, double value)
{
    m_database->check(sqlite3_bind_double(m_statement.get(), index, value), "binding a number");
    return *this;
}

Statement& Statement::bind(int index, std::string_view text)
{
    // An empty view may have a null pointer, which SQLite would take for NULL.
    const char* data = text.data() ? text.data() : "";
    m_database->check(sqlite3_bind_text64(m_statement.get(), index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8), "binding a text");
    return *this;
}

Statement& Statement::bind(int index, std::span<const std::byte> blob)
{
    const void* data = blob.data() ? static_cast<const void*>(blob.data()) : "";
    m_database->check(sqlite3_bind_blob64(m_statement.get(), index, data, blob.size(), SQLITE_TRANSIENT), "binding a value");
    return *this;
}

Statement& Statement::bind(int index, std::nullptr_t)
{
    m_database->check(sqlite3_bind_null(m_statement.get(), index), "binding a value");
    return *this;
}

bool Statement::step()
{
    const int code = sqlite3_step(m_statement.get());
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        try {
            m_database->check(code, "reading or writing the database");
        } catch (...) {
            sqlite3_reset(m_statement.get()); // an open statement would keep the transaction from rolling back
            throw;
        }
    }
    return false;
}

void Statement::reset()
{
    sqlite3_reset(m_statement.get()); // repeats the error of step(), which has been thrown already
}

bool Statement::isNull(int column) const
{
    return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}

int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_statement.get(), column);
}

double Statement::real(int column) const
{
    return sqlite3_column_double(m_statement.get(), column);
}

std::string Statement::text(int column) const
{
    return std::string(textView(column));
}

std::string_view Statement::textView(int column) const
{
    const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(m_statement.get(), column));
    return data ? std::string_view(data, size_t(sqlite3_column_bytes(m_statement.get(), column))) : std::string_view();
}

std::span<const std::byte> Statement::blob(int column) const
{
    const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(m_statement.get(), column));
    return {data, data ? size_t(sqlite3_column_bytes(m_statement.get(), column)) : 0};
}

Transaction::Transaction(Database& database) : m_database(database)
{
    database.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction()
{
    // Some failures (disk full, I/O) have rolled back by themselves already.
    if (m_isOpen && m_database.isInTransaction())
        sqlite3_exec(m_database.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit()
{
    m_database.execute("COMMIT");
    m_isOpen = false;
}

int64_t nowMs()
{
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

} // namespace sy::store
