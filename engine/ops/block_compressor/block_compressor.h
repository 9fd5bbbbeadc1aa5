// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

struct BlockCompressorConfig {
    int width = 0;         // channels of a compressed row
    int ratio = 0;         // tokens of a block
    bool overlaps = false; // a block's row is made of the block before as well, which has channels of its own for that
    int64_t inputWidth() const { return int64_t(width) * (overlaps ? 2 : 1); }
    size_t stateFloats() const { return size_t(width) * (overlaps ? 6 : 3); } // of the unfinished block, whatever its length
};

/// One row for every `ratio` tokens: in each channel the sum of the tokens' values, weighted by a softmax of their scores
/// over the block. DeepSeek-V4's compressed attention. With overlap the first half of the channels of block b - 1's tokens
/// and the second half of block b's make the row of block b together; the first block has its own alone.
///
/// values, scores   (rows, inputWidth) f32; the rows first ... first+n-1 are one sequence's positions firstPosition ...
/// slotBias         (ratio, inputWidth) f32, added to the scores by the place in the block
/// state            stateFloats(): the unfinished block before the first row; any memory when firstPosition is 0
/// next             the same after the last row; may be the same memory
/// returns          (blocks that these rows finish, width), in their order
///
/// A softmax is carried from token to token, as largest score, sum and weighted sum, so the state is of a few rows and
/// the result has the same bits however a sequence is cut, at every thread count and CPU level. Throws
/// std::invalid_argument when shapes do not fit.
Tensor compressBlocks(const OpContext& context, const BlockCompressorConfig& config, const Tensor& values,
                      const Tensor& scores, const Tensor& slotBias, int64_t first, int64_t n, int64_t firstPosition,
                      const float* state, float* next);

} // namespace sy::ops
