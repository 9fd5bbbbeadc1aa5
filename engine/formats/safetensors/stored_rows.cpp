// SPDX-License-Identifier: GPL-3.0-or-later
//
//   E4M3   s eeee mmm   bias 7, no infinity, s.1111.111 = NaN; largest 448        (the "FN" form that models are published in)
//   E5M2   s eeeee mm   bias 15, infinities and NaN as IEEE
//   E8M0   eeeeeeee     2^(e - 127), 255 = NaN; scales only
//
// All three are exact in BF16, and so is a product with a scale that has four significant bits or fewer, as powers of two have; another
// scale needs F32.
#include "engine/formats/safetensors/stored_rows.h"

#include "engine/core/error.h"
#include "engine/quant/quant_table.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace sy::formats {

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

constexpr std::array<float, 256> kE4m3 = [] {
    std::array<float, 256> table{};
    for (int code = 0; code < 256; ++code) {
        const int exponent = code >> 3 & 15, mantissa = code & 7;
        const float magnitude = exponent == 0 ? float(mantissa) * 0x1p-9f
                                              : std::bit_cast<float>(uint32_t(exponent + 120) << 23 | uint32_t(mantissa) << 20);
        table[size_t(code)] = (code & 0x7F) == 0x7F ? kNan : code & 0x80 ? -magnitude : magnitude;
    }
    return table;
}();

constexpr std::array<float, 256> kE5m2 = [] {
    std::array<float, 256> table{};
    for (int code = 0; code < 256; ++code) {
        const int exponent = code >> 2 & 31, mantissa = code & 3;
        float magnitude = std::bit_cast<float>(uint32_t(exponent + 112) << 23 | uint32_t(mantissa) << 21);
        if (exponent == 0)
            magnitude = float(mantissa) * 0x1p-16f;
        else if (exponent == 31)
            magnitude = mantissa ? kNan : std::numeric_limits<float>::infinity();
        table[size_t(code)] = code & 0x80 ? -magnitude : magnitude;
    }
    return table;
}();

void unpackByTable(const std::array<float, 256>& table, const void* in, float* out, int64_t n) noexcept
{
    const auto* codes = static_cast<const uint8_t*>(in);
    for (int64_t i = 0; i < n; ++i)
        out[i] = table[codes[i]];
}

void unpackE4m3(const void* in, float* out, int64_t n) noexcept
{
    unpackByTable(kE4m3, in, out, n);
}

void unpackE5m2(const void* in, float* out, int64_t n) noexcept
{
    unpackByTable(kE5m2, in, out, n);
}

bool staysInBf16(float scale)
{
    const uint32_t bits = std::bit_cast<uint32_t>(scale);
    const int exponent = int(bits >> 23 & 0xFF) - 127;
    return (bits & 0xFFFFF) == 0 && exponent > -100 && exponent < 100;
}

} // namespace

StoredRows::StoredRows(const SafetensorsFolder& folder, const StoredTensor& weight, const StoredTensor* scales, Block block)
    : m_weight(&weight), m_bytes(folder.bytesOf(weight).data()), m_nRows(weight.rows()), m_nCols(weight.cols()),
      m_matrixRows(weight.shape.size() < 2 ? 1 : weight.shape[weight.shape.size() - 2]), m_block(block)
{
    if (weight.count() < 1)
        folder.bad(weight, "has no elements");
    switch (weight.type) {
    case StoredType::f32:
    case StoredType::f16:
    case StoredType::bf16: m_exactType = *plainType(weight.type); break;
    case StoredType::f64: m_exactType = DType::F32; break;
    case StoredType::f8e4m3:
    case StoredType::f8e5m2: m_exactType = DType::BF16; break;
    default:
        throw Unsupported("tensor " + weight.name + " of type " + std::string(storedTypeName(weight.type)), "a weight holds floats");
    }
    if (weight.type == StoredType::f8e4m3)
        m_unpack = unpackE4m3;
    else if (weight.type == StoredType::f8e5m2)
        m_unpack = unpackE5m2;
    else
        m_unpack = quant::find(*plainType(weight.type))->unpack;
    if (scales)
        readScales(folder, *scales);
}

void StoredRows::readScales(const SafetensorsFolder& folder, const StoredTensor& scales)
{
    m_scaleRows = (m_matrixRows + m_block.rows - 1) / m_block.rows;
    m_scaleCols = (m_nCols + m_block.cols - 1) / m_block.cols;
    std::vector<int64_t> wanted = m_weight->shape;
    if (wanted.size() < 2)
        folder.bad(*m_weight, "is no matrix but has scales");
    wanted[wanted.size() - 2] = m_scaleRows;
    wanted.back() = m_scaleCols;
    if (scales.shape != wanted)
        folder.bad(scales, "has shape " + shapeText(scales) + ", which does not fit " + shapeText(*m_weight) + " in blocks of " +
                               std::to_string(m_block.rows) + " x " + std::to_string(m_block.cols));
    m_scales.resize(size_t(scales.count()));
    if (scales.type == StoredType::f8e8m0) {
        for (size_t i = 0; i < m_scales.size(); ++i) {
            const auto e = uint8_t(folder.bytesOf(scales)[i]);
            m_scales[i] = e == 255 ? kNan : std::ldexp(1.0f, e - 127);
        }
    } else {
        const StoredRows values(folder, scales);
        for (int64_t row = 0; row < values.nRows(); ++row)
            values.read(row, m_scales.data() + row * values.nCols());
    }
    bool isExactInBf16 = m_exactType == DType::BF16;
    for (const float scale : m_scales) {
        if (!std::isfinite(scale))
            folder.bad(scales, "holds a scale that is no number");
        isExactInBf16 = isExactInBf16 && staysInBf16(scale);
    }
    m_exactType = isExactInBf16 ? DType::BF16 : DType::F32;
}

void StoredRows::read(int64_t row, float* out) const noexcept
{
    const std::byte* bytes = m_bytes + row * m_nCols * storedTypeBytes(m_weight->type);
    m_unpack(bytes, out, m_nCols);
    if (m_scales.empty())
        return;
    const int64_t matrix = row / m_matrixRows, line = row % m_matrixRows / m_block.rows;
    const float* scales = m_scales.data() + (matrix * m_scaleRows + line) * m_scaleCols;
    for (int64_t col = 0; col < m_nCols; ++col)
        out[col] *= scales[col / m_block.cols];
}

const std::byte* StoredRows::raw(int64_t row) const noexcept
{
    const bool isPlain = m_scales.empty() && plainType(m_weight->type) == m_exactType;
    return isPlain ? m_bytes + row * m_nCols * storedTypeBytes(m_weight->type) : nullptr;
}

} // namespace sy::formats
