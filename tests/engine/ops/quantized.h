// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/quant/quant_table.h"

#include <memory>
#include <stdexcept>
#include <vector>

namespace sy::test {

/// A matrix of floats in another type that the table can write.
inline Tensor quantized(DType dtype, const Tensor& x)
{
    const quant::QuantType* type = quant::find(dtype);
    if (!type || !type->pack)
        throw std::invalid_argument("quantized: nothing writes this type");
    const auto rowBytes = size_t(quant::rowBytes(dtype, x.cols()));
    const auto memory = std::make_shared<std::vector<std::byte>>(rowBytes * size_t(x.rows()));
    for (int64_t r = 0; r < x.rows(); ++r)
        type->pack(x.f32() + r * x.cols(), memory->data() + size_t(r) * rowBytes, x.cols());
    return Tensor::wrap(memory->data(), memory->size(), x.shape(), dtype, memory);
}

} // namespace sy::test
