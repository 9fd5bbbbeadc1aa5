// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/matmul/matmul.h"

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace sy::nn {

/// y = scale * (x Wᵀ) + b
struct Linear {
    Tensor weight;        // (out, in)
    Tensor bias;          // (out) or empty
    float scale = 1;      // NVFP4 keeps one for each tensor
    std::string name{};   // of the matrix that adapters know, "blk.0.attn_q"; empty: none can be applied
    int64_t firstRow = 0; // of that matrix, where this is a part of it
};

Tensor apply(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear);

/// Several products of one input in one parallel loop.
std::vector<Tensor> applyAll(const ops::OpContext& context, const ops::MatmulInput& x,
                             std::initializer_list<const Linear*> linears);

/// How a sublayer ends: residual += linear(x), where norm is empty; else the result is RMS-normed before it is added (Gemma
/// 2 and 3).
///
/// norm (dim) f32 or empty
void addLinear(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear, const Tensor& norm,
               float epsilon, Tensor& residual);

} // namespace sy::nn
