// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/answerer.h"
#include "engine/retrieval/attribution.h"

#include <cstdint>
#include <stop_token>
#include <vector>

namespace sy::retrieval {

/// Lets the model write the answer to `prompt` and attributes it as it grows: text, sentences, citations, mean log probability
/// and whether it was cancelled come to stand in the outcome. Throws what the model throws.
void writeAnswer(AnswerOutcome& outcome, const Generate& generate, const std::vector<Turn>& prompt, int64_t maxTokens,
                 const Attribution& attribution, int maxSentences, const AnswerEvents& events, const std::stop_token& stop);

} // namespace sy::retrieval
