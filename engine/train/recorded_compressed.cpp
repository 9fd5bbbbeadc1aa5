// SPDX-License-Identifier: GPL-3.0-or-later
// DeepSeek V4's attention over packed texts. A text's keys are its tokens' and behind them its blocks'; each row has a list
// of those that it sees, so that both are in one softmax.
//
//     keys of a text   | token 0 ... token n-1 | block 0 ... block n/ratio - 1 |
//     seen at p              [p - window + 1, p]   finished ones, or the indexer's choice of them
//
// Keys are values too, and come back turned: the result of each head is turned back by its query's position.
#include "engine/ops/block_compressor/block_compressor_grad.h"
#include "engine/ops/gemm/gemm.h"
#include "engine/ops/head_matmul/head_matmul.h"
#include "engine/ops/rope/rope.h"
#include "engine/ops/scale/scale.h"
#include "engine/train/recorded_ops.h"

#include <algorithm>
#include <memory>

namespace sy::train {

namespace {

// The finished blocks' keys: (blocks, headDim), text after text.
Variable blockKeys(Pass& pass, Tape& tape, const nn::BlockCompressor& c, const std::string& prefix, const Variable& normed)
{
    const std::vector<Variable> products = linears(pass, tape, normed, {&c.values, &c.scores});
    const Variable &values = products[0], &scores = products[1];
    Tensor raw = ops::packedBlocks(pass.context, c.config, values.value, scores.value, c.slotBias, pass.batch.lengths);
    if (raw.rows() == 0)
        return {std::move(raw), nullptr};
    const Variable rows =
        tape.record(std::move(raw), values.isWanted() || scores.isWanted(), [&pass, &tape, &c, values, scores](Tensor dy) {
            ops::BlockCompressorGrad grad =
                ops::packedBlocksGrad(pass.exact, c.config, values.value, scores.value, c.slotBias, pass.batch.lengths, dy);
            tape.add(values, std::move(grad.values));
            tape.add(scores, std::move(grad.scores));
        });
    const Variable keys = rmsNorm(pass, tape, rows, c.norm, c.epsilon, prefix + "attn_compressor_norm.weight");
    Tensor turned = keys.value;
    const ops::RopeAngles angles = ops::ropeAngles(pass.context, c.rope, nn::blockPositions(c, pass.batch.lengths));
    ops::rope(pass.context, turned, c.rope, angles);
    const ops::RopeAngles back = ops::gradientAngles(pass.context, angles);
    return tape.record(std::move(turned), keys.isWanted(), [&pass, &tape, &c, keys, back](Tensor dy) {
        ops::rope(pass.exact, dy, c.rope, back);
        tape.add(keys, std::move(dy));
    });
}

// Copies rows of texts' tokens and blocks between two tensors and one: f(row of the one, row of the tokens' or -1, row of
// the blocks' or -1, how many).
template <class F>
void eachRun(const std::vector<int64_t>& lengths, int ratio, F&& f)
{
    int64_t row = 0, token = 0, block = 0;
    for (const int64_t length : lengths) {
        f(row, token, int64_t(-1), length);
        f(row + length, int64_t(-1), block, length / ratio);
        row += length + length / ratio;
        token += length;
        block += length / ratio;
    }
}

Variable joinKeys(Pass& pass, Tape& tape, const Variable& tokens, const Variable& blocks, int ratio)
{
    const int64_t n = tokens.value.cols();
    Tensor all = Tensor::empty({tokens.value.rows() + blocks.value.rows(), n});
    eachRun(pass.batch.lengths, ratio, [&](int64_t row, int64_t token, int64_t block, int64_t count) {
        const float* from = token >= 0 ? tokens.value.f32() + token * n : blocks.value.f32() + block * n;
        std::copy_n(from, count * n, all.f32() + row * n);
    });
    const Shape tokenShape = tokens.value.shape(), blockShape = blocks.value.shape();
    return tape.record(std::move(all), tokens.isWanted() || blocks.isWanted(),
                       [&pass, &tape, tokens = Variable{{}, tokens.gradient}, blocks = Variable{{}, blocks.gradient},
                        tokenShape, blockShape, ratio, n](Tensor dy) {
                           Tensor ofTokens = Tensor::empty(tokenShape), ofBlocks = Tensor::empty(blockShape);
                           eachRun(pass.batch.lengths, ratio, [&](int64_t row, int64_t token, int64_t block, int64_t count) {
                               float* to = token >= 0 ? ofTokens.f32() + token * n : ofBlocks.f32() + block * n;
                               std::copy_n(dy.f32() + row * n, count * n, to);
                           });
                           tape.add(tokens, std::move(ofTokens));
                           tape.add(blocks, std::move(ofBlocks));
                       });
}

ChosenKeys keysSeen(const std::vector<int64_t>& lengths, int window, int ratio, const ops::SelectedKeys& selected)
{
    ChosenKeys chosen;
    size_t row = 0;
    for (const int64_t length : lengths) {
        chosen.lengths.push_back(length + length / ratio);
        for (int64_t p = 0; p < length; ++p, ++row) {
            const std::vector<int32_t>& blocks = selected[row];
            const int64_t first = std::max<int64_t>(0, p + 1 - window);
            const int64_t nBlocks = blocks.empty() ? (p + 1) / ratio : int64_t(blocks.size());
            std::vector<int32_t>& keys = chosen.rows.emplace_back();
            keys.reserve(size_t(p + 1 - first + nBlocks));
            for (int64_t key = first; key <= p; ++key)
                keys.push_back(int32_t(key));
            for (int64_t i = 0; i < nBlocks; ++i)
                keys.push_back(int32_t(length + (blocks.empty() ? i : blocks[size_t(i)])));
        }
    }
    return chosen;
}

// In memory of its own: the attention keeps its result as it was.
Variable turnBack(Pass& pass, Tape& tape, const Variable& x, const ops::RopeConfig& config, const Pass::Rope& angles)
{
    Tensor y = Tensor::of(x.value.values(), x.value.shape());
    ops::rope(pass.context, y, config, angles.backward);
    return tape.record(std::move(y), x.isWanted(),
                       [&pass, &tape, x = Variable{{}, x.gradient}, &config, &angles](Tensor dy) {
                           ops::rope(pass.exact, dy, config, angles.forward);
                           tape.add(x, std::move(dy));
                       });
}

// Each group's heads times a frozen matrix of its own.
Variable groupProducts(Pass& pass, Tape& tape, const nn::CompressedAttention& a, const Variable& x)
{
    const auto nGroups = int64_t(a.groups.size());
    Tensor y = Tensor::empty({x.value.rows(), nGroups * a.groups[0].rows()});
    ops::headMatmul(pass.context, x.value, a.groups, y);
    if (a.groupScale != 1)
        ops::scale(pass.context, y, a.groupScale);
    const Shape shape = x.value.shape();
    return tape.record(std::move(y), x.isWanted(), [&pass, &tape, &a, x = Variable{{}, x.gradient}, shape](Tensor dy) {
        Tensor dx = Tensor::empty(shape);
        for (size_t g = 0; g < a.groups.size(); ++g) {
            const int64_t out = a.groups[g].rows(), in = a.groups[g].cols();
            ops::gemmWeight(pass.exact, ops::columns(ops::viewOf(dy), int64_t(g) * out, out), a.groups[g],
                            ops::columns(ops::targetOf(dx), int64_t(g) * in), ops::Write::sets, a.groupScale);
        }
        tape.add(x, std::move(dx));
    });
}

} // namespace

Variable attend(Pass& pass, Tape& tape, const nn::CompressedAttention& a, const Pass::Rope& angles,
                const std::string& prefix, const Variable& normed)
{
    const std::vector<Variable> down = linears(pass, tape, normed, {&a.qDown, &a.kv});
    const Variable low = rmsNorm(pass, tape, down[0], a.qNorm, a.epsilon, prefix + "attn_q_a_norm.weight");
    const Variable q =
        rope(pass, tape, rmsNorm(pass, tape, linear(pass, tape, low, a.q), a.ones, a.epsilon, {}), a.rope, angles);
    const Variable keys = rope(
        pass, tape, rmsNorm(pass, tape, down[1], a.kvNorm, a.epsilon, prefix + "attn_kv_a_norm.weight"), a.rope, angles);
    ops::AttentionConfig config = a.config;
    Variable attended;
    if (a.compressor) {
        const int ratio = a.compressor->config.ratio;
        const Variable all = joinKeys(pass, tape, keys, blockKeys(pass, tape, *a.compressor, prefix, normed), ratio);
        const ops::SelectedKeys selected =
            nn::selectBlocks(pass.context, a, pass.batch.lengths, normed.value, low.value, angles.forward);
        config.window = 0; // the lists have it
        attended =
            attention(pass, tape, q, all, all, config, keysSeen(pass.batch.lengths, a.config.window, ratio, selected));
    } else {
        attended = attention(pass, tape, q, keys, keys, config);
    }
    return linear(pass, tape, groupProducts(pass, tape, a, turnBack(pass, tape, attended, a.rope, angles)), a.output);
}

} // namespace sy::train
