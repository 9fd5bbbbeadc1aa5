// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/bind_engine.h"

#include "engine/api/adapters.h"
#include "engine/api/data_columns.h"
#include "engine/api/fine_tune.h"
#include "engine/api/runs.h"
#include "engine/api/saved_contexts.h"
#include "engine/core/error.h"

#include <cerrno>
#include <cstring>
#include <fstream>

namespace sy::app {

namespace {

/// Of a model that is not known: whether it fits is found out when it is used.
AdapterInfo infoOf(api::Engine& engine, const api::AdapterEntry& entry)
{
    const auto model = engine.library().find(entry.model);
    return {entry.id, entry.name, model ? model->path.string() : std::string(), entry.file, entry.model, entry.bytes, entry.isImported};
}

std::vector<AdapterInfo> adaptersOf(api::Engine& engine)
{
    std::vector<AdapterInfo> adapters;
    for (const api::RunEntry& run : api::listRuns(engine)) {
        if (run.adapter.empty() || run.state == api::RunEntry::State::running) // that one still changes
            continue;
        const auto model = engine.library().find(run.model); // the configuration may say its id or name
        std::error_code ignored;
        const std::filesystem::path path = model ? model->path : std::filesystem::weakly_canonical(run.model, ignored);
        adapters.push_back({run.id, run.name.empty() ? run.id : run.name, path.string(), run.adapter, run.model});
    }
    for (const api::AdapterEntry& entry : api::listAdapters(engine))
        if (entry.isImported)
            adapters.push_back(infoOf(engine, entry));
    return adapters;
}

api::AdapterEntry entryOf(const AdapterInfo& info)
{
    return {.id = info.id, .file = info.file, .bytes = info.bytes, .name = info.name, .model = info.model, .isImported = info.isImported};
}

std::filesystem::path exportAdapterTo(api::Engine& engine, const std::string& id, std::filesystem::path to, bool isPeft)
{
    for (api::AdapterEntry entry : api::listAdapters(engine)) {
        if (entry.id != id)
            continue;
        const std::string name = isPeft ? to.filename().string() : to.stem().string();
        std::error_code ignored;
        entry.id = name; // what it is written as
        for (int i = 2; isPeft && std::filesystem::exists(to.parent_path() / entry.id, ignored); ++i)
            entry.id = name + "-" + std::to_string(i);
        return api::exportAdapter(engine, entry, to.parent_path(), isPeft ? api::AdapterFormat::peft : api::AdapterFormat::gguf);
    }
    throw StorageFailure(id, "reading the adapter", "it is not there any more");
}

/// One in the models folder is in the list at once, and one that has replaced a listed file is listed as it is now.
MergedFile mergeAdapter(api::Engine& engine, const MergeRequest& request, std::stop_token stop, const ByteProgress& progress)
{
    MergedFile merged{api::mergeAdapter(engine, request.adapter.file, request.model, request.out, request.options, stop, progress), {}};
    api::ModelLibrary& library = engine.library();
    if (library.isInModelsFolder(request.out) || library.find(request.out.string()))
        merged.model = library.addWritten(request.out).id;
    return merged;
}

std::string mergeText(api::Engine& engine, const MergeRequest& request, std::stop_token stop, const ByteProgress& progress)
{
    constexpr uint64_t kMostBytes = 64 << 20; // would take days to measure on
    if (request.text.empty())
        return api::examplesOf(engine, request.adapter.id, stop, progress);
    std::error_code error;
    if (std::filesystem::file_size(request.text, error) > kMostBytes && !error)
        throw StorageFailure(request.text.string(), "reading the file", "it has more than 64 MB, which would take days to measure on");
    std::ifstream in(request.text, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in || text.empty())
        throw StorageFailure(request.text.string(), "reading the file", in ? "the file is empty" : std::strerror(errno));
    return text;
}

} // namespace

EngineFunctions bindEngine(api::Engine& engine)
{
    EngineFunctions f;
    api::Chats& chats = engine.chats();
    f.chats = {
        .list = [&chats] { return chats.list(); },
        .create = [&chats](const std::string& title, const std::string& collection) { return chats.create(title, collection); },
        .rename = [&chats](int64_t id, const std::string& title) { chats.rename(id, title); },
        .setCollection = [&chats](int64_t id, const std::string& name) { chats.setCollection(id, name); },
        .setSettings = [&chats](int64_t id, const std::string& json) { chats.setSettings(id, json); },
        .remove = [&chats](int64_t id) { chats.remove(id); },
        .restore = [&chats](int64_t id) { chats.restore(id); },
        .messages = [&chats](int64_t id) { return chats.messages(id); },
        .append = [&chats](const api::Message& message) { return chats.append(message); },
        .updateText = [&chats](int64_t id, const std::string& text) { chats.updateText(id, text); },
        .finish = [&chats](const api::Message& message) { chats.finish(message); },
        .removeMessage = [&chats](int64_t chat, int64_t message) { return chats.removeMessage(chat, message); },
        .removeMessagesFrom = [&chats](int64_t chat, int64_t message) { return chats.removeMessagesFrom(chat, message); },
        .restoreMessages = [&chats](const api::RemovedMessages& removed) { chats.restoreMessages(removed); },
        .search = [&chats](const std::string& query) { return chats.search(query); },
        .closeInterrupted = [&chats] { chats.closeInterrupted(); },
        .purgeRemoved = [&chats] { chats.purgeRemoved(); },
    };
    api::ModelLibrary& library = engine.library();
    f.adapters = {
        .list = [&engine] { return adaptersOf(engine); },
        .import = [&engine](const std::filesystem::path& path) { return infoOf(engine, api::importAdapter(engine, path)); },
        .exportTo = [&engine](const std::string& id, const std::filesystem::path& to, bool isPeft) { return exportAdapterTo(engine, id, to, isPeft); },
        .rename = [&engine](const AdapterInfo& adapter, const std::string& name) { api::renameAdapter(engine, entryOf(adapter), name); },
        .remove = [&engine](const AdapterInfo& adapter) { api::removeAdapter(engine, entryOf(adapter)); },
        .restore = [&engine](const AdapterInfo& adapter) { return api::restoreAdapter(engine, entryOf(adapter)); },
        .planMerge = [&engine](const MergeRequest& r, std::stop_token stop) { return api::planMerge(engine, r.adapter.file, r.model, r.out, r.options, stop); },
        .merge = [&engine](const MergeRequest& request, std::stop_token stop,
                           const ByteProgress& progress) { return mergeAdapter(engine, request, stop, progress); },
        .mergeText = [&engine](const MergeRequest& request, std::stop_token stop,
                               const ByteProgress& progress) { return mergeText(engine, request, stop, progress); },
        .compareMerged =
            [&engine](const MergeRequest& r, const std::string& text, std::stop_token stop, const ByteProgress& progress) {
                return api::compareMerged(engine, r.adapter.file, r.model, r.out, text, {.strength = r.options.strength}, stop,
                                          [&](int64_t done, int64_t total) { progress(uint64_t(done), uint64_t(total)); });
            },
    };
    f.chats.findAdapter = [list = f.adapters.list](const std::string& id) -> std::optional<AdapterInfo> {
        for (AdapterInfo& adapter : list())
            if (adapter.id == id)
                return std::move(adapter);
        return std::nullopt;
    };
    f.fineTune = {
        .complete = api::completeFineTuneConfig,
        .plan = [&engine](const std::string& config, const std::string& source, std::stop_token stop,
                          const ByteProgress& onRead) { return api::planFineTune(engine, config, source, stop, onRead); },
        .measure = [&engine](const std::string& config, const std::string& source,
                             std::stop_token stop) { return api::measureFineTune(engine, config, source, stop); },
        .columns = [](const std::filesystem::path& file, std::stop_token stop) { return api::readDataColumns(file, stop); },
        .train = [&engine](const std::string& config, const std::string& source, std::stop_token stop,
                           const api::FineTuneEvents& events) { return api::fineTune(engine, config, source, stop, events); },
        .resume = [&engine](const std::string& run, std::stop_token stop,
                            const api::FineTuneEvents& events) { return api::resumeFineTune(engine, run, stop, events); },
        .list = [&engine] { return api::listRuns(engine); },
        .config = [&engine](const std::string& run) { return api::runConfig(engine, run); },
        .steps = [&engine](const std::string& run) { return api::runSteps(engine, run); },
        .samples = [&engine](const std::string& run) { return api::runSamples(engine, run); },
        .checkpoints = [&engine](const std::string& run) { return api::runCheckpoints(engine, run); },
        .useCheckpoint = [&engine](const std::string& run, int64_t step) { api::useCheckpoint(engine, run, step); },
        .setName = [&engine](const std::string& run, const std::string& name) { api::setRunName(engine, run, name); },
        .setNotes = [&engine](const std::string& run, const std::string& notes) { api::setRunNotes(engine, run, notes); },
        .remove = [&engine](const std::string& run) { api::removeRun(engine, run); },
        .restore = [&engine](const std::string& run) { return api::restoreRun(engine, run); },
    };
    api::ModelHost& host = engine.models();
    api::Documents& documents = engine.documents();
    api::SavedContexts& contexts = engine.contexts();
    f.models = {
        .list = [&library] { return library.list(); },
        .catalogue = [&library] { return library.catalogue(); },
        .defaultChatModel = [&library] { return library.defaultModel(api::ModelKind::chat); },
        .facts = [&library](const std::filesystem::path& path) { return library.facts(path); },
        .estimate =
            [&host](const std::filesystem::path& path, const api::LoadOptions& options, const ChatModelPtr& replaced) {
                return host.estimate(path, options, replaced ? static_cast<api::LoadedModel*>(replaced->keepAlive.get()) : nullptr);
            },
        .draftProblems = [&host](const std::filesystem::path& path,
                                 const std::vector<std::filesystem::path>& drafts) { return host.draftProblems(path, drafts); },
        .import = [&library](const std::filesystem::path& path, bool copy, std::stop_token stop,
                             const ByteProgress& progress) { return library.import(path, copy, stop, progress); },
        .remove = [&library](const std::string& id) { library.remove(id); },
        .verify = [&library](const std::string& id, std::stop_token stop, const ByteProgress& progress) { return library.verify(id, stop, progress); },
        .fetch = [&library](const std::string& id, std::stop_token stop,
                            const std::function<void(const api::FetchProgress&)>& progress) { return library.fetch(id, stop, progress); },
        .load =
            [&host, &documents, &library, &contexts](const std::filesystem::path& path, const api::LoadOptions& options, std::stop_token stop) {
                std::shared_ptr<api::LoadedModel> loaded = host.load(path, options, stop);
                auto model = std::make_shared<ChatModel>();
                model->path = path.string();
                const auto entry = library.find(path.string());
                model->name = entry ? entry->name : loaded->facts().name.empty() ? path.stem().string() : loaded->facts().name;
                model->contextLength = loaded->contextLength();
                // Plain pointers: the functions live in the object that holds keepAlive.
                api::LoadedModel* raw = loaded.get();
                model->generate = [raw](const api::GenerationRequest& request, const std::function<bool(const api::TokenEvent&)>& onToken,
                                        std::stop_token s, const std::function<void(const api::PromptProgress&)>& onProgress) {
                    return raw->generate(request, onToken, s, onProgress);
                };
                model->ask = [raw, &documents](const api::AskRequest& request, const api::AskEvents& events, std::stop_token s) {
                    return documents.ask(*raw, request, events, s);
                };
                model->countTokens = [raw](const std::vector<api::ChatMessage>& messages) { return raw->countTokens(messages); };
                model->saveContext = [raw, &contexts](int64_t chatId, const std::vector<api::ChatMessage>& messages, const api::AdapterSetting& adapter) {
                    contexts.save(*raw, chatId, messages, adapter);
                };
                model->restoreContext = [raw, &contexts](int64_t chatId) { contexts.restore(*raw, chatId); };
                model->keepAlive = loaded;
                return ChatModelPtr(model);
            },
    };
    f.documents = {
        .collections = [&documents] { return documents.collections(); },
        .createCollection = [&documents](const std::string& name) { documents.createCollection(name); },
        .removeCollection = [&documents](const std::string& name) { documents.removeCollection(name); },
        .renameCollection = [&documents](const std::string& name, const std::string& newName) { documents.renameCollection(name, newName); },
        .documents = [&documents](const std::string& collection) { return documents.documents(collection); },
        .removeDocument = [&documents](const std::string& collection, const std::string& path) { documents.removeDocument(collection, path); },
        .ingest = [&documents](const std::string& collection, const std::vector<std::filesystem::path>& paths, const api::IngestOptions& options,
                               const std::function<void(const api::DocumentRow&)>& onDocument,
                               const std::function<void(const api::IngestProgress&)>& onProgress,
                               std::stop_token stop) { return documents.ingest(collection, paths, options, onDocument, onProgress, stop); },
        .unfinished = [&documents] { return documents.unfinished(); },
        .resume = [&documents](const std::string& collection, const std::function<void(const api::DocumentRow&)>& onDocument,
                               const std::function<void(const api::IngestProgress&)>& onProgress,
                               std::stop_token stop) { return documents.resume(collection, onDocument, onProgress, stop); },
        .search = [&documents](const std::string& collection, const std::string& query, api::SearchMode mode,
                               int top) { return documents.search(collection, query, mode, top); },
        .extract = [&documents](const std::filesystem::path& file) { return documents.extract(file); },
        .renderPage = [&documents](const std::filesystem::path& file, int page, double dpi, int64_t start,
                                   int64_t end) { return documents.renderPage(file, page, dpi, start, end); },
        .pageCount = [&documents](const std::filesystem::path& file) { return documents.pageCount(file); },
        .formats = [] { return api::Documents::formats(); },
    };
    f.memory = [&host] { return host.memory(); };
    f.device = engine.device();
    f.nThreads = engine.nThreads();
    f.dataDir = engine.dataDir().string();
    return f;
}

} // namespace sy::app
