// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sy::train {

/// One text to learn from: its tokens, and for each whether it counts as a label, that is whether predicting it from those
/// before it is trained. The first token is predicted from nothing and never counts.
struct TrainingText {
    std::vector<int32_t> tokens;
    std::vector<uint8_t> isTrained; // as long as tokens
    int64_t nLabels() const;        // trained ones
};

/// Texts one after another in one batch, each seeing itself alone and counting its positions from 0.
struct PackedBatch {
    std::vector<int32_t> tokens;
    std::vector<int32_t> positions;
    std::vector<int64_t> lengths;     // of the texts
    std::vector<int32_t> labelRows;   // rows whose next token is trained, ascending
    std::vector<int32_t> labels;      // that token, one for each of labelRows
    std::vector<int64_t> firstLabels; // where a text's labels begin in `labels`; one more than texts

    int64_t nTokens() const { return int64_t(tokens.size()); }
    int64_t nLabels() const { return int64_t(labels.size()); }

    /// Throws std::invalid_argument for an empty text and for a mask of another length.
    void add(const TrainingText& text);
};

/// Puts texts into bins of at most `binTokens`, best fit by falling length (Ding et al. 2024, arXiv:2404.10830). Returns for
/// each bin the indices of its texts, ascending; bins in the order of their first text. Texts longer than a bin get one of
/// their own.
std::vector<std::vector<size_t>> packTexts(std::span<const int64_t> lengths, int64_t binTokens);

} // namespace sy::train
