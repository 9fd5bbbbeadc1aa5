// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace sy::quant {

/// One element type: plain (F32, F16, BF16, F64, I8 … I64: blocks of one value) or block-quantized. The layout of each block
/// format is drawn in the file that decodes it.
struct QuantType {
    DType dtype;           // its number is the id that GGUF writes
    std::string_view name; // as the field writes it, e.g. "Q4_K"
    int valuesPerBlock;    // a row holds a whole number of blocks
    int bytesPerBlock;

    /// The definition of the format, bit-exact and the yardstick of every fast kernel: decodes nValues (a multiple of
    /// valuesPerBlock) to float. blocks needs no alignment.
    void (*unpack)(const void* blocks, float* out, int64_t nValues) noexcept;

    /// Encodes nValues floats, each block for itself: plain round to nearest, for the K types with scales fitted to the values. nullptr
    /// for types without an encoder. Values must be finite; what an infinity or NaN becomes is not defined, but nothing else
    /// suffers.
    void (*pack)(const float* values, void* blocks, int64_t nValues) noexcept = nullptr;
};

/// Every type this build reads, in the order of their ids.
std::span<const QuantType> quantTypes() noexcept;

/// nullptr when the table has no such type.
const QuantType* find(DType dtype) noexcept;
const QuantType* find(std::string_view name) noexcept;

/// The type's name; "unknown type" for one that the table lacks.
std::string_view typeName(DType dtype) noexcept;

/// Bytes of a row of `cols` values. Throws std::invalid_argument when the type is unknown, cols is negative or no multiple of
/// the type's block.
int64_t rowBytes(DType dtype, int64_t cols);

/// Decodes one row of `cols` values; throws as rowBytes does.
void unpackRow(DType dtype, const void* row, float* out, int64_t cols);

/// Encodes one row; throws as rowBytes does and std::invalid_argument for a type without an encoder.
void packRow(DType dtype, const float* values, void* row, int64_t cols);

} // namespace sy::quant
