// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/documents.h"

#include "engine/api/documents_state.h"
#include "engine/api/library.h"
#include "engine/core/error.h"
#include "engine/documents/format_table.h"
#include "engine/retrieval/ingest.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr const char* kNoEmbedder = "none";

static_assert(int(DocumentStatus::indexed) == int(retrieval::DocumentStatus::indexed) &&
              int(DocumentStatus::unchanged) == int(retrieval::DocumentStatus::unchanged) &&
              int(DocumentStatus::failed) == int(retrieval::DocumentStatus::failed) &&
              int(DocumentStatus::needsOcr) == int(retrieval::DocumentStatus::needsOcr) &&
              int(DocumentStatus::needsPassword) == int(retrieval::DocumentStatus::needsPassword) &&
              int(DocumentStatus::skipped) == int(retrieval::DocumentStatus::skipped) &&
              int(DocumentStatus::pending) == int(retrieval::DocumentStatus::pending));

retrieval::SearchMode modeOf(SearchMode mode)
{
    switch (mode) {
    case SearchMode::lexical:
        return retrieval::SearchMode::lexical;
    case SearchMode::dense:
        return retrieval::SearchMode::dense;
    case SearchMode::hybrid:
        break;
    }
    return retrieval::SearchMode::hybrid;
}

retrieval::IngestEvents eventsOf(const std::function<void(const DocumentRow&)>& onDocument,
                                 const std::function<void(const IngestProgress&)>& onProgress)
{
    retrieval::IngestEvents events;
    if (onDocument)
        events.onDocument = [&](const retrieval::DocumentRow& row) { onDocument(rowOf(row)); };
    if (onProgress)
        events.onProgress = [&](const retrieval::IngestProgress& p) {
            onProgress({p.currentFile, p.nDone, p.nTotal, p.nFailed, p.nChunksDone, p.chunksPerSecond, p.secondsLeft});
        };
    return events;
}

} // namespace

std::string toString(DocumentStatus status)
{
    return std::string(retrieval::toString(retrieval::DocumentStatus(int(status))));
}

DocumentRow rowOf(const retrieval::DocumentRow& row)
{
    return {row.path, row.title, row.bytes, row.sha256, row.nPages, row.nChunks, DocumentStatus(int(row.status)), row.message};
}

SearchResult searchResultOf(const retrieval::SearchHit& hit)
{
    SearchResult result;
    result.document = hit.path;
    result.title = hit.title;
    result.page = hit.page;
    result.endPage = hit.endPage;
    result.start = hit.start;
    result.end = hit.end;
    result.score = hit.ranks.score;
    result.lexicalRank = hit.ranks.lexicalRank;
    result.denseRank = hit.ranks.denseRank;
    result.lexicalScore = hit.ranks.lexicalScore;
    result.denseScore = hit.ranks.denseScore;
    result.text = hit.text;
    result.section = hit.section;
    return result;
}

// ---- state ----

Documents::State::State(Engine& engine)
    : engine(engine), folder(engine.dataDir() / "collections"), extractor(engine.state().options.executable.string())
{
    std::error_code error;
    fs::create_directories(folder, error);
    if (error)
        throw StorageFailure(folder.string(), "creating the folder of the collections", error.message());
    sweepOrphans();
}

fs::path Documents::State::fileOf(int64_t collectionId) const
{
    return folder / (std::to_string(collectionId) + ".db");
}

store::CollectionRow Documents::State::require(const std::string& name) const
{
    if (auto row = engine.state().collectionStore.find(name))
        return *row;
    std::string names;
    for (const store::CollectionRow& row : engine.state().collectionStore.list())
        names.append(names.empty() ? "" : ", ").append(row.name);
    throw StorageFailure(name, "opening the collection",
                         names.empty() ? "there is no collection yet; add documents first" : "there is no collection of that name; there are: " + names);
}

std::shared_ptr<retrieval::Searcher> Documents::State::searcher(int64_t collectionId)
{
    const std::lock_guard lock(mutex);
    auto& searcher = searchers[collectionId];
    if (!searcher)
        searcher = std::make_shared<retrieval::Searcher>(fileOf(collectionId));
    return searcher;
}

void Documents::State::forget(int64_t collectionId)
{
    const std::lock_guard lock(mutex);
    searchers.erase(collectionId);
}

std::shared_ptr<ModelEmbedder> Documents::State::embedder(const std::string& idOrNameOrPath, bool mayFail)
{
    ModelLibrary& library = engine.library();
    try {
        const fs::path path = library.resolve(idOrNameOrPath);
        {
            const std::lock_guard lock(mutex);
            if (const auto found = embedders.find(path.string()); found != embedders.end())
                return found->second;
        }
        // Loaded outside the lock: it takes a while, and searches by words need not wait.
        auto model = engine.models().load(path);
        if (!model->isEmbedding())
            throw Unsupported(path.filename().string(), "it is a chat model and makes no embeddings; choose an embedding model");
        auto made = std::make_shared<ModelEmbedder>(std::move(model));
        const std::lock_guard lock(mutex);
        return embedders.emplace(path.string(), std::move(made)).first->second;
    } catch (const Cancelled&) {
        throw;
    } catch (const Error&) {
        if (!mayFail)
            throw;
        return nullptr;
    }
}

std::shared_ptr<ModelEmbedder> Documents::State::embedderOf(const fs::path& collectionFile)
{
    const std::string model = retrieval::Collection(collectionFile).facts().model;
    return model.empty() ? nullptr : embedder(model, true);
}

/// Files whose collection was removed while something held them, or by a process that was killed in between.
void Documents::State::sweepOrphans() const
{
    std::vector<int64_t> known;
    for (const store::CollectionRow& row : engine.state().collectionStore.list())
        known.push_back(row.id);
    const int64_t newest = engine.state().collectionStore.newestId();
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
        const int64_t id = std::atoll(entry.path().filename().c_str());
        // A number above the newest belongs to a collection that another process is just making.
        if (id > 0 && id <= newest && std::find(known.begin(), known.end(), id) == known.end())
            fs::remove(entry.path(), ignored);
    }
}

// ---- collections ----

Documents::Documents(Engine& engine) : m_engine(engine), m_state(std::make_unique<State>(engine)) {}

Documents::~Documents() = default;

std::vector<CollectionSummary> Documents::collections() const
{
    std::vector<CollectionSummary> summaries;
    for (const store::CollectionRow& row : m_engine.state().collectionStore.list()) {
        const retrieval::CollectionFacts facts = retrieval::Collection(m_state->fileOf(row.id)).facts();
        CollectionSummary summary{row.name, facts.nDocuments, facts.nChunks, facts.nFailed, facts.nPending, facts.model, {}};
        for (const retrieval::SourceRow& source : facts.sources)
            if (source.isFolder)
                summary.folders.push_back(source.path);
        summaries.push_back(std::move(summary));
    }
    return summaries;
}

void Documents::createCollection(const std::string& name)
{
    retrieval::Collection(m_state->fileOf(m_engine.state().collectionStore.findOrCreate(name).id));
}

void Documents::renameCollection(const std::string& name, const std::string& newName)
{
    m_engine.state().collectionStore.rename(name, newName);
}

void Documents::removeCollection(const std::string& name)
{
    const store::CollectionRow row = m_state->require(name);
    m_state->forget(row.id);
    m_engine.state().collectionStore.remove(name);
    std::error_code ignored; // what stays is swept at the next start
    for (const char* ending : {"", "-wal", "-shm"})
        fs::remove(fs::path(m_state->fileOf(row.id)) += ending, ignored);
}

std::vector<DocumentRow> Documents::documents(const std::string& collection) const
{
    std::vector<DocumentRow> rows;
    for (const retrieval::DocumentRow& row : retrieval::Collection(m_state->fileOf(m_state->require(collection).id)).documents())
        rows.push_back(rowOf(row));
    return rows;
}

void Documents::removeDocument(const std::string& collection, const std::string& path)
{
    retrieval::Collection store(m_state->fileOf(m_state->require(collection).id));
    if (store.remove(path) == 0 && store.remove(fs::absolute(path).lexically_normal().string()) == 0)
        throw StorageFailure(path, "removing the document", "it is not in the collection " + collection);
}

// ---- ingestion ----

namespace {

/// Runs one ingestion with a reader of its own: the shared one serves the window meanwhile.
template <typename Run>
IngestSummary withReader(Engine& engine, Run run)
{
    documents::Extractor extractor(engine.state().options.executable.string());
    const retrieval::ReadDocument read = [&](const std::string& path, const std::string& password, std::stop_token stop) {
        return extractor.extract(path, password, std::move(stop));
    };
    const retrieval::IngestReport report = run(read);
    return {report.nDocuments, report.nChunks, report.seconds};
}

} // namespace

IngestSummary Documents::ingest(const std::string& collection, const std::vector<fs::path>& paths, const IngestOptions& options,
                                const std::function<void(const DocumentRow&)>& onDocument,
                                const std::function<void(const IngestProgress&)>& onProgress, std::stop_token stop)
{
    const fs::path file = m_state->fileOf(m_engine.state().collectionStore.findOrCreate(collection).id);
    retrieval::Collection store(file);
    std::string model = options.embedder;
    if (model.empty()) {
        model = store.facts().model; // a collection keeps to its own
        const auto standard = m_engine.library().defaultModel(ModelKind::embedding);
        if (model.empty() && standard)
            model = standard->id;
    }
    std::shared_ptr<ModelEmbedder> embedder;
    if (!model.empty() && model != kNoEmbedder) {
        embedder = m_state->embedder(model, false);
        const auto entry = m_engine.library().find(model);
        store.setModel(entry ? entry->id : fs::absolute(model).string());
    }
    retrieval::IngestSettings settings;
    settings.isRecursive = options.isRecursive;
    settings.areRecords = options.areRecords;
    settings.isForced = options.force;
    settings.passwords = options.passwords;
    settings.embedder = embedder.get();
    return withReader(m_engine, [&](const retrieval::ReadDocument& read) {
        return retrieval::ingest(file, paths, settings, read, eventsOf(onDocument, onProgress), stop);
    });
}

std::vector<std::string> Documents::unfinished() const
{
    std::vector<std::string> names;
    for (const store::CollectionRow& row : m_engine.state().collectionStore.list()) {
        const auto facts = retrieval::Collection(m_state->fileOf(row.id)).facts();
        if (std::any_of(facts.sources.begin(), facts.sources.end(), [](const retrieval::SourceRow& source) { return source.isUnfinished; }))
            names.push_back(row.name);
    }
    return names;
}

IngestSummary Documents::resume(const std::string& collection, const std::function<void(const DocumentRow&)>& onDocument,
                                const std::function<void(const IngestProgress&)>& onProgress, std::stop_token stop)
{
    const fs::path file = m_state->fileOf(m_state->require(collection).id);
    const auto embedder = m_state->embedderOf(file);
    retrieval::IngestSettings settings;
    settings.embedder = embedder.get();
    return withReader(m_engine, [&](const retrieval::ReadDocument& read) {
        return retrieval::resumeIngest(file, settings, read, eventsOf(onDocument, onProgress), stop);
    });
}

std::vector<SearchResult> Documents::search(const std::string& collection, const std::string& query, SearchMode mode, int top) const
{
    const store::CollectionRow row = m_state->require(collection);
    const auto embedder = mode == SearchMode::lexical ? nullptr : m_state->embedderOf(m_state->fileOf(row.id));
    std::vector<SearchResult> results;
    for (const retrieval::SearchHit& hit : m_state->searcher(row.id)->search(query, modeOf(mode), top, embedder.get()).hits)
        results.push_back(searchResultOf(hit));
    return results;
}

// ---- files ----

ExtractResult Documents::extract(const fs::path& file, const std::string& password, std::stop_token stop) const
{
    const auto start = std::chrono::steady_clock::now();
    documents::Extractor extractor(m_engine.state().options.executable.string());
    const documents::Document document = extractor.extract(file.string(), password, std::move(stop));
    ExtractResult result;
    result.outcome = documents::outcomeName(document.outcome);
    for (const documents::Page& page : document.pages)
        result.pages.push_back({page.number, page.text});
    result.title = document.title;
    result.message = document.message;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

PageView Documents::renderPage(const fs::path& file, int page, double dpi, int64_t start, int64_t end, const std::string& password) const
{
    const documents::Format* format = documents::formatOfPath(file.string());
    if (!format || !format->hasPages)
        throw Unsupported(file.filename().string(), "this format has no pages to draw; show its text instead");
    if (!fs::exists(file))
        throw StorageFailure(file.string(), "opening the document", "the file is not there any more; put it back or remove it from the collection");
    const std::lock_guard lock(m_state->extractorMutex);
    documents::PageImage image = m_state->extractor.renderPage(file.string(), page, dpi, password);
    if (image.isEmpty())
        throw BadFile(file.string(), "page " + std::to_string(page) + " cannot be drawn");
    PageView view;
    view.width = image.width;
    view.height = image.height;
    view.rgb = std::move(image.rgb);
    if (end > start) {
        const double scale = dpi / 72;
        for (const documents::Rect& box : m_state->extractor.boxesOfSpan(file.string(), page, start, end, password))
            view.highlights.push_back({box.left * scale, box.top * scale, (box.right - box.left) * scale, (box.bottom - box.top) * scale});
    }
    return view;
}

int Documents::pageCount(const fs::path& file) const
{
    const std::lock_guard lock(m_state->extractorMutex);
    return int(m_state->extractor.extract(file.string()).pages.size());
}

std::vector<Documents::Format> Documents::formats()
{
    std::vector<Format> formats;
    for (const documents::Format& row : documents::formats()) {
        Format format{std::string(row.name), {}};
        const std::string_view extensions = row.extensions;
        for (size_t at = 0; at < extensions.size();) {
            const size_t end = std::min(extensions.find(' ', at), extensions.size());
            if (end > at)
                format.extensions.push_back("." + std::string(extensions.substr(at, end - at)));
            at = end + 1;
        }
        formats.push_back(std::move(format));
    }
    return formats;
}

} // namespace sy::api
