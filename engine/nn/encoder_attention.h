// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/gqa_attention.h"
#include "engine/ops/rope/rope.h"

#include <span>

namespace sy::nn {

/// residual += attention(normed) in both directions among the rows of each text, without a cache; windows are symmetric.
///
/// normed, residual  (rows, dim) f32, texts one after another
/// lengths           rows of each text
void addEncoderAttention(const ops::OpContext& context, const GqaAttention& attention, const ops::RopeConfig& rope,
                         const ops::RopeAngles& angles, std::span<const int64_t> lengths, const Tensor& normed,
                         Tensor& residual);

} // namespace sy::nn
