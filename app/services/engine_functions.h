// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/chats.h"
#include "engine/api/data_columns.h"
#include "engine/api/documents.h"
#include "engine/api/engine.h"
#include "engine/api/fine_tune.h"
#include "engine/api/library.h"
#include "engine/api/merge.h"
#include "engine/api/models.h"
#include "engine/api/runs.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::app {

/// A chat model in memory, as far as the window uses it. `keepAlive` holds the weights; the last copy lets them go.
struct ChatModel {
    std::string path;
    std::string name;
    int64_t contextLength = 0;
    std::function<api::GenerationResult(const api::GenerationRequest&, const std::function<bool(const api::TokenEvent&)>&,
                                        std::stop_token, const std::function<void(const api::PromptProgress&)>&)>
        generate;
    std::function<api::AskResult(const api::AskRequest&, const api::AskEvents&, std::stop_token)> ask;
    std::function<int64_t(const std::vector<api::ChatMessage>&)> countTokens;
    std::function<void(int64_t chatId, const std::vector<api::ChatMessage>&, const api::AdapterSetting&)> saveContext; // never throw: api::SavedContexts
    std::function<void(int64_t chatId)> restoreContext;
    std::shared_ptr<void> keepAlive;
};
using ChatModelPtr = std::shared_ptr<const ChatModel>;

/// An adapter that a run has made, or an imported one.
struct AdapterInfo {
    std::string id;        // the run's, or what the import was named after
    std::string name;      // for people
    std::string modelPath; // what it was trained on; empty: not known
    std::filesystem::path file;
    std::string model{};   // as the adapter or its run says it; empty: it does not say
    uint64_t bytes = 0;
    bool isImported = false;
};

using ByteProgress = std::function<void(uint64_t done, uint64_t total)>;

/// An adapter that is put into the weights of a model, as a new file.
struct MergeRequest {
    AdapterInfo adapter;
    std::filesystem::path model, out;
    api::MergeOptions options;
    bool isMeasured = true;
    std::filesystem::path text{}; // to measure on; empty: the first examples of the adapter's run
};

struct MergedFile {
    api::MergeResult result;
    std::string model; // its id in the list of models; empty: it is not in it
};

struct AdapterFunctions {
    std::function<std::vector<AdapterInfo>()> list;
    std::function<AdapterInfo(const std::filesystem::path&)> import;
    /// Writes one as a file, or as a folder as PEFT has it, which gets a free name beside `to` when that is taken. Returns where.
    std::function<std::filesystem::path(const std::string& id, const std::filesystem::path& to, bool isPeft)> exportTo;
    std::function<void(const AdapterInfo&, const std::string& name)> rename; // these three: of imported ones
    std::function<void(const AdapterInfo&)> remove;
    std::function<std::string(const AdapterInfo&)> restore; // returns its id, which may be another
    std::function<api::MergePlan(const MergeRequest&, std::stop_token)> planMerge;
    std::function<MergedFile(const MergeRequest&, std::stop_token, const ByteProgress&)> merge;
    std::function<std::string(const MergeRequest&, std::stop_token, const ByteProgress&)> mergeText; // empty: there is none
    std::function<api::MergeQuality(const MergeRequest&, const std::string& text, std::stop_token, const ByteProgress&)> compareMerged;
};

struct FineTuneFunctions {
    std::function<std::string(const std::string& config, const std::string& source)> complete;
    std::function<api::FineTunePlan(const std::string& config, const std::string& source, std::stop_token, const ByteProgress&)> plan;
    std::function<api::FineTuneSpeed(const std::string& config, const std::string& source, std::stop_token)> measure;
    std::function<api::DataColumns(const std::filesystem::path&, std::stop_token)> columns;
    std::function<api::FineTuneResult(const std::string& config, const std::string& source, std::stop_token, const api::FineTuneEvents&)> train;
    std::function<api::FineTuneResult(const std::string& run, std::stop_token, const api::FineTuneEvents&)> resume;
    std::function<std::vector<api::RunEntry>()> list;
    std::function<std::string(const std::string& run)> config;
    std::function<std::vector<api::FineTuneStep>(const std::string& run)> steps;
    std::function<std::vector<api::FineTuneSample>(const std::string& run)> samples;
    std::function<std::vector<api::RunCheckpoint>(const std::string& run)> checkpoints;
    std::function<void(const std::string& run, int64_t step)> useCheckpoint;
    std::function<void(const std::string& run, const std::string&)> setName, setNotes;
    std::function<void(const std::string& run)> remove;
    std::function<std::string(const std::string& run)> restore; // returns its id, which may be another
};

/// Everything of the engine that the services call, as functions, so that tests pass their own. bindEngine() fills them in.
struct ChatFunctions {
    std::function<std::vector<api::ChatSummary>()> list;
    std::function<api::ChatSummary(const std::string& title, const std::string& collection)> create;
    std::function<void(int64_t, const std::string&)> rename, setCollection, setSettings;
    std::function<void(int64_t)> remove, restore;
    std::function<std::vector<api::Message>(int64_t)> messages;
    std::function<int64_t(const api::Message&)> append;
    std::function<void(int64_t, const std::string&)> updateText;
    std::function<void(const api::Message&)> finish;
    std::function<api::RemovedMessages(int64_t chatId, int64_t messageId)> removeMessage, removeMessagesFrom;
    std::function<void(const api::RemovedMessages&)> restoreMessages;
    std::function<std::vector<api::Chats::Hit>(const std::string&)> search;
    std::function<void()> closeInterrupted, purgeRemoved;
    std::function<std::optional<AdapterInfo>(const std::string& id)> findAdapter; // empty: there is none of that id
};

struct ModelFunctions {
    std::function<std::vector<api::ModelEntry>()> list;
    std::function<std::vector<api::CatalogueEntry>()> catalogue;
    std::function<std::optional<api::ModelEntry>()> defaultChatModel;
    std::function<api::ModelFacts(const std::filesystem::path&)> facts;
    /// replaced: the model that is let go for it; null for none.
    std::function<api::MemoryEstimate(const std::filesystem::path&, const api::LoadOptions&, const ChatModelPtr& replaced)> estimate;
    std::function<std::vector<std::string>(const std::filesystem::path&, const std::vector<std::filesystem::path>& drafts)> draftProblems;
    std::function<api::ModelEntry(const std::filesystem::path&, bool copy, std::stop_token, const ByteProgress&)> import;
    std::function<void(const std::string& id)> remove;
    std::function<bool(const std::string& id, std::stop_token, const ByteProgress&)> verify;
    std::function<api::ModelEntry(const std::string& id, std::stop_token, const std::function<void(const api::FetchProgress&)>&)> fetch;
    std::function<ChatModelPtr(const std::filesystem::path&, const api::LoadOptions&, std::stop_token)> load;
};

struct DocumentFunctions {
    std::function<std::vector<api::CollectionSummary>()> collections;
    std::function<void(const std::string&)> createCollection, removeCollection;
    std::function<void(const std::string&, const std::string&)> renameCollection;
    std::function<std::vector<api::DocumentRow>(const std::string&)> documents;
    std::function<void(const std::string& collection, const std::string& path)> removeDocument;
    std::function<api::IngestSummary(const std::string&, const std::vector<std::filesystem::path>&, const api::IngestOptions&,
                                     const std::function<void(const api::DocumentRow&)>&,
                                     const std::function<void(const api::IngestProgress&)>&, std::stop_token)>
        ingest;
    std::function<std::vector<std::string>()> unfinished;
    std::function<api::IngestSummary(const std::string&, const std::function<void(const api::DocumentRow&)>&,
                                     const std::function<void(const api::IngestProgress&)>&, std::stop_token)>
        resume;
    std::function<std::vector<api::SearchResult>(const std::string& collection, const std::string& query, api::SearchMode, int top)> search;
    std::function<api::ExtractResult(const std::filesystem::path&)> extract;
    std::function<api::PageView(const std::filesystem::path&, int page, double dpi, int64_t start, int64_t end)> renderPage;
    std::function<int(const std::filesystem::path&)> pageCount;
    std::function<std::vector<api::Documents::Format>()> formats;
};

struct EngineFunctions {
    ChatFunctions chats;
    ModelFunctions models;
    DocumentFunctions documents;
    AdapterFunctions adapters;
    FineTuneFunctions fineTune;
    std::function<api::MemoryState()> memory;
    std::string device;   // "cpu"
    int nThreads = 0;
    std::string dataDir;
    std::string samplesDir; // documents that come with the program; empty: none found
};

} // namespace sy::app
