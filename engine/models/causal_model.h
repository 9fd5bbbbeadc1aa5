// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/batch.h"
#include "engine/nn/decoder_block.h"
#include "engine/ops/pooling/pooling.h"

#include <optional>

namespace sy::models {

/// What every causal architecture has outside its layers.
struct CausalParts {
    ModelConfig config;
    nn::KvLayout kvLayout;
    Tensor tokenEmbedding; // (vocabulary, dim); after loading, empty where the head is the table too
    nn::OutputHead head;
    std::optional<ops::Pooling> pooling; // an embedding model
    float embeddingScale = 1;            // on the embedded tokens
    int64_t attentionValues = 0;         // floats per token that a layer's attention holds at once, for computeBytes()
    int64_t feedForwardValues = 0;       // and its feed-forward
    size_t stepBytes = 0;                // that a step holds whatever its size, for computeBytes()
    size_t weightBytes = 0;
};

/// The bookkeeping of a step, shared by all causal architectures: checks, caches that grow together or not at all, which rows go
/// on to the end. A subclass adds its layers.
class CausalModel : public Model {
public:
    const ModelConfig& config() const final { return m_parts.config; }
    nn::KvLayout kvLayout() const final { return m_parts.kvLayout; }
    Tensor step(const ops::OpContext& context, std::span<const SequenceStep> sequences) final;
    Tensor embed(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences) final;
    size_t computeBytes(int64_t nTokens, int64_t nLogitRows) const final;

protected:
    explicit CausalModel(CausalParts parts);
    const CausalParts& parts() const { return m_parts; }
    const Tensor& tokenTable() const { return m_parts.tokenEmbedding ? m_parts.tokenEmbedding : m_parts.head.weight; }

    /// All layers. x (rows, dim) is the embedded tokens; returns the wanted rows (wanted, dim) of the last layer's output, before
    /// the final norm; an empty tensor when none is wanted.
    virtual Tensor layers(const ops::OpContext& context, const nn::Batch& batch, Tensor x) const = 0;

    /// The output head, where there is one; a subclass adds its layers.
    void eachMatrix(const std::function<void(Tensor&)>& use) override;

private:
    void checkTokens(std::span<const int32_t> tokens) const;
    Tensor run(const ops::OpContext& context, const nn::Batch& batch) const;

    CausalParts m_parts;
};

} // namespace sy::models
