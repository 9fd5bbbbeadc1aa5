// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/hyperparameters.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>

namespace sy::models {

namespace {

// Far above any model, far below what could overflow a product of two of them.
constexpr int64_t kMostDim = int64_t(1) << 20;
constexpr int64_t kMostLayers = 4096;
constexpr int64_t kMostHeadDim = 512; // the attention kernels' scratch
constexpr int64_t kMostContext = (int64_t(1) << 31) - 1;

} // namespace

Hyperparameters::Hyperparameters(const nn::WeightReader& weights)
    : m_weights(weights), m_metadata(weights.metadata()), m_architecture(m_metadata.requireString("general.architecture"))
{
}

int64_t Hyperparameters::bounded(const std::string& name, int64_t value, int64_t least, int64_t most) const
{
    if (value < least || value > most)
        m_weights.bad(key(name) + " is " + std::to_string(value) + ", expected " + std::to_string(least) + " to " +
                      std::to_string(most));
    return value;
}

int64_t Hyperparameters::integer(const std::string& name, int64_t least, int64_t most) const
{
    return bounded(name, m_metadata.requireInteger(key(name)), least, most);
}

int64_t Hyperparameters::integer(const std::string& name, int64_t least, int64_t most, int64_t fallback) const
{
    return bounded(name, m_metadata.integer(key(name)).value_or(fallback), least, most);
}

int64_t Hyperparameters::perLayer(const std::string& name, int64_t least, int64_t most, std::optional<int64_t> fallback) const
{
    if (!m_metadata.isArray(key(name)))
        return fallback ? integer(name, least, most, *fallback) : integer(name, least, most);
    const std::vector<int64_t> values = m_metadata.integers(key(name));
    if (values.empty())
        m_weights.bad(key(name) + " is an empty array");
    if (std::ranges::any_of(values, [&](int64_t v) { return v != values.front(); }))
        throw Unsupported(key(name) + " that differs between layers", "this version wants all layers alike");
    return bounded(name, values.front(), least, most);
}

float Hyperparameters::epsilon(const std::string& name) const
{
    const double value = m_metadata.requireReal(key(name));
    if (!(value >= 0 && value <= 1))
        m_weights.bad(key(name) + " is " + std::to_string(value));
    return float(value);
}

ModelConfig Hyperparameters::common() const
{
    ModelConfig config;
    config.architecture = m_architecture;
    config.contextLength = integer("context_length", 1, kMostContext);
    config.dim = integer("embedding_length", 1, kMostDim);
    const int64_t nBlocks = integer("block_count", 1, kMostLayers);
    // Blocks that predict further tokens are counted too, and are no part of the trunk.
    config.nLayers = int(nBlocks - integer("nextn_predict_layers", 0, nBlocks - 1, 0));
    config.nHeads = int(perLayer("attention.head_count", 1, config.dim));
    config.nKvHeads = int(perLayer("attention.head_count_kv", 1, config.nHeads, config.nHeads));
    if (config.nHeads % config.nKvHeads != 0)
        m_weights.bad(key("attention.head_count_kv") + " does not divide the number of heads");
    if (config.dim % config.nHeads != 0 && !m_metadata.has(key("attention.key_length")))
        m_weights.bad(key("attention.head_count") + " does not divide " + key("embedding_length"));
    config.headDim = int(integer("attention.key_length", 1, kMostHeadDim, config.dim / config.nHeads));
    config.ffnDim = perLayer("feed_forward_length", 1, kMostDim);
    config.nExperts = int(integer("expert_count", 0, 65536, 0));
    config.nExpertsUsed = int(integer("expert_used_count", 0, 65536, 0));
    return config;
}

ops::AttentionConfig Hyperparameters::attention(const ModelConfig& config) const
{
    ops::AttentionConfig attention{config.nHeads, config.nKvHeads, config.headDim, config.headDim, 0.0f};
    attention.valueDim = int(integer("attention.value_length", 1, kMostHeadDim, config.headDim));
    const double scale = m_metadata.real(key("attention.scale")).value_or(0.0);
    if (!std::isfinite(scale))
        m_weights.bad(key("attention.scale") + " is not a number");
    attention.scale = scale != 0 ? float(scale) : float(1.0 / std::sqrt(double(config.headDim)));
    return attention;
}

std::optional<ops::Pooling> Hyperparameters::pooling() const
{
    switch (integer("pooling_type", 0, 4, 0)) {
    case 1: return ops::Pooling::mean;
    case 2: return ops::Pooling::first;
    case 3: return ops::Pooling::last;
    case 4: throw Unsupported("a reranking model (" + key("pooling_type") + " 4)", "this version has no classifier head");
    default: return {};
    }
}

} // namespace sy::models
