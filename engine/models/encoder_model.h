// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/ops/pooling/pooling.h"

#include <vector>

namespace sy::models {

/// What every encoder has outside its layers.
struct EncoderParts {
    ModelConfig config;
    ops::Pooling pooling = ops::Pooling::mean;
    Tensor tokenEmbedding;      // (vocabulary, dim)
    int64_t valuesPerToken = 0; // floats that the layers hold at once
    size_t weightBytes = 0;
};

/// The texts of a step as the layers see them: one after another without padding, so that a text's vector cannot depend on
/// the texts beside it.
struct EncoderBatch {
    std::vector<int32_t> tokens;
    std::vector<int32_t> positions;
    std::vector<int64_t> lengths; // of the texts
};

/// The bookkeeping of embedding models that read in both directions: checks, groups, pooling. A subclass adds its layers.
class EncoderModel : public Model {
public:
    const ModelConfig& config() const final { return m_parts.config; }
    nn::KvLayout kvLayout() const final;
    Tensor step(const ops::OpContext& context, std::span<const SequenceStep> sequences) final; // std::invalid_argument
    Tensor embed(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences) final;
    size_t computeBytes(int64_t nTokens, int64_t nLogitRows) const final;

protected:
    explicit EncoderModel(EncoderParts parts);
    const Tensor& tokenEmbedding() const { return m_parts.tokenEmbedding; }

    /// All layers: the last hidden state (tokens, dim) of a batch, normalized as the architecture does it.
    virtual Tensor hidden(const ops::OpContext& context, const EncoderBatch& batch) const = 0;

    /// What comes after pooling: (texts, dim) to (texts, dim).
    virtual Tensor projected(const ops::OpContext&, Tensor pooled) const { return pooled; }

private:
    EncoderParts m_parts;
};

} // namespace sy::models
