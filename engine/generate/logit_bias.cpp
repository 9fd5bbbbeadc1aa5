// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

namespace sy::generate {

/// -infinity forbids a token. Ids outside the vocabulary mean nothing to this model and are passed over.
void applyLogitBias(Candidates& candidates, const SamplingSettings& settings, const History&)
{
    const auto logits = candidates.logits();
    for (const auto& [id, bias] : settings.logitBias) {
        if (id >= 0 && size_t(id) < logits.size())
            logits[size_t(id)] += bias;
    }
}

} // namespace sy::generate
