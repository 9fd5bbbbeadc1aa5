// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/hyperparameters.h"
#include "engine/nn/moe_feed_forward.h"

#include <optional>

namespace sy::models {

/// What an architecture's router and experts are where a file does not say.
struct ExpertTraits {
    ops::Gating gating = ops::Gating::softmax;
    std::optional<bool> normalizes = false; // empty: as expert_weights_norm says
    bool hasSharedGate = false;
    nn::Bias routerBias = nn::Bias::none;
    nn::Bias expertBias = nn::Bias::none;
    nn::Bias selectionBias = nn::Bias::none;
    ops::GatedActivation activation;
    bool dividesFfn = false; // feed_forward_length is that of the shared expert and of a token's chosen ones together
};

/// expert_count, expert_used_count, expert_feed_forward_length, expert_shared_count, expert_shared_feed_forward_length,
/// expert_gating_func, expert_group_count, expert_group_used_count, expert_weights_norm, expert_weights_scale. BadFile for
/// what makes no sense.
nn::MoeOptions readExpertKeys(const Hyperparameters& keys, const ModelConfig& config, const ExpertTraits& traits);

/// Floats per token that these experts hold at once, the model being dim wide.
int64_t feedForwardValues(const nn::MoeOptions& options, int64_t dim, bool isInt8);

} // namespace sy::models
