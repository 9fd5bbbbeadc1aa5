// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/database.h"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::retrieval {

/// How a document ended up; the names are those of the command line.
enum class DocumentStatus { indexed, unchanged, failed, needsOcr, needsPassword, skipped, pending };
std::string_view toString(DocumentStatus status);      // "needsOcr"
DocumentStatus documentStatusOf(std::string_view name); // throws std::invalid_argument on another word

struct DocumentRow {
    int64_t id = 0;
    std::string path; // or record id
    std::string title;
    uint64_t bytes = 0;
    int64_t modified = 0; // nanoseconds since 1970
    std::string sha256;
    DocumentStatus status = DocumentStatus::pending;
    std::string message; // what went wrong and what to do; empty when fine
    int nPages = 0;
    int64_t nChunks = 0;
    bool isRecord = false;
};

/// What a user added.
struct SourceRow {
    int64_t id = 0;
    std::string path;
    bool isFolder = false;
    bool isRecursive = true;
    bool areRecords = false;
    bool isForced = false;
    bool isUnfinished = false; // an ingestion of it was not finished
};

struct CollectionFacts {
    int64_t nDocuments = 0, nChunks = 0, nFailed = 0, nPending = 0; // nFailed: everything that is neither indexed nor pending
    std::string embedder; // Embedder::id() of its vectors; empty: lexical only
    std::string model;    // what setModel() was given
    std::vector<SourceRow> sources;
};

/// Looks into a collection's file and removes from it; ingest.h adds. Thread-safe. Throws StorageFailure.
class Collection {
public:
    explicit Collection(const std::filesystem::path& file); // created when absent

    CollectionFacts facts() const;
    std::vector<DocumentRow> documents() const; // by path
    std::optional<DocumentRow> find(std::string_view path) const;

    /// Remembers where the embedder's model is found, for whoever loads it again.
    void setModel(std::string_view idOrPath);

    /// Removes a document with its chunks, vectors and index entries in one transaction, and the source when it was a file
    /// of its own. A folder's path removes everything that was added by it. Returns how many documents are gone.
    int64_t remove(std::string_view path);

private:
    mutable std::mutex m_mutex;
    mutable store::Database m_database;
};

DocumentRow documentFrom(const store::Statement& row); // of kDocumentColumns
inline constexpr const char* kDocumentColumns =
    "SELECT id, path, title, bytes, modified, sha256, status, message, nPages, nChunks, isRecord FROM documents ";
std::vector<SourceRow> sourcesOf(store::Database& database);

} // namespace sy::retrieval
