// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/lora/lora.h"

#include <stdexcept>

namespace sy::ops {

void addLoraGrad(const OpContext& context, const LoraFactors& lora, const Tensor& x, const Tensor& low, const Tensor& dy,
                 Tensor* dA, Tensor* dB, Tensor* dx)
{
    if (dy.rows() != x.rows() || dy.cols() != lora.b.rows() || x.cols() != lora.a.cols() || low.rows() != x.rows() ||
        low.cols() != lora.a.rows())
        throw std::invalid_argument("addLoraGrad: x " + toString(x.shape()) + ", gradient " + toString(dy.shape()) +
                                    ", factors " + toString(lora.a.shape()) + " and " + toString(lora.b.shape()));
    if (dB)
        gemm(context, transposed(viewOf(dy)), viewOf(low), targetOf(*dB), Write::adds, lora.scale);
    if (!dA && !dx)
        return;
    Tensor dLow = Tensor::empty(low.shape());
    gemm(context, viewOf(dy), viewOf(lora.b), targetOf(dLow), Write::sets, lora.scale);
    if (dA)
        gemm(context, transposed(viewOf(dLow)), viewOf(x), targetOf(*dA), Write::adds);
    if (dx)
        gemm(context, viewOf(dLow), viewOf(lora.a), targetOf(*dx), Write::adds);
}

} // namespace sy::ops
