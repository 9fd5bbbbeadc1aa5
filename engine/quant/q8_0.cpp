// SPDX-License-Identifier: GPL-3.0-or-later
// Q8_0, 34 bytes: 32 values of 8 bits.
//
//   0  f16 d      2  int8 qs[32]         value j = d * qs[j]
//
#include "engine/quant/block_read.h"
#include "engine/quant/unpackers.h"

namespace sy::quant {

void unpackQ8_0(const void* blocks, float* out, int64_t nValues) noexcept
{
    const auto* b = static_cast<const uint8_t*>(blocks);
    for (int64_t i = 0; i < nValues; i += 32, b += 34, out += 32) {
        const float d = readHalf(b);
        for (int j = 0; j < 32; ++j)
            out[j] = d * float(static_cast<int8_t>(b[2 + j]));
    }
}

} // namespace sy::quant
