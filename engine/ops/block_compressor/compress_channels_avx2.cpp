// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_avx2.h"
#include "engine/ops/block_compressor/compress_channels.inl.h"

template void sy::ops::compressChannels<sy::cpu::Avx2>(const sy::ops::CompressChannels&) noexcept;
template void sy::ops::compressGradChannels<sy::cpu::Avx2>(const sy::ops::CompressGradChannels&) noexcept;
