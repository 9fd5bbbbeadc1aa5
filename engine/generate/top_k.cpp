// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

namespace sy::generate {

void applyTopK(Candidates& candidates, const SamplingSettings& settings, const History&)
{
    if (settings.topK > 0 && size_t(settings.topK) < candidates.size())
        candidates.keepBest(size_t(settings.topK));
}

} // namespace sy::generate
