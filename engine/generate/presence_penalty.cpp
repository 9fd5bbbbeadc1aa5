// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

#include <algorithm>
#include <unordered_map>

namespace sy::generate {

/// logit -= presence * [said] + frequency * times said, counted in the last tokens of the answer. The prompt is left out: a
/// question's words must remain sayable, and chat markers are in every prompt.
void applyPresencePenalty(Candidates& candidates, const SamplingSettings& settings, const History& history)
{
    if (settings.presencePenalty == 0 && settings.frequencyPenalty == 0)
        return;
    const auto logits = candidates.logits();
    const auto answer = history.tokens.subspan(std::min(history.nPrompt, history.tokens.size()));
    std::unordered_map<int32_t, int> counts;
    for (const int32_t id : answer.last(std::min(answer.size(), size_t(settings.penaltyWindow))))
        ++counts[id];
    for (const auto& [id, count] : counts) {
        if (id >= 0 && size_t(id) < logits.size())
            logits[size_t(id)] -= float(settings.presencePenalty + settings.frequencyPenalty * count);
    }
}

} // namespace sy::generate
