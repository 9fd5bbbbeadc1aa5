// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/block_compressor.h"

#include "engine/ops/block_compressor/block_compressor_grad.h"
#include "engine/ops/rms_norm/rms_norm.h"

namespace sy::nn {

BlockCompressor loadBlockCompressor(WeightReader& weights, const std::string& name, int64_t dim,
                                    const ops::BlockCompressorConfig& config, const ops::RopeConfig& rope, float epsilon)
{
    BlockCompressor c;
    c.config = config;
    c.epsilon = epsilon;
    c.values = loadLinear(weights, name + "_kv", config.inputWidth(), dim, Bias::none);
    c.scores = loadLinear(weights, name + "_gate", config.inputWidth(), dim, Bias::none);
    c.slotBias = weights.vectors(name + "_ape.weight", config.ratio, config.inputWidth());
    c.norm = weights.vector(name + "_norm.weight", config.width);
    c.rope = rope;
    c.rope.headDim = config.width;
    c.rope.firstDim = config.width - rope.nRotated();
    return c;
}

Tensor finishedBlocks(const ops::OpContext& context, const BlockCompressor& c, const Tensor& values, const Tensor& scores,
                      const Batch::Part& part)
{
    const float* state = part.cache->state() + c.firstState;
    float* next = part.cache->nextState() + c.firstState;
    const Tensor raw = ops::compressBlocks(context, c.config, values, scores, c.slotBias, part.firstRow, part.nRows,
                                           part.firstPosition, state, next);
    if (raw.rows() == 0)
        return raw;
    Tensor rows = ops::rmsNorm(context, raw, c.norm, c.epsilon);
    std::vector<int32_t> positions;
    for (int64_t block = 0; block < rows.rows(); ++block)
        positions.push_back(int32_t((part.firstPosition / c.config.ratio + block) * c.config.ratio));
    ops::rope(context, rows, c.rope, ops::ropeAngles(context, c.rope, positions));
    return rows;
}

std::vector<int32_t> blockPositions(const BlockCompressor& c, std::span<const int64_t> lengths)
{
    std::vector<int32_t> positions;
    for (const int64_t length : lengths)
        for (int64_t block = 0; block < length / c.config.ratio; ++block)
            positions.push_back(int32_t(block * c.config.ratio));
    return positions;
}

Tensor packedKeys(const ops::OpContext& context, const BlockCompressor& c, const Tensor& normed,
                  std::span<const int64_t> lengths)
{
    const std::vector<Tensor> products = applyAll(context, ops::MatmulInput(normed), {&c.values, &c.scores});
    const Tensor raw = ops::packedBlocks(context, c.config, products[0], products[1], c.slotBias, lengths);
    if (raw.rows() == 0)
        return raw;
    Tensor rows = ops::rmsNorm(context, raw, c.norm, c.epsilon);
    ops::rope(context, rows, c.rope, ops::ropeAngles(context, c.rope, blockPositions(c, lengths)));
    return rows;
}

void eachMatrix(BlockCompressor& c, const std::function<void(Tensor&)>& use)
{
    for (Linear* linear : {&c.values, &c.scores})
        use(linear->weight);
}

} // namespace sy::nn
