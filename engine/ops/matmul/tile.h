// SPDX-License-Identifier: GPL-3.0-or-later
// How a matrix product is cut up; shared by matmul.cpp and the kernels of every CPU level.
//
// The unit of work is a tile: 16 rows of the weight against all tokens of the batch. A tile is walked in chunks of 256 columns.
// A chunk of 16 rows is decoded once, from whatever block format the file has, into one common form, interleaved so that one
// 512-bit register holds four neighbouring columns of all 16 rows:
//
//      codes[group g][row r][4]      g = 0..63: columns 4g … 4g+3         64 bytes a group, 4 KiB a chunk
//      scale[sub][row], min[sub][row]                                     value = scale * (code - zero) - min
//
// and then multiplied with the int8 activations of one token after another: a broadcast of four activations feeds 16 rows, no
// horizontal sums. The file's own layout is read in place: nothing is repacked when a model is loaded, and one token (decode)
// runs through the same arithmetic as five hundred (prefill).
//
// Every (row, token) result is one fixed chain of operations, over sub-blocks in ascending order:
//
//      i = sum of code * q - zero * sum of q              exact, 32-bit
//      f = fma(float(i), scale * activationScale, f)
//      f = fma(-min, activationSum, f)                    formats with a minimum
//
// so all levels, thread counts and batch shapes give the same bits.
#pragma once

#include "engine/core/dtype.h"
#include "engine/cpu/level.h"

#include <cstddef>
#include <cstdint>

namespace sy::ops {

inline constexpr int kTileRows = 16;
inline constexpr int kChunk = 256;      // columns
inline constexpr int kBlock = 32;       // columns that share an activation scale
inline constexpr int kBlocks = kChunk / kBlock;

/// What a format looks like after decoding.
struct TileFormat {
    DType type;
    int blockValues;  // columns per block in the file: 32 or 256
    int blockBytes;
    int subValues;    // columns that share a weight scale: 32 or 16
    bool hasMin;
    int zeroShift;    // codes are stored plus 1 << zeroShift; -1: no offset
};

/// The row for a type that has an int8 kernel, or nullptr.
const TileFormat* findTileFormat(DType type);

/// A batch of activations in int8, as MatmulInput::Quantized holds it.
struct Int8Activations {
    const int8_t* q;               // (chunks, tokens, 256)
    const float* scales;           // (chunks, tokens, 8)
    const float* sums;             // (chunks, tokens, 8) scale times sum of q
    const int32_t* negativeSums;   // (chunks, tokens, 16) minus the sum of 16 q
    int64_t nTokens;
};

/// out[token * 16 + row] = products of 16 rows with every token. Rows lie rowBytes apart; nCols is a multiple of 32.
struct Int8Job {
    const std::byte* rows;
    size_t rowBytes;
    const TileFormat* format;
    int64_t nCols;
    Int8Activations x;
    float* out;
};

/// The same in float: `unpack` decodes nCols values of a row.
struct FloatJob {
    const std::byte* rows;
    size_t rowBytes;
    DType type;
    size_t blockBytes;
    int blockValues;
    void (*unpack)(const void* blocks, float* out, int64_t n) noexcept;
    int64_t nCols;
    const float* x; // (tokens, nCols)
    int64_t nTokens;
    float* out;     // (tokens, 16)
};

struct QuantizeJob {
    const float* x; // (tokens, nCols)
    int64_t nCols;
    int64_t nTokens;
    int64_t firstToken, endToken; // this call's share
    int8_t* q;
    float* scales;
    float* sums;
    int32_t* negativeSums;
};

struct TileKernels {
    void (*int8Tile)(const Int8Job&) noexcept;
    void (*floatTile)(const FloatJob&) noexcept;
    void (*quantize)(const QuantizeJob&) noexcept;
    void (*siluTimes)(float* gate, const float* up, int64_t n) noexcept; // gate *= up / (1 + exp(-gate)); n % 16 == 0
};

TileKernels scalarTileKernels();
#if defined(__x86_64__)
TileKernels avx2TileKernels();
TileKernels avx512TileKernels();
#endif
TileKernels tileKernels(cpu::Level level);

} // namespace sy::ops
