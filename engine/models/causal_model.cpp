// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/causal_model.h"

#include "engine/ops/embedding/embedding.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/scale/scale.h"

#include <algorithm>
#include <stdexcept>

namespace sy::models {

namespace {

// Grows the caches of a step; takes everything back unless the step succeeded.
class GrownCaches {
public:
    explicit GrownCaches(std::span<const SequenceStep> sequences) : m_sequences(sequences)
    {
        m_lengths.reserve(sequences.size());
        for (const SequenceStep& s : sequences) {
            const int64_t before = s.cache->length();
            try {
                s.cache->append(s.tokens);
            } catch (...) {
                takeBack();
                throw;
            }
            m_lengths.push_back(before);
        }
    }
    GrownCaches(const GrownCaches&) = delete;
    GrownCaches& operator=(const GrownCaches&) = delete;
    ~GrownCaches()
    {
        if (!m_isKept)
            takeBack();
    }
    int64_t lengthBefore(size_t i) const { return m_lengths[i]; }
    void keep()
    {
        m_isKept = true;
        for (const SequenceStep& s : m_sequences)
            s.cache->commitState();
    }

private:
    void takeBack()
    {
        for (size_t i = 0; i < m_lengths.size(); ++i)
            m_sequences[i].cache->truncate(m_lengths[i]);
    }

    std::span<const SequenceStep> m_sequences;
    std::vector<int64_t> m_lengths;
    bool m_isKept = false;
};

int64_t nWanted(const SequenceStep& s) // rows of logits
{
    switch (s.logits) {
    case LogitsWanted::none: return 0;
    case LogitsWanted::last: return 1;
    case LogitsWanted::all: break;
    }
    return int64_t(s.tokens.size());
}

} // namespace

CausalModel::CausalModel(CausalParts parts) : m_parts(std::move(parts))
{
    m_parts.config.nVocabulary = m_parts.tokenEmbedding.rows();
    m_parts.config.isEmbedding = m_parts.pooling.has_value();
    weightBytes = m_parts.weightBytes;
    if (m_parts.tokenEmbedding.raw() == m_parts.head.weight.raw())
        m_parts.tokenEmbedding = {}; // once the head is packed, its rows in the file are not needed
}

void CausalModel::eachMatrix(const std::function<void(Tensor&)>& use)
{
    if (!m_parts.pooling)
        use(m_parts.head.weight);
}

void CausalModel::checkTokens(std::span<const int32_t> tokens) const
{
    if (tokens.empty())
        throw std::invalid_argument("a step without tokens");
    for (const int32_t token : tokens) {
        if (token < 0 || token >= m_parts.config.nVocabulary)
            throw std::invalid_argument("token " + std::to_string(token) + " of a vocabulary of " +
                                        std::to_string(m_parts.config.nVocabulary));
    }
}

Tensor CausalModel::run(const ops::OpContext& context, const nn::Batch& batch) const
{
    Tensor x;
    {
        const nn::Span span(batch.spanObserver, nn::SpanKind::embedding);
        x = ops::embedRows(context, tokenTable(), batch.tokens);
        if (m_parts.embeddingScale != 1)
            ops::scale(context, x, m_parts.embeddingScale);
    }
    return layers(context, batch, std::move(x));
}

Tensor CausalModel::step(const ops::OpContext& context, std::span<const SequenceStep> sequences)
{
    if (m_parts.pooling)
        throw std::invalid_argument("step: an embedding model");
    std::vector<const nn::KvSequence*> caches;
    for (const SequenceStep& s : sequences) {
        checkTokens(s.tokens);
        caches.push_back(s.cache);
    }
    std::ranges::sort(caches);
    if (std::ranges::adjacent_find(caches) != caches.end())
        throw std::invalid_argument("step: one cache for two sequences");

    GrownCaches grown(sequences);
    nn::Batch batch;
    batch.layerObserver = layerObserver;
    batch.spanObserver = spanObserver;
    std::vector<int32_t> logitRows; // among the rows that come out of the last layer
    for (size_t i = 0; i < sequences.size(); ++i) {
        const SequenceStep& s = sequences[i];
        // The last layer is shown whole to whoever watches.
        batch.add(*s.cache, s.tokens, grown.lengthBefore(i), s.observer ? int64_t(s.tokens.size()) : nWanted(s), s.observer, s.expertMass,
                  s.adapter);
        for (int64_t row = -nWanted(s); row < 0; ++row)
            logitRows.push_back(int32_t(int64_t(batch.wantedRows.size()) + row));
    }
    Tensor result = Tensor::empty({0, m_parts.config.nVocabulary});
    if (batch.nRows() > 0) {
        Tensor x = run(context, batch);
        if (!logitRows.empty()) {
            const nn::Span span(spanObserver, nn::SpanKind::head);
            if (logitRows.size() < batch.wantedRows.size())
                x = ops::embedRows(context, x, logitRows);
            result = nn::logits(context, m_parts.head, x);
        }
    }
    grown.keep();
    return result;
}

Tensor CausalModel::embed(const ops::OpContext& context, std::span<const std::vector<int32_t>> sequences)
{
    if (!m_parts.pooling)
        throw std::invalid_argument("embed: not an embedding model");
    for (const std::vector<int32_t>& tokens : sequences) {
        checkTokens(tokens);
        if (int64_t(tokens.size()) > m_parts.config.contextLength)
            throw std::invalid_argument("embed: " + std::to_string(tokens.size()) + " tokens, context length " +
                                        std::to_string(m_parts.config.contextLength));
    }
    nn::KvLayout layout = m_parts.kvLayout;
    if (context.activations == ops::Activations::f32)
        layout.dtype = DType::F32;

    // In groups, so that memory does not grow with the number of texts. A text's bits do not depend on its group.
    constexpr size_t kGroupTokens = 1024;
    const int64_t dim = m_parts.config.dim;
    Tensor result = Tensor::empty({int64_t(sequences.size()), dim});
    for (size_t first = 0, end = 0; first < sequences.size(); first = end) {
        size_t nTokens = 0, nPages = 0;
        while (end < sequences.size() && (end == first || nTokens + sequences[end].size() <= kGroupTokens)) {
            nTokens += sequences[end].size();
            nPages += sequences[end].size() / nn::KvLayout::kPageTokens + 1;
            ++end;
        }
        nn::KvPool pool(layout, nPages * layout.pageBytes());
        std::vector<nn::KvSequence> caches;
        caches.reserve(end - first);
        nn::Batch batch;
        std::vector<int64_t> lengths;
        for (size_t i = first; i < end; ++i) {
            caches.emplace_back(pool).append(sequences[i]);
            const auto length = int64_t(sequences[i].size());
            lengths.push_back(*m_parts.pooling == ops::Pooling::last ? 1 : length);
            batch.add(caches.back(), sequences[i], 0, lengths.back());
        }
        const Tensor hidden = ops::rmsNorm(context, run(context, batch), m_parts.head.norm, m_parts.head.epsilon);
        const Tensor pooled = ops::pool(context, hidden, lengths, *m_parts.pooling);
        std::copy_n(pooled.f32(), pooled.count(), result.f32() + int64_t(first) * dim);
    }
    return result;
}

size_t CausalModel::computeBytes(int64_t nTokens, int64_t nLogitRows) const
{
    const ModelConfig& c = m_parts.config;
    // Residual and normed vectors, what the larger of the sublayers holds; a quarter more for the sizes that buffers are rounded up to.
    const int64_t values = 2 * c.dim + std::max(m_parts.attentionValues, m_parts.feedForwardValues);
    return size_t(nTokens * values + nLogitRows * (c.nVocabulary + 2 * c.dim)) * sizeof(float) * 5 / 4 + m_parts.stepBytes;
}

} // namespace sy::models
