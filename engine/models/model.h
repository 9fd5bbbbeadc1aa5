// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/nn/decoder_block.h"
#include "engine/nn/kv_cache.h"
#include "engine/nn/layer_observer.h"
#include "engine/nn/router_observer.h"
#include "engine/nn/span_observer.h"
#include "engine/nn/stream_block.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sy::models {

/// Facts that every architecture shares; the rest stays in the architecture's own file.
struct ModelConfig {
    std::string architecture; // as written in general.architecture
    int64_t contextLength = 0;
    int64_t dim = 0;
    int nLayers = 0;
    int nHeads = 0;
    int nKvHeads = 0;
    int headDim = 0;
    int64_t ffnDim = 0;
    int64_t nVocabulary = 0;
    int nExperts = 0;
    int nExpertsUsed = 0;
    bool isEmbedding = false; // encoder or pooling model: use embed()
};

/// A causal decoder as data, for whoever differentiates it. Valid as long as its model.
struct DecoderView {
    const Tensor* tokenEmbedding; // (vocabulary, dim)
    float embeddingScale;         // on the embedded tokens
    std::span<const nn::DecoderBlock> blocks;
    std::span<const ops::RopeConfig> ropes; // numbered by DecoderBlock::rope
    const nn::OutputHead* head;
    std::span<const nn::StreamBlock> streamBlocks{}; // in place of blocks, where the residual is several streams
    const nn::HyperHead* streamHead = nullptr;       // what makes one of them before `head`
};

enum class LogitsWanted : uint8_t { none, last, all };

/// One sequence's part of a step. Before the step the cache holds the tokens that come earlier; the step appends `tokens`.
struct SequenceStep {
    nn::KvSequence* cache;
    std::span<const int32_t> tokens;
    LogitsWanted logits = LogitsWanted::last;
    nn::RouterObserver* observer = nullptr; // hears which experts the sequence's tokens are routed to; nothing is kept without one
    float expertMass = 1; // adaptive compute: experts of a token, by falling weight, until their share of its routing reaches this;
                          // 1 uses all that the model asks for
    nn::AdapterUse adapter{}; // bound to this model (adapter_binding.h). What the cache holds was computed with the same one
};

/// A loaded model. Weights keep their values, everything that changes lives in the KV sequences. But while its weights are
/// being packed (weight_packing.h) they are exchanged one by one: whoever steps it or looks at its matrices, decoder()
/// included, does so in a turn at the processor.
class Model {
public:
    virtual ~Model() = default;
    virtual const ModelConfig& config() const = 0;
    virtual nn::KvLayout kvLayout() const = 0;

    /// One forward pass over a ragged batch: the concatenated tokens of many sequences. Returns (nRows, nVocabulary) f32 logits,
    /// rows in the order of the sequences and, inside one, of its positions; only those asked for are computed.
    /// Throws OutOfMemory when a cache cannot grow (no cache has changed then); std::invalid_argument for a token outside the
    /// vocabulary or an embedding model. A row's bits do not depend on the rest of the batch.
    virtual Tensor step(const ops::OpContext& context, std::span<const SequenceStep> sequences) = 0;

    /// Embedding models only: one pooled vector for each sequence, not normalized. Tokens are complete, special ones included,
    /// and at most contextLength each. Returns (nSequences, dim) f32. Others throw std::invalid_argument.
    virtual Tensor embed(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences) = 0;

    /// Upper bound of the memory that one step of nTokens with nLogitRows rows of logits takes besides weights and KV cache.
    virtual size_t computeBytes(int64_t nTokens, int64_t nLogitRows = 1) const = 0;

    /// The layers, where the model is made of nn::DecoderBlock or nn::StreamBlock; nothing otherwise.
    virtual std::optional<DecoderView> decoder() const { return {}; }

    /// Every matrix that products read, where it can be exchanged for its packed form (weight_packing.h). A model without
    /// any (a test's) needs no list.
    virtual void eachMatrix(const std::function<void(Tensor&)>&) {}

    size_t weightBytes = 0; // tensors' payload
    nn::LayerObserver* layerObserver = nullptr; // of the steps to come; set by whoever steps, between steps
    nn::SpanObserver* spanObserver = nullptr;   // likewise
};

} // namespace sy::models
