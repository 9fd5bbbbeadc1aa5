// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <span>

namespace sy::nn {

/// The choices of one router for neighbouring tokens of one sequence. Views end with the call.
struct RoutedTokens {
    int layer;             // of the model, dense ones counted
    int64_t firstPosition; // of the first token; the others follow without gaps
    int64_t nTokens;
    int nExperts;
    int nUsed;                            // choices per token
    std::span<const int32_t> experts;     // (nTokens, nUsed) by falling weight; -1: no more
    std::span<const float> weights;       // (nTokens, nUsed) as the experts' results are multiplied with
    std::span<const float> probabilities; // (nTokens, nExperts) as ops::Routing has them
};

/// Hears of every choice for the sequences it watches (models::SequenceStep::observer). Called on the stepping thread,
/// between two products: whoever has much to do copies and does it later. Every token of the sequence is heard of in every layer
/// with experts: a watched sequence goes through the last layer whole, an unwatched one with the rows whose logits are wanted.
class RouterObserver {
public:
    virtual ~RouterObserver() = default;
    virtual void routed(const RoutedTokens& tokens) = 0;
};

} // namespace sy::nn
