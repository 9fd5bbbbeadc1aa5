// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/lanes_avx2.inl.h"

#include <cstring>

#include "engine/ops/attention/attention_rows.inl.h"

namespace sy::ops {

AttentionKernels avx2AttentionKernels()
{
    using Loop = AttentionLoop<cpu::LanesAvx2, 6, 1, 6, 1>; // twelve sums, of 16 registers
    return {Loop::segment, Loop::merge, Loop::finish};
}

} // namespace sy::ops
