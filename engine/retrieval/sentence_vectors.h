// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/embedder.h"
#include "engine/retrieval/passages.h"

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::retrieval {

/// The sentences of the passages as vectors, made once a question. Without an embedder every cosine is 0.
class SentenceVectors {
public:
    SentenceVectors(Embedder* embedder, std::span<const Passage> passages, std::stop_token stop);

    /// The best cosine of a text, embedded as a question, to a sentence of a passage (any passage when the index is past the
    /// last).
    double nearest(std::string_view text, size_t passage = SIZE_MAX) const;

private:
    double nearest(std::span<const float> query, size_t passage) const;

    Embedder* m_embedder;
    std::stop_token m_stop;
    std::vector<float> m_values;
    std::vector<size_t> m_owner;
    mutable std::unordered_map<std::string, std::vector<float>> m_queries;
};

} // namespace sy::retrieval
