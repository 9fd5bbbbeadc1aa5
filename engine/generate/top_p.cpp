// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

namespace sy::generate {

/// Nucleus sampling. Holtzman et al. 2019, arXiv:1904.09751. The probabilities are those among what earlier samplers left.
void applyTopP(Candidates& candidates, const SamplingSettings& settings, const History&)
{
    if (settings.topP < 1.0)
        candidates.keepMass(settings.topP);
}

} // namespace sy::generate
