// SPDX-License-Identifier: GPL-3.0-or-later
// The int8 product of a packed tile, written once over an instruction set `Isa` (tile_avx2.cpp, tile_avx512.cpp), which
// brings what tile_decoders.inl.h asks for and one of two ways to multiply four codes (u8) with four q (s8) of each row:
//
//      kHasDot         V dot(acc, codes, q): adds all four products in 32 bits
//      otherwise       V pairs(codes, q): products added two by two in 16 bits; codes up to 127
//                      V addPairs(a, b)   V widen(pairs): pairs added in 32 bits
//                      V signedPairs(w, q): the same for w in -128 … 127
//
// The second way is AVX2's. It stays in 16 bits for as many groups as cannot overflow (8 for codes up to 15, 2 for codes up
// to 63), so that most products cost two instructions instead of three. Integers are exact either way.
#pragma once

#include "engine/ops/matmul/tile_decoders.inl.h"

#include <cstring>

namespace sy::ops {

namespace {

template <class Isa>
struct Int8Tile {
    using V = typename Isa::V;
    using F = typename Isa::F;
    using Decoders = TileDecoders<Isa>;

    struct Tile {
        alignas(64) uint8_t codes[kChunk / 4][kTileRows][4];
        alignas(64) float scale[16][kTileRows]; // by sub-block
        alignas(64) float min[16][kTileRows];
    };

    static V broadcast4(const int8_t* p)
    {
        int32_t v;
        std::memcpy(&v, p, 4);
        return Isa::dwords(v);
    }

    /// How the sums of one sub-block are made for decoder D.
    template <class D>
    struct Sums {
        static constexpr int kGroups = 64 / D::kSubs;
        static constexpr bool kIsSigned = !Isa::kHasDot && D::kMostCode > 127; // codes are turned into signed weights
        static constexpr bool kHasStart = D::kZero != 0 && !kIsSigned;
        // Groups whose pairs fit 16 bits when added: a pair is at most 2 * kMostCode * 127.
        static constexpr int kRun = Isa::kHasDot || D::kMostCode > 63  ? 1
                                    : D::kMostCode > 31                ? 2
                                    : D::kMostCode > 15 || kGroups < 8 ? 4
                                                                       : 8;
        static_assert(Isa::kHasDot || kIsSigned || kRun * 2 * D::kMostCode * 127 <= 32767);

        /// Minus the offset's share of one sub-block, the same for all rows of a token.
        static V start(const int32_t* negativeSums, int sub)
        {
            if constexpr (Isa::kHasDot) {
                return Isa::dwords((D::kSubs == 16 ? negativeSums[sub] : negativeSums[2 * sub] + negativeSums[2 * sub + 1]) *
                                   D::kZero);
            } else {
                const V sum = D::kSubs == 16
                                  ? Isa::dwords(negativeSums[sub])
                                  : Isa::add(Isa::dwords(negativeSums[2 * sub]), Isa::dwords(negativeSums[2 * sub + 1]));
                if constexpr (D::kZero == 12)
                    return Isa::add(Isa::shl(sum, 3), Isa::shl(sum, 2));
                else
                    return Isa::shl(sum, __builtin_ctz(D::kZero));
            }
        }

        static V stored(V codes) { return kIsSigned ? Isa::xor_(codes, Decoders::everyByte(0x80)) : codes; }

        static V product(V weights, V q)
        {
            if constexpr (kIsSigned)
                return Isa::signedPairs(weights, q);
            else
                return Isa::pairs(weights, q);
        }

        /// f minus the minimum times the sum of the sub-block's activations.
        static F withMin(F f, F min, const float* sums, const float* scales, const int32_t* negativeSums, int sub)
        {
            if constexpr (D::kSubs == 8)
                return Isa::fnma(min, Isa::floats(sums[sub]), f);
            else
                return Isa::fma(min, Isa::mul(Isa::toFloat(Isa::dwords(negativeSums[sub])), Isa::floats(scales[sub / 2])),
                                f);
        }
    };

    // Takes decoded groups straight into the products of one token.
    template <class D>
    struct OneToken {
        using S = Sums<D>;
        const int8_t* q;
        const float* scales;
        const float* sums;
        const int32_t* negativeSums;
        F f;
        V acc{};
        V pairs{};
        F subScale{};
        F subMin{};

        void scale(int sub, F s)
        {
            subScale = s;
            if constexpr (Isa::kHasDot)
                acc = S::kHasStart ? S::start(negativeSums, sub) : Isa::dwords(0);
        }
        void scaleMin(int sub, F s, F m)
        {
            subMin = m;
            scale(sub, s);
        }
        template <int G>
        void group(int sub, V codes)
        {
            const V x = broadcast4(q + 4 * (sub * S::kGroups + G));
            if constexpr (Isa::kHasDot) {
                acc = Isa::dot(acc, codes, x);
            } else {
                const V product = S::product(S::stored(codes), x);
                pairs = G % S::kRun == 0 ? product : Isa::addPairs(pairs, product);
                if constexpr (G % S::kRun == S::kRun - 1)
                    acc = G < S::kRun ? Isa::widen(pairs) : Isa::add(acc, Isa::widen(pairs));
            }
        }
        void end(int sub)
        {
            if constexpr (!Isa::kHasDot && S::kHasStart)
                acc = Isa::add(acc, S::start(negativeSums, sub));
            f = Isa::fma(Isa::toFloat(acc), Isa::mul(subScale, Isa::floats(scales[D::kSubs == 16 ? sub / 2 : sub])), f);
            if constexpr (D::kHasMin)
                f = S::withMin(f, subMin, sums, scales, negativeSums, sub);
        }
    };

    // Writes decoded groups to the tile.
    template <class D>
    struct Store {
        Tile& tile;
        void scale(int sub, F s) { Isa::storeFloats(tile.scale[sub], s); }
        void scaleMin(int sub, F s, F m)
        {
            Isa::storeFloats(tile.scale[sub], s);
            Isa::storeFloats(tile.min[sub], m);
        }
        template <int G>
        void group(int sub, V codes)
        {
            Isa::store(tile.codes[sub * Sums<D>::kGroups + G], Sums<D>::stored(codes));
        }
        void end(int) {}
    };

    // N tokens against all rows of a decoded chunk, added to out.
    template <class D, int N>
    static void multiply(const Tile& tile, int nSubs, const Int8Activations& x, int64_t at, float* out)
    {
        using S = Sums<D>;
        const int8_t* q = x.q + at * kChunk;
        const float* scales = x.scales + at * kBlocks;
        const float* sums = x.sums + at * kBlocks;
        const int32_t* negativeSums = x.negativeSums + at * 16;
        F f[N];
#pragma GCC unroll 16
        for (int t = 0; t < N; ++t)
            f[t] = Isa::loadFloats(out + t * kTileRows);
        for (int sub = 0; sub < nSubs; ++sub) {
            V acc[N];
            if constexpr (Isa::kHasDot) {
#pragma GCC unroll 16
                for (int t = 0; t < N; ++t)
                    acc[t] = S::kHasStart ? S::start(negativeSums + t * 16, sub) : Isa::dwords(0);
            }
            const int8_t* p = q + sub * S::kGroups * 4;
            unrolled<S::kGroups / S::kRun>([&](auto run) {
                V pairs[N];
                unrolled<S::kRun>([&](auto step) {
                    constexpr int g = decltype(run)::value * S::kRun + decltype(step)::value;
                    const V w = Isa::load(tile.codes[sub * S::kGroups + g]);
#pragma GCC unroll 16
                    for (int t = 0; t < N; ++t) {
                        const V a = broadcast4(p + t * kChunk + 4 * g);
                        if constexpr (Isa::kHasDot) {
                            acc[t] = Isa::dot(acc[t], w, a);
                        } else {
                            const V product = S::product(w, a);
                            pairs[t] = step == 0 ? product : Isa::addPairs(pairs[t], product);
                        }
                    }
                });
                if constexpr (!Isa::kHasDot) {
#pragma GCC unroll 16
                    for (int t = 0; t < N; ++t)
                        acc[t] = run == 0 ? Isa::widen(pairs[t]) : Isa::add(acc[t], Isa::widen(pairs[t]));
                }
            });
            if constexpr (!Isa::kHasDot && S::kHasStart) {
#pragma GCC unroll 16
                for (int t = 0; t < N; ++t)
                    acc[t] = Isa::add(acc[t], S::start(negativeSums + t * 16, sub));
            }
            const int block = D::kSubs == 16 ? sub / 2 : sub;
            const F s = Isa::loadFloats(tile.scale[sub]);
#pragma GCC unroll 16
            for (int t = 0; t < N; ++t)
                f[t] = Isa::fma(Isa::toFloat(acc[t]), Isa::mul(s, Isa::floats(scales[t * kBlocks + block])), f[t]);
            if constexpr (D::kHasMin) {
                const F m = Isa::loadFloats(tile.min[sub]);
#pragma GCC unroll 16
                for (int t = 0; t < N; ++t)
                    f[t] = S::withMin(f[t], m, sums + t * kBlocks, scales + t * kBlocks, negativeSums + t * 16, sub);
            }
        }
#pragma GCC unroll 16
        for (int t = 0; t < N; ++t)
            Isa::storeFloats(out + t * kTileRows, f[t]);
    }

    // A coming chunk, while this one is worked on, into the second-level cache. Tiles follow each other, so the end of a
    // tile asks for the next one's beginning. Decode of a 1.5B Q4_K_M on two threads of a Zen 4: 27 ms a token so, 43
    // without, 47 into the first level, 34 twelve chunks ahead.
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
        using D = typename Decoders::template Decoder<Type>;
        const int64_t nTokens = job.x.nTokens;
        const size_t chunkBytes = size_t(kChunk / job.format->blockValues) * job.format->blockBytes * kTileRows;
        const int64_t nChunks = (job.nCols + kChunk - 1) / kChunk;
        const auto* base = reinterpret_cast<const uint8_t*>(job.tile);
        const auto blocksOf = [&](int64_t chunk) {
            const int64_t left = (job.nCols - chunk * kChunk) / kBlock;
            return left < kBlocks ? int(left) : kBlocks;
        };
        if (nTokens == 1) {
            F f = Isa::floats(0.0f);
            for (int64_t c = 0; c < nChunks; ++c) {
                prefetch(base + size_t(c + kAhead) * chunkBytes, chunkBytes);
                OneToken<D> take{job.x.q + c * kChunk, job.x.scales + c * kBlocks, job.x.sums + c * kBlocks,
                                 job.x.negativeSums + c * 16, f};
                D::run(base + size_t(c) * chunkBytes, blocksOf(c), take);
                f = take.f;
            }
            Isa::storeFloats(job.out, f);
            return;
        }
        std::memset(job.out, 0, size_t(nTokens) * kTileRows * sizeof(float));
        Tile tile;
        for (int64_t c = 0; c < nChunks; ++c) {
            const int nBlocks = blocksOf(c);
            prefetch(base + size_t(c + kAhead) * chunkBytes, chunkBytes);
            D::run(base + size_t(c) * chunkBytes, nBlocks, Store<D>{tile});
            const int nSubs = nBlocks * (D::kSubs / 8);
            const int64_t at = c * nTokens;
            int64_t t = 0;
            const auto tokens = [&]<int N>(std::integral_constant<int, N>) {
                multiply<D, N>(tile, nSubs, job.x, at + t, job.out + t * kTileRows);
                t += N;
            };
            while (t + Isa::kMostTokens <= nTokens)
                tokens(std::integral_constant<int, Isa::kMostTokens>{});
            while (t + 4 <= nTokens)
                tokens(std::integral_constant<int, 4>{});
            if (t + 2 <= nTokens)
                tokens(std::integral_constant<int, 2>{});
            if (t < nTokens)
                tokens(std::integral_constant<int, 1>{});
        }
    }

    static void run(const Int8Job& job) noexcept
    {
        switch (job.format->type) {
        case DType::Q4_0:
            return runType<DType::Q4_0>(job);
        case DType::Q4_1:
            return runType<DType::Q4_1>(job);
        case DType::Q5_0:
            return runType<DType::Q5_0>(job);
        case DType::Q5_1:
            return runType<DType::Q5_1>(job);
        case DType::Q8_0:
            return runType<DType::Q8_0>(job);
        case DType::Q2_K:
            return runType<DType::Q2_K>(job);
        case DType::Q3_K:
            return runType<DType::Q3_K>(job);
        case DType::Q4_K:
            return runType<DType::Q4_K>(job);
        case DType::Q5_K:
            return runType<DType::Q5_K>(job);
        case DType::Q6_K:
            return runType<DType::Q6_K>(job);
        case DType::IQ4_NL:
            return runType<DType::IQ4_NL>(job);
        case DType::IQ4_XS:
            return runType<DType::IQ4_XS>(job);
        case DType::MXFP4:
            return runType<DType::MXFP4>(job);
        default:
            return;
        }
    }
};

} // namespace

} // namespace sy::ops
