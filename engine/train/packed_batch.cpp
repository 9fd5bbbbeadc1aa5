// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/packed_batch.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <stdexcept>
#include <string>

namespace sy::train {

int64_t TrainingText::nLabels() const
{
    return isTrained.empty() ? 0 : std::count_if(isTrained.begin() + 1, isTrained.end(), [](uint8_t is) { return is != 0; });
}

void PackedBatch::add(const TrainingText& text)
{
    if (text.tokens.empty() || text.isTrained.size() != text.tokens.size())
        throw std::invalid_argument("a text of " + std::to_string(text.tokens.size()) + " tokens with a mask of " +
                                    std::to_string(text.isTrained.size()));
    if (firstLabels.empty())
        firstLabels.push_back(0);
    const int64_t first = nTokens();
    for (size_t i = 0; i < text.tokens.size(); ++i) {
        tokens.push_back(text.tokens[i]);
        positions.push_back(int32_t(i));
        if (i > 0 && text.isTrained[i]) {
            labelRows.push_back(int32_t(first + int64_t(i) - 1));
            labels.push_back(text.tokens[i]);
        }
    }
    lengths.push_back(int64_t(text.tokens.size()));
    firstLabels.push_back(nLabels());
}

std::vector<std::vector<size_t>> packTexts(std::span<const int64_t> lengths, int64_t binTokens)
{
    std::vector<size_t> order(lengths.size());
    std::iota(order.begin(), order.end(), size_t(0));
    std::ranges::stable_sort(order, [&](size_t a, size_t b) { return lengths[a] > lengths[b]; });
    std::vector<std::vector<size_t>> bins;
    std::multimap<int64_t, size_t> room; // tokens left, bin
    for (const size_t text : order) {
        const auto fits = room.lower_bound(lengths[text]);
        size_t bin = bins.size();
        int64_t left = binTokens;
        if (fits != room.end()) {
            left = fits->first;
            bin = fits->second;
            room.erase(fits);
        } else {
            bins.emplace_back();
        }
        bins[bin].push_back(text);
        if (left > lengths[text])
            room.emplace(left - lengths[text], bin);
    }
    for (std::vector<size_t>& bin : bins)
        std::ranges::sort(bin);
    std::ranges::sort(bins, {}, [](const std::vector<size_t>& bin) { return bin.front(); });
    return bins;
}

} // namespace sy::train
