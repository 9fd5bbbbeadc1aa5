// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/batch.h"

#include "engine/ops/embedding/embedding.h"

namespace sy::nn {

void Batch::add(const KvSequence& cache, std::span<const int32_t> newTokens, int64_t firstPosition, int64_t nWanted,
                RouterObserver* observer, float expertMass, AdapterUse adapter)
{
    const auto n = int64_t(newTokens.size());
    parts.push_back({&cache, nRows(), n, firstPosition, observer, expertMass, adapter});
    if (nWanted > 0)
        wantedParts.push_back({&cache, int64_t(wantedRows.size()), nWanted, firstPosition + n - nWanted, observer, expertMass, adapter});
    for (int64_t i = n - nWanted; i < n; ++i)
        wantedRows.push_back(int32_t(nRows() + i));
    for (int64_t i = 0; i < n; ++i)
        positions.push_back(int32_t(firstPosition + i));
    tokens.insert(tokens.end(), newTokens.begin(), newTokens.end());
}

StepRope prepareRope(const ops::OpContext& context, const ops::RopeConfig& config, const Batch& batch)
{
    StepRope rope{&config, ops::ropeAngles(context, config, batch.positions), {}};
    if (batch.wantsAll())
        rope.wanted = rope.all;
    else
        rope.wanted = {ops::embedRows(context, rope.all.cosines, batch.wantedRows),
                       ops::embedRows(context, rope.all.sines, batch.wantedRows)};
    return rope;
}

} // namespace sy::nn
