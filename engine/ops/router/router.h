// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <span>

namespace sy::ops {

/// How a router's logits become probabilities.
enum class Gating : uint8_t {
    softmax,         // over all experts
    sigmoid,         // of each expert by itself: DeepSeek V3
    softmaxOfChosen, // chosen by their logits, softmax over the chosen ones: gpt-oss
    sqrtSoftplus,    // sqrt(log(1 + e^z)): DeepSeek V4
};

/// What stands for a group of experts when only some groups may be chosen from.
enum class GroupScore : uint8_t {
    largest,     // DeepSeek V2
    sumOfTopTwo, // DeepSeek V3
};

struct RouterConfig {
    int nExperts = 0;
    int nUsed = 0; // at most nExperts
    Gating gating = Gating::softmax;
    int nGroups = 1; // divides nExperts; neighbouring experts make a group
    int nGroupsUsed = 1;
    GroupScore groupScore = GroupScore::sumOfTopTwo;
    bool normalizes = false; // a token's weights are divided by their sum
    float scale = 1;         // on the weights, after that
};

/// The experts of each token by falling weight; equal weights by rising expert.
struct Routing {
    Tensor experts;       // (tokens, nUsed) I32; -1: no expert, at the end of a row that stopped early
    Tensor weights;       // (tokens, nUsed) f32; 0 where there is no expert
    Tensor probabilities; // (tokens, nExperts) f32: after gating (softmaxOfChosen: the logits); for observers and balance
                          // losses
    int64_t nTokens() const { return experts.rows(); }
    int nUsed() const { return int(experts.cols()); }
};

/// Picks the experts of each token. Shazeer et al. 2017, arXiv:1701.06538; groups and bias: DeepSeek-V3, arXiv:2412.19437.
///
/// logits         (tokens, nExperts) f32; taken over, its memory becomes the probabilities
/// selectionBias  (nExperts) f32 or empty: added to the probabilities for choosing only, never to the weights
/// mass           empty, or one number for each token: experts of falling weight are added until their share of the weight
/// of all
///                nUsed reaches it. Normalization then is over the experts that stay. 1 or more: all
///
/// Experts outside the chosen groups cannot be chosen; a tie is won by the lower expert, or group. A token's choice depends
/// on its logits alone and has the same bits at every CPU level. Throws std::invalid_argument when shapes or config do not
/// fit.
Routing route(const OpContext& context, Tensor logits, const Tensor& selectionBias, const RouterConfig& config,
              std::span<const float> mass = {});

/// The same where the experts are given and only their weights are the router's: DeepSeek V4's first layers, which look the
/// experts up by the token's id.
///
/// experts  (tokens, nUsed) I32, each below nExperts and none twice in a row
Routing routeTo(const OpContext& context, Tensor logits, const Tensor& experts, const RouterConfig& config,
                std::span<const float> mass = {});

} // namespace sy::ops
