// SPDX-License-Identifier: GPL-3.0-or-later
// The decoders that quant_table.cpp lists. Callers use the table; this header only joins it to the files.
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

} // namespace sy::quant
