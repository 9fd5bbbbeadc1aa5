// SPDX-License-Identifier: GPL-3.0-or-later
// Linears of a step in which some sequences have an adapter. Rows of the others keep their bits.
#pragma once

#include "engine/nn/batch.h"
#include "engine/nn/linear.h"

#include <initializer_list>
#include <vector>

namespace sy::nn {

using Parts = std::vector<Batch::Part>;

/// Whether one of these linears is updated for any of the parts.
bool isAdapted(const Parts& parts, std::initializer_list<const Linear*> linears);

/// As apply() and applyAll(), with each part's updates.
Tensor apply(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear, const Parts& parts);
std::vector<Tensor> applyAll(const ops::OpContext& context, const ops::MatmulInput& x,
                             std::initializer_list<const Linear*> linears, const Parts& parts);

/// As addLinear().
void addLinear(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear, const Tensor& norm,
               float epsilon, Tensor& residual, const Parts& parts);

} // namespace sy::nn
