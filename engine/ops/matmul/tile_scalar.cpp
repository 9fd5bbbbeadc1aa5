// SPDX-License-Identifier: GPL-3.0-or-later
// The definition: what every other level must give, bit for bit (float tiles included).
#include "engine/cpu/exp.h"
#include "engine/ops/matmul/tile.h"
#include "engine/quant/half.h"
#include "engine/quant/iq4_levels.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace sy::ops {

namespace {

// One row of one chunk, straight from the block layouts that engine/quant draws.
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
        case DType::Q2_K: {
            const float d = half(p + 80);
            const float dmin = half(p + 82);
            for (int sub = 0; sub < 16; ++sub) {
                scale[sub] = d * float(p[sub] & 15);
                min[sub] = dmin * float(p[sub] >> 4);
                for (int l = 0; l < 16; ++l)
                    codes[sub * 16 + l] = twoBits(p + 16, sub, l);
            }
            break;
        }
        case DType::Q3_K: {
            const float d = half(p + 108);
            const uint8_t* packed = p + 96;
            for (int sub = 0; sub < 16; ++sub) {
                const int low = sub < 8 ? packed[sub] & 15 : packed[sub - 8] >> 4;
                const int high = packed[8 + sub % 4] >> (sub / 4 * 2) & 3;
                scale[sub] = d * float((low | high << 4) - 32);
                for (int l = 0; l < 16; ++l)
                    codes[sub * 16 + l] = uint8_t(twoBits(p + 32, sub, l) | (p[sub % 2 * 16 + l] >> (sub / 2) & 1) << 2);
            }
            break;
        }
        case DType::IQ4_NL:
            for (int b = 0; b < nBlocks32; ++b, p += 18) {
                scale[b] = half(p);
                levels(quant::kIq4Levels, 128, p + 2, codes + b * 32);
            }
            break;
        case DType::IQ4_XS: {
            const float d = half(p);
            const int scalesHigh = p[2] | p[3] << 8;
            for (int sub = 0; sub < 8; ++sub) {
                const int low = p[4 + sub / 2] >> (sub % 2 * 4) & 15;
                const int high = scalesHigh >> (sub * 2) & 3;
                scale[sub] = d * float((low | high << 4) - 32);
                levels(quant::kIq4Levels, 128, p + 8 + sub * 16, codes + sub * 32);
            }
            break;
        }
        case DType::MXFP4:
            for (int b = 0; b < nBlocks32; ++b, p += 17) {
                scale[b] = std::ldexp(1.0f, int(p[0]) - 128); // the levels are doubled
                levels(quant::kE2m1Doubled, 12, p + 1, codes + b * 32);
            }
            break;
        default: break;
        }
    }

    // Value l of 16-value group `sub` in the two-bit fields of Q2_K and Q3_K.
    static uint8_t twoBits(const uint8_t* q, int sub, int l)
    {
        return q[sub / 8 * 32 + sub % 2 * 16 + l] >> (sub / 2 % 4 * 2) & 3;
    }

    // 16 bytes of nibbles as codes: level + zero.
    static void levels(const int8_t (&table)[16], int zero, const uint8_t* nibbles, uint8_t* codes)
    {
        for (int j = 0; j < 16; ++j) {
            codes[j] = uint8_t(table[nibbles[j] & 15] + zero);
            codes[16 + j] = uint8_t(table[nibbles[j] >> 4] + zero);
        }
    }
};

void int8Tile(const Int8Job& job) noexcept
{
    const TileFormat& format = *job.format;
    const int64_t nTokens = job.x.nTokens;
    std::fill_n(job.out, nTokens * kTileRows, 0.0f);
    std::vector<std::byte> rows(job.rowBytes * kTileRows);
    unpackTile(format, job.tile, job.rowBytes, rows.data());
    const int subValues = format.subValues;
    for (int r = 0; r < kTileRows; ++r) {
        for (int64_t chunk = 0; chunk * kChunk < job.nCols; ++chunk) {
            const int nBlocks32 = int(std::min<int64_t>(kBlocks, (job.nCols - chunk * kChunk) / kBlock));
            const size_t chunkBytes = size_t(kChunk / format.blockValues) * format.blockBytes;
            uint8_t codes[kChunk] = {};
            float scale[16] = {}, min[16] = {};
            RowDecoder::decode(format.type, reinterpret_cast<const uint8_t*>(rows.data()) + r * job.rowBytes + chunk * chunkBytes,
                               nBlocks32, codes, scale, min);
            for (int64_t t = 0; t < nTokens; ++t) {
                const int64_t at = chunk * nTokens + t;
                const int8_t* q = job.x.q + at * kChunk;
                float f = job.out[t * kTileRows + r];
                for (int sub = 0; sub < nBlocks32 * kBlock / subValues; ++sub) {
                    int32_t sum = 0;
                    for (int c = sub * subValues; c < (sub + 1) * subValues; ++c)
                        sum += (int32_t(codes[c]) - format.zero) * q[c];
                    const int64_t block = at * kBlocks + sub * subValues / kBlock;
                    f = std::fma(float(sum), scale[sub] * job.x.scales[block], f);
                    if (format.hasMin) {
                        const float activationSum = subValues == kBlock ? job.x.sums[block] : job.x.scales[block] * -float(job.x.negativeSums[at * 16 + sub]);
                        f = std::fma(min[sub], -activationSum, f);
                    }
                }
                job.out[t * kTileRows + r] = f;
            }
        }
    }
}

void floatTile(const FloatJob& job) noexcept
{
    std::fill_n(job.out, job.nTokens * kTileRows, 0.0f);
    float w[kTileRows][kChunk];
    for (int64_t begin = 0; begin < job.nCols; begin += kChunk) {
        const int n = int(std::min<int64_t>(kChunk, job.nCols - begin));
        for (int r = 0; r < kTileRows; ++r)
            job.unpack(job.rows + r * job.rowBytes + size_t(begin / job.blockValues) * job.blockBytes, w[r], n);
        for (int64_t t = 0; t < job.nTokens; ++t) {
            const float* x = job.x + t * job.nCols + begin;
            for (int r = 0; r < kTileRows; ++r) {
                float f = 0;
                for (int c = 0; c < n; ++c)
                    f = std::fma(w[r][c], x[c], f);
                job.out[t * kTileRows + r] += f; // one partial sum per chunk keeps long rows accurate
            }
        }
    }
}

void quantize(const QuantizeJob& job) noexcept
{
    for (int64_t t = job.firstToken; t < job.endToken; ++t) {
        for (int64_t chunk = 0; chunk * kChunk < job.nCols; ++chunk) {
            const int64_t at = chunk * job.nTokens + t;
            int8_t* q = job.q + at * kChunk;
            for (int block = 0; block < kBlocks; ++block) {
                const int64_t begin = chunk * kChunk + block * kBlock;
                const bool isInside = begin < job.nCols;
                float largest = 0;
                for (int c = 0; isInside && c < kBlock; ++c)
                    largest = std::max(largest, std::fabs(job.x[t * job.nCols + begin + c]));
                const float inverse = largest > 1e-30f ? 127.0f / largest : 0.0f;
                const float scale = largest > 1e-30f ? largest / 127.0f : 0.0f;
                int32_t sum[2] = {0, 0};
                for (int c = 0; c < kBlock; ++c) {
                    const float value = isInside ? job.x[t * job.nCols + begin + c] * inverse : 0.0f;
                    const int code = int(std::nearbyint(value));
                    q[block * kBlock + c] = int8_t(code);
                    sum[c / 16] += code;
                }
                job.scales[at * kBlocks + block] = scale;
                job.sums[at * kBlocks + block] = scale * float(sum[0] + sum[1]);
                job.negativeSums[at * 16 + block * 2] = -sum[0];
                job.negativeSums[at * 16 + block * 2 + 1] = -sum[1];
            }
        }
    }
}

void turn(const TurnJob& job) noexcept
{
    auto* codes = reinterpret_cast<int8_t*>(job.out + 2 * kTileRows);
    for (int r = 0; r < kTileRows; ++r) {
        float largest = 0;
        for (int c = 0; c < kBlock; ++c)
            largest = std::max(largest, std::fabs(job.x[c * job.stride + r]));
        const uint16_t half = quant::floatToHalf(largest / 127.0f);
        const float inverse = 1.0f / std::max(quant::halfToFloat(half), kLeastHalf);
        std::memcpy(job.out + 2 * r, &half, 2);
        for (int c = 0; c < kBlock; ++c) {
            const float code = std::nearbyint(job.x[c * job.stride + r] * inverse);
            codes[c / 4 * 4 * kTileRows + 4 * r + c % 4] = int8_t(std::clamp(code, -127.0f, 127.0f));
        }
    }
}

void siluTimes(float* gate, const float* up, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; ++i)
        gate[i] = gate[i] / (1.0f + cpu::expDefinition(-gate[i])) * up[i];
}

} // namespace

TileKernels scalarTileKernels()
{
    return {int8Tile, floatTile, quantize, turn, siluTimes};
}

} // namespace sy::ops
