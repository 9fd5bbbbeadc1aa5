// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/cpu/thread_pool.h"

#include <memory>
#include <string>

namespace sy::autograd {

/// x += y, both f32 of one shape. Throws std::invalid_argument otherwise.
void addInto(cpu::ThreadPool& pool, Tensor& x, const Tensor& y);

/// The gradient of one value while it is being summed over the value's uses.
class GradientSum {
public:
    /// Adds a share. The first one is taken over as it is, so nobody else may hold its memory.
    void add(cpu::ThreadPool& pool, Tensor share);

    /// The sum, given away; empty when nobody added anything.
    Tensor take() { return std::move(m_sum); }
    const Tensor& sum() const { return m_sum; }

private:
    Tensor m_sum;
};

/// A value of a forward pass and, where one is wanted, the place for its gradient. Copies share both.
struct Variable {
    Tensor value;
    std::shared_ptr<GradientSum> gradient; // null: a constant
    bool isWanted() const { return gradient != nullptr; }
};

/// A trained tensor. It outlives tapes: the gradients of several of them (micro-batches) add up in it, in the order in which
/// they ran.
struct Parameter {
    std::string name;
    Tensor value;    // f32
    Tensor gradient; // f32 of the same shape, or empty: zero

    /// The gradient to add to, zeros at first.
    Tensor& sum();
};

} // namespace sy::autograd
