// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/attention/attention_grad_rows.inl.h"

sy::ops::AttentionGradKernels sy::ops::scalarAttentionGradKernels()
{
    using Loop = AttentionGradLoop<cpu::Scalar>;
    return {&Loop::softmaxStep, &Loop::weigh, &Loop::scoreGrad, &Loop::scale};
}
