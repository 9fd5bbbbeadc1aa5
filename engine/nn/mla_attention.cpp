// SPDX-License-Identifier: GPL-3.0-or-later
// Always the absorbed form. For many new tokens at once, keys and values of each head made from the latents would cost
// (nopeDim + ropeDim) + valueDim multiply-adds for a query, key and head instead of keyDim() + latentDim (320 and 1088 in
// DeepSeek's models), but other bits: a token would depend on how its prompt was cut, and a cached prefix on who computed it.
#include "engine/nn/mla_attention.h"

#include "engine/nn/adapted_linear.h"
#include "engine/nn/cached_attention.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/head_matmul/head_matmul.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/quant/half.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <bit>

namespace sy::nn {

namespace {

std::vector<Tensor> heads(const Tensor& all, int nHeads)
{
    const int64_t height = all.rows() / nHeads;
    std::vector<Tensor> each;
    for (int h = 0; h < nHeads; ++h)
        each.push_back(all.rowRange(h * height, height));
    return each;
}

// The transpose of a matrix in a float type: its own, or F16 for block types, whose error is far above F16's.
Tensor transposed(const Tensor& matrix)
{
    const int64_t nRows = matrix.rows(), nCols = matrix.cols();
    const DType dtype = matrix.dtype() == DType::F32 || matrix.dtype() == DType::BF16 ? matrix.dtype() : DType::F16;
    Tensor turned = Tensor::empty({nCols, nRows}, dtype);
    std::vector<float> row(static_cast<size_t>(nCols));
    for (int64_t r = 0; r < nRows; ++r) {
        quant::unpackRow(matrix.dtype(), matrix.raw() + size_t(r) * matrix.rowBytes(), row.data(), nCols);
        for (int64_t c = 0; c < nCols; ++c) {
            const float value = row[size_t(c)];
            if (dtype == DType::F32)
                turned.f32()[c * nRows + r] = value;
            else if (dtype == DType::F16)
                turned.data<uint16_t>()[c * nRows + r] = quant::floatToHalf(value);
            else // exact: it was BF16
                turned.data<uint16_t>()[c * nRows + r] = uint16_t(std::bit_cast<uint32_t>(value) >> 16);
        }
    }
    return turned;
}

// rows (n, a.cols + b.cols): a row of a, then one of b.
Tensor joinColumns(const ops::OpContext& context, const Tensor& a, const Tensor& b)
{
    const int64_t na = a.cols(), nb = b.cols();
    Tensor joined = Tensor::empty({a.rows(), na + nb});
    ops::parallelRows(context, a.rows(), na + nb, [&, to = joined.f32()](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t) {
            std::copy_n(a.f32() + t * na, na, to + t * (na + nb));
            std::copy_n(b.f32() + t * nb, nb, to + t * (na + nb) + na);
        }
    });
    return joined;
}

// What the queries are made of: the model's vectors, or their low-rank form.
Tensor queryInput(const ops::OpContext& context, const MlaAttention& a, const Parts& parts, const Tensor& normed)
{
    if (!a.qDown.weight)
        return normed;
    return ops::rmsNorm(context, apply(context, ops::MatmulInput(normed), a.qDown, parts), a.qNorm, a.epsilon);
}

// An update s B A of keys and values together, absorbed like the matrices themselves. Of a head's rows of B, those of its
// keys go to the queries, those of its values to the result; both share A.
//
//     absorbed query += s Aᵀ (B_keysᵀ q);   result += s B_values (A latent)
template <class F>
void eachUpdatedHead(const MlaAttention& a, const Parts& parts, F&& f)
{
    const MlaConfig& c = a.config;
    for (const Batch::Part& part : parts) {
        const MatrixUpdate* u = part.adapter.find(a.upName);
        for (int h = 0; u && h < c.nHeads; ++h) {
            const int64_t first = int64_t(h) * (c.nopeDim + c.valueDim);
            f(part, u->scale * part.adapter.strength, u->a, u->b.rowRange(first, c.nopeDim), u->b.rowRange(first + c.nopeDim, c.valueDim), h);
        }
    }
}

void updateQueries(const ops::OpContext& context, const MlaAttention& a, const Parts& parts, const Tensor& q, Tensor& absorbed)
{
    const MlaConfig& c = a.config;
    eachUpdatedHead(a, parts, [&](const Batch::Part& part, float scale, const Tensor& A, const Tensor& keys, const Tensor&, int h) {
        Tensor low = Tensor::empty({part.nRows, A.rows()}), rows = absorbed.rowRange(part.firstRow, part.nRows);
        const ops::MatrixView all = ops::viewOf(q.rowRange(part.firstRow, part.nRows));
        ops::gemm(context, ops::columns(all, int64_t(h) * (c.nopeDim + c.ropeDim), c.nopeDim), ops::viewOf(keys), ops::targetOf(low));
        ops::gemm(context, ops::viewOf(low), ops::viewOf(A), ops::columns(ops::targetOf(rows), int64_t(h) * c.keyDim()), ops::Write::adds, scale);
    });
}

void updateValues(const ops::OpContext& context, const MlaAttention& a, const Parts& parts, const Tensor& latents, Tensor& attended)
{
    const MlaConfig& c = a.config;
    eachUpdatedHead(a, parts, [&](const Batch::Part& part, float scale, const Tensor& A, const Tensor&, const Tensor& values, int h) {
        Tensor low = Tensor::empty({part.nRows, A.rows()}), rows = attended.rowRange(part.firstRow, part.nRows);
        const ops::MatrixView all = ops::viewOf(latents.rowRange(part.firstRow, part.nRows));
        ops::gemm(context, ops::columns(all, int64_t(h) * c.latentDim, c.latentDim), ops::transposed(ops::viewOf(A)), ops::targetOf(low));
        ops::gemm(context, ops::viewOf(low), ops::transposed(ops::viewOf(values)), ops::columns(ops::targetOf(rows), int64_t(h) * c.valueDim),
                  ops::Write::adds, scale);
    });
}

// The queries as the cached vectors want them: (rows, nHeads * keyDim).
Tensor absorbedQueries(const ops::OpContext& context, const MlaAttention& a, const Parts& parts, const Tensor& input,
                       const ops::RopeAngles& angles)
{
    const MlaConfig& c = a.config;
    Tensor q = apply(context, ops::MatmulInput(input), a.q, parts);
    ops::rope(context, q, a.queryRope, angles);

    Tensor absorbed = Tensor::empty({q.rows(), int64_t(c.nHeads) * c.keyDim()});
    ops::headMatmul(context, q, a.keyUp, absorbed);
    updateQueries(context, a, parts, q, absorbed);
    const int from = c.nopeDim + c.ropeDim, to = c.keyDim();
    ops::parallelRows(context, q.rows(), int64_t(c.nHeads) * c.ropeDim, [&](int64_t first, int64_t end) {
        for (int64_t i = first * c.nHeads; i < end * c.nHeads; ++i)
            std::copy_n(q.f32() + i * from + c.nopeDim, c.ropeDim, absorbed.f32() + i * to + c.latentDim);
    });
    return absorbed;
}

Tensor attendLatents(const ops::OpContext& context, const MlaAttention& a, int layer, const std::vector<Batch::Part>& parts,
                     const Tensor& normed, const ops::RopeAngles& angles)
{
    const MlaConfig& c = a.config;
    ops::AttentionConfig config{c.nHeads, 1, c.keyDim(), c.latentDim, c.scale};
    config.valuesInKeys = true;
    const Tensor input = queryInput(context, a, parts, normed);
    const Tensor q = absorbedQueries(context, a, parts, input, angles);
    if (!a.indexer)
        return attendCached(context, config, layer, parts, q);
    const ops::SelectedKeys selected = selectKeys(context, *a.indexer, layer, parts, normed, input, angles);
    std::vector<ops::AttentionSequence> sequences;
    for (const Batch::Part& part : parts)
        sequences.push_back({part.firstRow, part.nRows, part.firstPosition, part.cache->pages(layer)});
    return ops::sparseAttention(context, q, sequences, config, selected);
}

} // namespace

MlaAttention loadMlaAttention(WeightReader& weights, const std::string& prefix, int64_t dim, int64_t queryRank,
                              const MlaConfig& c, const ops::RopeConfig& rope, float epsilon)
{
    MlaAttention a;
    a.config = c;
    a.epsilon = epsilon;
    const int64_t qWidth = int64_t(c.nHeads) * (c.nopeDim + c.ropeDim);
    if (queryRank > 0) {
        a.qDown = loadLinear(weights, prefix + "attn_q_a", queryRank, dim, Bias::optional);
        a.qNorm = weights.vector(prefix + "attn_q_a_norm.weight", queryRank);
        a.q = loadLinear(weights, prefix + "attn_q_b", qWidth, queryRank, Bias::none);
    } else {
        a.q = loadLinear(weights, prefix + "attn_q", qWidth, dim, Bias::none);
    }
    // Latent and key have matrices of their own: only the latent is normed.
    const Linear down = loadLinear(weights, prefix + "attn_kv_a_mqa", c.keyDim(), dim, Bias::none);
    a.latent = {down.weight.rowRange(0, c.latentDim), {}, down.scale, down.name, 0};
    a.key = {down.weight.rowRange(c.latentDim, c.ropeDim), {}, down.scale, down.name, c.latentDim};
    a.upName = prefix + "attn_kv_b";
    a.latentNorm = weights.vector(prefix + "attn_kv_a_norm.weight", c.latentDim);
    if (weights.has(prefix + "attn_kv_b.weight")) {
        const int64_t height = c.nopeDim + c.valueDim;
        const Tensor both = weights.matrix(prefix + "attn_kv_b.weight", c.nHeads * height, c.latentDim);
        for (int h = 0; h < c.nHeads; ++h) {
            a.keyUp.push_back(transposed(both.rowRange(h * height, c.nopeDim)));
            a.valueUp.push_back(both.rowRange(h * height + c.nopeDim, c.valueDim));
        }
    } else {
        a.keyUp = heads(weights.matrices(prefix + "attn_k_b.weight", c.nHeads, c.latentDim, c.nopeDim), c.nHeads);
        a.valueUp = heads(weights.matrices(prefix + "attn_v_b.weight", c.nHeads, c.valueDim, c.latentDim), c.nHeads);
    }
    a.output = loadLinear(weights, prefix + "attn_output", dim, int64_t(c.nHeads) * c.valueDim, Bias::none);
    a.keyRope = rope;
    a.queryRope = rope;
    a.queryRope.headDim = c.nopeDim + c.ropeDim;
    a.queryRope.firstDim = c.nopeDim;
    return a;
}

void addAttention(const ops::OpContext& context, const MlaAttention& a, int layer, const Batch& batch, const StepRope& rope,
                  const Tensor& normed, Tensor& residual, bool wantedRowsOnly)
{
    const MlaConfig& c = a.config;
    const ops::MatmulInput input(normed);
    std::vector<Tensor> latentAndKey = applyAll(context, input, {&a.latent, &a.key}, batch.parts);
    Tensor& key = latentAndKey[1];
    ops::rope(context, key, a.keyRope, rope.all);
    const Tensor latent = ops::rmsNorm(context, latentAndKey[0], a.latentNorm, a.epsilon);
    storeKeysAndValues(context, layer, batch, joinColumns(context, latent, key),
                       a.indexer ? indexKeys(context, *a.indexer, normed, rope.all) : Tensor());

    const bool selects = wantedRowsOnly && !batch.wantsAll();
    if (selects) {
        if (batch.wantedRows.empty()) {
            residual = Tensor();
            return;
        }
        residual = ops::embedRows(context, residual, batch.wantedRows);
    }
    const Parts& parts = selects ? batch.wantedParts : batch.parts;
    const Tensor latents = selects ? attendLatents(context, a, layer, parts, ops::embedRows(context, normed, batch.wantedRows), rope.wanted)
                                   : attendLatents(context, a, layer, parts, normed, rope.all);
    Tensor attended = Tensor::empty({latents.rows(), int64_t(c.nHeads) * c.valueDim});
    ops::headMatmul(context, latents, a.valueUp, attended);
    updateValues(context, a, parts, latents, attended);
    addLinear(context, ops::MatmulInput(attended), a.output, {}, a.epsilon, residual, parts);
}

void eachMatrix(MlaAttention& a, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&a.q, &a.qDown, &a.latent, &a.key, &a.output}) {
        if (linear->weight)
            use(linear->weight);
    }
    for (std::vector<Tensor>* matrices : {&a.keyUp, &a.valueUp})
        for (Tensor& weight : *matrices)
            use(weight);
    if (a.indexer)
        eachMatrix(*a.indexer, use);
}

} // namespace sy::nn
