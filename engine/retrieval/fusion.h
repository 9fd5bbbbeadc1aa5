// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/lexical_index.h"

#include <span>
#include <vector>

namespace sy::retrieval {

struct Fused {
    int64_t chunk = 0;
    double score = 0;        // 0 to 1
    int lexicalRank = 0;     // from 1; 0: not in that list
    int denseRank = 0;
    double lexicalScore = 0; // BM25
    double denseScore = 0;   // cosine
};

/// The most that word matches can weigh against meaning.
inline constexpr double kMaxLexicalWeight = 0.5;
inline constexpr double kMaxLexicalWeightCjk = 0.6;

/// How much the word matches weigh, from 0 to the most for the question's script: `coverage` is the largest share of the
/// question's word weight that one of the candidates has. A Chinese question over English documents shares a number or a name
/// at most, and its word matches are noise; a question in the documents' own words is answered best by both. Characters and
/// their pairs tell Chinese passages apart better than small embedders do, so they may weigh more.
double lexicalWeight(double coverage, bool isCjkQuestion);

/// Merges two lists by score. Lexical scores are divided by the best one, since no match is a true zero; dense scores run
/// from the lowest (0) to the highest (1) among all candidates, since cosines have no zero of their own. `dense` holds the
/// score of every candidate that has a vector, the lexical ones too; the first nRankedDense are the dense list itself.
/// Best first; equal scores by chunk number. Ranks alone (reciprocal rank fusion) lose to BM25 on Chinese collections.
std::vector<Fused> fuse(std::span<const Scored> lexical, std::span<const Scored> dense, size_t nRankedDense, double lexicalWeight);

} // namespace sy::retrieval
