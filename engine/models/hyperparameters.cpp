// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/hyperparameters.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace sy::models {

namespace {

// Far above any model, far below what could overflow a product of two of them.
constexpr int64_t kMostDim = int64_t(1) << 20;
constexpr int64_t kMostLayers = 4096;
constexpr int64_t kMostHeadDim = 640; // the attention kernels' scratch
constexpr int64_t kMostContext = (int64_t(1) << 31) - 1;

} // namespace

Hyperparameters::Hyperparameters(const nn::WeightReader& weights)
    : m_weights(weights), m_metadata(weights.metadata()), m_architecture(m_metadata.requireString("general.architecture"))
{
}

void Hyperparameters::bad(const std::string& name, const std::string& problem) const
{
    m_weights.bad(key(name) + " " + problem);
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

double Hyperparameters::real(const std::string& name, double fallback) const
{
    const double value = m_metadata.real(key(name)).value_or(fallback);
    if (!std::isfinite(value))
        m_weights.bad(key(name) + " is not a number");
    return value;
}

bool Hyperparameters::boolean(const std::string& name, bool fallback) const
{
    return m_metadata.boolean(key(name)).value_or(fallback);
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
    config.nExperts = int(integer("expert_count", 0, 65536, 0));
    config.nExpertsUsed = int(perLayer("expert_used_count", 0, 65536, 0));
    // A file of experts alone may leave out the width of dense layers.
    config.ffnDim = config.nExperts > 0 ? perLayer("feed_forward_length", 0, kMostDim, 0) : perLayer("feed_forward_length", 1, kMostDim);
    return config;
}

ops::AttentionConfig Hyperparameters::attention(const ModelConfig& config) const
{
    ops::AttentionConfig attention{config.nHeads, config.nKvHeads, config.headDim, config.headDim, 0.0f};
    attention.valueDim = int(integer("attention.value_length", 1, kMostHeadDim, config.headDim));
    const double scale = real("attention.scale", 0.0);
    attention.scale = scale != 0 ? float(scale) : float(1.0 / std::sqrt(double(config.headDim)));
    return attention;
}

std::vector<bool> Hyperparameters::windowedLayers(int nLayers, int defaultPeriod) const
{
    const std::string name = "attention.sliding_window_pattern";
    std::vector<bool> isWindowed(size_t(nLayers), false);
    if (m_metadata.isArray(key(name))) {
        const formats::MetadataValue* value = m_metadata.find(key(name));
        std::vector<bool> pattern;
        if (value->type == formats::ValueType::boolean)
            pattern = m_metadata.booleans(key(name));
        else
            for (const int64_t v : m_metadata.integers(key(name)))
                pattern.push_back(v != 0);
        if (pattern.size() < size_t(nLayers))
            m_weights.bad(key(name) + " has " + std::to_string(pattern.size()) + " entries for " + std::to_string(nLayers) + " layers");
        isWindowed.assign(pattern.begin(), pattern.begin() + nLayers);
        return isWindowed;
    }
    const int64_t period = integer(name, 0, kMostLayers, defaultPeriod);
    for (int i = 0; period > 0 && i < nLayers; ++i)
        isWindowed[size_t(i)] = i % period < period - 1;
    return isWindowed;
}

std::optional<ops::Pooling> Hyperparameters::pooling() const
{
    // Some writers say "not specified" by -1, as a signed or an unsigned number.
    const int64_t type = m_metadata.integer(key("pooling_type")).value_or(0);
    if (type == -1 || type == int64_t(UINT32_MAX))
        return {};
    switch (bounded("pooling_type", type, 0, 4)) {
    case 1: return ops::Pooling::mean;
    case 2: return ops::Pooling::first;
    case 3: return ops::Pooling::last;
    case 4: throw Unsupported("a reranking model (" + key("pooling_type") + " 4)", "this version has no classifier head");
    default: return {};
    }
}

} // namespace sy::models
