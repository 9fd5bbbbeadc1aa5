// SPDX-License-Identifier: GPL-3.0-or-later
// The ops of a decoder on variables: each runs its forward function and records its gradient. They read the same nn::
// descriptions of layers as inference does.
#pragma once

#include "engine/autograd/tape.h"
#include "engine/nn/decoder_block.h"
#include "engine/nn/stream_block.h"
#include "engine/ops/sparse_attention/sparse_attention.h"
#include "engine/train/adapter_set.h"
#include "engine/train/packed_batch.h"

#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

namespace sy::train {

/// A loss that keeps experts evenly used, added to the main one: coefficient times the mean over the layers.
struct BalanceOptions {
    enum class Form : uint8_t { none, switchLoss, sequence } form = Form::none;
    double coefficient = 0;
    double share = 1; // of this batch in a step of several
};

/// Inputs of updates that are left out of a pass, as functions of these alone: a layer that is computed again leaves out the
/// same ones.
struct Dropout {
    double share = 0; // of the inputs; the others are scaled by 1 / (1 - share)
    uint64_t seed = 0;
    int64_t step = 0;
    int64_t batch = 0; // of the step's
};

/// What one forward pass shares among its ops. Outlives the pass's tapes.
struct Pass {
    const ops::OpContext& context; // of products with frozen weights, there and back
    ops::OpContext exact;          // of what is trained: always float
    TrainedSet& trained;
    const PackedBatch& batch;
    struct Rope {
        const ops::RopeConfig* config;
        ops::RopeAngles forward, backward;
    };
    std::vector<Rope> ropes; // as DecoderView::ropes
    BalanceOptions balance;
    int nMoeLayers = 0;
    Dropout dropout{};
    // By layer; a layer computed again writes the same.
    std::map<int, double> balanceLosses{};                // coefficient included
    std::map<int, std::vector<int64_t>> expertRows{}; // rows that each expert has
    std::map<int, std::vector<double>> expertWeights{}; // of each expert's rows, summed, before the model's scale
};

using autograd::Tape;
using autograd::Variable;

/// x (rows, in) as a matrix's update sees it: with some values left out, in memory of its own; x itself without dropout.
Tensor droppedFor(const Pass& pass, const TrainedMatrix& matrix, const Tensor& x);

/// dx += the gradient of x for that of droppedFor().
void addDroppedGrad(const Pass& pass, const TrainedMatrix& matrix, const Tensor& dDropped, Tensor& dx);

/// name: of the weight if it may be trained, "blk.0.attn_norm.weight". weight (cols of x), or shorter: heads.
Variable rmsNorm(Pass& pass, Tape& tape, const Variable& x, const Tensor& weight, float epsilon, const std::string& name);

/// In place: x's memory must be nobody else's.
Variable rope(Pass& pass, Tape& tape, const Variable& x, const ops::RopeConfig& config, const Pass::Rope& angles);

/// As ops::SeenKeys, with memory of its own.
struct ChosenKeys {
    ops::SelectedKeys rows{};
    std::vector<int64_t> lengths{};
};
Variable attention(Pass& pass, Tape& tape, const Variable& q, const Variable& k, const Variable& v,
                   const ops::AttentionConfig& config, ChosenKeys chosen = {});

Variable gatedActivation(Pass& pass, Tape& tape, const ops::GatedActivation& activation, const Variable& gate,
                         const Variable& up);

/// Computes a value of the forward pass once more.
using Again = std::function<Tensor()>;

/// The same product again: it costs a few operations a number, and keeping it a third of a layer's memory.
Again gatedActivationAgain(Pass& pass, const ops::GatedActivation& activation, const Variable& gate, const Variable& up);

Variable add(Pass& pass, Tape& tape, const Variable& a, const Variable& b);

/// Row t of x (rows, n) times sigmoid(gates[t]), gates (rows, 1).
Variable scaleRowsBySigmoid(Pass& pass, Tape& tape, const Variable& x, const Variable& gates);

/// Rows of x, ascending and each at most once.
Variable selectRows(Pass& pass, Tape& tape, const Variable& x, const std::vector<int32_t>& rows);

/// Several linears of one input with their updates: recorded_linear.cpp.
///
/// again   how the way back comes by x instead of keeping it; empty: it is kept
std::vector<Variable> linears(Pass& pass, Tape& tape, const Variable& x, std::initializer_list<const nn::Linear*> list,
                              const Again& again = {});
Variable linear(Pass& pass, Tape& tape, const Variable& x, const nn::Linear& l, const Again& again = {});

/// residual + linear(x), normed first where norm is given: how a sublayer ends.
Variable addLinear(Pass& pass, Tape& tape, const Variable& x, const nn::Linear& l, const Tensor& norm, float epsilon,
                   const std::string& normName, const Variable& residual, const Again& again = {});

/// residual + attention(normed).
Variable addAttention(Pass& pass, Tape& tape, const nn::GqaAttention& attention, const Pass::Rope& rope,
                      const std::string& prefix, const Variable& normed, const Variable& residual);
Variable addAttention(Pass& pass, Tape& tape, const nn::MlaAttention& attention, const Pass::Rope& rope,
                      const std::string& prefix, const Variable& normed, const Variable& residual);
Variable addAttention(Pass& pass, Tape& tape, const nn::DeltaNet& deltaNet, const Pass::Rope& rope,
                      const std::string& prefix, const Variable& normed, const Variable& residual);

/// attention(normed), which joins streams: recorded_compressed.cpp.
Variable attend(Pass& pass, Tape& tape, const nn::CompressedAttention& attention, const Pass::Rope& rope,
                const std::string& prefix, const Variable& normed);

/// How a sublayer meets the streams: recorded_streams.cpp, all of nn/hyper_connections.h.
struct StreamMix {
    Variable in, out, across; // as ops::HyperMix
};
StreamMix hyperMix(Pass& pass, Tape& tape, const nn::HyperConnection& connection, const Variable& streams);
Variable toStreams(Pass& pass, Tape& tape, const Variable& x, int nStreams);
Variable gatherStreams(Pass& pass, Tape& tape, const Variable& streams, const Variable& weights);
Variable gatherStreams(Pass& pass, Tape& tape, const nn::HyperHead& head, const Variable& streams);
Variable mixStreams(Pass& pass, Tape& tape, const Variable& streams, const Variable& y, const StreamMix& mix);

/// residual + feedForward(normed).
Variable addFeedForward(Pass& pass, Tape& tape, const nn::GatedFeedForward& feedForward, const std::string& prefix,
                        const Variable& normed, const Variable& residual);
Variable addFeedForward(Pass& pass, Tape& tape, const nn::MoeFeedForward& moe, int layer, const std::string& prefix,
                        const Variable& normed, const Variable& residual);

} // namespace sy::train
