// SPDX-License-Identifier: GPL-3.0-or-later
// The decoders and encoders that quant_table.cpp lists. Callers use the table; this header only joins it to the files.
#pragma once

#include <cstdint>

namespace sy::quant {

void unpackF32(const void* blocks, float* out, int64_t nValues) noexcept; // plain.cpp
void unpackF64(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackF16(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackBf16(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackI8(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackI16(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackI32(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackI64(const void* blocks, float* out, int64_t nValues) noexcept;

void unpackQ4_0(const void* blocks, float* out, int64_t nValues) noexcept; // q4.cpp
void unpackQ4_1(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackQ5_0(const void* blocks, float* out, int64_t nValues) noexcept; // q5.cpp
void unpackQ5_1(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackQ8_0(const void* blocks, float* out, int64_t nValues) noexcept; // q8_0.cpp

void unpackQ2_K(const void* blocks, float* out, int64_t nValues) noexcept; // q2_k.cpp
void unpackQ3_K(const void* blocks, float* out, int64_t nValues) noexcept; // q3_k.cpp
void unpackQ4_K(const void* blocks, float* out, int64_t nValues) noexcept; // q4_k_q5_k.cpp
void unpackQ5_K(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackQ6_K(const void* blocks, float* out, int64_t nValues) noexcept; // q6_k.cpp

void unpackIQ4_NL(const void* blocks, float* out, int64_t nValues) noexcept; // iq4.cpp
void unpackIQ4_XS(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackMXFP4(const void* blocks, float* out, int64_t nValues) noexcept; // fp4.cpp
void unpackNVFP4(const void* blocks, float* out, int64_t nValues) noexcept;

void unpackIQ1_S(const void* blocks, float* out, int64_t nValues) noexcept; // iq1.cpp
void unpackIQ1_M(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackIQ2_XXS(const void* blocks, float* out, int64_t nValues) noexcept; // iq2.cpp
void unpackIQ2_XS(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackIQ2_S(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackIQ3_XXS(const void* blocks, float* out, int64_t nValues) noexcept; // iq3.cpp
void unpackIQ3_S(const void* blocks, float* out, int64_t nValues) noexcept;
void unpackTQ1_0(const void* blocks, float* out, int64_t nValues) noexcept; // tq.cpp
void unpackTQ2_0(const void* blocks, float* out, int64_t nValues) noexcept;

void packF32(const float* values, void* blocks, int64_t nValues) noexcept; // plain.cpp
void packF16(const float* values, void* blocks, int64_t nValues) noexcept;
void packBf16(const float* values, void* blocks, int64_t nValues) noexcept;
void packQ4_0(const float* values, void* blocks, int64_t nValues) noexcept; // q4.cpp
void packQ4_1(const float* values, void* blocks, int64_t nValues) noexcept;
void packQ5_0(const float* values, void* blocks, int64_t nValues) noexcept; // q5.cpp
void packQ5_1(const float* values, void* blocks, int64_t nValues) noexcept;
void packQ8_0(const float* values, void* blocks, int64_t nValues) noexcept; // q8_0.cpp
void packQ4_K(const float* values, void* blocks, int64_t nValues) noexcept; // k_pack.cpp
void packQ5_K(const float* values, void* blocks, int64_t nValues) noexcept;
void packQ6_K(const float* values, void* blocks, int64_t nValues) noexcept;
void packQ2_K(const float* values, void* blocks, int64_t nValues) noexcept; // k_pack_small.cpp
void packQ3_K(const float* values, void* blocks, int64_t nValues) noexcept;

// With an importance for each value, or null: weighted_pack.h.
void packQ2_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept;
void packQ3_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept;
void packQ4_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept;
void packQ5_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept;
void packQ6_KFor(const float* values, const float* importance, void* blocks, int64_t nValues) noexcept;

} // namespace sy::quant
