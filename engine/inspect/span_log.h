// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/span_observer.h"

#include <span>
#include <vector>

namespace sy::inspect {

struct TimedSpan {
    nn::SpanKind kind;
    int layer; // -1: outside the layers
    nn::SpanObserver::Clock::time_point begin, end;
};

/// The spans of one step, in the order in which they ended.
class SpanLog final : public nn::SpanObserver {
public:
    void beginStep(); // forgets the step before
    void spanDone(nn::SpanKind kind, int layer, Clock::time_point begin, Clock::time_point end) override;

    Clock::time_point begin() const { return m_begin; }
    std::span<const TimedSpan> spans() const { return m_spans; }

private:
    Clock::time_point m_begin{};
    std::vector<TimedSpan> m_spans;
};

const char* name(nn::SpanKind kind); // "feed-forward"

} // namespace sy::inspect
