// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/autograd/tape.h"

#include "engine/core/error.h"

#include <algorithm>

namespace sy::autograd {

const std::function<void()> Tape::kNothing;

Variable Tape::leaf(Tensor value) const
{
    return {std::move(value), m_isRecording ? std::make_shared<GradientSum>() : nullptr};
}

std::vector<Variable> Tape::record(std::vector<Tensor> results, bool isWanted,
                                   std::function<void(std::vector<Tensor>)> backward)
{
    if (m_betweenOps)
        m_betweenOps();
    std::vector<Variable> variables;
    for (Tensor& result : results)
        variables.push_back({std::move(result), nullptr});
    if (!isWanted || !m_isRecording)
        return variables;
    Entry entry;
    for (Variable& variable : variables) {
        variable.gradient = std::make_shared<GradientSum>();
        entry.gradients.push_back(variable.gradient);
    }
    entry.backward = std::move(backward);
    m_entries.push_back(std::move(entry));
    return variables;
}

Variable Tape::record(Tensor result, bool isWanted, std::function<void(Tensor)> backward)
{
    std::vector<Tensor> results;
    results.push_back(std::move(result));
    return record(
               std::move(results), isWanted,
               [backward = std::move(backward)](std::vector<Tensor> gradients) { backward(std::move(gradients.front())); })
        .front();
}

void Tape::add(const Variable& variable, Tensor share) const
{
    if (variable.gradient)
        variable.gradient->add(m_pool, std::move(share));
}

void Tape::backward(std::stop_token stop)
{
    std::vector<Entry> entries = std::move(m_entries);
    m_entries.clear();
    while (!entries.empty()) {
        if (stop.stop_requested())
            throw Cancelled();
        const Entry entry = std::move(entries.back());
        entries.pop_back();
        std::vector<Tensor> gradients;
        for (const auto& gradient : entry.gradients)
            gradients.push_back(gradient->take());
        if (std::ranges::any_of(gradients, [](const Tensor& g) { return bool(g); }))
            entry.backward(std::move(gradients));
        if (m_betweenOps)
            m_betweenOps();
    }
}

} // namespace sy::autograd
