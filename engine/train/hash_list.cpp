// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/hash_list.h"

#include "engine/core/error.h"

#include <algorithm>
#include <vector>

namespace sy::train {

namespace {

void makeDistinct(std::vector<uint64_t>& hashes)
{
    std::ranges::sort(hashes);
    hashes.erase(std::unique(hashes.begin(), hashes.end()), hashes.end());
}

} // namespace

HashList::HashList(const std::filesystem::path& folder, size_t partHashes) : m_hashes(folder), m_partHashes(partHashes) {}

// Equal ones are in the same part, so that each part is counted alone and the file is read once for each.
int64_t HashList::countRepeated(const std::stop_token& stop) const
{
    const uint64_t nParts = size() / m_partHashes + 1;
    int64_t nDistinct = 0;
    for (uint64_t part = 0; part < nParts; ++part)
        nDistinct += countDistinct(part, nParts, stop);
    return int64_t(size()) - nDistinct;
}

int64_t HashList::countDistinct(uint64_t part, uint64_t nParts, const std::stop_token& stop) const
{
    std::vector<uint64_t> chosen;
    size_t most = 2 * m_partHashes;
    for (size_t i = 0; i < size(); ++i) {
        if (stop.stop_requested())
            throw Cancelled();
        if (const uint64_t hash = m_hashes[i]; hash % nParts == part)
            chosen.push_back(hash);
        if (chosen.size() < most)
            continue;
        makeDistinct(chosen); // the same row a million times is one
        most = std::max(most, 2 * chosen.size());
    }
    makeDistinct(chosen);
    return int64_t(chosen.size());
}

} // namespace sy::train
