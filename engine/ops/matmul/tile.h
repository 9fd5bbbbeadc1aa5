// SPDX-License-Identifier: GPL-3.0-or-later
// How a matrix product is cut up; shared by matmul.cpp and the kernels of every CPU level.
//
// The unit of work is a tile: 16 rows of the weight against all tokens of the batch. Kernels read a tile in *packed* form: each
// block's bytes are turned so that one 512-bit register loads the same dword of all 16 rows.
//
//      rows in the file                             packed tile
//      row 0   block 0 | block 1 | …                block 0: dword 0 of rows 0…15 | dword 1 of rows 0…15 | …
//      row 1   block 0 | block 1 | …       ->       block 1: …
//      …                                            two-byte fields (a lone f16): 16 halves in a row
//
// Same bytes, same size, other order: decode reads weights in one ascending stream, and no shuffles are left in the inner loops.
// Reading 16 rows side by side in file order instead reached 24 GB/s of 59 on a Zen 4 (the core's miss buffers run full, and the
// hardware prefetchers do not see 16 interleaved streams). Packing happens when a model is loaded (packWeight) or, for a weight
// that was not packed, tile by tile in front of the kernel.
//
// A tile is walked in chunks of 256 columns. A chunk is decoded once, from whatever block format it has, into
//
//      codes[group g][row r][4]      g = 0..63: columns 4g … 4g+3         64 bytes a group, 4 KiB a chunk
//      scale[sub][row], min[sub][row]                                     value = scale * (code - zero) - min
//
// and multiplied with the int8 activations of one token after another: a broadcast of four activations feeds 16 rows, no
// horizontal sums. One token (decode) takes the codes from registers; more go through an L1-sized buffer.
//
// Every (row, token) result is one fixed chain of operations, over sub-blocks in ascending order:
//
//      i = sum of code * q - zero * sum of q              exact, 32-bit
//      f = fma(float(i), scale * activationScale, f)
//      f = fma(min, -activationSum, f)                    formats with a minimum; activationSum = activationScale * sum of q
//
// so all levels, thread counts and batch shapes give the same bits.
#pragma once

#include "engine/core/dtype.h"
#include "engine/cpu/level.h"

#include <cstddef>
#include <cstdint>

namespace sy::ops {

inline constexpr int kTileRows = 16;
inline constexpr int kChunk = 256; // columns
inline constexpr int kBlock = 32;  // columns that share an activation scale
inline constexpr int kBlocks = kChunk / kBlock;

/// What a format looks like: in the file, and after decoding.
struct TileFormat {
    DType type;
    int blockValues; // columns per block in the file: 32 or 256
    int blockBytes;
    int subValues;   // columns that share a weight scale: 32 or 16
    bool hasMin;
    int zero;        // value = scale * (code - zero) in formats without a minimum
    int nHalves;     // leading two-byte fields of a block that are packed as halves …
    bool halfIsLast; // … or one at the end (Q3_K, Q6_K); the rest is dwords
    int nBytes = 0;  // leading single bytes (MXFP4)
};

/// The row for a type that has an int8 kernel, or nullptr.
const TileFormat* findTileFormat(DType type);

/// Turns one tile (16 rows, rowBytes apart) into packed form, and back. `out` has 16 * rowBytes bytes.
void packTile(const TileFormat& format, const std::byte* rows, size_t rowBytes, std::byte* out) noexcept;
void unpackTile(const TileFormat& format, const std::byte* tile, size_t rowBytes, std::byte* rows) noexcept;
/// One row of a packed tile, 0 to 15, as it was: `out` has rowBytes bytes.
void unpackTileRow(const TileFormat& format, const std::byte* tile, size_t rowBytes, int row, std::byte* out) noexcept;

/// A batch of activations in int8, as MatmulInput::Quantized holds it.
struct Int8Activations {
    const int8_t* q;             // (chunks, tokens, 256)
    const float* scales;         // (chunks, tokens, 8)
    const float* sums;           // (chunks, tokens, 8) scale times sum of q
    const int32_t* negativeSums; // (chunks, tokens, 16) minus the sum of 16 q
    int64_t nTokens;
};

/// out[token * 16 + row] = products of a packed tile with every token. nCols is a multiple of 32.
struct Int8Job {
    const std::byte* tile;
    size_t rowBytes;
    const TileFormat* format;
    int64_t nCols;
    Int8Activations x;
    float* out;
};

/// The same in float, on rows in file order: `unpack` decodes nCols values of a row.
struct FloatJob {
    const std::byte* rows;
    size_t rowBytes;
    size_t blockBytes;
    int blockValues;
    void (*unpack)(const void* blocks, float* out, int64_t n) noexcept;
    int64_t nCols;
    const float* x; // (tokens, nCols)
    int64_t nTokens;
    float* out; // (tokens, 16)
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

/// 32 rows of 16 floats, as the columns that they are when the matrix is turned: a packed block of Q8_0 with 16 rows.
/// scale = half(max|x| / 127), code = x / scale rounded to the nearest even, at most 127 from zero. (Under a scale of zero,
/// x is divided by kLeastHalf: any code will do.)
inline constexpr float kLeastHalf = 0x1p-24f; // above zero
struct TurnJob {
    const float* x; // (32, stride), of which 16
    int64_t stride;
    std::byte* out; // 544 bytes
};

struct TileKernels {
    void (*int8Tile)(const Int8Job&) noexcept;
    void (*floatTile)(const FloatJob&) noexcept;
    void (*quantize)(const QuantizeJob&) noexcept;
    void (*turn)(const TurnJob&) noexcept;
    void (*siluTimes)(float* gate, const float* up, int64_t n) noexcept; // gate *= up / (1 + exp(-gate)); n % 16 == 0
};

TileKernels scalarTileKernels();
#if defined(__x86_64__)
TileKernels avx2TileKernels();
TileKernels avx512TileKernels();
#endif
TileKernels tileKernels(cpu::Level level);

} // namespace sy::ops
