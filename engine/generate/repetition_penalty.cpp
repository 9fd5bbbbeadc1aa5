// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

#include <algorithm>
#include <unordered_set>

namespace sy::generate {

/// Keskar et al. 2019, arXiv:1909.05858, with the sign taken into account as everybody has done since: a logit is divided by the
/// penalty when positive and multiplied when negative. Looks at the last tokens of prompt and answer.
void applyRepetitionPenalty(Candidates& candidates, const SamplingSettings& settings, const History& history)
{
    if (settings.repeatPenalty == 1.0)
        return;
    const auto logits = candidates.logits();
    const auto penalty = float(settings.repeatPenalty);
    const auto window = history.tokens.last(std::min(history.tokens.size(), size_t(settings.penaltyWindow)));
    for (const int32_t id : std::unordered_set<int32_t>(window.begin(), window.end())) {
        if (id < 0 || size_t(id) >= logits.size())
            continue;
        float& logit = logits[size_t(id)];
        logit = logit > 0 ? logit / penalty : logit * penalty;
    }
}

} // namespace sy::generate
