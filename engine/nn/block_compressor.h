// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/weights.h"
#include "engine/ops/block_compressor/block_compressor.h"
#include "engine/ops/rope/rope.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sy::nn {

/// Makes one key of every `ratio` tokens. DeepSeek-V4: blocks of 128 (heavily compressed attention) or overlapping blocks of
/// 4 (compressed sparse attention, and the keys of its indexer).
///
///     row = RoPE(norm(sum over the block's tokens of softmax(W_gate h + slotBias) * W_kv h), position of the block's first
///     token)
///
/// What the unfinished block has come to is a part of the sequence's state.
struct BlockCompressor {
    ops::BlockCompressorConfig config;
    Linear values;   // (inputWidth, dim)
    Linear scores;   // (inputWidth, dim)
    Tensor slotBias; // (ratio, inputWidth): of the places in a block
    Tensor norm;     // (width)
    float epsilon = 0;
    ops::RopeConfig rope;  // heads of width, of which the last values turn
    size_t firstState = 0; // of this compressor in a sequence's state, in floats
};

/// NAME_kv.weight, NAME_gate.weight, NAME_ape.weight, NAME_norm.weight.
///
/// rope  of the attention beside it: its frequencies are used
BlockCompressor loadBlockCompressor(WeightReader& weights, const std::string& name, int64_t dim,
                                    const ops::BlockCompressorConfig& config, const ops::RopeConfig& rope, float epsilon);

/// The rows of the blocks that a part of the batch finishes, in their order: (blocks, width), normed and turned. Reads the
/// sequence's state and writes its next one.
///
/// values, scores  (rows of the batch, inputWidth): products of the compressor's matrices
Tensor finishedBlocks(const ops::OpContext& context, const BlockCompressor& compressor, const Tensor& values,
                      const Tensor& scores, const Batch::Part& part);

/// The same of packed texts from their first tokens, without states: all texts' rows, one after another.
///
/// normed  (rows, dim)
Tensor packedKeys(const ops::OpContext& context, const BlockCompressor& compressor, const Tensor& normed,
                  std::span<const int64_t> lengths);

/// The position that each row of packed texts is turned by.
std::vector<int32_t> blockPositions(const BlockCompressor& compressor, std::span<const int64_t> lengths);

/// Calls use() with every matrix.
void eachMatrix(BlockCompressor& compressor, const std::function<void(Tensor&)>& use);

} // namespace sy::nn
