// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/expert_keys.h"

#include <algorithm>

namespace sy::models {

namespace {

constexpr int64_t kMostFfn = int64_t(1) << 20;

ops::Gating gatingOf(const Hyperparameters& keys, ops::Gating fallback)
{
    switch (keys.integer("expert_gating_func", 0, 4, 0)) {
    case 1:
        return ops::Gating::softmax;
    case 2:
        return ops::Gating::sigmoid;
    case 3:
        return ops::Gating::softmaxOfChosen;
    case 4:
        return ops::Gating::sqrtSoftplus;
    default:
        return fallback;
    }
}

} // namespace

nn::MoeOptions readExpertKeys(const Hyperparameters& keys, const ModelConfig& config, const ExpertTraits& traits)
{
    nn::MoeOptions options;
    ops::RouterConfig& routing = options.routing;
    routing.nExperts = config.nExperts;
    routing.nUsed = int(keys.perLayer("expert_used_count", 1, config.nExperts));
    routing.gating = gatingOf(keys, traits.gating);
    routing.normalizes = traits.normalizes ? *traits.normalizes : keys.boolean("expert_weights_norm", false);
    const double scale = keys.real("expert_weights_scale", 1.0);
    routing.scale = scale == 0 ? 1.0f : float(scale);
    routing.nGroups = std::max(1, int(keys.integer("expert_group_count", 0, config.nExperts, 1)));
    routing.nGroupsUsed = routing.nGroups == 1 ? 1 : int(keys.integer("expert_group_used_count", 1, routing.nGroups));
    if (routing.nExperts % routing.nGroups != 0 || routing.nUsed > routing.nExperts / routing.nGroups * routing.nGroupsUsed)
        keys.bad("expert_group_count",
                 "does not fit " + std::to_string(routing.nUsed) + " of " + std::to_string(routing.nExperts) + " experts");
    // DeepSeek V2 takes a group for its best expert, V3 for its best two.
    routing.groupScore = routing.gating == ops::Gating::softmax ? ops::GroupScore::largest : ops::GroupScore::sumOfTopTwo;

    options.ffnDim = keys.perLayer("expert_feed_forward_length", 0, kMostFfn, 0);
    if (options.ffnDim == 0)
        options.ffnDim = traits.dividesFfn ? config.ffnDim / routing.nUsed : config.ffnDim;
    if (options.ffnDim < 1)
        keys.bad("expert_feed_forward_length", "is missing");
    const int64_t nShared = keys.integer("expert_shared_count", 0, config.nExperts, 0);
    options.sharedFfnDim = keys.integer("expert_shared_feed_forward_length", 0, kMostFfn, 0);
    if (options.sharedFfnDim == 0)
        options.sharedFfnDim = nShared > 0 ? nShared * options.ffnDim : traits.dividesFfn ? config.ffnDim : 0;
    options.hasSharedGate = traits.hasSharedGate;
    options.routerBias = traits.routerBias;
    options.expertBias = traits.expertBias;
    options.selectionBias = traits.selectionBias;
    options.activation = traits.activation;
    return options;
}

int64_t feedForwardValues(const nn::MoeOptions& o, int64_t dim, bool isInt8)
{
    // Chosen rows of the input (int8 with scales and sums: 1.5 bytes a value), the hidden layer in both forms, the router.
    const int64_t input = isInt8 ? dim * 3 / 8 : dim;
    const int64_t experts = o.routing.nUsed * (input + o.ffnDim * 11 / 8) + 2 * o.routing.nExperts + dim / 2;
    return std::max(experts, 2 * dim + o.sharedFfnDim * 11 / 8);
}

} // namespace sy::models
