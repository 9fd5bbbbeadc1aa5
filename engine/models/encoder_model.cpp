// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/encoder_model.h"

#include <algorithm>
#include <stdexcept>

namespace sy::models {

namespace {

// Tokens that go through the layers together: plenty for the matrices' tiles, little memory. Between 128 and 1024 the
// starter embedder's speed does not change by more than the measurement's noise.
constexpr int64_t kGroupTokens = 512;

} // namespace

EncoderModel::EncoderModel(EncoderParts parts) : m_parts(std::move(parts))
{
    m_parts.config.nVocabulary = m_parts.tokenEmbedding.rows();
    m_parts.config.isEmbedding = true;
    weightBytes = m_parts.weightBytes;
}

nn::KvLayout EncoderModel::kvLayout() const
{
    const ModelConfig& c = m_parts.config;
    return {c.nLayers, c.nKvHeads, c.headDim, c.headDim};
}

Tensor EncoderModel::step(const ops::OpContext&, std::span<const SequenceStep>)
{
    throw std::invalid_argument("step: an encoder has no next token");
}

Tensor EncoderModel::embed(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences)
{
    const ModelConfig& c = m_parts.config;
    for (const std::vector<int32_t>& tokens : sequences) {
        if (tokens.empty() || int64_t(tokens.size()) > c.contextLength)
            throw std::invalid_argument("embed: " + std::to_string(tokens.size()) + " tokens, context length " +
                                        std::to_string(c.contextLength));
        for (const int32_t token : tokens) {
            if (token < 0 || token >= c.nVocabulary)
                throw std::invalid_argument("token " + std::to_string(token) + " of a vocabulary of " +
                                            std::to_string(c.nVocabulary));
        }
    }
    Tensor result = Tensor::empty({int64_t(sequences.size()), c.dim});
    for (size_t first = 0, end = 0; first < sequences.size(); first = end) {
        EncoderBatch batch;
        while (end < sequences.size() &&
               (end == first || int64_t(batch.tokens.size() + sequences[end].size()) <= kGroupTokens)) {
            const std::vector<int32_t>& tokens = sequences[end++];
            batch.lengths.push_back(int64_t(tokens.size()));
            batch.tokens.insert(batch.tokens.end(), tokens.begin(), tokens.end());
            for (size_t i = 0; i < tokens.size(); ++i)
                batch.positions.push_back(int32_t(i));
        }
        const Tensor pooled = projected(context, ops::pool(context, hidden(context, batch), batch.lengths, m_parts.pooling));
        std::copy_n(pooled.f32(), pooled.count(), result.f32() + int64_t(first) * c.dim);
    }
    return result;
}

size_t EncoderModel::computeBytes(int64_t nTokens, int64_t) const
{
    // Longer input goes through in groups; a quarter more for the sizes that buffers are rounded up to.
    const int64_t n = std::min(nTokens, std::max(kGroupTokens, m_parts.config.contextLength));
    return size_t(n * m_parts.valuesPerToken) * sizeof(float) * 5 / 4;
}

} // namespace sy::models
