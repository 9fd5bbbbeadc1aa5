// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/sentence_vectors.h"

#include "engine/documents/chunker.h"

#include <algorithm>
#include <numeric>

namespace sy::retrieval {

SentenceVectors::SentenceVectors(Embedder* embedder, std::span<const Passage> passages, std::stop_token stop)
    : m_embedder(embedder), m_stop(std::move(stop))
{
    if (!embedder)
        return;
    std::vector<std::string> sentences;
    for (size_t i = 0; i < passages.size(); ++i)
        for (const documents::SentenceSpan& span : documents::splitSentences(passages[i].text)) {
            sentences.push_back(passages[i].text.substr(span.start, span.end - span.start));
            m_owner.push_back(i);
        }
    if (!sentences.empty())
        m_values = embedder->embedPassages(sentences, m_stop);
}

double SentenceVectors::nearest(std::string_view text, size_t passage) const
{
    if (m_values.empty())
        return 0;
    const std::string key(text);
    auto known = m_queries.find(key);
    if (known == m_queries.end())
        known = m_queries.emplace(key, m_embedder->embedQueries(std::span(&key, 1), m_stop)).first;
    return nearest(known->second, passage);
}

double SentenceVectors::nearest(std::span<const float> query, size_t passage) const
{
    double best = 0;
    const size_t dim = query.size();
    for (size_t i = 0; i < m_owner.size(); ++i)
        if (passage == SIZE_MAX || m_owner[i] == passage)
            best = std::max(best, std::inner_product(query.begin(), query.end(), m_values.begin() + ptrdiff_t(i * dim), 0.0));
    return best;
}

} // namespace sy::retrieval
