// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/op_context.h"

#include <algorithm>

namespace sy::ops {

/// body(firstRow, endRow) over all rows, for ops that are cheap per value (norms, activations, copies): on the calling thread
/// when the whole of it takes less time than waking the pool would, in pieces that fill a first-level cache otherwise.
template <class Body>
void parallelRows(const OpContext& context, int64_t nRows, int64_t valuesPerRow, Body&& body)
{
    constexpr int64_t kInlineValues = 32768; // about 8 us at AVX2
    constexpr int64_t kPieceValues = 16384;
    if (nRows * valuesPerRow <= kInlineValues)
        body(int64_t(0), nRows);
    else
        context.pool.parallelFor(nRows, std::max<int64_t>(1, kPieceValues / std::max<int64_t>(1, valuesPerRow)), body);
}

} // namespace sy::ops
