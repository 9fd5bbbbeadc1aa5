// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/inspect/span_log.h"
#include "engine/nn/router_observer.h"

#include <chrono>
#include <cstdint>
#include <vector>

namespace sy::inspect {

/// A step that computed neighbouring tokens of the sequence.
struct TracedStep {
    int64_t firstPosition;
    int64_t nTokens;
    nn::SpanObserver::Clock::time_point begin, end;
    std::vector<TimedSpan> spans; // of the whole step: other sequences' tokens in it take their share
};

/// What one router chose for neighbouring tokens.
struct TracedRouting {
    int layer; // of the model, dense ones counted
    int64_t firstPosition;
    int64_t nTokens;
    int nExperts;
    int nUsed;
    std::vector<int32_t> experts; // (nTokens, nUsed) by falling weight; -1: no more
    std::vector<float> weights;   // (nTokens, nUsed)
};

/// Keeps what happens to one sequence: every choice of its routers and where the time of its steps went. Each position counts once;
/// a step that was given up, or that computes again what had been given up for want of memory, leaves nothing.
///
/// Used by one thread at a time: the one that steps, and whoever reads after the last step.
class TraceRecorder final : public nn::RouterObserver {
public:
    void beginStep(int64_t firstPosition, int64_t nTokens);
    void routed(const nn::RoutedTokens& tokens) override;
    void endStep(const SpanLog& spans);

    const std::vector<TracedStep>& steps() const { return m_steps; }       // by position, without gaps
    const std::vector<TracedRouting>& routing() const { return m_routing; } // by step, in it by layer
    std::chrono::duration<double> watchingTime() const { return m_watchingTime; } // what recording took

private:
    using Clock = nn::SpanObserver::Clock;

    std::vector<TracedStep> m_steps;
    std::vector<TracedRouting> m_routing;
    size_t m_nRoutingDone = 0;    // of m_routing: of steps that ended
    int64_t m_nDone = 0;          // positions of steps that ended
    int64_t m_first = 0, m_n = 0; // of the step in progress
    std::chrono::duration<double> m_watchingTime{0};
};

} // namespace sy::inspect
