// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <span>

namespace sy::ops {

/// Rows of a table, decoded.
///
/// table    (vocabulary, dim) of any type in quant_table, in either layout
/// ids      of the rows wanted, in any order
/// returns  (ids, dim) f32
///
/// Throws std::invalid_argument for an id outside the table.
Tensor embedRows(const OpContext& context, const Tensor& table, std::span<const int32_t> ids);

/// dTable[ids[i]] += factor * dy[i], i in ascending order: the gradient of a table whose rows were multiplied with factor.
///
/// dy      (ids, dim) f32
/// dTable  (vocabulary, dim) f32
///
/// Throws std::invalid_argument for an id outside the table and shapes that do not fit.
void addEmbeddingGrad(const OpContext& context, const Tensor& dy, std::span<const int32_t> ids, float factor, Tensor& dTable);

} // namespace sy::ops
