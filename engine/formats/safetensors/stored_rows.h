// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/safetensors/safetensors_folder.h"

#include <cstdint>
#include <vector>

namespace sy::formats {

/// A stored weight as rows of numbers, whatever it is stored as. FP8 comes with a tensor of scales, one for each block of the
/// matrix; the last block of a row or column may be cut short. A weight of three dimensions has blocks in each matrix:
///
///     value[r][c] = fp8[r][c] * scale[r / blockRows][c / blockCols]
class StoredRows {
public:
    struct Block {
        int64_t rows = 128;
        int64_t cols = 128;
    };

    /// `scales` null: the weight stands for itself. Throws BadFile when the scales do not fit the weight or one is no finite number,
    /// Unsupported for a type that no weight has.
    StoredRows(const SafetensorsFolder& folder, const StoredTensor& weight, const StoredTensor* scales, Block block);
    StoredRows(const SafetensorsFolder& folder, const StoredTensor& weight) : StoredRows(folder, weight, nullptr, Block()) {}

    const StoredTensor& tensor() const { return *m_weight; }
    int64_t nRows() const { return m_nRows; } // all dimensions but the last
    int64_t nCols() const { return m_nCols; }

    /// The smallest float type that holds every value exactly.
    DType exactType() const { return m_exactType; }

    bool isScaled() const { return !m_scales.empty(); }

    /// Row `row` as floats.
    void read(int64_t row, float* out) const noexcept;

    /// The row's bytes when they are numbers of exactType(), else null.
    const std::byte* raw(int64_t row) const noexcept;

private:
    void readScales(const SafetensorsFolder& folder, const StoredTensor& scales);

    const StoredTensor* m_weight;
    const std::byte* m_bytes;
    int64_t m_nRows, m_nCols;
    int64_t m_matrixRows; // rows of one matrix
    Block m_block;
    int64_t m_scaleCols = 0;
    int64_t m_scaleRows = 0; // of one matrix
    std::vector<float> m_scales; // (matrices, scaleRows, scaleCols); empty: none
    DType m_exactType;
    void (*m_unpack)(const void*, float*, int64_t) noexcept;
};

} // namespace sy::formats
