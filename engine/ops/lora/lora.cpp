// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/lora/lora.h"

#include <stdexcept>

namespace sy::ops {

Tensor addLora(const OpContext& context, const LoraFactors& lora, const Tensor& x, Tensor& y)
{
    if (lora.b.cols() != lora.a.rows() || y.rows() != x.rows() || y.cols() != lora.b.rows() || x.cols() != lora.a.cols())
        throw std::invalid_argument("addLora: x " + toString(x.shape()) + ", y " + toString(y.shape()) + ", factors " +
                                    toString(lora.a.shape()) + " and " + toString(lora.b.shape()));
    Tensor low = Tensor::empty({x.rows(), lora.a.rows()});
    gemm(context, viewOf(x), transposed(viewOf(lora.a)), targetOf(low));
    gemm(context, viewOf(low), transposed(viewOf(lora.b)), targetOf(y), Write::adds, lora.scale);
    return low;
}

PackedLora packed(const OpContext& context, const Tensor& a, const Tensor& b)
{
    return {packed(context, transposed(viewOf(a))), packed(context, transposed(viewOf(b)))};
}

void addLora(const OpContext& context, const PackedLora& lora, int64_t first, float scale, const Tensor& x, Tensor& y)
{
    if (x.rows() != y.rows())
        throw std::invalid_argument("addLora: x " + toString(x.shape()) + ", y " + toString(y.shape()));
    Tensor low = Tensor::empty({x.rows(), lora.a.nCols});
    gemm(context, viewOf(x), lora.a, 0, lora.a.nCols, targetOf(low));
    gemm(context, viewOf(low), lora.b, first, y.cols(), targetOf(y), Write::adds, scale);
}

} // namespace sy::ops
