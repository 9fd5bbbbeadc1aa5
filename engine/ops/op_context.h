// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/cpu/level.h"
#include "engine/cpu/thread_pool.h"

namespace sy::ops {

/// How matrix products on quantized weights read their input.
enum class Activations {
    fast, // int8 in blocks of 32 with a float scale each, integer products
    f32,  // weights decoded to float, float products: the slow exact answer for tests
};

/// What every op needs besides its tensors. Made once by the owner of a model and passed down by reference.
struct OpContext {
    cpu::ThreadPool& pool;
    cpu::Level level = cpu::level();
    Activations activations = Activations::fast;
};

} // namespace sy::ops
