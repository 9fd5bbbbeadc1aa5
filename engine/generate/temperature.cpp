// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

namespace sy::generate {

/// Distances to the best logit are stretched, so a temperature close to 0 cannot overflow.
void applyTemperature(Candidates& candidates, const SamplingSettings& settings, const History&)
{
    if (settings.temperature == 1.0 || settings.temperature == 0.0)
        return;
    const float best = candidates.best();
    const auto scale = float(1.0 / settings.temperature);
    if (candidates.isList()) {
        for (Candidate& c : candidates.list())
            c.logit = (c.logit - best) * scale;
    } else {
        for (float& logit : candidates.logits())
            logit = (logit - best) * scale;
    }
}

} // namespace sy::generate
