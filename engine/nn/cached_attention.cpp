// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/cached_attention.h"

#include "engine/ops/parallel_rows.h"

namespace sy::nn {

void storeKeysAndValues(const ops::OpContext& context, int layer, const Batch& batch, const Tensor& keys,
                        const Tensor& values)
{
    const int64_t keyWidth = keys.cols(), valueWidth = values.cols();
    for (const Batch::Part& part : batch.parts) {
        ops::parallelRows(context, part.nRows, keyWidth + valueWidth, [&](int64_t first, int64_t end) {
            const int64_t row = part.firstRow + first;
            part.cache->store(layer, part.firstPosition + first, keys.f32() + row * keyWidth,
                              values ? values.f32() + row * valueWidth : nullptr, end - first);
        });
    }
}

Tensor attendCached(const ops::OpContext& context, const ops::AttentionConfig& config, int layer,
                    const std::vector<Batch::Part>& parts, const Tensor& q)
{
    std::vector<ops::AttentionSequence> sequences;
    sequences.reserve(parts.size());
    for (const Batch::Part& part : parts)
        sequences.push_back({part.firstRow, part.nRows, part.firstPosition, part.cache->pages(layer)});
    return ops::attention(context, q, sequences, config);
}

} // namespace sy::nn
