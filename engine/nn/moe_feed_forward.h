// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/feed_forward.h"
#include "engine/ops/moe_ffn/moe_ffn.h"
#include "engine/ops/router/router.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace sy::nn {

/// A router, its experts, and the experts that every token has.
struct MoeFeedForward {
    Tensor router;        // (nExperts, dim); read with float32 activations, whatever the context says
    Tensor routerBias;    // (nExperts) on the logits, or empty
    Tensor selectionBias; // (nExperts) for choosing only, or empty
    Tensor expertsOfToken; // (vocabulary, nUsed) I32: each token's experts by its id, the router only weighs them; or empty
    ops::RouterConfig routing;
    ops::ExpertWeights experts;
    std::optional<GatedFeedForward> shared; // several shared experts are one wide one
    Tensor sharedGate;                      // (1, dim): sigmoid of its product scales the shared expert; or empty: unscaled
};

/// What loadMoeFeedForward() cannot see in the file.
struct MoeOptions {
    ops::RouterConfig routing;
    int64_t ffnDim = 0;       // of one expert
    int64_t sharedFfnDim = 0; // of all shared experts together; 0: none
    bool hasSharedGate = false;
    Bias routerBias = Bias::none;
    Bias expertBias = Bias::none;
    Bias selectionBias = Bias::none;
    int64_t nTableTokens = 0; // of the vocabulary, when a table gives each token's experts; 0: the router chooses
    ops::GatedActivation activation;
    ops::GatedActivation sharedActivation;
};

/// PREFIXffn_gate_inp, exp_probs_b, ffn_gate_tid2eid, ffn_{gate,up,down}_exps (or gate and up in ffn_gate_up_exps, gate first; or, in very old
/// files, ffn_gate.E and so on), ffn_{gate,up,down}_shexp, ffn_gate_inp_shexp.
MoeFeedForward loadMoeFeedForward(WeightReader& weights, const std::string& prefix, int64_t dim, const MoeOptions& options);

/// What expertsOfToken says of tokens: (tokens, nUsed) I32.
Tensor expertsOf(const MoeFeedForward& moe, std::span<const int32_t> tokens);

/// residual (rows, dim) += the experts' results for normed (rows, dim).
///
/// parts  how the rows belong to sequences: their observers hear of the choices, their masses limit the experts
/// spans  hears how long routing and the experts take; or absent
void addFeedForward(const ops::OpContext& context, const MoeFeedForward& moe, int layer,
                    const std::vector<Batch::Part>& parts, const Tensor& normed, Tensor& residual, SpanObserver* spans = nullptr);

/// Calls use() with every matrix that int8 products may read: all but the router's.
void eachMatrix(MoeFeedForward& moe, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
