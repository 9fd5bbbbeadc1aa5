// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace sy::ops {

/// In place on one token's logits.
template <class Level>
void softmaxRow(float* x, int64_t n) noexcept;
template <class Level>
void sigmoidRow(float* x, int64_t n) noexcept;

} // namespace sy::ops
