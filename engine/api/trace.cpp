// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/trace.h"

#include "engine/api/trace_state.h"

namespace sy::api {

namespace {

double microseconds(std::chrono::duration<double> time)
{
    return time.count() * 1e6;
}

} // namespace

Trace traceOf(const inspect::TraceRecorder& recorder, std::span<const int32_t> prompt, std::span<const int32_t> answer,
              const tokenizer::Tokenizer* tokenizer)
{
    Trace trace;
    const auto add = [&](std::span<const int32_t> ids, TracePhase phase) {
        for (const int32_t id : ids)
            trace.tokens.push_back({id, tokenizer ? std::string(tokenizer->tokenBytes(id)) : std::string(), phase});
    };
    add(prompt, TracePhase::prefill);
    add(answer, TracePhase::decode);

    const auto& steps = recorder.steps();
    for (size_t i = 0; i < steps.size(); ++i) {
        const inspect::TracedStep& step = steps[i];
        const double ms = microseconds(step.end - step.begin) / 1e3 / double(step.nTokens);
        for (int64_t j = 0; j < step.nTokens; ++j) {
            TraceToken& token = trace.tokens[size_t(step.firstPosition + j)];
            token.step = int64_t(i);
            token.ms = ms;
        }
        for (const inspect::TimedSpan& span : step.spans)
            trace.tokens[size_t(step.firstPosition)].spans.push_back({inspect::name(span.kind), span.layer,
                                                                      microseconds(span.begin - steps.front().begin),
                                                                      microseconds(span.end - span.begin)});
    }
    for (const inspect::TracedRouting& routing : recorder.routing()) {
        trace.nExperts = routing.nExperts;
        for (int64_t t = 0; t < routing.nTokens; ++t) {
            TraceRouting row{routing.layer, routing.firstPosition + t, {}, {}};
            for (int64_t i = t * routing.nUsed; i < (t + 1) * routing.nUsed && routing.experts[size_t(i)] >= 0; ++i) {
                row.experts.push_back(routing.experts[size_t(i)]);
                row.weights.push_back(routing.weights[size_t(i)]);
            }
            trace.routing.push_back(std::move(row));
        }
    }
    trace.watchingMs = recorder.watchingTime().count() * 1e3;
    return trace;
}

} // namespace sy::api
