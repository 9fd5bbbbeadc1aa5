// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/autograd/checkpoint.h"

#include <utility>

namespace sy::autograd {

Variable checkpoint(Tape& tape, const Variable& input, std::function<Variable(Tape&, const Variable&)> segment)
{
    Tape silent(tape.pool(), false, tape.betweenOps());
    Tensor result = segment(silent, Variable{input.value, nullptr}).value;
    // Wanted even for a constant input: there are parameters inside.
    return tape.record(std::move(result), true, [&tape, input, segment = std::move(segment)](Tensor gradient) {
        Tape again(tape.pool(), true, tape.betweenOps());
        const Variable start = input.isWanted() ? again.leaf(input.value) : Variable{input.value, nullptr};
        const Variable end = segment(again, start);
        again.add(end, std::move(gradient));
        again.backward();
        if (start.isWanted()) {
            if (Tensor share = start.gradient->take())
                tape.add(input, std::move(share));
        }
    });
}

} // namespace sy::autograd
