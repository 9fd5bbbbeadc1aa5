// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/language.h"
#include "engine/retrieval/passages.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sy::retrieval {

struct Turn {
    std::string role; // system, user, assistant
    std::string content;
};

/// The prompt for an answer from numbered passages, in the language of the question. Stable parts come first, so that the
/// keys and values of instructions and passages can be reused when the next question has the same ones.
///
/// It asks neither for passage numbers nor for a refusal: citations and refusals are ours. Measured on the starter model
/// with the questions about the sample documents, a prompt that asked for both led to right answers to 5 of 10 (the others:
/// refusals with the answer in sight, "资料编号为。", the wrong passage), this one to 12 of 12.
std::vector<Turn> answerPrompt(Language language, std::string_view addedInstructions, std::span<const Passage> passages,
                               std::string_view question);

/// Asks whether the passages hold the answer: the same messages as answerPrompt up to and with the question, so that reading
/// them is paid once, and a last line that wants one word.
std::vector<Turn> checkPrompt(Language language, std::string_view addedInstructions, std::span<const Passage> passages,
                              std::string_view question);
/// What the first word of the reply says: log odds that the answer is there, from the word and its log probability; empty
/// when the word is neither yes nor no.
std::optional<double> checkLogOdds(std::string_view word, double logprob);

enum class SummaryOf { part, document, collection };
/// Asks for a summary of the passages: two or three sentences of a part, up to six of a document, one for each document of a
/// collection. request: the user's words; a part has none.
std::vector<Turn> summaryPrompt(Language language, std::string_view addedInstructions, std::span<const Passage> passages,
                                std::string_view request, SummaryOf what);
/// Says that a summary rests on some of the passages, or of the documents, only.
std::string shortReadingText(Language language, int64_t nRead, int64_t nAll, bool arePassages);

/// What is said when the documents do not hold the answer.
std::string refusalText(Language language);
/// True for the model's own way of saying so.
bool isRefusal(std::string_view answer);

/// Text from a document or a user with what a chat template would take for a special token taken apart ("<|" becomes "< |").
std::string asPlainText(std::string_view text);

/// The prompt that turns a follow-up question into one that stands alone, with a worked example: of 7 follow-ups the starter model
/// rewrote 2 without and 7 with it (the others it answered).
std::vector<Turn> condensePrompt(Language language, std::span<const Turn> history, std::string_view question);

/// True where a question cannot be searched for as it is: it has a pronoun that points back, or fewer than four words of
/// content, and there is a history.
bool needsCondensing(std::string_view question, std::span<const Turn> history);

/// What to search for without asking the model: the question before this one and this one.
std::string joinedWithPrevious(std::span<const Turn> history, std::string_view question);

/// The model's rewriting, or empty when it is none: too long, several lines, or an answer instead of a question.
std::string cleanedRewrite(std::string_view text, std::string_view question);

} // namespace sy::retrieval
