// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/autograd/tape.h"

#include <functional>

namespace sy::autograd {

/// Runs a part of the forward pass and remembers its input alone; backward runs the part once more on a tape of its own.
/// Chen et al. 2016, arXiv:1604.06174. Memory for activations is then one input per segment and the inside of one segment,
/// for one more forward pass of time.
///
/// The segment must give the same bits each time; the gradients are then, bit for bit, those of the pass without
/// checkpoints. It may be called after this has returned, so what it holds by reference must outlive the tape.
Variable checkpoint(Tape& tape, const Variable& input, std::function<Variable(Tape&, const Variable&)> segment);

} // namespace sy::autograd
