// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/weights.h"
#include "engine/ops/attention/attention.h"
#include "engine/ops/pooling/pooling.h"

#include <optional>
#include <string>
#include <vector>

namespace sy::models {

/// A model's keys, all of which begin with its architecture. Numbers are bounded before they size anything; one that is missing or
/// out of bounds is BadFile naming the key.
class Hyperparameters {
public:
    explicit Hyperparameters(const nn::WeightReader& weights);

    const std::string& architecture() const { return m_architecture; }
    std::string key(const std::string& name) const { return m_architecture + "." + name; }

    [[noreturn]] void bad(const std::string& name, const std::string& problem) const; // BadFile: "KEY PROBLEM"

    int64_t integer(const std::string& name, int64_t least, int64_t most) const;
    int64_t integer(const std::string& name, int64_t least, int64_t most, int64_t fallback) const;

    /// Keys that may hold one value per layer; Unsupported when the layers differ.
    int64_t perLayer(const std::string& name, int64_t least, int64_t most, std::optional<int64_t> fallback = {}) const;

    double real(const std::string& name, double fallback) const; // a finite number
    bool boolean(const std::string& name, bool fallback) const;

    float epsilon(const std::string& name) const; // of a norm: positive and small

    /// What every architecture has. nVocabulary is the height of token_embd.weight.
    ModelConfig common() const;

    /// Heads from the config, scale 1 / sqrt(headDim) unless attention.scale says otherwise.
    ops::AttentionConfig attention(const ModelConfig& config) const;

    /// Which layers see only attention.sliding_window tokens: attention.sliding_window_pattern, one value for each layer or a
    /// period p, of which the last layer sees everything. 0: every layer does.
    std::vector<bool> windowedLayers(int nLayers, int defaultPeriod) const;

    /// pooling_type; empty when the file has none or "none". Unsupported for a reranker's head.
    std::optional<ops::Pooling> pooling() const;

private:
    int64_t bounded(const std::string& name, int64_t value, int64_t least, int64_t most) const;

    const nn::WeightReader& m_weights;
    const formats::Metadata& m_metadata;
    std::string m_architecture;
};

} // namespace sy::models
