// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <cstdint>

namespace sy::nn {

/// What a step spends its time on. Router and experts lie inside a feed-forward; the others follow one another.
enum class SpanKind : uint8_t { embedding, attention, feedForward, router, experts, head, sampling };

/// Hears how long each part of a step took, on the thread that steps (models::Model::spanObserver).
class SpanObserver {
public:
    using Clock = std::chrono::steady_clock;

    virtual ~SpanObserver() = default;
    virtual void spanDone(SpanKind kind, int layer, Clock::time_point begin, Clock::time_point end) = 0; // layer -1: outside the layers
};

/// From here to the end of the block. Without an observer it is a comparison; the clock is not read.
class Span {
public:
    Span(SpanObserver* observer, SpanKind kind, int layer = -1) : m_observer(observer), m_kind(kind), m_layer(layer)
    {
        if (m_observer)
            m_begin = SpanObserver::Clock::now();
    }
    ~Span()
    {
        if (m_observer)
            m_observer->spanDone(m_kind, m_layer, m_begin, SpanObserver::Clock::now());
    }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

private:
    SpanObserver* m_observer;
    SpanKind m_kind;
    int m_layer;
    SpanObserver::Clock::time_point m_begin{};
};

} // namespace sy::nn
