// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/quant_table.h"

#include "engine/quant/definitions.h"

#include <stdexcept>
#include <string>

namespace sy::quant {

namespace {

constexpr QuantType kTypes[] = {
    {DType::F32, "F32", 1, 4, unpackF32, packF32},
    {DType::F16, "F16", 1, 2, unpackF16, packF16},
    {DType::Q4_0, "Q4_0", 32, 18, unpackQ4_0, packQ4_0},
    {DType::Q4_1, "Q4_1", 32, 20, unpackQ4_1, packQ4_1},
    {DType::Q5_0, "Q5_0", 32, 22, unpackQ5_0, packQ5_0},
    {DType::Q5_1, "Q5_1", 32, 24, unpackQ5_1, packQ5_1},
    {DType::Q8_0, "Q8_0", 32, 34, unpackQ8_0, packQ8_0},
    {DType::Q2_K, "Q2_K", 256, 84, unpackQ2_K, packQ2_K},
    {DType::Q3_K, "Q3_K", 256, 110, unpackQ3_K, packQ3_K},
    {DType::Q4_K, "Q4_K", 256, 144, unpackQ4_K, packQ4_K},
    {DType::Q5_K, "Q5_K", 256, 176, unpackQ5_K, packQ5_K},
    {DType::Q6_K, "Q6_K", 256, 210, unpackQ6_K, packQ6_K},
    {DType::IQ2_XXS, "IQ2_XXS", 256, 66, unpackIQ2_XXS},
    {DType::IQ2_XS, "IQ2_XS", 256, 74, unpackIQ2_XS},
    {DType::IQ3_XXS, "IQ3_XXS", 256, 98, unpackIQ3_XXS},
    {DType::IQ1_S, "IQ1_S", 256, 50, unpackIQ1_S},
    {DType::IQ4_NL, "IQ4_NL", 32, 18, unpackIQ4_NL},
    {DType::IQ3_S, "IQ3_S", 256, 110, unpackIQ3_S},
    {DType::IQ2_S, "IQ2_S", 256, 82, unpackIQ2_S},
    {DType::IQ4_XS, "IQ4_XS", 256, 136, unpackIQ4_XS},
    {DType::I8, "I8", 1, 1, unpackI8},
    {DType::I16, "I16", 1, 2, unpackI16},
    {DType::I32, "I32", 1, 4, unpackI32},
    {DType::I64, "I64", 1, 8, unpackI64},
    {DType::F64, "F64", 1, 8, unpackF64},
    {DType::IQ1_M, "IQ1_M", 256, 56, unpackIQ1_M},
    {DType::BF16, "BF16", 1, 2, unpackBf16, packBf16},
    {DType::TQ1_0, "TQ1_0", 256, 54, unpackTQ1_0},
    {DType::TQ2_0, "TQ2_0", 256, 66, unpackTQ2_0},
    {DType::MXFP4, "MXFP4", 32, 17, unpackMXFP4},
    {DType::NVFP4, "NVFP4", 64, 36, unpackNVFP4},
};

} // namespace

std::span<const QuantType> quantTypes() noexcept
{
    return kTypes;
}

const QuantType* find(DType dtype) noexcept
{
    for (const QuantType& type : kTypes)
        if (type.dtype == dtype)
            return &type;
    return nullptr;
}

const QuantType* find(std::string_view name) noexcept
{
    for (const QuantType& type : kTypes)
        if (type.name == name)
            return &type;
    return nullptr;
}

std::string_view typeName(DType dtype) noexcept
{
    const QuantType* type = find(dtype);
    return type ? type->name : "unknown type";
}

int64_t rowBytes(DType dtype, int64_t cols)
{
    const QuantType* type = find(dtype);
    if (!type)
        throw std::invalid_argument("no quantization type has the id " + std::to_string(int32_t(dtype)));
    if (cols < 0 || cols % type->valuesPerBlock != 0)
        throw std::invalid_argument("a row of " + std::to_string(cols) + " values is no whole number of " +
                                    std::string(type->name) + " blocks");
    return cols / type->valuesPerBlock * type->bytesPerBlock;
}

void unpackRow(DType dtype, const void* row, float* out, int64_t cols)
{
    rowBytes(dtype, cols);
    find(dtype)->unpack(row, out, cols);
}

void packRow(DType dtype, const float* values, void* row, int64_t cols)
{
    rowBytes(dtype, cols);
    const QuantType* type = find(dtype);
    if (!type->pack)
        throw std::invalid_argument("there is no encoder for " + std::string(type->name));
    type->pack(values, row, cols);
}

} // namespace sy::quant
