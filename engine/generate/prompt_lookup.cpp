// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/prompt_lookup.h"

#include <algorithm>

namespace sy::generate {

namespace {

constexpr size_t kGrams[2] = {3, 2};

uint64_t hashOf(std::span<const int32_t> gram)
{
    uint64_t h = gram.size();
    for (const int32_t token : gram)
        h = ((h ^ uint32_t(token)) * 0x9E3779B97F4A7C15) ^ (h >> 31);
    return h;
}

} // namespace

std::span<const int32_t> PromptLookup::guess(std::span<const int32_t> tokens, size_t n)
{
    for (; m_nSeen + 1 < tokens.size(); ++m_nSeen) { // the last gram of all is the question and must not be its own answer
        const size_t end = m_nSeen + 1;
        for (int i = 0; i < 2; ++i) {
            if (end >= kGrams[i])
                m_behind[i][hashOf(tokens.subspan(end - kGrams[i], kGrams[i]))] = int32_t(end);
        }
    }
    for (int i = 0; i < 2; ++i) {
        if (tokens.size() < kGrams[i])
            continue;
        const auto last = tokens.last(kGrams[i]);
        const auto found = m_behind[i].find(hashOf(last));
        if (found == m_behind[i].end())
            continue;
        const auto behind = size_t(found->second);
        if (std::equal(last.begin(), last.end(), tokens.begin() + long(behind - kGrams[i])))
            return tokens.subspan(behind, std::min(n, tokens.size() - behind));
    }
    return {};
}

} // namespace sy::generate
