// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/weights.h"
#include "engine/ops/attention/attention.h"
#include "engine/ops/pooling/pooling.h"

#include <optional>
#include <string>

namespace sy::models {

/// A model's keys, all of which begin with its architecture. Numbers are bounded before they size anything; one that is missing or
/// out of bounds is BadFile naming the key.
class Hyperparameters {
public:
    explicit Hyperparameters(const nn::WeightReader& weights);

    const std::string& architecture() const { return m_architecture; }
    std::string key(const std::string& name) const { return m_architecture + "." + name; }

    int64_t integer(const std::string& name, int64_t least, int64_t most) const;
    int64_t integer(const std::string& name, int64_t least, int64_t most, int64_t fallback) const;

    /// Keys that may hold one value per layer; Unsupported when the layers differ.
    int64_t perLayer(const std::string& name, int64_t least, int64_t most, std::optional<int64_t> fallback = {}) const;

    float epsilon(const std::string& name) const; // of a norm: positive and small

    /// What every architecture has. nVocabulary is the height of token_embd.weight.
    ModelConfig common() const;

    /// Heads from the config, scale 1 / sqrt(headDim) unless attention.scale says otherwise.
    ops::AttentionConfig attention(const ModelConfig& config) const;

    /// pooling_type; empty when the file has none or "none". Unsupported for a reranker's head.
    std::optional<ops::Pooling> pooling() const;

private:
    int64_t bounded(const std::string& name, int64_t value, int64_t least, int64_t most) const;

    const nn::WeightReader& m_weights;
    const formats::Metadata& m_metadata;
    std::string m_architecture;
};

} // namespace sy::models
