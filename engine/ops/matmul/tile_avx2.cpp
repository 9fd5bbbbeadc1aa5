// SPDX-License-Identifier: GPL-3.0-or-later
// AVX2 kernels; compiled with -mavx2 -mfma, so nothing here may be shared with other files. A tile's 16 rows are two registers
// of 8. Products are maddubs (u8 times s8, pairs added in 16 bits), madd with ones, add. maddubs saturates at 32767: codes up
// to 127 are safe (2 * 127 * 127 = 32258). Q8_0's offset codes reach 255, so they go through signs instead: |w| times
// sign(a, w), at most 2 * 128 * 127 = 32512.
#include "engine/cpu/exp_avx2.inl.h"
#include "engine/ops/matmul/tile_decode.inl.h"

#include <algorithm>
#include <immintrin.h>

namespace sy::ops {

namespace {

struct Avx2 {};

using V = __m256i;
using F = __m256;

inline V broadcast4(const int8_t* p)
{
    int32_t v;
    std::memcpy(&v, p, 4);
    return _mm256_set1_epi32(v);
}

// N tokens against 8 of the tile's rows (half 0 or 1).
template <bool kMin, bool kSigned, int kSubCount, int N>
inline void multiply(const Tile& tile, int half, int zeroShift, int nSubs, const Int8Activations& x, int64_t at, float* out)
{
    const int8_t* q = x.q + at * kChunk;
    const float* scales = x.scales + at * kBlocks;
    const float* sums = x.sums + at * kBlocks;
    const int32_t* negativeSums = x.negativeSums + at * 16;
    constexpr int kGroups = 64 / kSubCount;
    const V ones = _mm256_set1_epi16(1);
    const V flip = _mm256_set1_epi8(char(0x80));
    F f[N];
    for (int t = 0; t < N; ++t)
        f[t] = _mm256_loadu_ps(out + t * kTileRows + 8 * half);
    for (int sub = 0; sub < nSubs; ++sub) {
        const int block = kSubCount == 16 ? sub / 2 : sub;
        V acc[N];
        for (int t = 0; t < N; ++t) {
            const int32_t* n = negativeSums + t * 16;
            const int32_t negative = kSubCount == 16 ? n[sub] : n[2 * sub] + n[2 * sub + 1];
            acc[t] = kSigned || zeroShift < 0 ? _mm256_setzero_si256() : _mm256_set1_epi32(negative * (1 << zeroShift));
        }
        const int8_t* p = q + sub * kGroups * 4;
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) {
            V w = _mm256_load_si256(reinterpret_cast<const V*>(tile.codes[sub * kGroups + g][8 * half]));
            V size{};
            if constexpr (kSigned) {
                w = _mm256_xor_si256(w, flip);
                size = _mm256_abs_epi8(w);
            }
#pragma GCC unroll 4
            for (int t = 0; t < N; ++t) {
                V a = broadcast4(p + t * kChunk + 4 * g);
                const V pairs = kSigned ? _mm256_maddubs_epi16(size, _mm256_sign_epi8(a, w)) : _mm256_maddubs_epi16(w, a);
                acc[t] = _mm256_add_epi32(acc[t], _mm256_madd_epi16(pairs, ones));
            }
        }
        const F s = _mm256_load_ps(tile.scale[sub] + 8 * half);
        for (int t = 0; t < N; ++t)
            f[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(acc[t]), _mm256_mul_ps(s, _mm256_set1_ps(scales[t * kBlocks + block])), f[t]);
        if constexpr (kMin) {
            const F m = _mm256_load_ps(tile.min[sub] + 8 * half);
            for (int t = 0; t < N; ++t)
                f[t] = _mm256_fnmadd_ps(m, _mm256_set1_ps(sums[t * kBlocks + block]), f[t]);
        }
    }
    for (int t = 0; t < N; ++t)
        _mm256_storeu_ps(out + t * kTileRows + 8 * half, f[t]);
}

template <bool kMin, bool kSigned, int kSubCount>
void int8TileOf(const Int8Job& job)
{
    const int64_t nTokens = job.x.nTokens;
    std::memset(job.out, 0, size_t(nTokens) * kTileRows * sizeof(float));
    Tile tile;
    for (int64_t chunk = 0; chunk * kChunk < job.nCols; ++chunk) {
        const int64_t left = (job.nCols - chunk * kChunk) / kBlock;
        const int nBlocks = left < kBlocks ? int(left) : kBlocks;
        RowDecoder<Avx2>::decodeTile(job, chunk, nBlocks, tile);
        const int nSubs = nBlocks * (kSubCount / 8);
        const int64_t at = chunk * nTokens;
        int64_t t = 0;
        const auto both = [&]<int N>(std::integral_constant<int, N>) {
            for (int half = 0; half < 2; ++half)
                multiply<kMin, kSigned, kSubCount, N>(tile, half, job.format->zeroShift, nSubs, job.x, at + t,
                                                      job.out + t * kTileRows);
            t += N;
        };
        while (t + 4 <= nTokens)
            both(std::integral_constant<int, 4>{});
        while (t < nTokens)
            both(std::integral_constant<int, 1>{});
    }
}

void int8Tile(const Int8Job& job) noexcept
{
    if (job.format->subValues == 16)
        return int8TileOf<false, false, 16>(job);
    if (job.format->hasMin)
        return int8TileOf<true, false, 8>(job);
    if (job.format->zeroShift == 7)
        return int8TileOf<false, true, 8>(job);
    return int8TileOf<false, false, 8>(job);
}

template <int N>
inline void multiplyFloat(const float (*w)[kTileRows], int n, const float* x, int64_t nCols, float* out)
{
    for (int half = 0; half < 2; ++half) {
        F f[N];
        for (int t = 0; t < N; ++t)
            f[t] = _mm256_setzero_ps();
        for (int c = 0; c < n; ++c) {
            const F v = _mm256_load_ps(w[c] + 8 * half);
#pragma GCC unroll 8
            for (int t = 0; t < N; ++t)
                f[t] = _mm256_fmadd_ps(v, _mm256_set1_ps(x[t * nCols + c]), f[t]);
        }
        for (int t = 0; t < N; ++t) {
            float* to = out + t * kTileRows + 8 * half;
            _mm256_storeu_ps(to, _mm256_add_ps(_mm256_loadu_ps(to), f[t]));
        }
    }
}

void floatTile(const FloatJob& job) noexcept
{
    std::memset(job.out, 0, size_t(job.nTokens) * kTileRows * sizeof(float));
    float row[kChunk];
    alignas(32) float w[kChunk][kTileRows];
    for (int64_t begin = 0; begin < job.nCols; begin += kChunk) {
        const int n = int(job.nCols - begin < kChunk ? job.nCols - begin : kChunk);
        const size_t offset = size_t(begin / job.blockValues) * job.blockBytes;
        for (int r = 0; r < kTileRows; ++r) {
            job.unpack(job.rows + r * job.rowBytes + offset, row, n);
            for (int c = 0; c < n; ++c)
                w[c][r] = row[c];
        }
        int64_t t = 0;
        const float* x = job.x + begin;
        for (; t + 8 <= job.nTokens; t += 8)
            multiplyFloat<8>(w, n, x + t * job.nCols, job.nCols, job.out + t * kTileRows);
        for (; t < job.nTokens; ++t)
            multiplyFloat<1>(w, n, x + t * job.nCols, job.nCols, job.out + t * kTileRows);
    }
}

inline int32_t horizontalSum(V v)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1)));
}

void quantize(const QuantizeJob& job) noexcept
{
    const F sign = _mm256_set1_ps(-0.0f);
    for (int64_t t = job.firstToken; t < job.endToken; ++t) {
        for (int64_t chunk = 0; chunk * kChunk < job.nCols; ++chunk) {
            const int64_t at = chunk * job.nTokens + t;
            int8_t* q = job.q + at * kChunk;
            for (int block = 0; block < kBlocks; ++block) {
                const int64_t begin = chunk * kChunk + block * kBlock;
                F v[4] = {};
                F most = _mm256_setzero_ps();
                for (int i = 0; i < 4 && begin < job.nCols; ++i) {
                    v[i] = _mm256_loadu_ps(job.x + t * job.nCols + begin + 8 * i);
                    most = _mm256_max_ps(most, _mm256_andnot_ps(sign, v[i]));
                }
                __m128 m = _mm_max_ps(_mm256_castps256_ps128(most), _mm256_extractf128_ps(most, 1));
                m = _mm_max_ps(m, _mm_movehl_ps(m, m));
                m = _mm_max_ss(m, _mm_movehdup_ps(m));
                const float largest = _mm_cvtss_f32(m);
                const bool isAny = largest > 1e-30f;
                const float scale = isAny ? largest / 127.0f : 0.0f;
                const F inverse = _mm256_set1_ps(isAny ? 127.0f / largest : 0.0f);
                V i32[4];
                for (int i = 0; i < 4; ++i)
                    i32[i] = _mm256_cvtps_epi32(_mm256_mul_ps(v[i], inverse));
                const int32_t sumA = horizontalSum(_mm256_add_epi32(i32[0], i32[1]));
                const int32_t sumB = horizontalSum(_mm256_add_epi32(i32[2], i32[3]));
                // Packing works inside 128-bit lanes; the permutation puts the dwords back in order.
                const V bytes = _mm256_packs_epi16(_mm256_packs_epi32(i32[0], i32[1]), _mm256_packs_epi32(i32[2], i32[3]));
                _mm256_storeu_si256(reinterpret_cast<V*>(q + block * kBlock),
                                    _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
                job.scales[at * kBlocks + block] = scale;
                job.sums[at * kBlocks + block] = scale * float(sumA + sumB);
                job.negativeSums[at * 16 + block * 2] = -sumA;
                job.negativeSums[at * 16 + block * 2 + 1] = -sumB;
            }
        }
    }
}

void siluTimes(float* gate, const float* up, int64_t n) noexcept // n is a multiple of 16
{
    for (int64_t i = 0; i < n; i += 8) {
        const F g = _mm256_loadu_ps(gate + i);
        const F e = cpu::exp8(_mm256_xor_ps(g, _mm256_set1_ps(-0.0f)));
        const F s = _mm256_div_ps(g, _mm256_add_ps(_mm256_set1_ps(1.0f), e));
        _mm256_storeu_ps(gate + i, _mm256_mul_ps(s, _mm256_loadu_ps(up + i)));
    }
}

} // namespace

TileKernels avx2TileKernels()
{
    return {int8Tile, floatTile, quantize, siluTimes};
}

} // namespace sy::ops
