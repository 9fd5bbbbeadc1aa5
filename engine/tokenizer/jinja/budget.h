// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/chat_template.h"

namespace sy::tokenizer::jinja {

/// What one rendering may still spend; a template that wants more ends with TemplateError. Values may share parts, so that printing or
/// comparing a small one can take exponential time: those functions spend steps as well.
class Budget {
public:
    explicit Budget(const TemplateLimits& limits) : m_limits(limits), m_deadline(std::chrono::steady_clock::now() + limits.time) {}

    const TemplateLimits& limits() const { return m_limits; }

    void step()
    {
        if (++m_nSteps > m_limits.steps)
            throw TemplateError("the template takes too many steps");
        if (m_nSteps % 16 == 0 && std::chrono::steady_clock::now() > m_deadline)
            throw TemplateError("the template takes too long");
    }
    void charge(uint64_t bytes) // before making something as large
    {
        if (bytes > m_limits.memoryBytes - m_memoryBytes)
            throw TemplateError("the template needs too much memory");
        m_memoryBytes += bytes;
    }

private:
    const TemplateLimits m_limits;
    const std::chrono::steady_clock::time_point m_deadline;
    int64_t m_nSteps = 0;
    uint64_t m_memoryBytes = 0;
};

} // namespace sy::tokenizer::jinja
