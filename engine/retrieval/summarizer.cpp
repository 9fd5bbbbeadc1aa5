// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/summarizer.h"

#include "engine/core/error.h"
#include "engine/retrieval/sentence_vectors.h"
#include "engine/retrieval/whole_documents.h"
#include "engine/retrieval/written_answer.h"

#include <chrono>

namespace sy::retrieval {

namespace {

constexpr int kMaxParts = 12;           // of a long document; what they cannot hold is left out evenly, and that is said
constexpr int64_t kPartTokens = 120;    // of the summary of a part
constexpr int kSentencesOfDocument = 6; // as the prompt asks for
constexpr double kRelated = 1;          // log odds in place of a search's score: it was asked for by name

Passage madeUp(std::string text)
{
    Passage passage;
    passage.text = std::move(text);
    return passage;
}

// The summaries of the parts as passages of their own.
std::vector<Passage> readParts(const WholeReading& reading, const Generate& generate, Language language, const AnswerRequest& request,
                               const AnswerEvents& events, const std::stop_token& stop)
{
    std::vector<Passage> summaries;
    const auto nSteps = int(reading.parts.size()) + 1;
    for (const std::vector<Passage>& part : reading.parts) {
        if (events.onPart)
            events.onPart(int(summaries.size()), nSteps);
        const Generated summary = generate(summaryPrompt(language, request.addedInstructions, part, {}, SummaryOf::part), kPartTokens,
                                           Purpose::part, [](std::string_view, double) { return true; }, stop);
        if (summary.isCancelled)
            throw Cancelled();
        summaries.push_back(madeUp(summary.text));
    }
    if (events.onPart)
        events.onPart(nSteps - 1, nSteps);
    return summaries;
}

} // namespace

std::optional<AnswerOutcome> summarize(Searcher& searcher, Embedder* embedder, const Generate& generate, const SummaryWish& wish,
                                       const AnswerRequest& request, const AnswerEvents& events, std::stop_token stop)
{
    const auto start = std::chrono::steady_clock::now();
    const std::vector<DocumentName> documents = documentsNamed(searcher, wish.about, request.lastDocument);
    if (documents.empty())
        return std::nullopt;
    const WholeReading reading = readWhole(searcher, documents, request.summaryBudget, kMaxParts);
    if (reading.parts.empty())
        return std::nullopt;

    AnswerOutcome outcome;
    outcome.queryUsed = request.question;
    outcome.score = kRelated;
    for (const std::vector<Passage>& part : reading.parts)
        outcome.shown.insert(outcome.shown.end(), part.begin(), part.end());
    for (const Passage& passage : outcome.shown)
        outcome.hits.push_back(passage.hit);
    if (events.onSources)
        events.onSources(outcome.hits, outcome.shown);
    outcome.retrievalMs = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();

    const Language language = languageOf(request.question);
    const bool isInParts = reading.parts.size() > 1;
    const std::vector<Passage> given = isInParts ? readParts(reading, generate, language, request, events, stop) : reading.parts.front();

    // Words attribute within a language; across two of them only the meaning can.
    std::string texts;
    for (const Passage& passage : outcome.shown)
        texts += passage.text;
    const bool isCrossLanguage = isMostlyCjk(request.question) != isMostlyCjk(texts);
    const SentenceVectors sentences(isCrossLanguage ? embedder : nullptr, outcome.shown, stop);
    const Attribution attribution(outcome.shown, {},
                                  isCrossLanguage && embedder ? Closeness([&](std::string_view sentence, size_t passage) {
                                      return sentences.nearest(sentence, passage);
                                  })
                                                              : Closeness());
    const int maxSentences = reading.isOneDocument ? kSentencesOfDocument : int(reading.nRead) + 1;
    writeAnswer(outcome, generate,
                summaryPrompt(language, request.addedInstructions, given, request.question,
                              reading.isOneDocument ? SummaryOf::document : SummaryOf::collection),
                request.summaryTokens, attribution, maxSentences, events, stop);
    if (reading.nRead < reading.nAll && !outcome.isCancelled)
        outcome.text += "\n\n" + shortReadingText(language, reading.nRead, reading.nAll, reading.isOneDocument);
    return outcome;
}

} // namespace sy::retrieval
