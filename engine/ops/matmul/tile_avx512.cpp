// SPDX-License-Identifier: GPL-3.0-or-later
// AVX-512 (VNNI) kernels; compiled with those flags, so nothing here may be shared with other files: all code is in an unnamed
// namespace or templated on the level.
//
// Decoding works on dwords: a 16x16 byte piece (16 bytes of each of the 16 rows) becomes four registers that hold dword j of
// every row. Four rows' pieces are loaded into the lanes of one register (rows i, 4+i, 8+i, 12+i), and a 4x4 transposition
// inside the lanes puts them in order: 8 shuffles for 256 bytes. Nibbles are split after the transposition, so it moves packed
// data. One token (decode) feeds the products from registers; more tokens go through an L1-sized buffer of codes.
#include "engine/cpu/exp_avx512.inl.h"
#include "engine/ops/matmul/tile_decode.inl.h"

#include <immintrin.h>
#include <type_traits>

namespace sy::ops {

namespace {

struct Avx512 {};

using V = __m512i;
using F = __m512;

inline V and_(V a, V b) { return _mm512_and_si512(a, b); }
inline V or_(V a, V b) { return _mm512_or_si512(a, b); }

struct Rows {
    const uint8_t* base;
    size_t stride;
    const uint8_t* at(int r) const { return base + size_t(r) * stride; }
};

// 16 bytes at `offset` of all 16 rows as four registers of dwords in row order.
inline void load16(const Rows& rows, size_t offset, V out[4])
{
    const uint8_t* p = rows.base + offset;
    const size_t s = rows.stride;
    const auto quad = [&](int i) {
        const uint8_t* a = p + size_t(i) * s;
        const uint8_t* b = a + 8 * s;
        V v = _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a)));
        v = _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(a + 4 * s)), 1);
        v = _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(b)), 2);
        return _mm512_inserti32x4(v, _mm_loadu_si128(reinterpret_cast<const __m128i*>(b + 4 * s)), 3);
    };
    const V a0 = quad(0), a1 = quad(1), a2 = quad(2), a3 = quad(3);
    const V t0 = _mm512_unpacklo_epi32(a0, a1), t1 = _mm512_unpackhi_epi32(a0, a1);
    const V t2 = _mm512_unpacklo_epi32(a2, a3), t3 = _mm512_unpackhi_epi32(a2, a3);
    out[0] = _mm512_unpacklo_epi64(t0, t2);
    out[1] = _mm512_unpackhi_epi64(t0, t2);
    out[2] = _mm512_unpacklo_epi64(t1, t3);
    out[3] = _mm512_unpackhi_epi64(t1, t3);
}

// Two bytes at `offset` of all rows, read as halves.
inline F loadHalves(const Rows& rows, size_t offset)
{
    alignas(32) uint16_t h[16];
    for (int r = 0; r < 16; ++r)
        std::memcpy(&h[r], rows.at(r) + offset, 2);
    return _mm512_cvtph_ps(_mm256_load_si256(reinterpret_cast<const __m256i*>(h)));
}

template <int Byte>
inline V byteOf(V v)
{
    if constexpr (Byte == 0)
        return and_(v, _mm512_set1_epi32(255));
    else if constexpr (Byte == 3)
        return _mm512_srli_epi32(v, 24);
    else
        return and_(_mm512_srli_epi32(v, 8 * Byte), _mm512_set1_epi32(255));
}

template <int Byte>
inline V signedByteOf(V v)
{
    if constexpr (Byte == 3)
        return _mm512_srai_epi32(v, 24);
    else
        return _mm512_srai_epi32(_mm512_slli_epi32(v, 24 - 8 * Byte), 24);
}

// Scales and minima of Q4_K and Q5_K from the 16-byte head of each block.
inline void kScales(const Rows& rows, F scale[8], F min[8])
{
    V head[4];
    load16(rows, 0, head);
    const F d = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(head[0]));
    const F dmin = _mm512_cvtph_ps(_mm512_cvtepi32_epi16(_mm512_srli_epi32(head[0], 16)));
    const V six = _mm512_set1_epi32(0x3F3F3F3F), four = _mm512_set1_epi32(0x0F0F0F0F), two = _mm512_set1_epi32(0x30303030);
    const V s0 = and_(head[1], six);
    const V m0 = and_(head[2], six);
    const V s1 = or_(and_(head[3], four), and_(_mm512_srli_epi32(head[1], 2), two));
    const V m1 = or_(and_(_mm512_srli_epi32(head[3], 4), four), and_(_mm512_srli_epi32(head[2], 2), two));
    const auto put = [&](auto index) {
        constexpr int i = decltype(index)::value;
        scale[i] = _mm512_mul_ps(d, _mm512_cvtepi32_ps(byteOf<i>(s0)));
        scale[i + 4] = _mm512_mul_ps(d, _mm512_cvtepi32_ps(byteOf<i>(s1)));
        min[i] = _mm512_mul_ps(dmin, _mm512_cvtepi32_ps(byteOf<i>(m0)));
        min[i + 4] = _mm512_mul_ps(dmin, _mm512_cvtepi32_ps(byteOf<i>(m1)));
    };
    put(std::integral_constant<int, 0>{});
    put(std::integral_constant<int, 1>{});
    put(std::integral_constant<int, 2>{});
    put(std::integral_constant<int, 3>{});
}

// A format's decoder calls
//     take.group(group, codes)   for each group of four columns, in ascending order inside a sub-block
//     take.scale(sub, scale) or take.scaleMin(sub, scale, min)   before the sub-block's first group
template <DType Type>
struct Decoder;

template <>
struct Decoder<DType::Q4_K> {
    static constexpr int kSubs = 8;
    static constexpr bool kHasMin = true;
    static constexpr int kZeroShift = -1;
    template <class Take>
    static void run(const Rows& rows, int, Take&& take)
    {
        F scale[8], min[8];
        kScales(rows, scale, min);
        const V four = _mm512_set1_epi32(0x0F0F0F0F);
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
            V q[8];
            load16(rows, 16 + 32 * c, q);
            load16(rows, 32 + 32 * c, q + 4);
            take.scaleMin(2 * c, scale[2 * c], min[2 * c]);
#pragma GCC unroll 8
            for (int j = 0; j < 8; ++j)
                take.group(16 * c + j, and_(q[j], four));
            take.end(2 * c);
            take.scaleMin(2 * c + 1, scale[2 * c + 1], min[2 * c + 1]);
#pragma GCC unroll 8
            for (int j = 0; j < 8; ++j)
                take.group(16 * c + 8 + j, and_(_mm512_srli_epi32(q[j], 4), four));
            take.end(2 * c + 1);
        }
    }
};

template <>
struct Decoder<DType::Q5_K> {
    static constexpr int kSubs = 8;
    static constexpr bool kHasMin = true;
    static constexpr int kZeroShift = -1;
    template <class Take>
    static void run(const Rows& rows, int, Take&& take)
    {
        F scale[8], min[8];
        kScales(rows, scale, min);
        const V four = _mm512_set1_epi32(0x0F0F0F0F), bit = _mm512_set1_epi32(0x10101010);
        V high[8];
        load16(rows, 16, high);
        load16(rows, 32, high + 4);
        const auto fifth = [&](int j, int sub) { // bit `sub` of every byte moved to bit 4
            return and_(sub < 4 ? _mm512_slli_epi32(high[j], 4 - sub) : _mm512_srli_epi32(high[j], sub - 4), bit);
        };
#pragma GCC unroll 4
        for (int c = 0; c < 4; ++c) {
            V q[8];
            load16(rows, 48 + 32 * c, q);
            load16(rows, 64 + 32 * c, q + 4);
            take.scaleMin(2 * c, scale[2 * c], min[2 * c]);
#pragma GCC unroll 8
            for (int j = 0; j < 8; ++j)
                take.group(16 * c + j, or_(and_(q[j], four), fifth(j, 2 * c)));
            take.end(2 * c);
            take.scaleMin(2 * c + 1, scale[2 * c + 1], min[2 * c + 1]);
#pragma GCC unroll 8
            for (int j = 0; j < 8; ++j)
                take.group(16 * c + 8 + j, or_(and_(_mm512_srli_epi32(q[j], 4), four), fifth(j, 2 * c + 1)));
            take.end(2 * c + 1);
        }
    }
};

template <>
struct Decoder<DType::Q6_K> {
    static constexpr int kSubs = 16;
    static constexpr bool kHasMin = false;
    static constexpr int kZeroShift = 5;
    template <class Take>
    static void run(const Rows& rows, int, Take&& take)
    {
        const F d = loadHalves(rows, 208);
        V s[4];
        load16(rows, 192, s);
        const auto scaleOf = [&](int sub) {
            V v = s[sub / 4];
            switch (sub % 4) {
            case 0: v = signedByteOf<0>(v); break;
            case 1: v = signedByteOf<1>(v); break;
            case 2: v = signedByteOf<2>(v); break;
            default: v = signedByteOf<3>(v); break;
            }
            return _mm512_mul_ps(d, _mm512_cvtepi32_ps(v));
        };
        const V four = _mm512_set1_epi32(0x0F0F0F0F), two = _mm512_set1_epi32(0x30303030);
#pragma GCC unroll 2
        for (int h = 0; h < 2; ++h) {
            V high[8], q[16];
            load16(rows, 128 + 32 * h, high);
            load16(rows, 144 + 32 * h, high + 4);
#pragma GCC unroll 4
            for (int i = 0; i < 4; ++i)
                load16(rows, 64 * h + 16 * i, q + 4 * i);
#pragma GCC unroll 4
            for (int t = 0; t < 4; ++t) { // t even: the first 32 bytes; t < 2: low nibbles
#pragma GCC unroll 2
                for (int half = 0; half < 2; ++half) {
                    const int sub = 8 * h + 2 * t + half;
                    take.scale(sub, scaleOf(sub));
#pragma GCC unroll 4
                    for (int j = 4 * half; j < 4 * half + 4; ++j) {
                        const V packed = q[8 * (t % 2) + j];
                        const V low = and_(t < 2 ? packed : _mm512_srli_epi32(packed, 4), four);
                        const V top = t == 0   ? _mm512_slli_epi32(high[j], 4)
                                      : t == 1 ? _mm512_slli_epi32(high[j], 2)
                                      : t == 2 ? high[j]
                                               : _mm512_srli_epi32(high[j], 2);
                        take.group(32 * h + 8 * t + j, or_(low, and_(top, two)));
                    }
                    take.end(sub);
                }
            }
        }
    }
};

template <>
struct Decoder<DType::Q8_0> {
    static constexpr int kSubs = 8;
    static constexpr bool kHasMin = false;
    static constexpr int kZeroShift = 7;
    template <class Take>
    static void run(const Rows& rows, int nBlocks, Take&& take)
    {
        const V flip = _mm512_set1_epi32(int(0x80808080u));
        for (int b = 0; b < nBlocks; ++b) {
            V q[8];
            load16(rows, 34 * b + 2, q);
            load16(rows, 34 * b + 18, q + 4);
            take.scale(b, loadHalves(rows, 34 * b));
#pragma GCC unroll 8
            for (int j = 0; j < 8; ++j)
                take.group(8 * b + j, _mm512_xor_si512(q[j], flip));
            take.end(b);
        }
    }
};

// Q4_0, Q4_1, Q5_0 and Q5_1: nibbles j and j + 16 share a byte.
template <int kHead, bool kFive, bool kMin, int kZero>
struct NibbleBlocks {
    static constexpr int kSubs = 8;
    static constexpr bool kHasMin = kMin;
    static constexpr int kZeroShift = kZero;
    template <class Take>
    static void run(const Rows& rows, int nBlocks, Take&& take)
    {
        constexpr int kBytes = kHead + (kFive ? 4 : 0) + 16;
        const V four = _mm512_set1_epi32(0x0F0F0F0F);
        for (int b = 0; b < nBlocks; ++b) {
            const size_t at = size_t(kBytes) * b;
            V q[4];
            load16(rows, at + kBytes - 16, q);
            V high{};
            if constexpr (kFive) {
                alignas(64) uint32_t h[16];
                for (int r = 0; r < 16; ++r)
                    std::memcpy(&h[r], rows.at(r) + at + kHead, 4);
                high = _mm512_load_si512(h);
            }
            const auto fifth = [&](int group) { // bits 4*group … +3 of the row's 32, one to bit 4 of each byte
                if constexpr (kFive) {
                    // Multiply spreads the four bits to bytes: bit i lands at 8*i + 4 after the mask.
                    const V bits = and_(_mm512_srli_epi32(high, 4 * group), _mm512_set1_epi32(15));
                    return and_(_mm512_mullo_epi32(bits, _mm512_set1_epi32(0x02040810)), _mm512_set1_epi32(0x10101010));
                } else {
                    (void)group;
                    return _mm512_setzero_si512();
                }
            };
            if constexpr (kMin)
                take.scaleMin(b, loadHalves(rows, at), _mm512_xor_ps(loadHalves(rows, at + 2), _mm512_set1_ps(-0.0f)));
            else
                take.scale(b, loadHalves(rows, at));
#pragma GCC unroll 4
            for (int j = 0; j < 4; ++j)
                take.group(8 * b + j, or_(and_(q[j], four), fifth(j)));
#pragma GCC unroll 4
            for (int j = 0; j < 4; ++j)
                take.group(8 * b + 4 + j, or_(and_(_mm512_srli_epi32(q[j], 4), four), fifth(4 + j)));
            take.end(b);
        }
    }
};
template <>
struct Decoder<DType::Q4_0> : NibbleBlocks<2, false, false, 3> {};
template <>
struct Decoder<DType::Q4_1> : NibbleBlocks<4, false, true, -1> {};
template <>
struct Decoder<DType::Q5_0> : NibbleBlocks<2, true, false, 4> {};
template <>
struct Decoder<DType::Q5_1> : NibbleBlocks<4, true, true, -1> {};

inline V broadcast4(const int8_t* p)
{
    int32_t v;
    std::memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
}

// Takes decoded groups straight into the products of one token.
template <class D>
struct OneToken {
    const int8_t* q;
    const float* scales;
    const float* sums;
    const int32_t* negativeSums;
    F f;
    V acc{};
    F subScale{};
    F subMin{};

    void start(int sub)
    {
        if constexpr (D::kZeroShift < 0) {
            acc = _mm512_setzero_si512();
        } else {
            const int32_t negative = D::kSubs == 16 ? negativeSums[sub] : negativeSums[2 * sub] + negativeSums[2 * sub + 1];
            acc = _mm512_set1_epi32(negative * (1 << D::kZeroShift));
        }
    }
    void scale(int sub, F s)
    {
        subScale = s;
        start(sub);
    }
    void scaleMin(int sub, F s, F m)
    {
        subScale = s;
        subMin = m;
        start(sub);
    }
    void group(int g, V codes) { acc = _mm512_dpbusd_epi32(acc, codes, broadcast4(q + 4 * g)); }
    void end(int sub)
    {
        const int block = D::kSubs == 16 ? sub / 2 : sub;
        f = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc), _mm512_mul_ps(subScale, _mm512_set1_ps(scales[block])), f);
        if constexpr (D::kHasMin)
            f = _mm512_fnmadd_ps(subMin, _mm512_set1_ps(sums[block]), f);
    }
};

// Writes decoded groups to the tile.
struct Store {
    Tile& tile;
    void scale(int sub, F s) { _mm512_store_ps(tile.scale[sub], s); }
    void scaleMin(int sub, F s, F m)
    {
        _mm512_store_ps(tile.scale[sub], s);
        _mm512_store_ps(tile.min[sub], m);
    }
    void group(int g, V codes) { _mm512_store_si512(tile.codes[g], codes); }
    void end(int) {}
};

template <class D, int N>
inline void multiply(const Tile& tile, int nSubs, const Int8Activations& x, int64_t at, float* out)
{
    const int8_t* q = x.q + at * kChunk;
    const float* scales = x.scales + at * kBlocks;
    const float* sums = x.sums + at * kBlocks;
    const int32_t* negativeSums = x.negativeSums + at * 16;
    constexpr int kGroups = 64 / D::kSubs;
    F f[N];
#pragma GCC unroll 16
    for (int t = 0; t < N; ++t)
        f[t] = _mm512_loadu_ps(out + t * kTileRows);
    for (int sub = 0; sub < nSubs; ++sub) {
        const int block = D::kSubs == 16 ? sub / 2 : sub;
        V acc[N];
#pragma GCC unroll 16
        for (int t = 0; t < N; ++t) {
            if constexpr (D::kZeroShift < 0) {
                acc[t] = _mm512_setzero_si512();
            } else {
                const int32_t* n = negativeSums + t * 16;
                const int32_t negative = D::kSubs == 16 ? n[sub] : n[2 * sub] + n[2 * sub + 1];
                acc[t] = _mm512_set1_epi32(negative * (1 << D::kZeroShift));
            }
        }
        const int8_t* p = q + sub * kGroups * 4;
#pragma GCC unroll 8
        for (int g = 0; g < kGroups; ++g) {
            const V w = _mm512_load_si512(tile.codes[sub * kGroups + g]);
#pragma GCC unroll 16
            for (int t = 0; t < N; ++t)
                acc[t] = _mm512_dpbusd_epi32(acc[t], w, broadcast4(p + t * kChunk + 4 * g));
        }
        const F s = _mm512_load_ps(tile.scale[sub]);
#pragma GCC unroll 16
        for (int t = 0; t < N; ++t)
            f[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(acc[t]), _mm512_mul_ps(s, _mm512_set1_ps(scales[t * kBlocks + block])), f[t]);
        if constexpr (D::kHasMin) {
            const F m = _mm512_load_ps(tile.min[sub]);
#pragma GCC unroll 16
            for (int t = 0; t < N; ++t)
                f[t] = _mm512_fnmadd_ps(m, _mm512_set1_ps(sums[t * kBlocks + block]), f[t]);
        }
    }
#pragma GCC unroll 16
    for (int t = 0; t < N; ++t)
        _mm512_storeu_ps(out + t * kTileRows, f[t]);
}

// While a chunk is worked on, the same columns of the next 16 rows are asked for: rows follow each other in the file, so that
// the memory sees one ascending stream whatever order the chunks are taken in.
inline void prefetchNext(const Rows& rows, size_t bytes)
{
    for (int r = 0; r < 16; ++r)
        for (size_t b = 0; b < bytes; b += 64)
            _mm_prefetch(reinterpret_cast<const char*>(rows.at(16 + r) + b), _MM_HINT_T1);
}

template <DType Type>
void int8TileOf(const Int8Job& job)
{
    using D = Decoder<Type>;
    const int64_t nTokens = job.x.nTokens;
    const size_t chunkBytes = size_t(kChunk / job.format->blockValues) * job.format->blockBytes;
    const int64_t nChunks = (job.nCols + kChunk - 1) / kChunk;
    const auto blocksOf = [&](int64_t chunk) {
        const int64_t left = (job.nCols - chunk * kChunk) / kBlock;
        return left < kBlocks ? int(left) : kBlocks;
    };
    const auto rowsOf = [&](int64_t chunk) {
        return Rows{reinterpret_cast<const uint8_t*>(job.rows) + size_t(chunk) * chunkBytes, job.rowBytes};
    };
    if (nTokens == 1) {
        F f = _mm512_setzero_ps();
        for (int64_t chunk = 0; chunk < nChunks; ++chunk) {
            const Rows rows = rowsOf(chunk);
            prefetchNext(rows, chunkBytes);
            OneToken<D> take{job.x.q + chunk * kChunk, job.x.scales + chunk * kBlocks, job.x.sums + chunk * kBlocks,
                             job.x.negativeSums + chunk * 16, f};
            D::run(rows, blocksOf(chunk), take);
            f = take.f;
        }
        _mm512_storeu_ps(job.out, f);
        return;
    }
    for (int64_t t = 0; t < nTokens; ++t)
        _mm512_storeu_ps(job.out + t * kTileRows, _mm512_setzero_ps());
    Tile tile;
    for (int64_t chunk = 0; chunk < nChunks; ++chunk) {
        const Rows rows = rowsOf(chunk);
        prefetchNext(rows, chunkBytes);
        const int nBlocks = blocksOf(chunk);
        D::run(rows, nBlocks, Store{tile});
        const int nSubs = nBlocks * (D::kSubs / 8);
        int64_t t = 0;
        const int64_t at = chunk * nTokens;
        for (; t + 12 <= nTokens; t += 12)
            multiply<D, 12>(tile, nSubs, job.x, at + t, job.out + t * kTileRows);
        for (; t + 4 <= nTokens; t += 4)
            multiply<D, 4>(tile, nSubs, job.x, at + t, job.out + t * kTileRows);
        switch (nTokens - t) {
        case 3: multiply<D, 3>(tile, nSubs, job.x, at + t, job.out + t * kTileRows); break;
        case 2: multiply<D, 2>(tile, nSubs, job.x, at + t, job.out + t * kTileRows); break;
        case 1: multiply<D, 1>(tile, nSubs, job.x, at + t, job.out + t * kTileRows); break;
        default: break;
        }
    }
}

void int8Tile(const Int8Job& job) noexcept
{
    switch (job.format->type) {
    case DType::Q4_0: return int8TileOf<DType::Q4_0>(job);
    case DType::Q4_1: return int8TileOf<DType::Q4_1>(job);
    case DType::Q5_0: return int8TileOf<DType::Q5_0>(job);
    case DType::Q5_1: return int8TileOf<DType::Q5_1>(job);
    case DType::Q8_0: return int8TileOf<DType::Q8_0>(job);
    case DType::Q4_K: return int8TileOf<DType::Q4_K>(job);
    case DType::Q5_K: return int8TileOf<DType::Q5_K>(job);
    case DType::Q6_K: return int8TileOf<DType::Q6_K>(job);
    default: return;
    }
}

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
        if (n % 4 == 0) {
            const Rows rows{reinterpret_cast<const uint8_t*>(row), sizeof row[0]};
            for (int c = 0; c < n; c += 4) {
                V v[4];
                load16(rows, size_t(c) * 4, v);
                for (int i = 0; i < 4; ++i)
                    _mm512_store_si512(w[c + i], v[i]);
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
    return {int8Tile, floatTile, quantize, siluTimes};
}

} // namespace sy::ops
