// SPDX-License-Identifier: GPL-3.0-or-later
// AVX2 kernels; compiled with -mavx2 -mfma, so nothing here may be shared with other files. Products are maddubs (u8 times
// s8, pairs added in 16 bits) and madd with ones. maddubs saturates at 32767: codes up to 127 are safe (2 * 127 * 127 =
// 32258). Wider ones (Q8_0, the levels of IQ4) are signed weights: |w| times sign(a, w), at most 2 * 128 * 127 = 32512.
#include "engine/cpu/exp_avx2.inl.h"
#include "engine/ops/matmul/tile_int8.inl.h"

#include <immintrin.h>

namespace sy::ops {

namespace {

using V = __m256i;
using F = __m256;

struct Avx2 {
    // Two registers each: rows 0 … 7 and 8 … 15 of a tile. Broadcasts name one register twice.
    struct V {
        __m256i a, b;
    };
    struct F {
        __m256 a, b;
    };
    static constexpr int kMostTokens = 4; // eight sums, of 16 registers
    static constexpr bool kHasDot = false;

    static V load(const void* p)
    {
        const auto* v = static_cast<const __m256i*>(p);
        return {_mm256_loadu_si256(v), _mm256_loadu_si256(v + 1)};
    }
    static void store(void* p, V v)
    {
        _mm256_store_si256(static_cast<__m256i*>(p), v.a);
        _mm256_store_si256(static_cast<__m256i*>(p) + 1, v.b);
    }
    static F loadFloats(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
    static void storeFloats(float* p, F v)
    {
        _mm256_storeu_ps(p, v.a);
        _mm256_storeu_ps(p + 8, v.b);
    }
    static V both(__m256i v) { return {v, v}; }
    static V dwords(int x) { return both(_mm256_set1_epi32(x)); }
    static F floats(float x)
    {
        const __m256 v = _mm256_set1_ps(x);
        return {v, v};
    }
    static V and_(V x, V y) { return {_mm256_and_si256(x.a, y.a), _mm256_and_si256(x.b, y.b)}; }
    static V or_(V x, V y) { return {_mm256_or_si256(x.a, y.a), _mm256_or_si256(x.b, y.b)}; }
    static V xor_(V x, V y) { return {_mm256_xor_si256(x.a, y.a), _mm256_xor_si256(x.b, y.b)}; }
    static V shl(V v, int n) { return {_mm256_slli_epi32(v.a, n), _mm256_slli_epi32(v.b, n)}; }
    static V shr(V v, int n) { return {_mm256_srli_epi32(v.a, n), _mm256_srli_epi32(v.b, n)}; }
    static V sar(V v, int n) { return {_mm256_srai_epi32(v.a, n), _mm256_srai_epi32(v.b, n)}; }
    static V add(V x, V y) { return {_mm256_add_epi32(x.a, y.a), _mm256_add_epi32(x.b, y.b)}; }
    static V mulDwords(V x, V y) { return {_mm256_mullo_epi32(x.a, y.a), _mm256_mullo_epi32(x.b, y.b)}; }
    static F toFloat(V v) { return {_mm256_cvtepi32_ps(v.a), _mm256_cvtepi32_ps(v.b)}; }
    static F asFloat(V v) { return {_mm256_castsi256_ps(v.a), _mm256_castsi256_ps(v.b)}; }
    static F mul(F x, F y) { return {_mm256_mul_ps(x.a, y.a), _mm256_mul_ps(x.b, y.b)}; }
    static F fma(F x, F y, F z) { return {_mm256_fmadd_ps(x.a, y.a, z.a), _mm256_fmadd_ps(x.b, y.b, z.b)}; }
    static F fnma(F x, F y, F z) { return {_mm256_fnmadd_ps(x.a, y.a, z.a), _mm256_fnmadd_ps(x.b, y.b, z.b)}; }
    static F negative(F v)
    {
        const __m256 sign = _mm256_set1_ps(-0.0f);
        return {_mm256_xor_ps(v.a, sign), _mm256_xor_ps(v.b, sign)};
    }
    static V bytes(const void* p)
    {
        const auto* v = static_cast<const char*>(p);
        return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(v))),
                _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(v + 8)))};
    }
    static V lookup(const uint8_t* table, V indices)
    {
        const __m256i t = _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table)));
        return {_mm256_shuffle_epi8(t, indices.a), _mm256_shuffle_epi8(t, indices.b)};
    }
    static F halves(const void* p)
    {
        const auto* v = static_cast<const __m128i*>(p);
        return {_mm256_cvtph_ps(_mm_loadu_si128(v)), _mm256_cvtph_ps(_mm_loadu_si128(v + 1))};
    }
    static F narrow(V v) // the low 16 bits of each dword, as halves
    {
        const __m256i low = _mm256_set1_epi32(0xFFFF);
        const __m256i packed = _mm256_packus_epi32(_mm256_and_si256(v.a, low), _mm256_and_si256(v.b, low));
        const __m256i ordered = _mm256_permute4x64_epi64(packed, 0xD8);
        return {_mm256_cvtph_ps(_mm256_castsi256_si128(ordered)), _mm256_cvtph_ps(_mm256_extracti128_si256(ordered, 1))};
    }
    static F lowHalf(V v) { return narrow(v); }
    static F highHalf(V v) { return narrow(shr(v, 16)); }
    static void prefetch(const void* p) { _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1); }

    static V pairs(V codes, V q) { return {_mm256_maddubs_epi16(codes.a, q.a), _mm256_maddubs_epi16(codes.b, q.b)}; }
    static V signedPairs(V w, V q)
    {
        return {_mm256_maddubs_epi16(_mm256_abs_epi8(w.a), _mm256_sign_epi8(q.a, w.a)),
                _mm256_maddubs_epi16(_mm256_abs_epi8(w.b), _mm256_sign_epi8(q.b, w.b))};
    }
    // The compiler would turn a chain of these sums into a tree and keep every product of the block for it, in memory: 42
    // operations a cycle instead of 70.
    static V addPairs(V x, V y)
    {
        V sum{_mm256_add_epi16(x.a, y.a), _mm256_add_epi16(x.b, y.b)};
        asm("" : "+x"(sum.a), "+x"(sum.b));
        return sum;
    }
    static V widen(V pairs)
    {
        const __m256i ones = _mm256_set1_epi16(1);
        return {_mm256_madd_epi16(pairs.a, ones), _mm256_madd_epi16(pairs.b, ones)};
    }
};

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

void turn(const TurnJob& job) noexcept
{
    const F sign = _mm256_set1_ps(-0.0f), most = _mm256_set1_ps(127.0f), zero = _mm256_setzero_ps();
    const V low = _mm256_set1_epi32(0xFF);
    for (int r = 0; r < kTileRows; r += 8) {
        const float* from = job.x + r;
        F largest = zero;
        for (int c = 0; c < kBlock; ++c)
            largest = _mm256_max_ps(largest, _mm256_andnot_ps(sign, _mm256_loadu_ps(from + c * job.stride)));
        const __m128i halves = _mm256_cvtps_ph(_mm256_div_ps(largest, most), _MM_FROUND_TO_NEAREST_INT);
        const F inverse = _mm256_div_ps(_mm256_set1_ps(1.0f), _mm256_max_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(kLeastHalf)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(job.out + 2 * r), halves);
        for (int g = 0; g < kBlock / 4; ++g) {
            V bytes[4];
            for (int i = 0; i < 4; ++i) {
                const F x = _mm256_mul_ps(_mm256_loadu_ps(from + (4 * g + i) * job.stride), inverse);
                bytes[i] = _mm256_cvtps_epi32(_mm256_max_ps(_mm256_sub_ps(zero, most), _mm256_min_ps(most, x)));
            }
            const V pair = _mm256_or_si256(_mm256_and_si256(bytes[0], low), _mm256_slli_epi32(_mm256_and_si256(bytes[1], low), 8));
            const V other = _mm256_or_si256(_mm256_slli_epi32(_mm256_and_si256(bytes[2], low), 16), _mm256_slli_epi32(bytes[3], 24));
            _mm256_storeu_si256(reinterpret_cast<V*>(job.out + 2 * kTileRows + g * 4 * kTileRows + 4 * r), _mm256_or_si256(pair, other));
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
    return {Int8Tile<Avx2>::run, floatTile, quantize, turn, siluTimes};
}

} // namespace sy::ops
