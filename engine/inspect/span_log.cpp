// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/inspect/span_log.h"

namespace sy::inspect {

void SpanLog::beginStep()
{
    m_spans.clear();
    m_begin = Clock::now();
}

void SpanLog::spanDone(nn::SpanKind kind, int layer, Clock::time_point begin, Clock::time_point end)
{
    m_spans.push_back({kind, layer, begin, end});
}

const char* name(nn::SpanKind kind)
{
    switch (kind) {
    case nn::SpanKind::embedding: return "embedding";
    case nn::SpanKind::attention: return "attention";
    case nn::SpanKind::feedForward: return "feed-forward";
    case nn::SpanKind::router: return "router";
    case nn::SpanKind::experts: return "experts";
    case nn::SpanKind::head: return "head";
    case nn::SpanKind::sampling: return "sampling";
    }
    return "";
}

} // namespace sy::inspect
