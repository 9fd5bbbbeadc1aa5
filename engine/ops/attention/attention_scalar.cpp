// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/lanes_scalar.inl.h"

#include <cstring>

#include "engine/ops/attention/attention_rows.inl.h"

namespace sy::ops {

AttentionKernels scalarAttentionKernels()
{
    using Loop = AttentionLoop<cpu::LanesScalar, 2, 2, 2, 2>;
    return {Loop::segment, Loop::merge, Loop::finish};
}

} // namespace sy::ops
