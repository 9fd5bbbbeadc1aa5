// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>

namespace sy::generate {

/// Guesses what comes next from what has been said: where the last tokens stood before, what followed them there. Answers
/// about a document quote it and code repeats its names. (Yang et al. 2023, arXiv:2304.04487, for answers with references;
/// Saxena 2023 calls it prompt lookup.)
class PromptLookup {
public:
    /// The tokens that followed the latest earlier place of the last three tokens, or else of the last two; at most n, none
    /// when there is no such place. `tokens`: prompt and answer so far; a later call has the same ones at its beginning. The
    /// result points into it.
    std::span<const int32_t> guess(std::span<const int32_t> tokens, size_t n);

private:
    std::unordered_map<uint64_t, int32_t> m_behind[2]; // by the hash of three and of two tokens: the position behind them
    size_t m_nSeen = 0;                                // positions whose grams are in the maps
};

} // namespace sy::generate
