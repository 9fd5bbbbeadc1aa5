// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "engine/core/error.h"
#include "tests/app/fake_merging.h"
#include "tests/app/fake_training.h"

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>

namespace sy::app::test {

/// An engine in memory: what the services call, with what tests want to see and to decide.
class FakeEngine {
public:
    EngineFunctions functions();

    std::mutex mutex;
    std::vector<std::string> log; // "append user", "generate", "finish complete" ...
    std::vector<api::ChatSummary> chats;
    std::vector<int64_t> removedChats;
    std::vector<api::Message> messages;
    std::vector<api::ModelEntry> models;
    std::vector<api::CatalogueEntry> catalogue;
    std::vector<api::CollectionSummary> collections;
    std::vector<api::DocumentRow> rows;
    std::vector<api::SearchResult> results;
    std::vector<api::Chats::Hit> hits; // of a search of all chats; empty: titles are searched
    FakeTraining training;
    FakeMerging merging{mutex, models};
    std::vector<AdapterInfo> adapters; // beside those of the runs
    std::vector<AdapterInfo> adaptersAway;
    std::function<void()> beforeAdapter; // is imported or exported; may throw
    std::vector<api::GenerationRequest> requests; // that were answered
    std::vector<std::string> contextLog; // "save 1 2" (chat, messages), "restore 1"
    std::string reply = "An answer.";
    int nTokens = 0;              // > 0: the reply is this many tokens of "word "
    std::chrono::microseconds perToken{0};
    std::atomic<bool> holdsReply = false; // generate waits until this is false, or it is stopped
    std::atomic<bool> isSlowToStop = false; // generate does not end although it is stopped, until this is false
    std::atomic<bool> isReading = false;    // the prompt is read until this is false: no token comes
    std::function<void()> beforeReply;    // may throw
    std::function<void()> beforeLoad;
    std::function<void()> beforeFetch;
    std::atomic<bool> holdsFetch = false; // fetch goes on without end until this is false, or it is cancelled
    std::atomic<bool> isVerified = true;
    std::map<std::string, std::string> draftProblems; // by path: why it cannot guess for another
    std::filesystem::path brokenDraft = "/models/broken.gguf"; // no estimate and no load with it
    bool listFails = false;
    int nIngestFiles = 3;
    std::chrono::milliseconds perFile{5};
    int64_t contextLength = 4096;
    int nextId = 1;

    void write(const std::string& line)
    {
        const std::lock_guard lock(mutex);
        log.push_back(line);
    }
    std::vector<std::string> contexts()
    {
        const std::lock_guard lock(mutex);
        return contextLog;
    }
    std::vector<std::string> written()
    {
        const std::lock_guard lock(mutex);
        return log;
    }
    void addChatModel()
    {
        models.push_back({.id = "tiny", .name = "Tiny Chat", .path = "/models/tiny.gguf", .bytes = 1000000, .sha256 = std::string(64, 'c'), .kind = api::ModelKind::chat, .architecture = "qwen2"});
        models.push_back({.id = "e5", .name = "Tiny Embedder", .path = "/models/e5.gguf", .bytes = 100000, .kind = api::ModelKind::embedding, .architecture = "bert"});
    }
    void addAdapter(const std::string& id = "tone-1", const std::string& name = "Support tone")
    {
        adapters.push_back({.id = id, .name = name, .modelPath = "/models/tiny.gguf", .file = "/runs/" + id + "/adapter.gguf"});
    }
    AdapterFunctions adapterFunctions();
    std::vector<AdapterInfo> allAdapters()
    {
        std::vector<AdapterInfo> all;
        {
            const std::lock_guard lock(training.mutex);
            for (const api::RunEntry& run : training.runs)
                if (!run.adapter.empty())
                    all.push_back({.id = run.id, .name = run.name, .modelPath = "/models/tiny.gguf", .file = run.adapter});
        }
        const std::lock_guard lock(mutex);
        all.insert(all.end(), adapters.begin(), adapters.end());
        return all;
    }
    void addCollection()
    {
        collections.push_back({.name = "Reports", .nDocuments = 3, .nChunks = 40, .nFailed = 1, .embedder = "e5"});
        rows.push_back({.path = "/docs/a.pdf", .title = "Annual report", .bytes = 5000, .nPages = 4, .nChunks = 20, .status = api::DocumentStatus::indexed});
        rows.push_back({.path = "/docs/scan.pdf", .bytes = 9000, .nPages = 2, .status = api::DocumentStatus::needsOcr, .message = "no text on any page"});
        rows.push_back({.path = "/docs/locked.pdf", .bytes = 100, .status = api::DocumentStatus::needsPassword});
        results.push_back({.document = "/docs/a.pdf", .title = "Annual report", .page = 2, .endPage = 2, .start = 10, .end = 60, .score = 0.91, .lexicalRank = 2, .denseRank = 1, .lexicalScore = 3.2, .denseScore = 0.83, .text = "Revenue rose by nine percent to 4.2 million in the second quarter.", .section = "Results"});
        results.push_back({.document = "/docs/a.pdf", .title = "Annual report", .page = 3, .endPage = 3, .start = 0, .end = 40, .score = 0.42, .lexicalRank = 0, .denseRank = 4, .text = "The outlook stays cautious."});
    }
    std::vector<api::Citation> citations() const
    {
        return {{.marker = 1, .document = "/docs/a.pdf", .title = "Annual report", .page = 2, .endPage = 2, .start = 10, .end = 60, .text = "Revenue rose by nine percent to 4.2 million.", .quoteFound = true, .score = 0.91, .isCited = true},
                {.marker = 2, .document = "/docs/notes.txt", .title = "notes.txt", .page = 0, .start = 5, .end = 20, .text = "some notes here", .quoteFound = true, .score = 0.42, .isCited = false}};
    }
};

inline EngineFunctions FakeEngine::functions()
{
    EngineFunctions f;
    const auto now = [] { return std::chrono::system_clock::now(); };
    f.chats = {
        .list =
            [this] {
                if (listFails)
                    throw StorageFailure("/data/switchyard.db", "reading the chats", "the disk is full");
                const std::lock_guard lock(mutex);
                std::vector<api::ChatSummary> list;
                for (const auto& chat : chats)
                    if (std::find(removedChats.begin(), removedChats.end(), chat.id) == removedChats.end())
                        list.push_back(chat);
                return list;
            },
        .create =
            [this, now](const std::string& title, const std::string& collection) {
                const std::lock_guard lock(mutex);
                chats.insert(chats.begin(), api::ChatSummary{.id = nextId++, .title = title, .created = now(), .lastActive = now(), .collection = collection});
                return chats.front();
            },
        .rename =
            [this](int64_t id, const std::string& title) {
                const std::lock_guard lock(mutex);
                for (auto& chat : chats)
                    if (chat.id == id)
                        chat.title = title;
            },
        .setCollection =
            [this](int64_t id, const std::string& name) {
                const std::lock_guard lock(mutex);
                for (auto& chat : chats)
                    if (chat.id == id)
                        chat.collection = name;
            },
        .setSettings =
            [this](int64_t id, const std::string& json) {
                const std::lock_guard lock(mutex);
                for (auto& chat : chats)
                    if (chat.id == id)
                        chat.settings = json;
            },
        .remove =
            [this](int64_t id) {
                const std::lock_guard lock(mutex);
                removedChats.push_back(id);
            },
        .restore =
            [this](int64_t id) {
                const std::lock_guard lock(mutex);
                std::erase(removedChats, id);
            },
        .messages =
            [this](int64_t id) {
                const std::lock_guard lock(mutex);
                std::vector<api::Message> list;
                for (const auto& m : messages) {
                    if (m.chatId != id)
                        continue;
                    const int64_t before = list.empty() ? 0 : list.back().id;
                    list.push_back(m);
                    list.back().parent = m.parent.value_or(before); // of rows that a test wrote as one conversation
                }
                return list;
            },
        .append =
            [this](const api::Message& message) {
                const std::lock_guard lock(mutex);
                log.push_back("append " + message.role);
                messages.push_back(message);
                messages.back().id = nextId++;
                if (!message.parent) // the chat's latest, as the real one does
                    for (const auto& m : messages)
                        if (m.chatId == message.chatId && m.id != messages.back().id)
                            messages.back().parent = m.id;
                return int64_t(messages.back().id);
            },
        .updateText =
            [this](int64_t id, const std::string& text) {
                const std::lock_guard lock(mutex);
                log.push_back("update");
                for (auto& m : messages)
                    if (m.id == id)
                        m.text = text;
            },
        .finish =
            [this](const api::Message& message) {
                const std::lock_guard lock(mutex);
                const char* names[] = {"complete", "streaming", "stopped", "failed"};
                log.push_back(std::string("finish ") + names[int(message.status)]);
                for (auto& m : messages)
                    if (m.id == message.id)
                        m = message;
            },
        .removeMessage =
            [this](int64_t, int64_t messageId) {
                const std::lock_guard lock(mutex);
                log.push_back("remove one");
                api::RemovedMessages removed;
                for (const auto& m : messages)
                    if (m.id == messageId)
                        removed.messages.push_back(m);
                for (auto& m : messages)
                    if (m.parent == messageId) {
                        removed.followers.push_back(m.id);
                        m.parent = removed.messages.front().parent;
                    }
                std::erase_if(messages, [&](const api::Message& m) { return m.id == messageId; });
                return removed;
            },
        .removeMessagesFrom =
            [this](int64_t chatId, int64_t messageId) {
                const std::lock_guard lock(mutex);
                log.push_back("remove");
                api::RemovedMessages removed;
                std::vector<int64_t> leaving{messageId};
                for (const auto& m : messages) // in the order they were written: what follows comes later
                    if (m.chatId == chatId && m.parent && std::find(leaving.begin(), leaving.end(), *m.parent) != leaving.end())
                        leaving.push_back(m.id);
                std::erase_if(messages, [&](const api::Message& m) {
                    const bool leaves = std::find(leaving.begin(), leaving.end(), m.id) != leaving.end();
                    if (leaves)
                        removed.messages.push_back(m);
                    return leaves;
                });
                return removed;
            },
        .restoreMessages =
            [this](const api::RemovedMessages& removed) {
                const std::lock_guard lock(mutex);
                log.push_back("restore");
                messages.insert(messages.end(), removed.messages.begin(), removed.messages.end());
                std::sort(messages.begin(), messages.end(), [](const api::Message& a, const api::Message& b) { return a.id < b.id; });
                for (auto& m : messages)
                    if (std::find(removed.followers.begin(), removed.followers.end(), m.id) != removed.followers.end())
                        m.parent = removed.messages.front().id;
            },
        .search =
            [this](const std::string& query) {
                const std::lock_guard lock(mutex);
                if (!hits.empty())
                    return hits;
                std::vector<api::Chats::Hit> found;
                for (const auto& chat : chats)
                    if (chat.title.find(query) != std::string::npos)
                        found.push_back({chat.id, 0, chat.title, "… " + query + " …"});
                return found;
            },
        .closeInterrupted =
            [this] {
                const std::lock_guard lock(mutex);
                for (auto& m : messages)
                    if (m.status == api::MessageStatus::streaming)
                        m.status = api::MessageStatus::stopped;
            },
        .purgeRemoved = [] {},
        .findAdapter = [this](const std::string& id) -> std::optional<AdapterInfo> {
            for (const AdapterInfo& adapter : allAdapters())
                if (adapter.id == id)
                    return adapter;
            return std::nullopt;
        },
    };
    const auto generate = [this](const api::GenerationRequest& request, const std::function<bool(const api::TokenEvent&)>& onToken, std::stop_token stop,
                                 const std::function<void(const api::PromptProgress&)>& onProgress) {
        write("generate " + std::to_string(request.messages.size()) + (request.answerStart.empty() ? "" : " after " + request.answerStart));
        {
            const std::lock_guard lock(mutex);
            requests.push_back(request);
        }
        if (onProgress)
            onProgress({50, 100, 0});
        if (beforeReply)
            beforeReply();
        while (isReading && !stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        api::GenerationResult result{.promptTokens = 100, .cachedTokens = 20, .timeToFirstTokenMs = 812, .prefillTokensPerSecond = 120, .decodeTokensPerSecond = 31.4, .seed = 7};
        const auto emitToken = [&](const std::string& text) {
            result.text += text;
            ++result.generatedTokens;
            onToken({1, text, 1.0, -0.1});
            if (perToken.count() > 0)
                std::this_thread::sleep_for(perToken);
        };
        if (isReading) {
            // stopped before the first token
        } else if (nTokens > 0) {
            for (int i = 0; i < nTokens && !stop.stop_requested(); ++i)
                emitToken(i % 60 == 59 ? "word.\n\n" : i % 1000 == 500 ? "```cpp\nint x;\n```\n" : "word ");
        } else {
            emitToken(reply);
        }
        while ((holdsReply && !stop.stop_requested()) || (stop.stop_requested() && isSlowToStop))
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        if (stop.stop_requested())
            result.finish = api::Finish::cancelled;
        return result;
    };
    f.models = {
        .list =
            [this] {
                const std::lock_guard lock(mutex);
                return models;
            },
        .catalogue = [this] { return catalogue; },
        .defaultChatModel = [this]() -> std::optional<api::ModelEntry> { return models.empty() ? std::nullopt : std::optional(models.front()); },
        .facts =
            [](const std::filesystem::path&) {
                return api::ModelFacts{.architecture = "qwen2", .name = "Tiny", .license = "apache-2.0", .nParameters = 1543000000, .nActiveParameters = 1543000000, .fileBytes = 1000000, .quantization = {{"Q4_K", 900000}, {"Q6_K", 100000}}, .contextLength = 32768, .nLayers = 28, .nVocabulary = 151936, .memory = {900000, 28672, 50000}};
            },
        .estimate =
            [this](const std::filesystem::path&, const api::LoadOptions& options, const ChatModelPtr& replaced) {
                if (options.draft == brokenDraft)
                    throw BadFile(options.draft.string(), "the file is cut");
                return api::MemoryEstimate{.weightsBytes = 1100000000, .kvBytes = uint64_t(options.contextLength > 0 ? options.contextLength : 8192) * 28672, .computeBytes = 90000000, .draftBytes = options.draft.empty() ? 0u : 400000000u, .availableBytes = replaced ? 9000000000 : 8000000000};
            },
        .draftProblems =
            [this](const std::filesystem::path&, const std::vector<std::filesystem::path>& drafts) {
                std::vector<std::string> problems;
                for (const auto& draft : drafts)
                    problems.push_back(draftProblems[draft.string()]);
                return problems;
            },
        .import =
            [this](const std::filesystem::path& path, bool copy, std::stop_token, const ByteProgress& progress) {
                if (path.string().find("bad") != std::string::npos)
                    throw BadFile(path.string(), "the file does not begin with GGUF", 0);
                progress(50, 100);
                const std::lock_guard lock(mutex);
                models.push_back({.id = path.stem().string(), .name = path.stem().string(), .path = path, .bytes = 5, .isReferenced = !copy, .architecture = "llama"});
                log.push_back(copy ? "import copy" : "import reference");
                return models.back();
            },
        .remove =
            [this](const std::string& id) {
                const std::lock_guard lock(mutex);
                std::erase_if(models, [&](const api::ModelEntry& m) { return m.id == id; });
            },
        .verify = [this](const std::string&, std::stop_token, const ByteProgress& progress) { progress(1, 2); return bool(isVerified); },
        .fetch =
            [this](const std::string& id, std::stop_token stop, const std::function<void(const api::FetchProgress&)>& progress) {
                if (beforeFetch)
                    beforeFetch();
                for (int i = 0; i < 20 || holdsFetch; ++i) {
                    if (stop.stop_requested())
                        throw Cancelled();
                    progress({"downloading", uint64_t(i % 20) * 50, 1000});
                    std::this_thread::sleep_for(std::chrono::milliseconds(5));
                }
                const std::lock_guard lock(mutex);
                for (auto& entry : catalogue)
                    if (entry.id == id)
                        entry.isInstalled = true;
                models.push_back({.id = id, .name = id, .path = "/models/" + id, .bytes = 5, .architecture = "qwen2"});
                return models.back();
            },
        .load =
            [this, generate](const std::filesystem::path& path, const api::LoadOptions& options, std::stop_token stop) {
                if (beforeLoad)
                    beforeLoad();
                if (stop.stop_requested())
                    throw Cancelled();
                if (options.draft == brokenDraft)
                    throw Unsupported("broken.gguf as a draft model for tiny.gguf", "their vocabularies differ: the one has 259 tokens, the other 772; choose a smaller model of the same family");
                write(options.draft.empty() ? "load" : "load with " + options.draft.string());
                auto model = std::make_shared<ChatModel>();
                model->path = path.string();
                model->name = "Tiny Chat";
                model->contextLength = contextLength;
                model->generate = generate;
                model->countTokens = [](const std::vector<api::ChatMessage>& list) {
                    int64_t n = 0;
                    for (const auto& m : list)
                        n += 4 + int64_t(m.content.size()) / 4;
                    return n;
                };
                model->saveContext = [this](int64_t chatId, const std::vector<api::ChatMessage>& messages, const api::AdapterSetting&) {
                    const std::lock_guard lock(mutex);
                    contextLog.push_back("save " + std::to_string(chatId) + " " + std::to_string(messages.size()));
                };
                model->restoreContext = [this](int64_t chatId) {
                    const std::lock_guard lock(mutex);
                    contextLog.push_back("restore " + std::to_string(chatId));
                };
                model->ask = [this, generate](const api::AskRequest& request, const api::AskEvents& events, std::stop_token stop) {
                    write("ask " + request.collection);
                    events.onSources(citations());
                    api::AskResult result;
                    result.citations = citations();
                    const std::vector<api::SentenceSupport> support{{0, 45, {1}, true}, {46, 70, {}, true}};
                    api::GenerationRequest inner;
                    result.generation = generate(
                        inner, [&](const api::TokenEvent&) { return true; }, stop, events.onProgress);
                    result.answer = "Revenue rose by nine percent to 4.2 million [1]. It will rise again soon.";
                    result.support = {{0, 48, {1}, true}, {49, 74, {}, true}};
                    events.onText(result.answer, result.support);
                    result.queryUsed = request.question;
                    result.retrievalMs = 12;
                    return result;
                };
                return ChatModelPtr(model);
            },
    };
    f.documents = {
        .collections =
            [this] {
                if (listFails)
                    throw StorageFailure("/data/switchyard.db", "reading the collections", "the disk is full");
                const std::lock_guard lock(mutex);
                return collections;
            },
        .createCollection =
            [this](const std::string& name) {
                const std::lock_guard lock(mutex);
                collections.push_back({.name = name});
            },
        .removeCollection =
            [this](const std::string& name) {
                const std::lock_guard lock(mutex);
                std::erase_if(collections, [&](const api::CollectionSummary& c) { return c.name == name; });
            },
        .renameCollection =
            [this](const std::string& name, const std::string& newName) {
                const std::lock_guard lock(mutex);
                for (auto& c : collections)
                    if (c.name == name)
                        c.name = newName;
            },
        .documents =
            [this](const std::string& name) {
                const std::lock_guard lock(mutex);
                for (const auto& c : collections)
                    if (c.name == name && c.nDocuments == 0) // just made
                        return std::vector<api::DocumentRow>{};
                return rows;
            },
        .removeDocument =
            [this](const std::string&, const std::string& path) {
                const std::lock_guard lock(mutex);
                std::erase_if(rows, [&](const api::DocumentRow& r) { return r.path == path; });
            },
        .ingest =
            [this](const std::string& name, const std::vector<std::filesystem::path>& paths, const api::IngestOptions&,
                   const std::function<void(const api::DocumentRow&)>& onDocument, const std::function<void(const api::IngestProgress&)>& onProgress,
                   std::stop_token stop) {
                write("ingest " + name + " " + paths.front().string());
                for (const auto& path : paths)
                    if (path.string().find("empty") != std::string::npos)
                        onDocument({.path = path.string(), .status = api::DocumentStatus::failed, .message = "The file is empty."});
                for (int i = 0; i < nIngestFiles; ++i) {
                    if (stop.stop_requested())
                        throw Cancelled();
                    onProgress({.currentFile = "/docs/file" + std::to_string(i) + ".pdf", .nDone = i, .nTotal = nIngestFiles, .nChunksDone = i * 10, .chunksPerSecond = 12.5, .secondsLeft = double(nIngestFiles - i)});
                    std::this_thread::sleep_for(perFile);
                    onDocument({.path = "/docs/file" + std::to_string(i) + ".pdf", .nPages = 1, .nChunks = 10, .status = api::DocumentStatus::indexed});
                }
                const std::lock_guard lock(mutex);
                if (std::none_of(collections.begin(), collections.end(), [&](const api::CollectionSummary& c) { return c.name == name; }))
                    collections.push_back({.name = name, .nDocuments = nIngestFiles, .nChunks = nIngestFiles * 10, .embedder = "e5"});
                return api::IngestSummary{nIngestFiles, nIngestFiles * 10, 0.1};
            },
        .unfinished = [] { return std::vector<std::string>{}; },
        .resume =
            [this](const std::string& name, const std::function<void(const api::DocumentRow&)>&, const std::function<void(const api::IngestProgress&)>&,
                   std::stop_token) {
                write("resume " + name);
                const std::lock_guard lock(mutex);
                for (auto& c : collections)
                    if (c.name == name)
                        c.nPending = 0;
                return api::IngestSummary{};
            },
        .search =
            [this](const std::string&, const std::string& query, api::SearchMode, int) {
                write("search " + query);
                const std::lock_guard lock(mutex);
                return results;
            },
        .extract =
            [](const std::filesystem::path& file) {
                api::ExtractResult result{.outcome = "ok", .title = file.filename().string()};
                result.pages.push_back({1, "abcd some notes here and more text"});
                return result;
            },
        .renderPage =
            [](const std::filesystem::path& file, int, double dpi, int64_t start, int64_t end) {
                if (file.string().find("gone") != std::string::npos)
                    throw StorageFailure(file.string(), "opening the document", "no such file");
                api::PageView view;
                view.width = int(8.27 * dpi);
                view.height = int(11.7 * dpi);
                view.rgb.assign(size_t(view.width) * size_t(view.height) * 3, 255);
                if (end > start)
                    view.highlights.push_back({view.width * 0.15, view.height * 0.4, view.width * 0.5, 18});
                return view;
            },
        .pageCount = [](const std::filesystem::path&) { return 4; },
        .formats = [] { return std::vector<api::Documents::Format>{{"PDF", {".pdf"}}, {"Text", {".txt", ".md"}}}; },
    };
    f.adapters = adapterFunctions();
    f.fineTune = training.functions();
    f.memory = [] { return api::MemoryState{16000000000, 9000000000, 1400000000}; };
    f.device = "cpu";
    f.nThreads = 2;
    f.dataDir = "/data/Switchyard";
    f.samplesDir = "/samples";
    return f;
}

inline AdapterFunctions FakeEngine::adapterFunctions()
{
    AdapterFunctions f = {
        .list = [this] { return allAdapters(); },
        .import =
            [this](const std::filesystem::path& path) {
                write("import " + path.string());
                if (beforeAdapter)
                    beforeAdapter();
                const std::lock_guard lock(mutex);
                adapters.push_back({.id = path.stem().string(), .name = path.stem().string(), .file = "/data/Switchyard/adapters/" + path.filename().string(), .bytes = 37'000'000, .isImported = true});
                return adapters.back();
            },
        .exportTo =
            [this](const std::string& id, const std::filesystem::path& to, bool isPeft) {
                write("export " + id + (isPeft ? " peft " : " gguf ") + to.string());
                if (beforeAdapter)
                    beforeAdapter();
                return to;
            },
        .rename =
            [this](const AdapterInfo& adapter, const std::string& name) {
                const std::lock_guard lock(mutex);
                for (AdapterInfo& one : adapters)
                    if (one.id == adapter.id)
                        one.name = name;
            },
        .remove =
            [this](const AdapterInfo& adapter) {
                const std::lock_guard lock(mutex);
                adaptersAway.push_back(adapter);
                std::erase_if(adapters, [&](const AdapterInfo& one) { return one.id == adapter.id; });
            },
        .restore =
            [this](const AdapterInfo& adapter) {
                const std::lock_guard lock(mutex);
                adapters.push_back(adaptersAway.back());
                adaptersAway.pop_back();
                return adapter.id;
            },
    };
    merging.addTo(f);
    return f;
}

} // namespace sy::app::test
