// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/lexical_index.h"
#include "engine/retrieval/searcher.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sy::retrieval {

/// A passage as the model is shown it: a hit, cut to the sentences around the best match.
struct Passage {
    SearchHit hit;
    std::string text;           // whole sentences of hit.text
    int page = 0, endPage = 0;  // where text begins and ends
    int64_t start = 0, end = 0; // code points in the text of page and of endPage
};

struct PassageBudget {
    int maxPassages = 3;        // three of 150 words rather than five of 400: reading the prompt is the wait
    int tokensPerPassage = 230; // by estimatedTokens; about 150 English words or 270 Chinese characters
    int totalTokens = 700;
};

/// The largest share of the question's word weight that one sentence of the text has, 0 to 1.
double bestSentenceCoverage(std::string_view text, const TermWeights& weights);

/// The passages for a prompt, the one most likely to hold the answer first. Near-duplicates (overlapping neighbours, copies)
/// are left out. A long chunk is cut to the run of sentences that has most of the question's word weight.
std::vector<Passage> selectPassages(std::span<const SearchHit> hits, const TermWeights& weights,
                                    const PassageBudget& budget);

/// Cuts one hit to the sentences around the best match.
Passage trimmedPassage(const SearchHit& hit, const TermWeights& weights, int maxTokens);

/// A part of a hit's text, given in bytes, as pages and code points.
Passage partOf(const SearchHit& hit, size_t startByte, size_t endByte);

} // namespace sy::retrieval
