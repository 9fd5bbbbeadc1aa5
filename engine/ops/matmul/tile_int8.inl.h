// SPDX-License-Identifier: GPL-3.0-or-later
// The int8 product of a packed tile, written once over an instruction set `Isa` (tile_avx2.cpp, tile_avx512.cpp), which brings
// registers of kRows dwords and floats (16 or 8 rows of the tile), and
//
//      V load(p)   V and_ or_(a, b)   V shl shr(v, n)   V bytes(x)   F toFloat(V)   F mul(F, F)   F fma fnma(a, b, c)
//      F halves(p): kRows consecutive halves          F lowHalf highHalf(V): one half of each dword
//      V dot<kWide>(acc, codes, q): acc += four codes (u8) times four q (s8) of each row; kWide: codes may exceed 127
#pragma once

#include "engine/ops/matmul/tile.h"

#include <cstring>
#include <type_traits>
#include <utility>

namespace sy::ops {

namespace {

template <class Isa>
struct Int8Tile {
    using V = typename Isa::V;
    using F = typename Isa::F;
    static constexpr int kRows = Isa::kRows;

    struct Tile {
        alignas(64) uint8_t codes[kChunk / 4][kTileRows][4];
        alignas(64) float scale[16][kTileRows]; // by sub-block
        alignas(64) float min[16][kTileRows];
    };

    // One block of a packed tile, seen from the rows that start at `first` (0, or 8 for the second half on AVX2).
    struct Block {
        const uint8_t* base;
        int first;
        V dword(int packedOffset) const { return Isa::load(base + packedOffset + 4 * first); }
        F half(int packedOffset) const { return Isa::halves(base + packedOffset + 2 * first); }
    };

    template <int Byte>
    static V byteOf(V v)
    {
        if constexpr (Byte == 3)
            return Isa::shr(v, 24);
        else
            return Isa::and_(Byte ? Isa::shr(v, 8 * Byte) : v, Isa::dwords(255));
    }

    template <int Byte>
    static V signedByteOf(V v)
    {
        return Isa::sar(Byte == 3 ? v : Isa::shl(v, 24 - 8 * Byte), 24);
    }

    template <int N, class Use>
    static void unrolled(Use&& use)
    {
        [&]<int... kI>(std::integer_sequence<int, kI...>) {
            (use(std::integral_constant<int, kI>{}), ...);
        }(std::make_integer_sequence<int, N>{});
    }

    // A decoder calls, sub-blocks in ascending order:
    //      take.scale(sub, scale) or take.scaleMin(sub, scale, min)
    //      take.group(group, codes)                                     for each group of four columns
    //      take.end(sub)
    template <DType Type, class Unused = void>
    struct Decoder;

    // Q4_K, Q5_K: 4 dwords of head (d dmin | 12 bytes of scales), [8 dwords of fifth bits,] 32 dwords of nibbles.
    template <bool kFive>
    struct KBlock {
        static constexpr int kSubs = 8;
        static constexpr bool kHasMin = true;
        static constexpr int kZeroShift = -1;
        static constexpr bool kWide = false;
        template <class Take>
        static void run(const uint8_t* chunk, int first, int, Take&& take)
        {
            const Block block{chunk, first};
            const V head = block.dword(0), a = block.dword(64), b = block.dword(128), c = block.dword(192);
            const F d = Isa::lowHalf(head), dmin = Isa::highHalf(head);
            const V six = Isa::dwords(0x3F3F3F3F), four = Isa::dwords(0x0F0F0F0F), two = Isa::dwords(0x30303030);
            const V scales[2] = {Isa::and_(a, six), Isa::or_(Isa::and_(c, four), Isa::and_(Isa::shr(a, 2), two))};
            const V mins[2] = {Isa::and_(b, six), Isa::or_(Isa::and_(Isa::shr(c, 4), four), Isa::and_(Isa::shr(b, 2), two))};
            constexpr int kLow = kFive ? 12 * 64 : 4 * 64;
            unrolled<8>([&](auto index) {
                constexpr int sub = decltype(index)::value;
                take.scaleMin(sub, Isa::mul(d, Isa::toFloat(byteOf<sub % 4>(scales[sub / 4]))),
                              Isa::mul(dmin, Isa::toFloat(byteOf<sub % 4>(mins[sub / 4]))));
                unrolled<8>([&](auto dword) {
                    constexpr int j = decltype(dword)::value;
                    const V packed = block.dword(kLow + (sub / 2 * 8 + j) * 64);
                    V codes = Isa::and_(sub % 2 ? Isa::shr(packed, 4) : packed, four);
                    if constexpr (kFive) {
                        const V high = block.dword((4 + j) * 64); // bit `sub` of every byte goes to bit 4
                        codes = Isa::or_(codes, Isa::and_(sub < 4 ? Isa::shl(high, sub < 4 ? 4 - sub : 0)
                                                                  : Isa::shr(high, sub < 4 ? 0 : sub - 4),
                                                          Isa::dwords(0x10101010)));
                    }
                    take.group(8 * sub + j, codes);
                });
                take.end(sub);
            });
        }
    };
    template <class U>
    struct Decoder<DType::Q4_K, U> : KBlock<false> {};
    template <class U>
    struct Decoder<DType::Q5_K, U> : KBlock<true> {};

    // Q6_K: 32 dwords of nibbles, 16 of two-bit pairs, 4 of scales, 16 halves of d.
    template <class U>
    struct Decoder<DType::Q6_K, U> {
        static constexpr int kSubs = 16;
        static constexpr bool kHasMin = false;
        static constexpr int kZeroShift = 5;
        static constexpr bool kWide = false;
        template <class Take>
        static void run(const uint8_t* chunk, int first, int, Take&& take)
        {
            const Block block{chunk, first};
            const F d = block.half(52 * 64);
            const V four = Isa::dwords(0x0F0F0F0F), two = Isa::dwords(0x30303030);
            unrolled<16>([&](auto index) {
                constexpr int sub = decltype(index)::value;
                constexpr int h = sub / 8, t = sub / 2 % 4; // half of 128, lane of 32 in it: odd lanes take the upper 32 bytes
                take.scale(sub, Isa::mul(d, Isa::toFloat(signedByteOf<sub % 4>(block.dword((48 + sub / 4) * 64)))));
                unrolled<4>([&](auto dword) {
                    constexpr int j = 4 * (sub % 2) + decltype(dword)::value;
                    const V packed = block.dword((16 * h + 8 * (t % 2) + j) * 64);
                    const V high = block.dword((32 + 8 * h + j) * 64);
                    const V low = Isa::and_(t < 2 ? packed : Isa::shr(packed, 4), four);
                    const V top = t == 0 ? Isa::shl(high, 4) : t == 1 ? Isa::shl(high, 2) : t == 2 ? high : Isa::shr(high, 2);
                    take.group(32 * h + 8 * t + j, Isa::or_(low, Isa::and_(top, two)));
                });
                take.end(sub);
            });
        }
    };

    template <class U>
    struct Decoder<DType::Q8_0, U> {
        static constexpr int kSubs = 8;
        static constexpr bool kHasMin = false;
        static constexpr int kZeroShift = 7;
        static constexpr bool kWide = true;
        template <class Take>
        static void run(const uint8_t* chunk, int first, int nBlocks, Take&& take)
        {
            const V flip = Isa::dwords(int(0x80808080u));
            for (int b = 0; b < nBlocks; ++b) {
                const Block block{chunk + 34 * kTileRows * b, first};
                take.scale(b, block.half(0));
                unrolled<8>([&](auto dword) {
                    constexpr int j = decltype(dword)::value;
                    take.group(8 * b + j, Isa::xor_(block.dword(32 + 64 * j), flip));
                });
                take.end(b);
            }
        }
    };

    // Q4_0, Q4_1, Q5_0, Q5_1: one or two halves, [a dword of fifth bits,] 4 dwords whose nibbles j and j + 16 share a byte.
    template <bool kFive, bool kMin, int kZero>
    struct NibbleBlock {
        static constexpr int kSubs = 8;
        static constexpr bool kHasMin = kMin;
        static constexpr int kZeroShift = kZero;
        static constexpr bool kWide = false;
        template <class Take>
        static void run(const uint8_t* chunk, int first, int nBlocks, Take&& take)
        {
            constexpr int kHead = kMin ? 64 : 32;
            constexpr int kLow = kHead + (kFive ? 64 : 0);
            const V four = Isa::dwords(0x0F0F0F0F);
            for (int b = 0; b < nBlocks; ++b) {
                const Block block{chunk + (kLow + 256) * b, first};
                if constexpr (kMin)
                    take.scaleMin(b, block.half(0), Isa::negative(block.half(32)));
                else
                    take.scale(b, block.half(0));
                unrolled<8>([&](auto group) {
                    constexpr int g = decltype(group)::value;
                    const V packed = block.dword(kLow + 64 * (g % 4));
                    V codes = Isa::and_(g < 4 ? packed : Isa::shr(packed, 4), four);
                    if constexpr (kFive) {
                        // Bits 4g … 4g+3 of the row's 32: the product spreads them so that bit i lands on bit 8 i + 4.
                        const V bits = Isa::and_(Isa::shr(block.dword(kHead), 4 * g), Isa::dwords(15));
                        codes = Isa::or_(codes, Isa::and_(Isa::mulDwords(bits, Isa::dwords(0x02040810)), Isa::dwords(0x10101010)));
                    }
                    take.group(8 * b + g, codes);
                });
                take.end(b);
            }
        }
    };
    template <class U>
    struct Decoder<DType::Q4_0, U> : NibbleBlock<false, false, 3> {};
    template <class U>
    struct Decoder<DType::Q4_1, U> : NibbleBlock<false, true, -1> {};
    template <class U>
    struct Decoder<DType::Q5_0, U> : NibbleBlock<true, false, 4> {};
    template <class U>
    struct Decoder<DType::Q5_1, U> : NibbleBlock<true, true, -1> {};

    template <class D>
    static V startingSum(const int32_t* negativeSums, int sub)
    {
        if constexpr (D::kZeroShift < 0) {
            return Isa::dwords(0);
        } else {
            const int32_t negative = D::kSubs == 16 ? negativeSums[sub] : negativeSums[2 * sub] + negativeSums[2 * sub + 1];
            return Isa::dwords(negative * (1 << D::kZeroShift));
        }
    }

    static V broadcast4(const int8_t* p)
    {
        int32_t v;
        std::memcpy(&v, p, 4);
        return Isa::dwords(v);
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

        void scale(int sub, F s)
        {
            subScale = s;
            acc = startingSum<D>(negativeSums, sub);
        }
        void scaleMin(int sub, F s, F m)
        {
            subMin = m;
            scale(sub, s);
        }
        void group(int g, V codes) { acc = Isa::template dot<D::kWide>(acc, codes, broadcast4(q + 4 * g)); }
        void end(int sub)
        {
            const int block = D::kSubs == 16 ? sub / 2 : sub;
            f = Isa::fma(Isa::toFloat(acc), Isa::mul(subScale, Isa::floats(scales[block])), f);
            if constexpr (D::kHasMin)
                f = Isa::fnma(subMin, Isa::floats(sums[block]), f);
        }
    };

    // Writes decoded groups to the tile.
    struct Store {
        Tile& tile;
        int first;
        void scale(int sub, F s) { Isa::storeFloats(tile.scale[sub] + first, s); }
        void scaleMin(int sub, F s, F m)
        {
            Isa::storeFloats(tile.scale[sub] + first, s);
            Isa::storeFloats(tile.min[sub] + first, m);
        }
        void group(int g, V codes) { Isa::store(tile.codes[g][first], codes); }
        void end(int) {}
    };

    template <class D, int N>
    static void multiply(const Tile& tile, int first, int nSubs, const Int8Activations& x, int64_t at, float* out)
    {
        const int8_t* q = x.q + at * kChunk;
        const float* scales = x.scales + at * kBlocks;
        const float* sums = x.sums + at * kBlocks;
        const int32_t* negativeSums = x.negativeSums + at * 16;
        constexpr int kGroups = 64 / D::kSubs;
        F f[N];
#pragma GCC unroll 16
        for (int t = 0; t < N; ++t)
            f[t] = Isa::loadFloats(out + t * kTileRows + first);
        for (int sub = 0; sub < nSubs; ++sub) {
            const int block = D::kSubs == 16 ? sub / 2 : sub;
            V acc[N];
#pragma GCC unroll 16
            for (int t = 0; t < N; ++t)
                acc[t] = startingSum<D>(negativeSums + t * 16, sub);
            const int8_t* p = q + sub * kGroups * 4;
#pragma GCC unroll 8
            for (int g = 0; g < kGroups; ++g) {
                const V w = Isa::load(tile.codes[sub * kGroups + g][first]);
#pragma GCC unroll 16
                for (int t = 0; t < N; ++t)
                    acc[t] = Isa::template dot<D::kWide>(acc[t], w, broadcast4(p + t * kChunk + 4 * g));
            }
            const F s = Isa::loadFloats(tile.scale[sub] + first);
#pragma GCC unroll 16
            for (int t = 0; t < N; ++t)
                f[t] = Isa::fma(Isa::toFloat(acc[t]), Isa::mul(s, Isa::floats(scales[t * kBlocks + block])), f[t]);
            if constexpr (D::kHasMin) {
                const F m = Isa::loadFloats(tile.min[sub] + first);
#pragma GCC unroll 16
                for (int t = 0; t < N; ++t)
                    f[t] = Isa::fnma(m, Isa::floats(sums[t * kBlocks + block]), f[t]);
            }
        }
#pragma GCC unroll 16
        for (int t = 0; t < N; ++t)
            Isa::storeFloats(out + t * kTileRows + first, f[t]);
    }

    // A coming chunk, while this one is worked on, into the second-level cache. Tiles follow each other, so the end of a tile asks for
    // the next one's beginning. Decode of a 1.5B Q4_K_M on two threads of a Zen 4: 27 ms a token so, 43 without, 47 into the first
    // level, 34 twelve chunks ahead.
    static constexpr int kAhead = 3;
    static void prefetch(const uint8_t* p, size_t bytes)
    {
        for (size_t b = 0; b < bytes; b += 64)
            Isa::prefetch(p + b);
    }

    // flatten: the decoders' unrolled lambdas must dissolve, or registers go through memory at every call.
    template <DType Type>
    [[gnu::flatten]] static void runType(const Int8Job& job)
    {
        using D = Decoder<Type>;
        const int64_t nTokens = job.x.nTokens;
        const size_t chunkBytes = size_t(kChunk / job.format->blockValues) * job.format->blockBytes * kTileRows;
        const int64_t nChunks = (job.nCols + kChunk - 1) / kChunk;
        const auto* base = reinterpret_cast<const uint8_t*>(job.tile);
        const auto blocksOf = [&](int64_t chunk) {
            const int64_t left = (job.nCols - chunk * kChunk) / kBlock;
            return left < kBlocks ? int(left) : kBlocks;
        };
        if (nTokens == 1) {
            for (int first = 0; first < kTileRows; first += kRows) {
                F f = Isa::floats(0.0f);
                for (int64_t c = 0; c < nChunks; ++c) {
                    OneToken<D> take{job.x.q + c * kChunk, job.x.scales + c * kBlocks, job.x.sums + c * kBlocks,
                                     job.x.negativeSums + c * 16, f};
                    if (first == 0)
                        prefetch(base + size_t(c + kAhead) * chunkBytes, chunkBytes);
                    D::run(base + size_t(c) * chunkBytes, first, blocksOf(c), take);
                    f = take.f;
                }
                Isa::storeFloats(job.out + first, f);
            }
            return;
        }
        std::memset(job.out, 0, size_t(nTokens) * kTileRows * sizeof(float));
        Tile tile;
        for (int64_t c = 0; c < nChunks; ++c) {
            const int nBlocks = blocksOf(c);
            prefetch(base + size_t(c + kAhead) * chunkBytes, chunkBytes);
            for (int first = 0; first < kTileRows; first += kRows)
                D::run(base + size_t(c) * chunkBytes, first, nBlocks, Store{tile, first});
            const int nSubs = nBlocks * (D::kSubs / 8);
            const int64_t at = c * nTokens;
            int64_t t = 0;
            const auto tokens = [&]<int N>(std::integral_constant<int, N>) {
                for (int first = 0; first < kTileRows; first += kRows)
                    multiply<D, N>(tile, first, nSubs, job.x, at + t, job.out + t * kTileRows);
                t += N;
            };
            while (t + Isa::kMostTokens <= nTokens)
                tokens(std::integral_constant<int, Isa::kMostTokens>{});
            while (t + 4 <= nTokens)
                tokens(std::integral_constant<int, 4>{});
            while (t < nTokens)
                tokens(std::integral_constant<int, 1>{});
        }
    }

    static void run(const Int8Job& job) noexcept
    {
        switch (job.format->type) {
        case DType::Q4_0: return runType<DType::Q4_0>(job);
        case DType::Q4_1: return runType<DType::Q4_1>(job);
        case DType::Q5_0: return runType<DType::Q5_0>(job);
        case DType::Q5_1: return runType<DType::Q5_1>(job);
        case DType::Q8_0: return runType<DType::Q8_0>(job);
        case DType::Q4_K: return runType<DType::Q4_K>(job);
        case DType::Q5_K: return runType<DType::Q5_K>(job);
        case DType::Q6_K: return runType<DType::Q6_K>(job);
        default: return;
        }
    }
};

} // namespace

} // namespace sy::ops
