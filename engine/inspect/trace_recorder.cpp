// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/inspect/trace_recorder.h"

#include <algorithm>

namespace sy::inspect {

void TraceRecorder::beginStep(int64_t firstPosition, int64_t nTokens)
{
    m_routing.resize(m_nRoutingDone);
    m_first = firstPosition;
    m_n = nTokens;
}

void TraceRecorder::routed(const nn::RoutedTokens& tokens)
{
    const int64_t nSeen = std::max<int64_t>(0, m_nDone - tokens.firstPosition);
    if (nSeen >= tokens.nTokens)
        return;
    const auto begin = Clock::now();
    const auto first = size_t(nSeen * tokens.nUsed);
    const auto experts = tokens.experts.subspan(first);
    const auto weights = tokens.weights.subspan(first);
    m_routing.push_back({tokens.layer,
                         tokens.firstPosition + nSeen,
                         tokens.nTokens - nSeen,
                         tokens.nExperts,
                         tokens.nUsed,
                         {experts.begin(), experts.end()},
                         {weights.begin(), weights.end()}});
    m_watchingTime += Clock::now() - begin;
}

void TraceRecorder::endStep(const SpanLog& log)
{
    const auto end = Clock::now();
    const int64_t last = m_first + m_n;
    m_nRoutingDone = m_routing.size();
    if (last <= m_nDone)
        return;
    const int64_t first = std::max(m_first, m_nDone);
    m_steps.push_back({first, last - first, log.begin(), end, {log.spans().begin(), log.spans().end()}});
    m_nDone = last;
    m_watchingTime += Clock::now() - end;
}

} // namespace sy::inspect
