// SPDX-License-Identifier: GPL-3.0-or-later
// AVX-512 (VNNI) kernels; compiled with those flags, so nothing here may be shared with other files: all code is in an unnamed
// namespace or templated on it.
#include "engine/cpu/lanes_avx512.inl.h"
#include "engine/ops/matmul/tile_int8.inl.h"

#include <immintrin.h>

namespace sy::ops {

namespace {

using V = __m512i;
using F = __m512;

struct Avx512 {
    using V = __m512i;
    using F = __m512;
    static constexpr int kMostTokens = 12; // 12 integer and 12 float sums, of 32 registers
    static constexpr bool kHasDot = true;

    static V load(const void* p) { return _mm512_loadu_si512(p); }
    static void store(void* p, V v) { _mm512_store_si512(p, v); }
    static F loadFloats(const float* p) { return _mm512_loadu_ps(p); }
    static void storeFloats(float* p, F v) { _mm512_storeu_ps(p, v); }
    static V dwords(int x) { return _mm512_set1_epi32(x); }
    static F floats(float x) { return _mm512_set1_ps(x); }
    static V and_(V a, V b) { return _mm512_and_si512(a, b); }
    static V or_(V a, V b) { return _mm512_or_si512(a, b); }
    static V xor_(V a, V b) { return _mm512_xor_si512(a, b); }
    static V shl(V v, int n) { return _mm512_slli_epi32(v, unsigned(n)); }
    static V shr(V v, int n) { return _mm512_srli_epi32(v, unsigned(n)); }
    static V sar(V v, int n) { return _mm512_srai_epi32(v, unsigned(n)); }
    static V add(V a, V b) { return _mm512_add_epi32(a, b); }
    static V mulDwords(V a, V b) { return _mm512_mullo_epi32(a, b); }
    static F toFloat(V v) { return _mm512_cvtepi32_ps(v); }
    static F mul(F a, F b) { return _mm512_mul_ps(a, b); }
    static F fma(F a, F b, F c) { return _mm512_fmadd_ps(a, b, c); }
    static F asFloat(V v) { return _mm512_castsi512_ps(v); }
    static F fnma(F a, F b, F c) { return _mm512_fnmadd_ps(a, b, c); }
    static F negative(F a) { return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f)); }
    static V bytes(const void* p) { return _mm512_cvtepu8_epi32(_mm_loadu_si128(static_cast<const __m128i*>(p))); }
    static V lookup(const uint8_t* table, V indices)
    {
        return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(_mm_load_si128(reinterpret_cast<const __m128i*>(table))), indices);
    }
    static F halves(const void* p) { return _mm512_cvtph_ps(_mm256_loadu_si256(static_cast<const __m256i*>(p))); }
    static F lowHalf(V v) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v)); }
    static F highHalf(V v) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(v, 16))); }
    static void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1); }
    static V dot(V acc, V codes, V q) { return _mm512_dpbusd_epi32(acc, codes, q); }
};

template <int N>
inline void multiplyFloat(const float (*w)[kTileRows], int n, const float* x, int64_t nCols, float* out)
{
    F f[N];
#pragma GCC unroll 16
    for (int t = 0; t < N; ++t)
        f[t] = _mm512_setzero_ps();
    for (int c = 0; c < n; ++c) {
        const F v = _mm512_load_ps(w[c]);
#pragma GCC unroll 16
        for (int t = 0; t < N; ++t)
            f[t] = _mm512_fmadd_ps(v, _mm512_set1_ps(x[t * nCols + c]), f[t]);
    }
#pragma GCC unroll 16
    for (int t = 0; t < N; ++t)
        _mm512_storeu_ps(out + t * kTileRows, _mm512_add_ps(_mm512_loadu_ps(out + t * kTileRows), f[t]));
}

void floatTile(const FloatJob& job) noexcept
{
    for (int64_t t = 0; t < job.nTokens; ++t)
        _mm512_storeu_ps(job.out + t * kTileRows, _mm512_setzero_ps());
    alignas(64) float row[kTileRows][kChunk];
    alignas(64) float w[kChunk][kTileRows];
    for (int64_t begin = 0; begin < job.nCols; begin += kChunk) {
        const int n = int(job.nCols - begin < kChunk ? job.nCols - begin : kChunk);
        const size_t offset = size_t(begin / job.blockValues) * job.blockBytes;
        for (int r = 0; r < kTileRows; ++r)
            job.unpack(job.rows + r * job.rowBytes + offset, row[r], n);
        if (n % 16 == 0) {
            for (int c = 0; c < n; c += 16) {
                cpu::LanesAvx512 v[16];
                for (int r = 0; r < kTileRows; ++r)
                    v[r] = cpu::LanesAvx512::load(row[r] + c);
                cpu::transpose16(v);
                for (int i = 0; i < 16; ++i)
                    v[i].store(w[c + i]);
            }
        } else {
            for (int c = 0; c < n; ++c)
                for (int r = 0; r < kTileRows; ++r)
                    w[c][r] = row[r][c];
        }
        int64_t t = 0;
        const float* x = job.x + begin;
        for (; t + 12 <= job.nTokens; t += 12)
            multiplyFloat<12>(w, n, x + t * job.nCols, job.nCols, job.out + t * kTileRows);
        for (; t + 4 <= job.nTokens; t += 4)
            multiplyFloat<4>(w, n, x + t * job.nCols, job.nCols, job.out + t * kTileRows);
        for (; t < job.nTokens; ++t)
            multiplyFloat<1>(w, n, x + t * job.nCols, job.nCols, job.out + t * kTileRows);
    }
}

void quantize(const QuantizeJob& job) noexcept
{
    const F sign = _mm512_set1_ps(-0.0f);
    for (int64_t t = job.firstToken; t < job.endToken; ++t) {
        const float* x = job.x + t * job.nCols;
        for (int64_t chunk = 0; chunk * kChunk < job.nCols; ++chunk) {
            const int64_t at = chunk * job.nTokens + t;
            int8_t* q = job.q + at * kChunk;
            for (int block = 0; block < kBlocks; ++block) {
                const int64_t begin = chunk * kChunk + block * kBlock;
                F a = _mm512_setzero_ps(), b = a;
                if (begin < job.nCols) {
                    a = _mm512_loadu_ps(x + begin);
                    b = _mm512_loadu_ps(x + begin + 16);
                }
                const float largest = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_andnot_ps(sign, a), _mm512_andnot_ps(sign, b)));
                const bool isAny = largest > 1e-30f;
                const float scale = isAny ? largest / 127.0f : 0.0f;
                const F inverse = _mm512_set1_ps(isAny ? 127.0f / largest : 0.0f);
                const V qa = _mm512_cvtps_epi32(_mm512_mul_ps(a, inverse));
                const V qb = _mm512_cvtps_epi32(_mm512_mul_ps(b, inverse));
                _mm_storeu_si128(reinterpret_cast<__m128i*>(q + block * kBlock), _mm512_cvtepi32_epi8(qa));
                _mm_storeu_si128(reinterpret_cast<__m128i*>(q + block * kBlock + 16), _mm512_cvtepi32_epi8(qb));
                const int32_t sumA = _mm512_reduce_add_epi32(qa);
                const int32_t sumB = _mm512_reduce_add_epi32(qb);
                job.scales[at * kBlocks + block] = scale;
                job.sums[at * kBlocks + block] = scale * float(sumA + sumB);
                job.negativeSums[at * 16 + block * 2] = -sumA;
                job.negativeSums[at * 16 + block * 2 + 1] = -sumB;
            }
        }
    }
}

void turn(const TurnJob& job) noexcept
{
    const F sign = _mm512_set1_ps(-0.0f), most = _mm512_set1_ps(127.0f), zero = _mm512_setzero_ps();
    F largest = zero;
    for (int c = 0; c < kBlock; ++c)
        largest = _mm512_max_ps(largest, _mm512_andnot_ps(sign, _mm512_loadu_ps(job.x + c * job.stride)));
    const __m256i halves = _mm512_cvtps_ph(_mm512_div_ps(largest, most), _MM_FROUND_TO_NEAREST_INT);
    const F inverse = _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_max_ps(_mm512_cvtph_ps(halves), _mm512_set1_ps(kLeastHalf)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(job.out), halves);
    const V low = _mm512_set1_epi32(0xFF);
    for (int g = 0; g < kBlock / 4; ++g) {
        V bytes[4];
        for (int i = 0; i < 4; ++i) {
            const F x = _mm512_mul_ps(_mm512_loadu_ps(job.x + (4 * g + i) * job.stride), inverse);
            bytes[i] = _mm512_cvtps_epi32(_mm512_max_ps(_mm512_sub_ps(zero, most), _mm512_min_ps(most, x)));
        }
        const V pair = _mm512_or_si512(_mm512_and_si512(bytes[0], low), _mm512_slli_epi32(_mm512_and_si512(bytes[1], low), 8));
        const V other = _mm512_or_si512(_mm512_slli_epi32(_mm512_and_si512(bytes[2], low), 16), _mm512_slli_epi32(bytes[3], 24));
        _mm512_storeu_si512(job.out + 2 * kTileRows + g * 4 * kTileRows, _mm512_or_si512(pair, other));
    }
}

void siluTimes(float* gate, const float* up, int64_t n) noexcept // n is a multiple of 16
{
    for (int64_t i = 0; i < n; i += 16) {
        const F g = _mm512_loadu_ps(gate + i);
        const F e = cpu::exp16(_mm512_xor_ps(g, _mm512_set1_ps(-0.0f)));
        const F s = _mm512_div_ps(g, _mm512_add_ps(_mm512_set1_ps(1.0f), e));
        _mm512_storeu_ps(gate + i, _mm512_mul_ps(s, _mm512_loadu_ps(up + i)));
    }
}

} // namespace

TileKernels avx512TileKernels()
{
    return {Int8Tile<Avx512>::run, floatTile, quantize, turn, siluTimes};
}

} // namespace sy::ops
