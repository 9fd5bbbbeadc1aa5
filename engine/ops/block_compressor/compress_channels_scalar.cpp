// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/vec_scalar.h"
#include "engine/ops/block_compressor/compress_channels.inl.h"

template void sy::ops::compressChannels<sy::cpu::Scalar>(const sy::ops::CompressChannels&) noexcept;
template void sy::ops::compressGradChannels<sy::cpu::Scalar>(const sy::ops::CompressGradChannels&) noexcept;
