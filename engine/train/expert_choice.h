// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/step_lock.h"
#include "engine/models/model.h"
#include "engine/train/text_store.h"

#include <cstdint>
#include <map>
#include <stop_token>
#include <vector>

namespace sy::train {

/// What a mixture's experts do for some texts, by layer. Wang et al. 2024, arXiv:2407.01906 (ESFT).
struct ExpertScores {
    int64_t nTokens = 0;
    std::map<int, std::vector<double>> token; // share of the choices: their sum is 1
    std::map<int, std::vector<double>> gate;  // mean weight in a token, 0 where it is not chosen
};

/// Experts by layer, ascending.
using ExpertChoice = std::map<int, std::vector<int32_t>>;

/// Runs the model over texts from all over the data, until they have mostTokens tokens. Takes turns at the processor. Throws
/// Unsupported for a model without experts and as DecoderPass does, Cancelled.
ExpertScores scoreExperts(const ops::OpContext& context, const models::Model& model, const TextStore& texts,
                          int64_t mostTokens, generate::StepLock& lock, const std::stop_token& stop);

/// The fewest experts of each layer whose scores come to `share`; all where they do not. Of equal scores the first counts.
ExpertChoice fewestExperts(const std::map<int, std::vector<double>>& scores, double share);

} // namespace sy::train
