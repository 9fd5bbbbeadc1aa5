// SPDX-License-Identifier: GPL-3.0-or-later
// Latent attention as training computes it: decompressed. Keys and values of all heads are made from the latents, and the
// attention is an ordinary one with as many key heads as query heads. Inference absorbs the same matrices into queries and
// results instead (nn/mla_attention.h); both are one function of the input.
//
//     kv_h = [K_h c | V_h c];   key_h = [K_h c | r];   r turned by its position and shared by the heads
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/parallel_rows.h"
#include "engine/train/recorded_ops.h"

#include <algorithm>
#include <optional>

namespace sy::train {

namespace {

// Columns first ... first + n - 1 of x, in memory of their own.
Tensor columnsOf(const ops::OpContext& context, const Tensor& x, int64_t first, int64_t n)
{
    Tensor part = Tensor::empty({x.rows(), n});
    ops::parallelRows(context, x.rows(), n, [&, to = part.f32()](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t)
            std::copy_n(x.f32() + t * x.cols() + first, n, to + t * n);
    });
    return part;
}

void copyColumns(const ops::OpContext& context, const Tensor& from, Tensor& x, int64_t first)
{
    const int64_t n = from.cols();
    ops::parallelRows(context, x.rows(), n, [&, to = x.f32()](int64_t begin, int64_t end) {
        for (int64_t t = begin; t < end; ++t)
            std::copy_n(from.f32() + t * n, n, to + t * x.cols() + first);
    });
}

// Rows of B that belong to one head: its keys' first, its values' after them.
struct HeadRows {
    int64_t keys, values;
};
HeadRows headRows(const nn::MlaConfig& c, int head)
{
    const int64_t first = int64_t(head) * (c.nopeDim + c.valueDim);
    return {first, first + c.nopeDim};
}

// Adds the gradient of one head's matrix, leftᵀ right, to that of all heads (nHeads, rows, columns).
void addHeadGrad(const Pass& pass, autograd::Parameter* all, int head, const Tensor& left, const Tensor& right)
{
    if (!all)
        return;
    const int64_t nRows = left.cols(), nCols = right.cols();
    Tensor sum = all->sum().reshaped({all->value.count() / nCols, nCols}).rowRange(head * nRows, nRows);
    ops::gemm(pass.exact, ops::transposed(ops::viewOf(left)), ops::viewOf(right), ops::targetOf(sum), ops::Write::adds);
}

// Keys (tokens, nHeads * (nopeDim + ropeDim)) and values (tokens, nHeads * valueDim) of latents c (tokens, latentDim) and
// turned keys r (tokens, ropeDim).
std::vector<Variable> decompress(Pass& pass, Tape& tape, const nn::MlaAttention& a, const std::string& prefix,
                                 const Variable& c, const Variable& r)
{
    const nn::MlaConfig& config = a.config;
    const int64_t nTokens = c.value.rows(), keyDim = config.nopeDim + config.ropeDim;
    TrainedMatrix* matrix = pass.trained.update(a.upName);
    autograd::Parameter* keyUp = pass.trained.tensor(prefix + "attn_k_b.weight");
    autograd::Parameter* valueUp = pass.trained.tensor(prefix + "attn_v_b.weight");
    std::optional<UpdatePart> part;
    Tensor low;
    if (matrix) {
        part = rowsOf(*matrix, 0, matrix->b.value.rows());
        low = Tensor::empty({nTokens, matrix->rank()});
        const Tensor in = droppedFor(pass, *matrix, c.value);
        ops::gemm(pass.context, ops::viewOf(in), ops::transposed(ops::viewOf(part->factors.a)), ops::targetOf(low));
    }
    Tensor keys = Tensor::empty({nTokens, config.nHeads * keyDim});
    Tensor values = Tensor::empty({nTokens, int64_t(config.nHeads) * config.valueDim});
    const std::vector<Tensor> ups = ops::matmulGroup(pass.context, ops::MatmulInput(c.value), a.valueUp);
    for (int h = 0; h < config.nHeads; ++h) {
        const int64_t keyColumn = h * keyDim, valueColumn = int64_t(h) * config.valueDim;
        ops::gemmWeight(pass.context, ops::viewOf(c.value), a.keyUp[size_t(h)],
                        ops::columns(ops::targetOf(keys), keyColumn));
        copyColumns(pass.context, r.value, keys, keyColumn + config.nopeDim);
        copyColumns(pass.context, ups[size_t(h)], values, valueColumn);
        if (!part)
            continue;
        const HeadRows rows = headRows(config, h);
        const Tensor& b = part->factors.b;
        ops::gemm(pass.context, ops::viewOf(low), ops::transposed(ops::viewOf(b.rowRange(rows.keys, config.nopeDim))),
                  ops::columns(ops::targetOf(keys), keyColumn), ops::Write::adds, part->factors.scale);
        ops::gemm(pass.context, ops::viewOf(low), ops::transposed(ops::viewOf(b.rowRange(rows.values, config.valueDim))),
                  ops::columns(ops::targetOf(values), valueColumn), ops::Write::adds, part->factors.scale);
    }
    return tape.record(
        std::vector{std::move(keys), std::move(values)}, c.isWanted() || r.isWanted() || part || keyUp || valueUp,
        [&pass, &tape, &a, c, r, matrix, part, low, keyDim, keyUp, valueUp](std::vector<Tensor> d) {
            const nn::MlaConfig& config = a.config;
            Tensor dc = Tensor::zeros(c.value.shape()), dr = Tensor::zeros(r.value.shape());
            Tensor dLow = part ? Tensor::zeros(low.shape()) : Tensor();
            for (int h = 0; h < config.nHeads; ++h) {
                const Tensor dKey = columnsOf(pass.exact, d[0], h * keyDim, config.nopeDim);
                const Tensor dTurned = columnsOf(pass.exact, d[0], h * keyDim + config.nopeDim, config.ropeDim);
                const Tensor dValue = columnsOf(pass.exact, d[1], int64_t(h) * config.valueDim, config.valueDim);
                autograd::addInto(pass.exact.pool, dr, dTurned);
                addHeadGrad(pass, keyUp, h, c.value, dKey);
                addHeadGrad(pass, valueUp, h, dValue, c.value);
                ops::matmulAdd(pass.exact, ops::MatmulInput(dKey), a.keyUp[size_t(h)], {}, dc);
                ops::gemmWeight(pass.exact, ops::viewOf(dValue), a.valueUp[size_t(h)], ops::targetOf(dc), ops::Write::adds);
                if (!part)
                    continue;
                const HeadRows rows = headRows(config, h);
                const auto update = [&](const Tensor& dy, int64_t first) {
                    Tensor dB = part->dB.rowRange(first, dy.cols());
                    ops::gemm(pass.exact, ops::transposed(ops::viewOf(dy)), ops::viewOf(low), ops::targetOf(dB),
                              ops::Write::adds, part->factors.scale);
                    ops::gemm(pass.exact, ops::viewOf(dy), ops::viewOf(part->factors.b.rowRange(first, dy.cols())),
                              ops::targetOf(dLow), ops::Write::adds, part->factors.scale);
                };
                update(dKey, rows.keys);
                update(dValue, rows.values);
            }
            if (part) {
                Tensor dA = part->dA;
                const Tensor in = droppedFor(pass, *matrix, c.value);
                ops::gemm(pass.exact, ops::transposed(ops::viewOf(dLow)), ops::viewOf(in), ops::targetOf(dA),
                          ops::Write::adds);
                Tensor dIn = pass.dropout.share > 0 ? Tensor::zeros(dc.shape()) : dc; // dc itself without dropout
                ops::gemm(pass.exact, ops::viewOf(dLow), ops::viewOf(part->factors.a), ops::targetOf(dIn), ops::Write::adds);
                if (pass.dropout.share > 0)
                    addDroppedGrad(pass, *matrix, dIn, dc);
            }
            tape.add(c, std::move(dc));
            tape.add(r, std::move(dr));
        });
}

// What each row sees where an indexer chooses. A choice has no gradient: the indexer is frozen, see nn/sparse_indexer.h.
ops::SelectedKeys selectedKeys(const Pass& pass, const nn::MlaAttention& a, const Tensor& normed, const Tensor& queries,
                               const ops::RopeAngles& angles)
{
    if (!a.indexer)
        return {};
    const Tensor keys = nn::indexKeys(pass.context, *a.indexer, normed, angles);
    return nn::selectKeys(pass.context, *a.indexer, keys, pass.batch.lengths, normed, queries, angles);
}

} // namespace

Variable addAttention(Pass& pass, Tape& tape, const nn::MlaAttention& a, const Pass::Rope& angles, const std::string& prefix,
                      const Variable& normed, const Variable& residual)
{
    const nn::MlaConfig& c = a.config;
    std::vector<Variable> latentAndKey = linears(pass, tape, normed, {&a.latent, &a.key});
    const Variable latent = rmsNorm(pass, tape, latentAndKey[0], a.latentNorm, a.epsilon, prefix + "attn_kv_a_norm.weight");
    const Variable key = rope(pass, tape, latentAndKey[1], a.keyRope, angles);
    Variable queries = normed;
    if (a.qDown.weight)
        queries =
            rmsNorm(pass, tape, linear(pass, tape, normed, a.qDown), a.qNorm, a.epsilon, prefix + "attn_q_a_norm.weight");
    const Variable q = rope(pass, tape, linear(pass, tape, queries, a.q), a.queryRope, angles);
    const std::vector<Variable> kv = decompress(pass, tape, a, prefix, latent, key);
    const ops::AttentionConfig config{c.nHeads, c.nHeads, c.nopeDim + c.ropeDim, c.valueDim, c.scale};
    const Variable attended =
        attention(pass, tape, q, kv[0], kv[1], config, {selectedKeys(pass, a, normed.value, queries.value, angles.forward)});
    return addLinear(pass, tape, attended, a.output, {}, a.epsilon, {}, residual);
}

} // namespace sy::train
