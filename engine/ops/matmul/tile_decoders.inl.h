// SPDX-License-Identifier: GPL-3.0-or-later
// From the blocks of every format to codes and scales, written once over an instruction set `Isa`: V is 16 dwords and F 16
// floats, one of each row of a packed tile (one register, or two on AVX2), and
//
//      V load(p)   V dwords(x)   V and_ or_ xor_ add(a, b)   V shl shr sar(v, n)   V mulDwords(a, b)   F toFloat(V)
//      F halves(p): 16 consecutive halves    F lowHalf highHalf(V): one half of each dword    F asFloat(V): the same bits
//      V bytes(p): 16 consecutive bytes      V lookup(table, indices): table[i] for each byte i < 16
//
// A decoder says how its codes are to be multiplied:
//
//      kSubs      sub-blocks (weight scales) in 256 columns: 8 or 16
//      kHasMin    value = scale * code - min
//      kZero      else value = scale * (code - kZero)
//      kMostCode  the largest code; above 127 an instruction set without a full u8 * s8 product needs another way
//
// and calls, sub-blocks in ascending order:
//
//      take.scale(sub, scale) or take.scaleMin(sub, scale, min)
//      take.group<g>(sub, codes)       for each group g of four columns in the sub-block, ascending
//      take.end(sub)
#pragma once

#include "engine/ops/matmul/tile.h"
#include "engine/quant/iq4_levels.h"

#include <type_traits>
#include <utility>

namespace sy::ops {

namespace {

template <int N, class Use>
inline void unrolled(Use&& use)
{
    [&]<int... kI>(std::integer_sequence<int, kI...>)
    {
        (use(std::integral_constant<int, kI>{}), ...);
    }
    (std::make_integer_sequence<int, N>{});
}

template <class Isa>
struct TileDecoders {
    using V = typename Isa::V;
    using F = typename Isa::F;

    // One block of a packed tile.
    struct Block {
        const uint8_t* base;
        V dword(int packedOffset) const { return Isa::load(base + packedOffset); }
        F half(int packedOffset) const { return Isa::halves(base + packedOffset); }
        V byte(int packedOffset) const { return Isa::bytes(base + packedOffset); }
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

    // Shifts left for a positive count, right for a negative one; bits that cross bytes are the caller's to mask.
    template <int Bits>
    static V shifted(V v)
    {
        if constexpr (Bits > 0)
            return Isa::shl(v, Bits);
        else if constexpr (Bits < 0)
            return Isa::shr(v, -Bits);
        else
            return v;
    }

    static V everyByte(int x) { return Isa::dwords(int(0x01010101u * unsigned(x))); }

    template <DType Type, class Unused = void>
    struct Decoder;

    // Q4_K, Q5_K: 4 dwords of head (d dmin | 12 bytes of scales), [8 dwords of fifth bits,] 32 dwords of nibbles.
    template <bool kFive>
    struct KBlock {
        static constexpr int kSubs = 8;
        static constexpr bool kHasMin = true;
        static constexpr int kZero = 0;
        static constexpr int kMostCode = kFive ? 31 : 15;
        template <class Take>
        static void run(const uint8_t* chunk, int, Take&& take)
        {
            const Block block{chunk};
            const V head = block.dword(0), a = block.dword(64), b = block.dword(128), c = block.dword(192);
            const F d = Isa::lowHalf(head), dmin = Isa::highHalf(head);
            const V six = everyByte(0x3F), four = everyByte(0x0F), two = everyByte(0x30);
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
                    if constexpr (kFive) // bit `sub` of every byte goes to bit 4
                        codes = Isa::or_(codes, Isa::and_(shifted<4 - sub>(block.dword((4 + j) * 64)), everyByte(0x10)));
                    take.template group<j>(sub, codes);
                });
                take.end(sub);
            });
        }
    };
    template <class U>
    struct Decoder<DType::Q4_K, U> : KBlock<false> {
    };
    template <class U>
    struct Decoder<DType::Q5_K, U> : KBlock<true> {
    };

    // Q6_K: 32 dwords of nibbles, 16 of two-bit pairs, 4 of scales, 16 halves of d.
    template <class U>
    struct Decoder<DType::Q6_K, U> {
        static constexpr int kSubs = 16;
        static constexpr bool kHasMin = false;
        static constexpr int kZero = 32;
        static constexpr int kMostCode = 63;
        template <class Take>
        static void run(const uint8_t* chunk, int, Take&& take)
        {
            const Block block{chunk};
            const F d = block.half(52 * 64);
            const V four = everyByte(0x0F), two = everyByte(0x30);
            unrolled<16>([&](auto index) {
                constexpr int sub = decltype(index)::value;
                constexpr int h = sub / 8,
                              t = sub / 2 % 4; // half of 128, lane of 32 in it: odd lanes take the upper 32 bytes
                take.scale(sub, Isa::mul(d, Isa::toFloat(signedByteOf<sub % 4>(block.dword((48 + sub / 4) * 64)))));
                unrolled<4>([&](auto dword) {
                    constexpr int j = 4 * (sub % 2) + decltype(dword)::value;
                    const V packed = block.dword((16 * h + 8 * (t % 2) + j) * 64);
                    const V low = Isa::and_(t < 2 ? packed : Isa::shr(packed, 4), four);
                    const V high = Isa::and_(shifted<4 - 2 * t>(block.dword((32 + 8 * h + j) * 64)), two);
                    take.template group<decltype(dword)::value>(sub, Isa::or_(low, high));
                });
                take.end(sub);
            });
        }
    };

    // Q2_K: 4 dwords of scales (low nibbles) and minima (high), 16 of two-bit fields, d dmin.
    template <class U>
    struct Decoder<DType::Q2_K, U> {
        static constexpr int kSubs = 16;
        static constexpr bool kHasMin = true;
        static constexpr int kZero = 0;
        static constexpr int kMostCode = 3;
        template <class Take>
        static void run(const uint8_t* chunk, int, Take&& take)
        {
            const Block block{chunk};
            const V head = block.dword(20 * 64), four = everyByte(0x0F);
            const F d = Isa::lowHalf(head), dmin = Isa::highHalf(head);
            unrolled<16>([&](auto index) {
                constexpr int sub = decltype(index)::value;
                const V both = block.dword(sub / 4 * 64);
                take.scaleMin(sub, Isa::mul(d, Isa::toFloat(byteOf<sub % 4>(Isa::and_(both, four)))),
                              Isa::mul(dmin, Isa::toFloat(byteOf<sub % 4>(Isa::and_(Isa::shr(both, 4), four)))));
                unrolled<4>([&](auto dword) {
                    constexpr int j = decltype(dword)::value;
                    const V packed = block.dword((4 + sub / 8 * 8 + sub % 2 * 4 + j) * 64);
                    take.template group<j>(sub, Isa::and_(shifted<-(sub / 2 % 4 * 2)>(packed), everyByte(3)));
                });
                take.end(sub);
            });
        }
    };

    // Q3_K: 8 dwords of third bits, 16 of two-bit fields, 3 of scales, 16 halves of d.
    template <class U>
    struct Decoder<DType::Q3_K, U> {
        static constexpr int kSubs = 16;
        static constexpr bool kHasMin = false;
        static constexpr int kZero = 4;
        static constexpr int kMostCode = 7;
        template <class Take>
        static void run(const uint8_t* chunk, int, Take&& take)
        {
            const Block block{chunk};
            const F d = block.half(27 * 64);
            unrolled<16>([&](auto index) {
                constexpr int sub = decltype(index)::value;
                constexpr int four = sub / 4; // scales come in fours
                const V low = Isa::and_(shifted < four < 2 ? 0 : -4 > (block.dword((24 + four % 2) * 64)), everyByte(0x0F));
                const V high = Isa::and_(shifted<4 - 2 * four>(block.dword(26 * 64)), everyByte(0x30));
                take.scale(sub, Isa::mul(d, Isa::toFloat(Isa::add(byteOf<sub % 4>(Isa::or_(low, high)), Isa::dwords(-32)))));
                unrolled<4>([&](auto dword) {
                    constexpr int j = decltype(dword)::value;
                    const V two = shifted<-(sub / 2 % 4 * 2)>(block.dword((8 + sub / 8 * 8 + sub % 2 * 4 + j) * 64));
                    const V third = shifted<2 - sub / 2>(block.dword((sub % 2 * 4 + j) * 64));
                    take.template group<j>(sub, Isa::or_(Isa::and_(two, everyByte(3)), Isa::and_(third, everyByte(4))));
                });
                take.end(sub);
            });
        }
    };

    template <class U>
    struct Decoder<DType::Q8_0, U> {
        static constexpr int kSubs = 8;
        static constexpr bool kHasMin = false;
        static constexpr int kZero = 128;
        static constexpr int kMostCode = 255;
        template <class Take>
        static void run(const uint8_t* chunk, int nBlocks, Take&& take)
        {
            for (int b = 0; b < nBlocks; ++b) {
                const Block block{chunk + 34 * kTileRows * b};
                take.scale(b, block.half(0));
                unrolled<8>([&](auto dword) {
                    constexpr int j = decltype(dword)::value;
                    take.template group<j>(b, Isa::xor_(block.dword(32 + 64 * j), everyByte(0x80)));
                });
                take.end(b);
            }
        }
    };

    // Q4_0, Q4_1, Q5_0, Q5_1: one or two halves, [a dword of fifth bits,] 4 dwords whose nibbles j and j + 16 share a byte.
    template <bool kFive, bool kMin>
    struct NibbleBlock {
        static constexpr int kSubs = 8;
        static constexpr bool kHasMin = kMin;
        static constexpr int kMostCode = kFive ? 31 : 15;
        static constexpr int kZero = kMin ? 0 : (kMostCode + 1) / 2;
        template <class Take>
        static void run(const uint8_t* chunk, int nBlocks, Take&& take)
        {
            constexpr int kHead = kMin ? 64 : 32;
            constexpr int kLow = kHead + (kFive ? 64 : 0);
            const V four = everyByte(0x0F);
            for (int b = 0; b < nBlocks; ++b) {
                const Block block{chunk + (kLow + 256) * b};
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
                        codes = Isa::or_(codes, Isa::and_(Isa::mulDwords(bits, Isa::dwords(0x02040810)), everyByte(0x10)));
                    }
                    take.template group<g>(b, codes);
                });
                take.end(b);
            }
        }
    };
    template <class U>
    struct Decoder<DType::Q4_0, U> : NibbleBlock<false, false> {
    };
    template <class U>
    struct Decoder<DType::Q4_1, U> : NibbleBlock<false, true> {
    };
    template <class U>
    struct Decoder<DType::Q5_0, U> : NibbleBlock<true, false> {
    };
    template <class U>
    struct Decoder<DType::Q5_1, U> : NibbleBlock<true, true> {
    };

    // Formats whose nibbles choose from 16 levels: code = level + kZero.
    template <int kOffset>
    struct Levels {
        static constexpr int kSubs = 8;
        static constexpr bool kHasMin = false;
        static constexpr int kZero = kOffset;
        static constexpr int kMostCode = kOffset == 128 ? 255 : 2 * kOffset;
        alignas(16) uint8_t codes[16];
        constexpr explicit Levels(const int8_t (&levels)[16]) : codes{}
        {
            for (int i = 0; i < 16; ++i)
                codes[i] = uint8_t(levels[i] + kOffset);
        }
        // Four dwords at `packedOffset`, nibbles as in Q4_0.
        template <class Take>
        void take(const Block& block, int packedOffset, int sub, Take&& take) const
        {
            unrolled<8>([&](auto group) {
                constexpr int g = decltype(group)::value;
                const V packed = block.dword(packedOffset + 64 * (g % 4));
                take.template group<g>(sub,
                                       Isa::lookup(codes, Isa::and_(g < 4 ? packed : Isa::shr(packed, 4), everyByte(0x0F))));
            });
            take.end(sub);
        }
    };

    template <class U>
    struct Decoder<DType::IQ4_NL, U> : Levels<128> {
        template <class Take>
        static void run(const uint8_t* chunk, int nBlocks, Take&& take)
        {
            static constexpr Levels<128> kLevels(quant::kIq4Levels);
            for (int b = 0; b < nBlocks; ++b) {
                const Block block{chunk + 18 * kTileRows * b};
                take.scale(b, block.half(0));
                kLevels.take(block, 32, b, take);
            }
        }
    };

    // IQ4_XS: d and 8 two-bit fields, 8 nibbles of scales, 32 dwords.
    template <class U>
    struct Decoder<DType::IQ4_XS, U> : Levels<128> {
        template <class Take>
        static void run(const uint8_t* chunk, int, Take&& take)
        {
            static constexpr Levels<128> kLevels(quant::kIq4Levels);
            const Block block{chunk};
            const V head = block.dword(0), scales = block.dword(64);
            const F d = Isa::lowHalf(head);
            unrolled<8>([&](auto index) {
                constexpr int sub = decltype(index)::value;
                const V low = Isa::and_(shifted<-4 * sub>(scales), Isa::dwords(15));
                const V high = Isa::and_(Isa::shr(head, 16 + 2 * sub), Isa::dwords(3));
                const V scale = Isa::add(Isa::or_(low, Isa::shl(high, 4)), Isa::dwords(-32));
                take.scale(sub, Isa::mul(d, Isa::toFloat(scale)));
                kLevels.take(block, 128 + 256 * sub, sub, take);
            });
        }
    };

    // MXFP4: 16 bytes of exponents, 4 dwords.
    template <class U>
    struct Decoder<DType::MXFP4, U> : Levels<12> {
        template <class Take>
        static void run(const uint8_t* chunk, int nBlocks, Take&& take)
        {
            static constexpr Levels<12> kLevels(quant::kE2m1Doubled);
            for (int b = 0; b < nBlocks; ++b) {
                const Block block{chunk + 17 * kTileRows * b};
                // 2^(e - 128) as the product of two powers that are both normal floats, whatever e is.
                const V e = block.byte(0), half = Isa::shr(e, 1), bias = Isa::dwords(63);
                const V rest = Isa::add(half, Isa::and_(e, Isa::dwords(1)));
                take.scale(b, Isa::mul(Isa::asFloat(Isa::shl(Isa::add(half, bias), 23)),
                                       Isa::asFloat(Isa::shl(Isa::add(rest, bias), 23))));
                kLevels.take(block, 16, b, take);
            }
        }
    };
};

} // namespace

} // namespace sy::ops
