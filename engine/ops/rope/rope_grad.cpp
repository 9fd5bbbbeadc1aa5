// SPDX-License-Identifier: GPL-3.0-or-later
// A rotation times a factor is a matrix m R; its transpose is m R backwards, which is the same cosines with the sines
// negated.
#include "engine/ops/parallel_rows.h"
#include "engine/ops/rope/rope.h"

namespace sy::ops {

RopeAngles gradientAngles(const OpContext& context, const RopeAngles& angles)
{
    RopeAngles back{angles.cosines, Tensor::empty(angles.sines.shape())};
    const int64_t n = angles.sines.cols();
    parallelRows(context, angles.sines.rows(), n,
                 [&, from = angles.sines.f32(), to = back.sines.f32()](int64_t first, int64_t end) {
                     for (int64_t i = first * n; i < end * n; ++i)
                         to[i] = -from[i];
                 });
    return back;
}

} // namespace sy::ops
