// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"

#include <cstdint>

namespace sy::ops {

/// Decodes a piece of a weight in any layout: rows firstRow … firstRow + nRows - 1, columns firstCol … firstCol + nCols - 1.
/// A packed weight's tile is turned back once for all of its rows.
///
/// weight  (rows, cols) of a type in quant_table; firstCol is a multiple of its block, and nCols too or up to the last column
/// out     (nRows, nCols)
void decodeStrip(const Tensor& weight, int64_t firstRow, int64_t nRows, int64_t firstCol, int64_t nCols, float* out);

} // namespace sy::ops
