// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"

#include <cstdint>

namespace sy::quant {

/// Whether packWeightedRow() makes use of importance for this type: the K types.
bool usesImportance(DType dtype) noexcept;

/// packRow() with errors that count by the importance of their column: the mean square of what the column is multiplied with. Scales and
/// minima of the groups are fitted to it; the layout stays.
///
/// importance  one per value, above 0
///
/// Throws as packRow() does. Other types are packed as ever.
void packWeightedRow(DType dtype, const float* values, const float* importance, void* row, int64_t cols);

} // namespace sy::quant
