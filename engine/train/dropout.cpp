// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/random.h"
#include "engine/ops/parallel_rows.h"
#include "engine/train/recorded_ops.h"

#include <algorithm>
#include <array>

namespace sy::train {

namespace {

// f(index, factor) for each value of a matrix's input: 0 where it is left out.
template <class F>
void eachFactor(const Pass& pass, const TrainedMatrix& matrix, int64_t count, F&& f)
{
    const Dropout& d = pass.dropout;
    const std::array<uint32_t, 2> key = {uint32_t(d.seed), uint32_t(d.seed >> 32)};
    const auto limit = uint32_t(d.share * 0x1p32);
    const auto kept = float(1 / (1 - d.share));
    const uint32_t place = matrix.index + (uint32_t(d.batch) << 16);
    pass.exact.pool.parallelFor((count + 3) / 4, 4096, [&](int64_t first, int64_t end) {
        for (int64_t i = first; i < end; ++i) {
            const auto draws = generate::philox({uint32_t(i), place, uint32_t(d.step), 0x64726f70}, key);
            for (int64_t j = 4 * i; j < std::min(4 * i + 4, count); ++j)
                f(j, draws[size_t(j - 4 * i)] < limit ? 0.0f : kept);
        }
    });
}

} // namespace

Tensor droppedFor(const Pass& pass, const TrainedMatrix& matrix, const Tensor& x)
{
    if (pass.dropout.share <= 0)
        return x;
    Tensor dropped = Tensor::empty(x.shape());
    eachFactor(pass, matrix, x.count(),
               [from = x.f32(), to = dropped.f32()](int64_t i, float factor) { to[i] = from[i] * factor; });
    return dropped;
}

void addDroppedGrad(const Pass& pass, const TrainedMatrix& matrix, const Tensor& dDropped, Tensor& dx)
{
    eachFactor(pass, matrix, dx.count(),
               [from = dDropped.f32(), to = dx.f32()](int64_t i, float factor) { to[i] += from[i] * factor; });
}

} // namespace sy::train
