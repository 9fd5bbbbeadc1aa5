// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/weighted_pack.h"

#include "engine/quant/definitions.h"
#include "engine/quant/quant_table.h"

namespace sy::quant {

namespace {

struct WeightedRow {
    DType dtype;
    void (*pack)(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept;
};

constexpr WeightedRow kWeighted[] = {
    {DType::Q2_K, packQ2_KFor}, {DType::Q3_K, packQ3_KFor}, {DType::Q4_K, packQ4_KFor},
    {DType::Q5_K, packQ5_KFor}, {DType::Q6_K, packQ6_KFor},
};

const WeightedRow* findWeighted(DType dtype) noexcept
{
    for (const WeightedRow& row : kWeighted)
        if (row.dtype == dtype)
            return &row;
    return nullptr;
}

} // namespace

bool usesImportance(DType dtype) noexcept
{
    return findWeighted(dtype) != nullptr;
}

void packWeightedRow(DType dtype, const float* values, const float* importance, void* row, int64_t cols)
{
    const WeightedRow* weighted = findWeighted(dtype);
    if (!weighted)
        return packRow(dtype, values, row, cols);
    rowBytes(dtype, cols); // throws for a row of no whole blocks
    weighted->pack(values, importance, row, cols);
}

} // namespace sy::quant
