// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/encoder_attention.h"

#include "engine/nn/linear.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"

namespace sy::nn {

void addEncoderAttention(const ops::OpContext& context, const GqaAttention& a, const ops::RopeConfig& rope,
                         const ops::RopeAngles& angles, std::span<const int64_t> lengths, const Tensor& normed,
                         Tensor& residual)
{
    std::vector<Tensor> qkv = applyAll(context, ops::MatmulInput(normed), {&a.q, &a.k, &a.v});
    if (a.qNorm)
        ops::rmsNormHeads(context, qkv[0], a.qNorm, a.epsilon);
    if (a.kNorm)
        ops::rmsNormHeads(context, qkv[1], a.kNorm, a.epsilon);
    ops::rope(context, qkv[0], rope, angles);
    ops::rope(context, qkv[1], rope, angles);
    const Tensor attended = ops::encoderAttention(context, qkv[0], qkv[1], qkv[2], lengths, a.config);
    addLinear(context, ops::MatmulInput(attended), a.output, a.outputNorm, a.epsilon, residual);
}

} // namespace sy::nn
