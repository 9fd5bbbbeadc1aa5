// SPDX-License-Identifier: GPL-3.0-or-later
// The readable decoder: one row of one chunk at a time, straight from the block layouts that engine/quant draws. It is the
// definition for the interleaving decoders and what levels without one of their own use. Templated on the level, so that each
// level's file keeps its own copy (STYLE.md section 8).
#pragma once

#include "engine/ops/matmul/tile.h"

#include <cstring>

namespace sy::ops {

struct Tile {
    alignas(64) uint8_t codes[kChunk / 4][kTileRows][4];
    alignas(64) float scale[16][kTileRows]; // by sub-block
    alignas(64) float min[16][kTileRows];
};

template <class Level>
struct RowDecoder {
    static float half(const uint8_t* p)
    {
        const uint32_t h = uint32_t(p[0]) | uint32_t(p[1]) << 8;
        const uint32_t sign = (h & 0x8000) << 16;
        const uint32_t exponent = h >> 10 & 31;
        uint32_t mantissa = h & 1023;
        uint32_t bits;
        if (exponent == 0) {
            if (mantissa == 0) {
                bits = sign;
            } else {
                int shift = 0;
                while (!(mantissa & 1024)) {
                    mantissa <<= 1;
                    ++shift;
                }
                bits = sign | uint32_t(113 - shift) << 23 | (mantissa & 1023) << 13;
            }
        } else if (exponent == 31) {
            bits = sign | 0x7F800000 | mantissa << 13;
        } else {
            bits = sign | (exponent + 112) << 23 | mantissa << 13;
        }
        float f;
        std::memcpy(&f, &bits, 4);
        return f;
    }

    // Six-bit scale and minimum of sub-block j in the 12 bytes of Q4_K and Q5_K.
    static void scaleAndMin(const uint8_t* s, int j, int& scale, int& min)
    {
        if (j < 4) {
            scale = s[j] & 63;
            min = s[j + 4] & 63;
        } else {
            scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
            min = s[j + 4] >> 4 | (s[j] >> 6) << 4;
        }
    }

    // codes (256), scale and min (16) of one row; blocks past nBlocks32 keep scale 0.
    static void decode(DType type, const uint8_t* p, int nBlocks32, uint8_t* codes, float* scale, float* min)
    {
        switch (type) {
        case DType::Q4_0:
            for (int b = 0; b < nBlocks32; ++b, p += 18) {
                scale[b] = half(p);
                for (int j = 0; j < 16; ++j) {
                    codes[b * 32 + j] = p[2 + j] & 15;
                    codes[b * 32 + 16 + j] = p[2 + j] >> 4;
                }
            }
            break;
        case DType::Q4_1:
            for (int b = 0; b < nBlocks32; ++b, p += 20) {
                scale[b] = half(p);
                min[b] = -half(p + 2);
                for (int j = 0; j < 16; ++j) {
                    codes[b * 32 + j] = p[4 + j] & 15;
                    codes[b * 32 + 16 + j] = p[4 + j] >> 4;
                }
            }
            break;
        case DType::Q5_0:
        case DType::Q5_1: {
            const int head = type == DType::Q5_0 ? 2 : 4;
            for (int b = 0; b < nBlocks32; ++b, p += head + 20) {
                scale[b] = half(p);
                if (head == 4)
                    min[b] = -half(p + 2);
                const uint8_t* high = p + head;
                const uint8_t* low = p + head + 4;
                for (int j = 0; j < 16; ++j) {
                    codes[b * 32 + j] = uint8_t((low[j] & 15) | (high[j / 8] >> (j % 8) & 1) << 4);
                    codes[b * 32 + 16 + j] = uint8_t(low[j] >> 4 | (high[2 + j / 8] >> (j % 8) & 1) << 4);
                }
            }
            break;
        }
        case DType::Q8_0:
            for (int b = 0; b < nBlocks32; ++b, p += 34) {
                scale[b] = half(p);
                for (int j = 0; j < 32; ++j)
                    codes[b * 32 + j] = p[2 + j] ^ 0x80;
            }
            break;
        case DType::Q4_K:
        case DType::Q5_K: {
            const float d = half(p);
            const float dmin = half(p + 2);
            const uint8_t* high = p + 16;
            const uint8_t* low = type == DType::Q4_K ? p + 16 : p + 48;
            for (int sub = 0; sub < 8; ++sub) {
                int s, m;
                scaleAndMin(p + 4, sub, s, m);
                scale[sub] = d * float(s);
                min[sub] = dmin * float(m);
                const uint8_t* q = low + sub / 2 * 32;
                for (int l = 0; l < 32; ++l) {
                    int code = sub % 2 ? q[l] >> 4 : q[l] & 15;
                    if (type == DType::Q5_K)
                        code |= (high[l] >> sub & 1) << 4;
                    codes[sub * 32 + l] = uint8_t(code);
                }
            }
            break;
        }
        case DType::Q6_K: {
            const float d = half(p + 208);
            for (int sub = 0; sub < 16; ++sub)
                scale[sub] = d * float(int8_t(p[192 + sub]));
            for (int h = 0; h < 2; ++h) {
                const uint8_t* low = p + h * 64;
                const uint8_t* high = p + 128 + h * 32;
                for (int t = 0; t < 4; ++t) {
                    for (int l = 0; l < 32; ++l) {
                        const uint8_t packed = low[l + (t & 1) * 32];
                        const int nibble = t < 2 ? packed & 15 : packed >> 4;
                        codes[h * 128 + t * 32 + l] = uint8_t(nibble | (high[l] >> (2 * t) & 3) << 4);
                    }
                }
            }
            break;
        }
        default: break;
        }
    }

    // Chunk number `chunk` of 16 rows into the interleaved tile.
    static void decodeTile(const Int8Job& job, int64_t chunk, int nBlocks32, Tile& tile)
    {
        const size_t chunkBytes = size_t(kChunk / job.format->blockValues) * job.format->blockBytes;
        for (int r = 0; r < kTileRows; ++r) {
            alignas(64) uint8_t codes[kChunk] = {};
            float scale[16] = {}, min[16] = {};
            const auto* p = reinterpret_cast<const uint8_t*>(job.rows) + r * job.rowBytes + size_t(chunk) * chunkBytes;
            decode(job.format->type, p, nBlocks32, codes, scale, min);
            for (int g = 0; g < kChunk / 4; ++g)
                std::memcpy(tile.codes[g][r], codes + 4 * g, 4);
            for (int sub = 0; sub < 16; ++sub) {
                tile.scale[sub][r] = scale[sub];
                tile.min[sub][r] = min[sub];
            }
        }
    }
};

} // namespace sy::ops
