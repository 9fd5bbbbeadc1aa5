// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/lanes_avx512.inl.h"

#include <cstring>

#include "engine/ops/attention/attention_rows.inl.h"

namespace sy::ops {

AttentionKernels avx512AttentionKernels()
{
    using Loop = AttentionLoop<cpu::LanesAvx512, 8, 2, 4, 4>;
    return {Loop::segment, Loop::merge, Loop::finish};
}

} // namespace sy::ops
