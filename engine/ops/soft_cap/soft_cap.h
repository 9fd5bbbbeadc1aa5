// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

namespace sy::ops {

/// x = limit * tanh(x / limit): keeps logits inside ±limit. Gemma 2, arXiv:2408.00118.
void softCap(const OpContext& context, Tensor& x, float limit);

} // namespace sy::ops
