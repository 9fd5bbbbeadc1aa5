// SPDX-License-Identifier: GPL-3.0-or-later
// A tape remembers, for each op of a forward pass, how to turn the gradient of its result into those of its inputs, and
// plays that back in reverse. What backward needs of the forward pass is held by the closures, which end one by one while
// the tape runs: memory falls as the gradient moves towards the first layer.
//
// Nothing here runs in parallel but the loops inside ops, and a gradient's shares are added in the reverse order of the
// forward pass, so that the same pass gives the same bits at every thread count.
#pragma once

#include "engine/autograd/gradient.h"

#include <functional>
#include <stop_token>
#include <vector>

namespace sy::autograd {

/// Used by one thread. An op that computes something trained calls record() after its forward function.
class Tape {
public:
    /// A tape that does not record makes constants of everything: the forward pass alone.
    /// betweenOps  called behind each op, forward and back; empty: nothing. Outlives the tape.
    explicit Tape(cpu::ThreadPool& pool, bool isRecording = true, const std::function<void()>& betweenOps = kNothing)
        : m_pool(pool), m_isRecording(isRecording), m_betweenOps(betweenOps)
    {
    }
    Tape(const Tape&) = delete;
    Tape& operator=(const Tape&) = delete;

    cpu::ThreadPool& pool() { return m_pool; }
    bool isRecording() const { return m_isRecording; }
    const std::function<void()>& betweenOps() const { return m_betweenOps; }

    /// A value whose gradient is wanted though no op on this tape made it.
    Variable leaf(Tensor value) const;

    /// The results of one op as variables. `backward` gets their gradients in the same order, an empty tensor where nothing
    /// depends on a result; it is not called when that is so for all of them. With isWanted false (no input and no
    /// parameter of the op is trained) the results are constants and backward is dropped, with all it holds.
    std::vector<Variable> record(std::vector<Tensor> results, bool isWanted,
                                 std::function<void(std::vector<Tensor>)> backward);
    Variable record(Tensor result, bool isWanted, std::function<void(Tensor)> backward);

    /// Adds a share to a variable's gradient; nothing for a constant. See GradientSum::add() on the memory.
    void add(const Variable& variable, Tensor share) const;

    /// Plays everything back. Seeds are given with add() before. The tape is empty afterwards, also when this throws:
    /// Cancelled, between two ops, and whatever an op throws.
    void backward(std::stop_token stop = {});

private:
    static const std::function<void()> kNothing;

    struct Entry {
        std::vector<std::shared_ptr<GradientSum>> gradients;
        std::function<void(std::vector<Tensor>)> backward;
    };

    cpu::ThreadPool& m_pool;
    bool m_isRecording;
    const std::function<void()>& m_betweenOps;
    std::vector<Entry> m_entries;
};

} // namespace sy::autograd
