// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

#include <cmath>

namespace sy::generate {

/// Nguyen et al. 2024, arXiv:2407.01082. A ratio of probabilities is a difference of logits.
void applyMinP(Candidates& candidates, const SamplingSettings& settings, const History&)
{
    if (settings.minP > 0)
        candidates.keepAtLeast(candidates.best() + float(std::log(settings.minP)));
}

} // namespace sy::generate
