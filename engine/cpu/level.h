// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace sy::cpu {

/// Instruction sets that kernels are written for, each including the one before it.
enum class Level {
    scalar,
    avx2,   // AVX2, FMA, F16C
    avx512, // AVX-512 F BW DQ VL VNNI VBMI and BF16 (Zen 4, Sapphire Rapids and later)
};

/// The best level that this processor and the operating system offer, lowered by SWITCHYARD_CPU_ISA=scalar|avx2|avx512 when
/// that is set. Read once.
Level level();

std::string_view levelName(Level level); // "scalar", "AVX2", "AVX-512"

/// Physical cores available to this process (its affinity mask counted once per core), at least 1.
int physicalCores();

/// The processor's own name, e.g. "AMD EPYC"; empty when it does not say.
std::string_view processorName();

} // namespace sy::cpu
