// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace sy::store {

/// One connection to a SQLite file: write-ahead log, foreign keys on, synchronous=NORMAL, waits up to ten seconds for another
/// writer. The full-text tokenizer "switchyard" (fts_tokenizer.h) is registered on it.
///
/// A killed process loses nothing that was committed. After a power cut the file is consistent, and what was committed
/// since the last checkpoint() may be gone; call it where a user would mind.
///
/// One thread at a time: whoever owns a Database locks around it. Several connections, of several processes too, may be open.
/// Every function throws StorageFailure whose detail says what a person can do about it.
class Database {
public:
    /// Opens or creates the file; its folder must exist.
    explicit Database(const std::filesystem::path& path);
    ~Database(); // statements must be gone
    Database(Database&&) noexcept = default;
    Database& operator=(Database&&) noexcept = default;

    const std::filesystem::path& path() const { return m_path; }
    sqlite3* handle() const { return m_handle.get(); }

    /// Runs statements without results, parted by semicolons: schemas and pragmas that the program itself wrote.
    void execute(const char* sql);

    int64_t lastInsertId() const;
    int64_t changes() const;     // rows changed by the last statement
    bool isInTransaction() const;

    /// Moves the log into the file and syncs it to disk, as far as readers allow. Never waits for them.
    void checkpoint();

    /// Throws StorageFailure for a result code other than success; `doing` completes "failed while …".
    void check(int code, std::string_view doing) const;

private:
    struct Closer {
        void operator()(sqlite3* handle) const noexcept;
    };
    void useWriteAheadLog();

    std::filesystem::path m_path;
    std::unique_ptr<sqlite3, Closer> m_handle;
};

/// A prepared statement. Columns and parameters are read and bound by position: columns from 0, parameters from 1 as SQL has it.
class Statement {
public:
    Statement(Database& database, std::string_view sql);
    Statement(Statement&&) noexcept = default;
    Statement& operator=(Statement&&) noexcept = default;

    Statement& bind(int index, int64_t value);
    Statement& bind(int index, int value) { return bind(index, int64_t(value)); }
    Statement& bind(int index, bool value) { return bind(index, int64_t(value)); }
    Statement& bind(int index, uint64_t value) { return bind(index, int64_t(value)); }
    Statement& bind(int index, double value);
    Statement& bind(int index, std::string_view text); // copied
    Statement& bind(int index, const std::string& text) { return bind(index, std::string_view(text)); }
    Statement& bind(int index, const char* text) { return bind(index, std::string_view(text)); }
    Statement& bind(int index, std::span<const std::byte> blob); // copied
    Statement& bind(int index, std::nullptr_t);
    template <typename T>
    Statement& bind(int index, const std::optional<T>& value)
    {
        return value ? bind(index, *value) : bind(index, nullptr);
    }

    /// Binds 1, 2, … in order.
    template <typename... Values>
    Statement& bindAll(const Values&... values)
    {
        int index = 0;
        (bind(++index, values), ...);
        return *this;
    }

    bool step(); // true: there is a row; false: done
    void reset();

    /// Binds, runs to the end and resets: for INSERT, UPDATE, DELETE.
    template <typename... Values>
    void run(const Values&... values)
    {
        bindAll(values...);
        while (step()) {
        }
        reset();
    }

    bool isNull(int column) const;
    int64_t integer(int column) const;
    double real(int column) const;
    std::string text(int column) const;
    std::string_view textView(int column) const;         // valid until the next step or reset
    std::span<const std::byte> blob(int column) const;   // valid until the next step or reset

private:
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    Database* m_database;
    std::unique_ptr<sqlite3_stmt, Finalizer> m_statement;
};

/// BEGIN IMMEDIATE here, ROLLBACK in the destructor unless commit() was reached.
class Transaction {
public:
    explicit Transaction(Database& database);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Database& m_database;
    bool m_isOpen = true;
};

/// Milliseconds since 1970 in UTC, as all times in the database are kept.
int64_t nowMs();

} // namespace sy::store
