// SPDX-License-Identifier: GPL-3.0-or-later
// One table of the bulk conversions per CPU level. Tests compare the tables; everybody else calls half.h.
#pragma once

#include "engine/cpu/level.h"

#include <cstdint>

namespace sy::quant {

struct HalfKernels {
    void (*halfToFloat)(const uint16_t* in, float* out, int64_t n) noexcept;
    void (*floatToHalf)(const float* in, uint16_t* out, int64_t n) noexcept;
    void (*bf16ToFloat)(const uint16_t* in, float* out, int64_t n) noexcept;
    void (*floatToBf16)(const float* in, uint16_t* out, int64_t n) noexcept;
};

extern const HalfKernels halfKernelsAvx2;   // half_avx2.cpp
extern const HalfKernels halfKernelsAvx512; // half_avx512.cpp

/// The caller has made sure that the processor has the level.
const HalfKernels& halfKernels(cpu::Level level) noexcept;

} // namespace sy::quant
