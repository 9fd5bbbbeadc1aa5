// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api: the inside of LoadedModel, shared by the files that implement it.
#pragma once

#include "engine/api/adapter_cache.h"
#include "engine/api/engine_state.h"
#include "engine/api/grammar_cache.h"
#include "engine/api/model_memory.h"
#include "engine/api/models.h"
#include "engine/formats/model_file.h"
#include "engine/generate/embedding_queue.h"
#include "engine/generate/scheduler.h"
#include "engine/models/model.h"
#include "engine/nn/kv_cache.h"
#include "engine/tokenizer/chat_template.h"
#include "engine/tokenizer/tokenizer.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace sy::api {

/// How a model wants its conversations written.
class ChatFormat {
public:
    /// A template that is missing or broken is reported by encode() and problem(). `source`: the file, for messages.
    ChatFormat(const StoredTemplate& stored, const std::string& source, const tokenizer::Tokenizer& tokenizer);

    /// The prompt for the answer to the last message. Control tokens that a message spells are plain text. Throws Unsupported
    /// without a usable template, or when it refuses these messages.
    std::vector<int32_t> encode(const tokenizer::Tokenizer& tokenizer, const std::vector<ChatMessage>& messages) const;

    const std::string& problem() const { return m_problem; } // empty: messages can be written

private:
    std::optional<tokenizer::ChatTemplate> m_template;
    std::string m_problem;
};

struct LoadedModel::State {
    std::shared_ptr<Processor> processor;
    std::filesystem::path path;
    LoadOptions options;       // contextLength resolved
    ModelFacts facts;
    ModelLibrary::Prefixes prefixes;
    std::shared_ptr<ModelWeights> weights;
    models::Model* model = nullptr;                // in weights
    std::optional<tokenizer::Tokenizer> tokenizer; // absent: the file says "none", and only token ids can be computed with
    std::optional<ChatFormat> chatFormat; // chat models
    GrammarCache grammars;
    AdapterCache adapters;

    /// Names the weights and how they are computed with, for what is kept on disk and is of use with these alone. Computed at the first call; reads some megabytes.
    const std::string& fingerprint();
    std::once_flag fingerprintOnce;
    std::string fingerprintText;

    // A chat model has a cache and a scheduler, an embedding model has a queue.
    std::unique_ptr<nn::KvPool> pool;
    std::shared_ptr<LoadedModel> draftModel; // and may have another model that guesses ahead: null for none
    std::unique_ptr<generate::DraftModel> draft;
    std::unique_ptr<generate::Scheduler> scheduler;
    std::unique_ptr<generate::EmbeddingQueue> embeddings;

    std::jthread forgettingCosts; // once the weights are packed; the last member, so that it ends first

    ops::OpContext context() const
    {
        return {processor->pool, cpu::level(), options.isExact ? ops::Activations::f32 : ops::Activations::fast};
    }
    const tokenizer::Tokenizer& requireTokenizer() const; // throws Unsupported for a model without one
    generate::AdapterChoice adapterFor(const AdapterSetting& setting); // throws as AdapterCache::find does
    generate::Scheduler& chat() const; // throws std::invalid_argument for an embedding model

    ModelMemory memory() const;      // without the draft model's own
    ModelMemory cacheMemory() const; // the same without the weights, which may be others' too

    /// Messages with the model's template and the generation prompt, as tokens. Throws as ChatFormat does.
    std::vector<int32_t> encodeMessages(const std::vector<ChatMessage>& messages) const;
    /// Tokens of a text for embedding, cut to the window.
    std::vector<int32_t> encodeForEmbedding(std::string_view text) const;
};

/// Opens a model file. `prefixes` are an embedding model's. Throws BadFile, Unsupported, StorageFailure, Cancelled, and
/// OutOfMemory when the estimate exceeds `availableBytes`, unless the options say otherwise. `draftModel`: what
/// LoadOptions::draft names, loaded already and so not part of the estimate; null for none.
std::shared_ptr<LoadedModel> openModel(std::shared_ptr<Processor> processor, const std::filesystem::path& path,
                                       const LoadOptions& options, ModelLibrary::Prefixes prefixes,
                                       std::stop_token stop = {}, uint64_t availableBytes = memoryState().availableBytes,
                                       std::shared_ptr<LoadedModel> draftModel = nullptr);

/// A template with the texts of the tokenizer's BOS and EOS, as it is rendered.
StoredTemplate templateOf(std::string source, const tokenizer::Tokenizer& tokenizer);

/// How the model's file is opened for these options.
formats::OpenOptions openOptions(const LoadOptions& options);

/// Names the weights of a model file or folder: a digest of its size and of pieces all over it.
std::string fingerprintOf(const std::filesystem::path& model);

/// The largest resident set that this process has had.
uint64_t peakBytesOfProcess();

/// What the models of a host share.
std::shared_ptr<Processor> processorOf(ModelHost& host);

MemoryEstimate estimateMemory(const models::Model& model, const LoadOptions& options,
                              uint64_t availableBytes = memoryState().availableBytes);

} // namespace sy::api
