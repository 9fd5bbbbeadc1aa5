// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/fusion.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace sy::retrieval {

// Measured on ten collections with min-max and with division by the best score, weights constant (.2 to .6), proportional to
// the coverage, to its square and to its cube root. With the square root, English is best from .45 to .52 and Chinese from .57
// to .65: there, no collection does worse than with the better list alone.
double lexicalWeight(double coverage, bool isCjkQuestion)
{
    return (isCjkQuestion ? kMaxLexicalWeightCjk : kMaxLexicalWeight) * std::sqrt(std::clamp(coverage, 0.0, 1.0));
}

std::vector<Fused> fuse(std::span<const Scored> lexical, std::span<const Scored> dense, size_t nRankedDense, double lexicalWeight)
{
    std::unordered_map<int64_t, Fused> byChunk;
    const double best = lexical.empty() ? 0 : lexical.front().score;
    for (size_t i = 0; i < lexical.size(); ++i) {
        Fused& entry = byChunk[lexical[i].chunk];
        entry.lexicalRank = int(i) + 1;
        entry.lexicalScore = lexical[i].score;
        entry.score = best > 0 ? lexicalWeight * lexical[i].score / best : 0;
    }
    if (!dense.empty()) {
        const auto [low, high] = std::minmax_element(dense.begin(), dense.end(), [](const Scored& a, const Scored& b) { return a.score < b.score; });
        const double range = high->score - low->score;
        for (size_t i = 0; i < dense.size(); ++i) {
            Fused& entry = byChunk[dense[i].chunk];
            entry.denseRank = i < nRankedDense ? int(i) + 1 : 0;
            entry.denseScore = dense[i].score;
            entry.score += (1 - lexicalWeight) * (range > 0 ? (dense[i].score - low->score) / range : 1);
        }
    }
    std::vector<Fused> out;
    out.reserve(byChunk.size());
    for (auto& [chunk, entry] : byChunk) {
        entry.chunk = chunk;
        out.push_back(entry);
    }
    std::sort(out.begin(), out.end(), [](const Fused& a, const Fused& b) { return a.score != b.score ? a.score > b.score : a.chunk < b.chunk; });
    return out;
}

} // namespace sy::retrieval
