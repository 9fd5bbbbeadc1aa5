// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/gqa_attention.h"

#include "engine/ops/embedding/embedding.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/rms_norm/rms_norm.h"

#include <array>

namespace sy::nn {

namespace {

void storeKeysAndValues(const ops::OpContext& context, int layer, const Batch& batch, const Tensor& k, const Tensor& v)
{
    const int64_t keyWidth = k.cols(), valueWidth = v.cols();
    for (const Batch::Part& part : batch.parts) {
        ops::parallelRows(context, part.nRows, keyWidth + valueWidth, [&](int64_t first, int64_t end) {
            part.cache->store(layer, part.firstPosition + first, k.f32() + (part.firstRow + first) * keyWidth,
                              v.f32() + (part.firstRow + first) * valueWidth, end - first);
        });
    }
}

Tensor attend(const ops::OpContext& context, const ops::AttentionConfig& config, int layer,
              const std::vector<Batch::Part>& parts, const Tensor& q)
{
    std::vector<ops::AttentionSequence> sequences;
    sequences.reserve(parts.size());
    for (const Batch::Part& part : parts)
        sequences.push_back({part.firstRow, part.nRows, part.firstPosition, part.cache->pages(layer)});
    return ops::attention(context, q, sequences, config);
}

} // namespace

GqaAttention loadGqaAttention(WeightReader& weights, const std::string& prefix, int64_t dim, const ops::AttentionConfig& config,
                              const GqaOptions& options)
{
    const int64_t qWidth = int64_t(config.nHeads) * config.headDim;
    const int64_t kWidth = int64_t(config.nKvHeads) * config.headDim;
    const int64_t vWidth = int64_t(config.nKvHeads) * config.valueDim;
    std::vector<Linear> qkv =
        loadProjections(weights, {{prefix + "attn_q", qWidth}, {prefix + "attn_k", kWidth}, {prefix + "attn_v", vWidth}},
                        prefix + "attn_qkv", dim, options.qkvBias);
    GqaAttention attention{config, std::move(qkv[0]), std::move(qkv[1]), std::move(qkv[2]), {}, {}, {}, options.epsilon};
    attention.output =
        loadLinear(weights, prefix + "attn_output", dim, int64_t(config.nHeads) * config.valueDim, options.outputBias);
    if (options.hasHeadNorms) {
        attention.qNorm = weights.vector(prefix + "attn_q_norm.weight", config.headDim);
        attention.kNorm = weights.vector(prefix + "attn_k_norm.weight", config.headDim);
    }
    return attention;
}

void addAttention(const ops::OpContext& context, const GqaAttention& a, int layer, const Batch& batch, const StepRope& rope,
                  const Tensor& normed, Tensor& residual, bool wantedRowsOnly)
{
    const ops::MatmulInput input(normed);
    const bool selects = wantedRowsOnly && !batch.wantsAll();
    Tensor q, k, v;
    if (selects) {
        const std::array weights = {a.k.weight, a.v.weight};
        const std::array biases = {a.k.bias, a.v.bias};
        std::vector<Tensor> kv = ops::matmulGroup(context, input, weights, biases);
        k = std::move(kv[0]);
        v = std::move(kv[1]);
    } else {
        const std::array weights = {a.q.weight, a.k.weight, a.v.weight};
        const std::array biases = {a.q.bias, a.k.bias, a.v.bias};
        std::vector<Tensor> qkv = ops::matmulGroup(context, input, weights, biases);
        q = std::move(qkv[0]);
        k = std::move(qkv[1]);
        v = std::move(qkv[2]);
    }
    if (a.kNorm)
        ops::rmsNormHeads(context, k, a.kNorm, a.epsilon);
    ops::rope(context, k, *rope.config, rope.all);
    storeKeysAndValues(context, layer, batch, k, v);

    if (selects) {
        if (batch.wantedRows.empty()) {
            residual = Tensor();
            return;
        }
        residual = ops::embedRows(context, residual, batch.wantedRows);
        q = ops::matmul(context, ops::MatmulInput(ops::embedRows(context, normed, batch.wantedRows)), a.q.weight, a.q.bias);
    }
    if (a.qNorm)
        ops::rmsNormHeads(context, q, a.qNorm, a.epsilon);
    ops::rope(context, q, *rope.config, selects ? rope.wanted : rope.all);
    const Tensor attended = attend(context, a.config, layer, selects ? batch.wantedParts : batch.parts, q);
    ops::matmulAdd(context, ops::MatmulInput(attended), a.output.weight, a.output.bias, residual);
}

} // namespace sy::nn
