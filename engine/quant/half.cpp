// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/half.h"

#include "engine/cpu/level.h"
#include "engine/quant/half_bulk.h"

namespace sy::quant {

namespace {

void halfToFloatScalar(const uint16_t* in, float* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; ++i)
        out[i] = halfToFloat(in[i]);
}

void floatToHalfScalar(const float* in, uint16_t* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; ++i)
        out[i] = floatToHalf(in[i]);
}

void bf16ToFloatScalar(const uint16_t* in, float* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; ++i)
        out[i] = bf16ToFloat(in[i]);
}

void floatToBf16Scalar(const float* in, uint16_t* out, int64_t n) noexcept
{
    for (int64_t i = 0; i < n; ++i)
        out[i] = floatToBf16(in[i]);
}

constexpr HalfKernels kScalar = {halfToFloatScalar, floatToHalfScalar, bf16ToFloatScalar, floatToBf16Scalar};

} // namespace

const HalfKernels& halfKernels(cpu::Level level) noexcept
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return halfKernelsAvx512;
    if (level == cpu::Level::avx2)
        return halfKernelsAvx2;
#endif
    (void)level;
    return kScalar;
}

void halfToFloat(const uint16_t* in, float* out, int64_t n) noexcept
{
    halfKernels(cpu::level()).halfToFloat(in, out, n);
}

void floatToHalf(const float* in, uint16_t* out, int64_t n) noexcept
{
    halfKernels(cpu::level()).floatToHalf(in, out, n);
}

void bf16ToFloat(const uint16_t* in, float* out, int64_t n) noexcept
{
    halfKernels(cpu::level()).bf16ToFloat(in, out, n);
}

void floatToBf16(const float* in, uint16_t* out, int64_t n) noexcept
{
    halfKernels(cpu::level()).floatToBf16(in, out, n);
}

} // namespace sy::quant
