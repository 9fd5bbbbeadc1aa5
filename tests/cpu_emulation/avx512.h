// SPDX-License-Identifier: GPL-3.0-or-later
// The AVX-512 instructions that our kernels use, on a processor that has AVX2 only, so that their arithmetic is tested
// everywhere: with SWITCHYARD_EMULATE_AVX512 the files of that level are compiled with this header before everything else.
// Results are those of the processor, bit for bit; the speed says nothing. An instruction that is missing here does not compile.
#pragma once

#include <immintrin.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#pragma GCC diagnostic ignored "-Wpsabi"

namespace emulated {
namespace {

// Sixteen lanes of 32 bits as any of their types.
template <class T>
struct Lanes {
    T at[64 / sizeof(T)];
    template <class Register>
    static Lanes of(Register v)
    {
        Lanes lanes;
        std::memcpy(&lanes, &v, sizeof(Register));
        return lanes;
    }
    template <class Register>
    Register as() const
    {
        Register v;
        std::memcpy(&v, this, sizeof(Register));
        return v;
    }
};
using F = Lanes<float>;
using D = Lanes<double>;
using I = Lanes<int32_t>;
using U = Lanes<uint32_t>;
using B = Lanes<uint8_t>;

template <class T, class Register, class Function>
Register each(Function f)
{
    Lanes<T> out;
    for (int i = 0; i < int(64 / sizeof(T)); ++i)
        out.at[i] = f(i);
    return out.template as<Register>();
}

[[gnu::noinline]] inline __m256 half(__m512 v, int which)
{
    __m256 h;
    std::memcpy(&h, reinterpret_cast<const char*>(&v) + 32 * which, 32);
    return h;
}
[[gnu::noinline]] inline __m512 joined(__m256 low, __m256 high)
{
    __m512 v;
    std::memcpy(&v, &low, 32);
    std::memcpy(reinterpret_cast<char*>(&v) + 32, &high, 32);
    return v;
}
[[gnu::noinline]] inline __m512i joined(__m256i low, __m256i high)
{
    __m512i v;
    std::memcpy(&v, &low, 32);
    std::memcpy(reinterpret_cast<char*>(&v) + 32, &high, 32);
    return v;
}
[[gnu::noinline]] inline __m256i half(__m512i v, int which)
{
    __m256i h;
    std::memcpy(&h, reinterpret_cast<const char*>(&v) + 32 * which, 32);
    return h;
}

// Floats

[[gnu::noinline]] inline __m512 set1_ps(float x) { return joined(_mm256_set1_ps(x), _mm256_set1_ps(x)); }
[[gnu::noinline]] inline __m512 setzero_ps() { return set1_ps(0); }
[[gnu::noinline]] inline __m512 loadu_ps(const void* p) { return joined(_mm256_loadu_ps(static_cast<const float*>(p)), _mm256_loadu_ps(static_cast<const float*>(p) + 8)); }
[[gnu::noinline]] inline __m512 load_ps(const void* p) { return joined(_mm256_load_ps(static_cast<const float*>(p)), _mm256_load_ps(static_cast<const float*>(p) + 8)); }
[[gnu::noinline]] inline void storeu_ps(void* p, __m512 v) { std::memcpy(p, &v, 64); }
[[gnu::noinline]] inline __m512 add_ps(__m512 a, __m512 b) { return joined(_mm256_add_ps(half(a, 0), half(b, 0)), _mm256_add_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 sub_ps(__m512 a, __m512 b) { return joined(_mm256_sub_ps(half(a, 0), half(b, 0)), _mm256_sub_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 mul_ps(__m512 a, __m512 b) { return joined(_mm256_mul_ps(half(a, 0), half(b, 0)), _mm256_mul_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 div_ps(__m512 a, __m512 b) { return joined(_mm256_div_ps(half(a, 0), half(b, 0)), _mm256_div_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 min_ps(__m512 a, __m512 b) { return joined(_mm256_min_ps(half(a, 0), half(b, 0)), _mm256_min_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 max_ps(__m512 a, __m512 b) { return joined(_mm256_max_ps(half(a, 0), half(b, 0)), _mm256_max_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 xor_ps(__m512 a, __m512 b) { return joined(_mm256_xor_ps(half(a, 0), half(b, 0)), _mm256_xor_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 andnot_ps(__m512 a, __m512 b) { return joined(_mm256_andnot_ps(half(a, 0), half(b, 0)), _mm256_andnot_ps(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512 sqrt_ps(__m512 a) { return joined(_mm256_sqrt_ps(half(a, 0)), _mm256_sqrt_ps(half(a, 1))); }
[[gnu::noinline]] inline __m512 fmadd_ps(__m512 a, __m512 b, __m512 c)
{
    return joined(_mm256_fmadd_ps(half(a, 0), half(b, 0), half(c, 0)), _mm256_fmadd_ps(half(a, 1), half(b, 1), half(c, 1)));
}
[[gnu::noinline]] inline __m512 fnmadd_ps(__m512 a, __m512 b, __m512 c)
{
    return joined(_mm256_fnmadd_ps(half(a, 0), half(b, 0), half(c, 0)), _mm256_fnmadd_ps(half(a, 1), half(b, 1), half(c, 1)));
}
[[gnu::noinline]] inline __m512 roundToNearest(__m512 a)
{
    return joined(_mm256_round_ps(half(a, 0), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), _mm256_round_ps(half(a, 1), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
// The tree of the processor's reduction: halves, quarters, ...
[[gnu::noinline]] inline float reduce_max_ps(__m512 a)
{
    F v = F::of(a);
    for (int n = 8; n > 0; n /= 2)
        for (int i = 0; i < n; ++i)
            v.at[i] = v.at[i] > v.at[i + n] ? v.at[i] : v.at[i + n];
    return v.at[0];
}
[[gnu::noinline]] inline __m512 maskz_loadu_ps(__mmask16 mask, const void* p)
{
    return each<float, __m512>([&](int i) { return mask >> i & 1 ? static_cast<const float*>(p)[i] : 0.0f; });
}
[[gnu::noinline]] inline void mask_storeu_ps(void* p, __mmask16 mask, __m512 v)
{
    for (int i = 0; i < 16; ++i)
        if (mask >> i & 1)
            static_cast<float*>(p)[i] = F::of(v).at[i];
}
[[gnu::noinline]] inline __m512 mask_blend_ps(__mmask16 mask, __m512 a, __m512 b)
{
    return each<float, __m512>([&](int i) { return mask >> i & 1 ? F::of(b).at[i] : F::of(a).at[i]; });
}
[[gnu::noinline]] inline __mmask16 isUnordered(__m512 a, __m512 b)
{
    unsigned mask = 0;
    for (int i = 0; i < 16; ++i)
        mask |= unsigned(std::isnan(F::of(a).at[i]) || std::isnan(F::of(b).at[i])) << i;
    return __mmask16(mask);
}

// Moves between lanes

[[gnu::noinline]] inline __m512 permute_ps(__m512 a, int order)
{
    return each<float, __m512>([&](int i) { return F::of(a).at[(i & ~3) + (order >> 2 * (i & 3) & 3)]; });
}
[[gnu::noinline]] inline __m512 shuffle_f32x4(__m512 a, __m512 b, int order)
{
    return each<float, __m512>([&](int i) { return (i < 8 ? F::of(a) : F::of(b)).at[4 * (order >> 2 * (i / 4) & 3) + (i & 3)]; });
}
template <class L, class T, class Register>
Register unpack(Register a, Register b, bool high) // pairs of one element from each, within 128 bits
{
    constexpr int n = 16 / sizeof(T);
    return each<T, Register>([&](int i) { return (i & 1 ? L::of(b) : L::of(a)).at[i / n * n + (high ? n / 2 : 0) + i % n / 2]; });
}
[[gnu::noinline]] inline __m512 unpacklo_ps(__m512 a, __m512 b) { return unpack<F, float>(a, b, false); }
[[gnu::noinline]] inline __m512 unpackhi_ps(__m512 a, __m512 b) { return unpack<F, float>(a, b, true); }
[[gnu::noinline]] inline __m512d unpacklo_pd(__m512d a, __m512d b) { return unpack<D, double>(a, b, false); }
[[gnu::noinline]] inline __m512d unpackhi_pd(__m512d a, __m512d b) { return unpack<D, double>(a, b, true); }
[[gnu::noinline]] inline __m512i shuffle_epi8(__m512i a, __m512i indices)
{
    return each<uint8_t, __m512i>([&](int i) {
        const uint8_t index = B::of(indices).at[i];
        return index & 0x80 ? uint8_t(0) : B::of(a).at[(i & ~15) + (index & 15)];
    });
}
[[gnu::noinline]] inline __m512i broadcast_i32x4(__m128i a) { return joined(_mm256_broadcastsi128_si256(a), _mm256_broadcastsi128_si256(a)); }

// Integers

[[gnu::noinline]] inline __m512i set1_epi32(int x) { return joined(_mm256_set1_epi32(x), _mm256_set1_epi32(x)); }
[[gnu::noinline]] inline __m512i loadu_si512(const void* p) { return joined(_mm256_loadu_si256(static_cast<const __m256i*>(p)), _mm256_loadu_si256(static_cast<const __m256i*>(p) + 1)); }
[[gnu::noinline]] inline void store_si512(void* p, __m512i v) { std::memcpy(p, &v, 64); }
[[gnu::noinline]] inline __m512i and_si512(__m512i a, __m512i b) { return joined(_mm256_and_si256(half(a, 0), half(b, 0)), _mm256_and_si256(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512i or_si512(__m512i a, __m512i b) { return joined(_mm256_or_si256(half(a, 0), half(b, 0)), _mm256_or_si256(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512i xor_si512(__m512i a, __m512i b) { return joined(_mm256_xor_si256(half(a, 0), half(b, 0)), _mm256_xor_si256(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512i add_epi32(__m512i a, __m512i b) { return joined(_mm256_add_epi32(half(a, 0), half(b, 0)), _mm256_add_epi32(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512i mullo_epi32(__m512i a, __m512i b) { return joined(_mm256_mullo_epi32(half(a, 0), half(b, 0)), _mm256_mullo_epi32(half(a, 1), half(b, 1))); }
[[gnu::noinline]] inline __m512i slli_epi32(__m512i a, int n) { return joined(_mm256_slli_epi32(half(a, 0), n), _mm256_slli_epi32(half(a, 1), n)); }
[[gnu::noinline]] inline __m512i srli_epi32(__m512i a, int n) { return joined(_mm256_srli_epi32(half(a, 0), n), _mm256_srli_epi32(half(a, 1), n)); }
[[gnu::noinline]] inline __m512i srai_epi32(__m512i a, int n) { return joined(_mm256_srai_epi32(half(a, 0), n), _mm256_srai_epi32(half(a, 1), n)); }
[[gnu::noinline]] inline int reduce_add_epi32(__m512i a)
{
    uint32_t sum = 0;
    for (const uint32_t x : U::of(a).at)
        sum += x;
    return int(sum);
}
[[gnu::noinline]] inline __m512i mask_blend_epi32(__mmask16 mask, __m512i a, __m512i b)
{
    return each<int32_t, __m512i>([&](int i) { return mask >> i & 1 ? I::of(b).at[i] : I::of(a).at[i]; });
}
[[gnu::noinline]] inline __m512i maskz_loadu_epi32(__mmask16 mask, const void* p)
{
    return each<int32_t, __m512i>([&](int i) { return mask >> i & 1 ? static_cast<const int32_t*>(p)[i] : 0; });
}
[[gnu::noinline]] inline void mask_storeu_epi32(void* p, __mmask16 mask, __m512i v)
{
    for (int i = 0; i < 16; ++i)
        if (mask >> i & 1)
            static_cast<int32_t*>(p)[i] = I::of(v).at[i];
}
[[gnu::noinline]] inline __m256i maskz_loadu_epi16(__mmask16 mask, const void* p)
{
    uint16_t lanes[16];
    for (int i = 0; i < 16; ++i)
        lanes[i] = mask >> i & 1 ? static_cast<const uint16_t*>(p)[i] : 0;
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(lanes));
}
[[gnu::noinline]] inline void mask_storeu_epi16(void* p, __mmask16 mask, __m256i v)
{
    uint16_t lanes[16];
    std::memcpy(lanes, &v, 32);
    for (int i = 0; i < 16; ++i)
        if (mask >> i & 1)
            static_cast<uint16_t*>(p)[i] = lanes[i];
}
/// Four products of an unsigned and a signed byte onto each sum; no saturation.
[[gnu::noinline]] inline __m512i dpbusd_epi32(__m512i sum, __m512i bytes, __m512i signedBytes)
{
    return each<int32_t, __m512i>([&](int i) {
        int32_t total = I::of(sum).at[i];
        for (int k = 0; k < 4; ++k)
            total += int32_t(B::of(bytes).at[4 * i + k]) * int8_t(B::of(signedBytes).at[4 * i + k]);
        return total;
    });
}

// Conversions

[[gnu::noinline]] inline __m512 cvtepi32_ps(__m512i a) { return joined(_mm256_cvtepi32_ps(half(a, 0)), _mm256_cvtepi32_ps(half(a, 1))); }
[[gnu::noinline]] inline __m512i cvtps_epi32(__m512 a) { return joined(_mm256_cvtps_epi32(half(a, 0)), _mm256_cvtps_epi32(half(a, 1))); }
[[gnu::noinline]] inline __m512 cvtph_ps(__m256i a) { return joined(_mm256_cvtph_ps(_mm256_castsi256_si128(a)), _mm256_cvtph_ps(_mm256_extracti128_si256(a, 1))); }
[[gnu::noinline]] inline __m256i roundedHalves(__m512 a)
{
    return _mm256_set_m128i(_mm256_cvtps_ph(half(a, 1), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC),
                            _mm256_cvtps_ph(half(a, 0), _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}
[[gnu::noinline]] inline __m512i cvtepu8_epi32(__m128i a) { return joined(_mm256_cvtepu8_epi32(a), _mm256_cvtepu8_epi32(_mm_srli_si128(a, 8))); }
[[gnu::noinline]] inline __m512i cvtepu16_epi32(__m256i a)
{
    return joined(_mm256_cvtepu16_epi32(_mm256_castsi256_si128(a)), _mm256_cvtepu16_epi32(_mm256_extracti128_si256(a, 1)));
}
template <class Small, class Register>
Register truncated(__m512i a)
{
    Small lanes[16];
    for (int i = 0; i < 16; ++i)
        lanes[i] = Small(U::of(a).at[i]);
    Register out;
    std::memcpy(&out, lanes, sizeof out);
    return out;
}
[[gnu::noinline]] inline __m256i cvtepi32_epi16(__m512i a) { return truncated<uint16_t, __m256i>(a); }
[[gnu::noinline]] inline __m128i cvtepi32_epi8(__m512i a) { return truncated<uint8_t, __m128i>(a); }
template <class To, class From>
To cast(From v)
{
    To out;
    std::memcpy(&out, &v, sizeof out);
    return out;
}

} // namespace
} // namespace emulated

#define _mm512_set1_ps emulated::set1_ps
#define _mm512_setzero_ps emulated::setzero_ps
#define _mm512_loadu_ps emulated::loadu_ps
#define _mm512_load_ps emulated::load_ps
#define _mm512_storeu_ps emulated::storeu_ps
#define _mm512_add_ps emulated::add_ps
#define _mm512_sub_ps emulated::sub_ps
#define _mm512_mul_ps emulated::mul_ps
#define _mm512_div_ps emulated::div_ps
#define _mm512_min_ps emulated::min_ps
#define _mm512_max_ps emulated::max_ps
#define _mm512_xor_ps emulated::xor_ps
#define _mm512_andnot_ps emulated::andnot_ps
#define _mm512_sqrt_ps emulated::sqrt_ps
#define _mm512_fmadd_ps emulated::fmadd_ps
#define _mm512_fnmadd_ps emulated::fnmadd_ps
#undef _mm512_roundscale_ps
#define _mm512_roundscale_ps(a, mode) emulated::roundToNearest(a)
#define _mm512_reduce_max_ps emulated::reduce_max_ps
#define _mm512_maskz_loadu_ps emulated::maskz_loadu_ps
#define _mm512_mask_storeu_ps emulated::mask_storeu_ps
#define _mm512_mask_blend_ps emulated::mask_blend_ps
#undef _mm512_cmp_ps_mask
#define _mm512_cmp_ps_mask(a, b, isUnordered_) emulated::isUnordered(a, b)
#define _mm512_permute_ps emulated::permute_ps
#define _mm512_shuffle_f32x4 emulated::shuffle_f32x4
#define _mm512_unpacklo_ps emulated::unpacklo_ps
#define _mm512_unpackhi_ps emulated::unpackhi_ps
#define _mm512_unpacklo_pd emulated::unpacklo_pd
#define _mm512_unpackhi_pd emulated::unpackhi_pd
#define _mm512_shuffle_epi8 emulated::shuffle_epi8
#define _mm512_broadcast_i32x4 emulated::broadcast_i32x4
#define _mm512_set1_epi32 emulated::set1_epi32
#define _mm512_loadu_si512 emulated::loadu_si512
#define _mm512_store_si512 emulated::store_si512
#define _mm512_and_si512 emulated::and_si512
#define _mm512_or_si512 emulated::or_si512
#define _mm512_xor_si512 emulated::xor_si512
#define _mm512_add_epi32 emulated::add_epi32
#define _mm512_mullo_epi32 emulated::mullo_epi32
#define _mm512_slli_epi32 emulated::slli_epi32
#define _mm512_srli_epi32 emulated::srli_epi32
#define _mm512_srai_epi32 emulated::srai_epi32
#define _mm512_reduce_add_epi32 emulated::reduce_add_epi32
#define _mm512_mask_blend_epi32 emulated::mask_blend_epi32
#define _mm512_maskz_loadu_epi32 emulated::maskz_loadu_epi32
#define _mm512_mask_storeu_epi32 emulated::mask_storeu_epi32
#define _mm256_maskz_loadu_epi16 emulated::maskz_loadu_epi16
#define _mm256_mask_storeu_epi16 emulated::mask_storeu_epi16
#define _mm512_dpbusd_epi32 emulated::dpbusd_epi32
#define _mm512_cvtepi32_ps emulated::cvtepi32_ps
#define _mm512_cvtps_epi32 emulated::cvtps_epi32
#define _mm512_cvtph_ps emulated::cvtph_ps
#undef _mm512_cvtps_ph
#define _mm512_cvtps_ph(a, mode) emulated::roundedHalves(a)
#define _mm512_cvtepu8_epi32 emulated::cvtepu8_epi32
#define _mm512_cvtepu16_epi32 emulated::cvtepu16_epi32
#define _mm512_cvtepi32_epi16 emulated::cvtepi32_epi16
#define _mm512_cvtepi32_epi8 emulated::cvtepi32_epi8
#define _mm512_castps_pd emulated::cast<__m512d, __m512>
#define _mm512_castpd_ps emulated::cast<__m512, __m512d>
#define _mm512_castsi512_ps emulated::cast<__m512, __m512i>
#define _mm512_castps_si512 emulated::cast<__m512i, __m512>
#define _mm512_castps512_ps256(a) emulated::half(a, 0)
#define _mm512_extractf32x8_ps(a, which) emulated::half(a, which)
