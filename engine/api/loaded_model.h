// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api: the inside of LoadedModel, shared by the files that implement it.
#pragma once

#include "engine/api/engine_state.h"
#include "engine/api/models.h"
#include "engine/generate/embedding_queue.h"
#include "engine/generate/scheduler.h"
#include "engine/models/model.h"
#include "engine/nn/kv_cache.h"
#include "engine/tokenizer/tokenizer.h"

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

namespace sy::formats {
class GgufFile;
}

namespace sy::api {

struct LoadedModel::State {
    std::shared_ptr<Processor> processor;
    std::filesystem::path path;
    LoadOptions options;       // contextLength resolved
    ModelFacts facts;
    ModelLibrary::Prefixes prefixes;
    StoredTemplate chatTemplate;
    std::unique_ptr<models::Model> model;
    std::optional<tokenizer::Tokenizer> tokenizer;

    // A chat model has a cache and a scheduler, an embedding model has a queue.
    std::unique_ptr<nn::KvPool> pool;
    std::unique_ptr<generate::Scheduler> scheduler;
    std::unique_ptr<generate::EmbeddingQueue> embeddings;

    ops::OpContext context() const
    {
        return {processor->pool, cpu::level(), options.isExact ? ops::Activations::f32 : ops::Activations::fast};
    }
    generate::Scheduler& chat() const; // throws std::invalid_argument for an embedding model

    /// Messages with the model's template and the generation prompt, as tokens. Throws Unsupported when it has no template.
    std::vector<int32_t> encodeMessages(const std::vector<ChatMessage>& messages) const;
    /// Tokens of a text for embedding, cut to the window.
    std::vector<int32_t> encodeForEmbedding(std::string_view text) const;
};

/// Opens a model file. `prefixes` are an embedding model's. Throws BadFile, Unsupported, StorageFailure, Cancelled, and
/// OutOfMemory when the estimate exceeds `availableBytes`, unless the options say otherwise.
std::shared_ptr<LoadedModel> openModel(std::shared_ptr<Processor> processor, const std::filesystem::path& path,
                                       const LoadOptions& options, ModelLibrary::Prefixes prefixes, std::stop_token stop = {},
                                       uint64_t availableBytes = memoryState().availableBytes);

/// The template, BOS and EOS that the file carries; an empty source when it has none.
StoredTemplate templateOf(const formats::GgufFile& file, const tokenizer::Tokenizer& tokenizer);

/// What the models of a host share.
std::shared_ptr<Processor> processorOf(ModelHost& host);

MemoryEstimate estimateMemory(const models::Model& model, const LoadOptions& options,
                              uint64_t availableBytes = memoryState().availableBytes);

} // namespace sy::api
