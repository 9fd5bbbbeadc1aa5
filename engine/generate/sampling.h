// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace sy::generate {

/// How a token is chosen from the logits. Ranges and explanations of each: sampler_table.h.
///
/// The steps, always in this order: logit bias, penalties, then top-k, top-p and min-p on the model's own distribution, then
/// temperature, then one draw. Truncating before the temperature keeps a hot temperature from letting nonsense in.
struct SamplingSettings {
    double temperature = 0.7;                         // 0: the best token, whatever the truncations say
    int topK = 40;                                    // 0: off
    double topP = 0.95;                               // 1: off
    double minP = 0.05;                               // 0: off
    double repeatPenalty = 1.0;                       // 1: off
    double presencePenalty = 0.0;                     // 0: off
    double frequencyPenalty = 0.0;                    // 0: off
    int penaltyWindow = 64;                           // last tokens that the penalties look at
    std::vector<std::pair<int32_t, float>> logitBias; // added to the logit of a token
    uint64_t seed = 0;
};

/// What has been said before the token to be chosen.
struct History {
    std::span<const int32_t> tokens; // prompt and answer
    size_t nPrompt = 0;              // tokens that are the prompt
};

struct Choice {
    int32_t id;
    float logprob; // natural log, of the model's own distribution, before any setting
};

class TokenMask; // token_grammar.h

/// Chooses the tokens of one request. Not thread-safe; about 1.2 MB for a vocabulary of 150,000, kept between calls.
class TokenChooser {
public:
    /// Throws std::invalid_argument for a setting outside its range; the message names it.
    explicit TokenChooser(SamplingSettings settings);

    /// logits: one row. Throws DeviceFailure when one is NaN or none is finite, which means that the weights are damaged.
    /// The n-th call takes the n-th draw of the seed; a greedy choice takes none. `allowed`: only these tokens are there at
    /// all, for every setting; it allows one at least.
    Choice choose(std::span<const float> logits, const History& history, const TokenMask* allowed = nullptr);

    const SamplingSettings& settings() const { return m_settings; }

private:
    SamplingSettings m_settings;
    std::vector<float> m_logits; // a copy that the samplers may change
    uint64_t m_nDrawn = 0;
};

} // namespace sy::generate
