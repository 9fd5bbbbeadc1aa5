// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx512.h"
#include "engine/ops/attention/attention_grad_rows.inl.h"

sy::ops::AttentionGradKernels sy::ops::avx512AttentionGradKernels()
{
    using Loop = AttentionGradLoop<cpu::Avx512>;
    return {&Loop::softmaxStep, &Loop::weigh, &Loop::scoreGrad, &Loop::scale};
}
