// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// SiLU(gate) * up, element by element, with SiLU(z) = z / (1 + e^-z). Shazeer 2020, arXiv:2002.05202.
/// Both of one shape, f32. The same bits at every CPU level. Throws std::invalid_argument when the shapes differ.
Tensor swiglu(const OpContext& context, const Tensor& gate, const Tensor& up);

} // namespace sy::ops
