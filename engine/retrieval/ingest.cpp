// SPDX-License-Identifier: GPL-3.0-or-later
// An ingestion in three steps:
//
//   announce   one transaction: the sources are rows marked unfinished. From here on a killed run is found again.
//   scan       every source is walked; what is new or changed becomes a pending document, what is gone is removed.
//   work       a thread hashes, reads and cuts the pending documents, some ahead; this thread embeds and writes them.
//
// The pending rows and the marks are the queue; both live in the database, so resuming is scanning again and going on.
#include "engine/retrieval/ingest.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/retrieval/collection_schema.h"
#include "engine/retrieval/ingest_writer.h"
#include "engine/retrieval/prepared_queue.h"
#include "engine/retrieval/source_walk.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <unordered_map>
#include <unordered_set>

namespace sy::retrieval {

namespace fs = std::filesystem;

namespace {

constexpr size_t kEmbedBatch = 16;       // texts at a time: a second of work at most, so that stopping and progress are prompt
constexpr size_t kChunksPerCommit = 64;  // small documents are written together
constexpr size_t kRowsPerScanCommit = 1000;

using Clock = std::chrono::steady_clock;

struct PendingItem {
    int64_t document = 0;
    bool isRecord = false;
    bool isForced = false;
};

class Ingestion {
public:
    Ingestion(const fs::path& collectionFile, const IngestSettings& settings, const ReadDocument& read, const IngestEvents& events,
              std::stop_token stop)
        : m_file(collectionFile), m_settings(settings), m_read(read), m_events(events), m_stop(std::move(stop)),
          m_database(openCollectionDatabase(collectionFile)), m_writer(m_database)
    {
    }

    void announce(std::span<const fs::path> paths)
    {
        store::Transaction transaction(m_database);
        for (const fs::path& given : paths) {
            const fs::path path = fs::absolute(given).lexically_normal();
            std::string name = path.string();
            if (name.size() > 1 && name.ends_with('/'))
                name.pop_back();
            std::error_code ignored;
            store::Statement(m_database, "INSERT INTO sources(path, isFolder, isRecursive, areRecords, isForced, isUnfinished) "
                                         "VALUES(?, ?, ?, ?, ?, 1) ON CONFLICT(path) DO UPDATE SET isFolder = excluded.isFolder, "
                                         "isRecursive = excluded.isRecursive, areRecords = excluded.areRecords, isForced = excluded.isForced, "
                                         "isUnfinished = 1")
                .run(name, fs::is_directory(path, ignored), m_settings.isRecursive, m_settings.areRecords, m_settings.isForced);
        }
        transaction.commit();
    }

    IngestReport run()
    {
        m_started = Clock::now();
        takeEmbedder();
        std::vector<SourceRow> sources;
        for (const SourceRow& source : sourcesOf(m_database))
            if (source.isUnfinished)
                sources.push_back(source);
        for (const SourceRow& source : sources) {
            if (source.areRecords)
                scanRecords(source);
            else
                scanFiles(source);
        }
        m_nTotal += int64_t(m_pending.size());
        work();
        store::Transaction transaction(m_database);
        for (const SourceRow& source : sources)
            store::Statement(m_database, "UPDATE sources SET isUnfinished = 0, isForced = 0 WHERE id = ?").run(source.id);
        transaction.commit();
        if (m_report.nChunks > 1000)
            m_database.execute("INSERT INTO chunk_terms(chunk_terms) VALUES('optimize')");
        m_database.checkpoint();
        m_report.seconds = seconds();
        return m_report;
    }

private:
    double seconds() const { return std::chrono::duration<double>(Clock::now() - m_started).count(); }

    /// Vectors of two models are never in one collection.
    void takeEmbedder()
    {
        if (!m_settings.embedder)
            return;
        const std::string id = m_settings.embedder->id();
        const auto current = fact(m_database, kEmbedderFact);
        if (current == id)
            return;
        store::Transaction transaction(m_database);
        m_database.execute("DELETE FROM embeddings; UPDATE documents SET status = 'pending', sha256 = '' WHERE status = 'indexed';"
                           "UPDATE sources SET isUnfinished = 1");
        setFact(m_database, kEmbedderFact, id);
        setFact(m_database, kDimensionsFact, std::to_string(m_settings.embedder->dim()));
        transaction.commit();
    }

    // ---- scan ----

    void scanFiles(const SourceRow& source)
    {
        std::vector<FoundFile> files;
        try {
            if (source.isFolder && fs::is_directory(source.path))
                files = walkFolder(
                    source.path, source.isRecursive,
                    [&](const fs::path& path, const std::string& problem) { reportProblem(path.string(), problem); }, m_stop);
            else
                files.push_back(statFile(source.path));
        } catch (const StorageFailure& failure) {
            // Named by the user and not there: said once. A folder on a disk that is not mounted keeps its documents.
            reportProblem(source.path, "The file or folder cannot be read: " + failure.detail + ". Check the path and add it again.");
            return;
        }
        if (source.isFolder && !fs::is_directory(source.path))
            return;
        std::unordered_set<std::string> seen;
        size_t at = 0;
        while (at < files.size()) {
            if (m_stop.stop_requested())
                throw Cancelled();
            store::Transaction transaction(m_database);
            for (size_t n = 0; n < kRowsPerScanCommit && at < files.size(); ++n, ++at) {
                scanFile(source, files[at]);
                seen.insert(files[at].path.string());
            }
            transaction.commit();
        }
        dropUnseen(source, seen);
    }

    void scanFile(const SourceRow& source, const FoundFile& file)
    {
        const std::string path = file.path.string();
        auto row = find(path);
        if (!file.hasReader) {
            // In a folder a picture or a program is no news; a file that the user named gets an answer.
            if (source.isFolder)
                return;
            DocumentRow skipped;
            skipped.path = path;
            skipped.bytes = file.bytes;
            skipped.status = DocumentStatus::skipped;
            skipped.message = "There is no reader for this kind of file. Save it as PDF, text or Markdown and add that.";
            finish(skipped);
            return;
        }
        const bool isSame = row && row->bytes == file.bytes && row->modified == file.modified;
        const bool isSettled = row && row->status != DocumentStatus::pending &&
                               !(row->status == DocumentStatus::needsPassword && m_settings.passwords.contains(path));
        if (isSame && isSettled && !source.isForced) {
            DocumentRow unchanged = *row;
            if (unchanged.status == DocumentStatus::indexed) {
                unchanged.status = DocumentStatus::unchanged;
                ++m_report.nDocuments;
            }
            finish(unchanged);
            return;
        }
        // A retry of what failed must not be taken for unchanged.
        const bool forgetHash = row && row->status != DocumentStatus::indexed && row->status != DocumentStatus::pending;
        store::Statement(m_database, "INSERT INTO documents(source, path, bytes, modified, status) VALUES(?, ?, ?, ?, 'pending') "
                                     "ON CONFLICT(path) DO UPDATE SET bytes = excluded.bytes, modified = excluded.modified, "
                                     "status = 'pending', isRecord = 0, sha256 = CASE WHEN ?5 THEN '' ELSE sha256 END")
            .run(source.id, path, file.bytes, file.modified, forgetHash);
        addPending(find(path)->id, false, source.isForced, file.bytes);
    }

    void scanRecords(const SourceRow& source)
    {
        std::unordered_set<std::string> seen;
        std::optional<store::Transaction> transaction;
        size_t nInTransaction = 0;
        const auto scan = [&](Record&& record) {
            if (!transaction)
                transaction.emplace(m_database);
            if (!seen.insert(record.id).second)
                return reportProblem(record.id, "The id occurs twice in " + source.path + "; the first record is used.");
            const std::string hash = sha256Hex(record.title + "\n" + record.text);
            const auto row = find(record.id);
            if (row && row->status == DocumentStatus::indexed && row->sha256 == hash && !source.isForced) {
                DocumentRow unchanged = *row;
                unchanged.status = DocumentStatus::unchanged;
                ++m_report.nDocuments;
                finish(unchanged);
            } else {
                store::Statement(m_database, "INSERT INTO documents(source, path, title, bytes, modified, status, isRecord) "
                                             "VALUES(?, ?, ?, ?, 0, 'pending', 1) ON CONFLICT(path) DO UPDATE SET source = excluded.source, "
                                             "title = excluded.title, bytes = excluded.bytes, status = 'pending', isRecord = 1")
                    .run(source.id, record.id, record.title, record.text.size());
                addPending(find(record.id)->id, true, source.isForced, record.text.size());
            }
            if (++nInTransaction % kRowsPerScanCommit == 0) {
                transaction->commit();
                transaction.reset();
            }
        };
        try {
            readRecords(source.path, scan, [&](int64_t line, const std::string& problem) { reportProblem(source.path + ":" + std::to_string(line), problem); },
                        m_stop);
        } catch (const StorageFailure& failure) {
            transaction.reset();
            if (failure.path != source.path)
                throw;
            return reportProblem(source.path, "The file cannot be read: " + failure.detail + ". Check the path and add it again.");
        }
        if (transaction)
            transaction->commit();
        transaction.reset();
        dropUnseen(source, seen);
    }

    void dropUnseen(const SourceRow& source, const std::unordered_set<std::string>& seen)
    {
        std::vector<int64_t> gone;
        store::Statement query(m_database, "SELECT id, path FROM documents WHERE source = ?");
        query.bind(1, source.id);
        while (query.step())
            if (!seen.contains(query.text(1)))
                gone.push_back(query.integer(0));
        query.reset();
        if (gone.empty())
            return;
        store::Transaction transaction(m_database);
        store::Statement remove(m_database, "DELETE FROM documents WHERE id = ?");
        for (const int64_t id : gone)
            remove.run(id);
        transaction.commit();
    }

    /// Once, though a file may be found by itself and in its folder.
    void addPending(int64_t document, bool isRecord, bool isForced, uint64_t bytes)
    {
        if (!m_isPending.insert(document).second) {
            for (PendingItem& item : m_pending)
                item.isForced = item.isForced || (isForced && item.document == document);
            return;
        }
        m_pending.push_back({document, isRecord, isForced});
        m_bytesTotal += bytes;
    }

    // ---- work ----

    /// The reading thread: hashes, reads and cuts, a few documents ahead of the embedder.
    void prepareAll(PreparedQueue& queue, std::stop_token stop)
    {
        store::Database database = openCollectionDatabase(m_file);
        const auto rowOf = [&](int64_t id) {
            store::Statement query(database, std::string(kDocumentColumns) + "WHERE id = ?");
            query.bind(1, id);
            return query.step() ? std::optional(documentFrom(query)) : std::nullopt;
        };
        for (const PendingItem& item : m_pending) {
            if (item.isRecord)
                continue;
            auto row = rowOf(item.document);
            if (row && !queue.push(prepareFile(std::move(*row), item.isForced, m_settings, m_read, stop)))
                return;
        }
        prepareRecords(database, queue, stop);
    }

    void prepareRecords(store::Database& database, PreparedQueue& queue, std::stop_token stop)
    {
        std::unordered_set<int64_t> pending;
        for (const PendingItem& item : m_pending)
            if (item.isRecord)
                pending.insert(item.document);
        if (pending.empty())
            return;
        store::Statement query(database, std::string(kDocumentColumns) + "WHERE path = ?");
        for (const SourceRow& source : sourcesOf(database)) {
            if (!source.areRecords || !source.isUnfinished)
                continue;
            readRecords(
                source.path,
                [&](Record&& record) {
                    query.bind(1, record.id);
                    std::optional<DocumentRow> row;
                    if (query.step())
                        row = documentFrom(query);
                    query.reset();
                    if (!row || pending.erase(row->id) == 0)
                        return;
                    row->title = record.title;
                    row->sha256 = sha256Hex(record.title + "\n" + record.text);
                    if (!queue.push(prepareRecord(std::move(*row), record.text, m_settings, stop)))
                        throw Cancelled();
                },
                [](int64_t, const std::string&) {}, stop);
        }
    }

    void work()
    {
        PreparedQueue queue;
        std::exception_ptr failure;
        std::jthread reader([&](std::stop_token stop) {
            try {
                prepareAll(queue, stop);
            } catch (...) {
                failure = std::current_exception();
            }
            queue.close();
        });
        // The caller's wish to stop reaches the reading thread too; so does a failure here, by the destructors.
        const std::stop_callback forward(m_stop, [&] {
            reader.request_stop();
            queue.abort();
        });
        struct Abort {
            PreparedQueue& queue;
            ~Abort() { queue.abort(); }
        } abortOnExit{queue};

        std::vector<PreparedDocument> batch;
        size_t nChunks = 0;
        while (auto prepared = queue.pop()) {
            report(prepared->row.path);
            nChunks += prepared->chunks.size();
            batch.push_back(std::move(*prepared));
            if (nChunks >= kChunksPerCommit || queue.isEmpty()) {
                write(batch);
                batch.clear();
                nChunks = 0;
            }
        }
        if (m_stop.stop_requested())
            throw Cancelled();
        reader.join();
        if (failure)
            std::rethrow_exception(failure);
        if (!batch.empty())
            write(batch);
    }

    void write(std::vector<PreparedDocument>& batch)
    {
        embed(batch);
        m_writer.write(batch);
        for (const PreparedDocument& document : batch) {
            m_bytesDone += document.row.bytes;
            ++m_nWritten;
            if (document.row.status == DocumentStatus::indexed)
                ++m_report.nDocuments;
            DocumentRow row = document.row;
            if (document.isUnchanged)
                row.status = DocumentStatus::unchanged;
            ++m_nDone;
            m_nFailed += row.status != DocumentStatus::indexed && row.status != DocumentStatus::unchanged;
            if (m_events.onDocument)
                m_events.onDocument(row);
        }
        report({});
    }

    void embed(std::vector<PreparedDocument>& batch)
    {
        struct Text {
            PreparedDocument* document;
            size_t index;
        };
        std::vector<Text> texts;
        for (PreparedDocument& document : batch) {
            m_report.nChunks += int64_t(document.chunks.size());
            if (!m_settings.embedder)
                continue;
            m_writer.reuseVectors(document, m_settings.embedder->dim());
            for (size_t i = 0; i < document.chunks.size(); ++i)
                if (document.vectors[i].empty())
                    texts.push_back({&document, i});
        }
        // Texts of like length together: a batch costs what its longest text costs.
        std::stable_sort(texts.begin(), texts.end(), [](const Text& a, const Text& b) {
            return a.document->embeddingTexts[a.index].size() > b.document->embeddingTexts[b.index].size();
        });
        for (size_t at = 0; at < texts.size(); at += kEmbedBatch) {
            const auto start = Clock::now();
            if (m_stop.stop_requested())
                throw Cancelled();
            std::vector<std::string> slice;
            for (size_t i = at; i < std::min(at + kEmbedBatch, texts.size()); ++i)
                slice.push_back(texts[i].document->embeddingTexts[texts[i].index]);
            const std::vector<float> values = m_settings.embedder->embedPassages(slice, m_stop);
            const auto dim = size_t(m_settings.embedder->dim());
            for (size_t i = 0; i < slice.size(); ++i)
                texts[at + i].document->vectors[texts[at + i].index].assign(values.begin() + ptrdiff_t(i * dim), values.begin() + ptrdiff_t((i + 1) * dim));
            m_nEmbedded += int64_t(slice.size());
            m_embedSeconds += std::chrono::duration<double>(Clock::now() - start).count();
            report(texts[at].document->row.path);
        }
    }

    // ---- reporting ----

    std::optional<DocumentRow> find(const std::string& path)
    {
        store::Statement query(m_database, std::string(kDocumentColumns) + "WHERE path = ?");
        query.bind(1, path);
        return query.step() ? std::optional(documentFrom(query)) : std::nullopt;
    }

    /// A document that needs no work.
    void finish(const DocumentRow& row)
    {
        ++m_nTotal;
        ++m_nDone;
        m_nFailed += row.status != DocumentStatus::unchanged && row.status != DocumentStatus::indexed;
        if (m_events.onDocument)
            m_events.onDocument(row);
    }

    void reportProblem(const std::string& path, const std::string& problem)
    {
        DocumentRow row;
        row.path = path;
        row.status = DocumentStatus::failed;
        row.message = problem;
        finish(row);
    }

    void report(const std::string& file)
    {
        if (!m_events.onProgress)
            return;
        if (!file.empty())
            m_progress.currentFile = file;
        m_progress.nDone = m_nDone;
        m_progress.nTotal = m_nTotal;
        m_progress.nFailed = m_nFailed;
        m_progress.nChunksDone = m_settings.embedder ? m_nEmbedded : m_report.nChunks;
        m_progress.chunksPerSecond = m_settings.embedder && m_embedSeconds > 0 ? double(m_nEmbedded) / m_embedSeconds
                                                                               : double(m_report.nChunks) / std::max(seconds(), 1e-3);
        m_progress.secondsLeft = secondsLeft();
        m_events.onProgress(m_progress);
    }

    /// By bytes, since the number of files says little when one of them is a book; but each file costs something before its first
    /// byte, and the first of many small ones would promise hours. Nothing is told from too little.
    double secondsLeft() const
    {
        constexpr double kFileBytes = 16384, kLeastShare = 0.05, kLeastSeconds = 10;
        const double done = double(m_bytesDone) + kFileBytes * double(m_nWritten);
        const double total = double(m_bytesTotal) + kFileBytes * double(m_pending.size());
        if (done <= 0 || (done < kLeastShare * total && seconds() < kLeastSeconds))
            return -1;
        return seconds() * std::max(0.0, total - done) / done;
    }

    fs::path m_file;
    const IngestSettings& m_settings;
    const ReadDocument& m_read;
    const IngestEvents& m_events;
    std::stop_token m_stop;
    store::Database m_database;
    IngestWriter m_writer;
    std::vector<PendingItem> m_pending;
    std::unordered_set<int64_t> m_isPending; // documents in it
    IngestReport m_report;
    IngestProgress m_progress;
    Clock::time_point m_started;
    int64_t m_nDone = 0, m_nTotal = 0, m_nFailed = 0, m_nEmbedded = 0, m_nWritten = 0;
    uint64_t m_bytesTotal = 0, m_bytesDone = 0;
    double m_embedSeconds = 0;
};

} // namespace

IngestReport ingest(const fs::path& collectionFile, std::span<const fs::path> paths, const IngestSettings& settings,
                    const ReadDocument& read, const IngestEvents& events, std::stop_token stop)
{
    Ingestion ingestion(collectionFile, settings, read, events, std::move(stop));
    ingestion.announce(paths);
    return ingestion.run();
}

IngestReport resumeIngest(const fs::path& collectionFile, const IngestSettings& settings, const ReadDocument& read,
                          const IngestEvents& events, std::stop_token stop)
{
    return Ingestion(collectionFile, settings, read, events, std::move(stop)).run();
}

} // namespace sy::retrieval
