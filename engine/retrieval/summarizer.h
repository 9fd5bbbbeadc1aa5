// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/answerer.h"
#include "engine/retrieval/summary_wish.h"

namespace sy::retrieval {

/// Summarizes what the wish names, reading it from the beginning instead of searching it: a document that is too long for one
/// prompt part by part, and then the summaries of the parts. Sentences are attributed like those of an answer. Empty when the
/// wish is about a topic and not about documents of this collection. Throws as answer().
std::optional<AnswerOutcome> summarize(Searcher& searcher, Embedder* embedder, const Generate& generate, const SummaryWish& wish,
                                       const AnswerRequest& request, const AnswerEvents& events = {}, std::stop_token stop = {});

} // namespace sy::retrieval
