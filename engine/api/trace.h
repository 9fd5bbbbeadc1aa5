// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sy::api {

struct TraceSpan {
    std::string name; // embedding, attention, feed-forward (router and experts lie inside it), head, sampling
    int layer;        // -1: outside the layers
    double startUs;   // since the first step began
    double us;
};

enum class TracePhase : uint8_t { prefill, decode };

/// A token and the step that computed it: read it and predicted the next one.
struct TraceToken {
    int32_t id;
    std::string text; // its bytes; empty for a model without a tokenizer
    TracePhase phase;
    int64_t step = -1; // from 0; -1: the last token of an answer, which is written and not read
    double ms = 0;     // its share of the step's time: prefill computes many tokens at once
    std::vector<TraceSpan> spans; // of the step, at its first token
};

struct TraceRouting {
    int layer;
    int64_t token; // of Trace::tokens
    std::vector<int32_t> experts; // by falling weight
    std::vector<float> weights;
};

/// Where the time of every token went, and which experts it was routed to.
struct Trace {
    std::vector<TraceToken> tokens; // the prompt and the answer
    std::vector<TraceRouting> routing;
    int nExperts = 0;      // of a layer with experts; 0: a dense model
    double watchingMs = 0; // what recording the choices took, included in the times
};

} // namespace sy::api
