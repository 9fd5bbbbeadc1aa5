// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/block_compressor/block_compressor.h"

#include <span>

namespace sy::ops {

/// compressBlocks() of packed texts, each from its first token: the rows of the finished blocks, text after text. What lies
/// behind a text's last finished block is in none.
///
/// lengths  of the texts, which lie one after another; they add up to the rows of values and scores
Tensor packedBlocks(const OpContext& context, const BlockCompressorConfig& config, const Tensor& values,
                    const Tensor& scores, const Tensor& slotBias, std::span<const int64_t> lengths);

/// Finished blocks of texts.
int64_t blocksOf(const BlockCompressorConfig& config, std::span<const int64_t> lengths);

struct BlockCompressorGrad {
    Tensor values, scores; // shapes of the inputs
};

/// For the gradient dy of the rows; w being a block's weights and y its row: dvalues_t = w_t dy; dscores_t = w_t (values_t -
/// y) dy. slotBias is a constant. Throws std::invalid_argument when shapes do not fit.
BlockCompressorGrad packedBlocksGrad(const OpContext& context, const BlockCompressorConfig& config, const Tensor& values,
                                     const Tensor& scores, const Tensor& slotBias, std::span<const int64_t> lengths,
                                     const Tensor& dy);

} // namespace sy::ops
