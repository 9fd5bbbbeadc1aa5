// SPDX-License-Identifier: GPL-3.0-or-later
// Types without blocks. F16 and BF16 are two bytes a value, little-endian:
//
//   F16   s eeeee mmmmmmmmmm      bias 15, subnormals, 31 = infinity or NaN
//   BF16  s eeeeeeee mmmmmmm      the upper half of a float
//
// The integer types occur in tables of ids, never in matrices; decoding one to float rounds past 2^24.
#include "engine/quant/block_fields.h"
#include "engine/quant/definitions.h"

namespace sy::quant {

namespace {

template <typename T>
void convert(const void* in, float* out, int64_t n) noexcept
{
    const auto* bytes = static_cast<const uint8_t*>(in);
    for (int64_t i = 0; i < n; ++i) {
        T value;
        std::memcpy(&value, bytes + i * int64_t(sizeof value), sizeof value);
        out[i] = static_cast<float>(value);
    }
}

} // namespace

void unpackF32(const void* in, float* out, int64_t n) noexcept
{
    std::memcpy(out, in, size_t(n) * sizeof(float));
}

void unpackF64(const void* in, float* out, int64_t n) noexcept
{
    convert<double>(in, out, n);
}

void unpackF16(const void* in, float* out, int64_t n) noexcept
{
    const auto* bytes = static_cast<const uint8_t*>(in);
    for (int64_t i = 0; i < n; ++i)
        out[i] = readHalf(bytes + 2 * i);
}

void unpackBf16(const void* in, float* out, int64_t n) noexcept
{
    const auto* bytes = static_cast<const uint8_t*>(in);
    for (int64_t i = 0; i < n; ++i)
        out[i] = bf16ToFloat(readU16(bytes + 2 * i));
}

void packF32(const float* values, void* blocks, int64_t n) noexcept
{
    std::memcpy(blocks, values, size_t(n) * sizeof(float));
}

void packF16(const float* values, void* blocks, int64_t n) noexcept
{
    auto* bytes = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < n; ++i)
        writeU16(bytes + 2 * i, floatToHalf(values[i]));
}

void packBf16(const float* values, void* blocks, int64_t n) noexcept
{
    auto* bytes = static_cast<uint8_t*>(blocks);
    for (int64_t i = 0; i < n; ++i)
        writeU16(bytes + 2 * i, floatToBf16(values[i]));
}

void unpackI8(const void* in, float* out, int64_t n) noexcept
{
    convert<int8_t>(in, out, n);
}

void unpackI16(const void* in, float* out, int64_t n) noexcept
{
    convert<int16_t>(in, out, n);
}

void unpackI32(const void* in, float* out, int64_t n) noexcept
{
    convert<int32_t>(in, out, n);
}

void unpackI64(const void* in, float* out, int64_t n) noexcept
{
    convert<int64_t>(in, out, n);
}

} // namespace sy::quant
