// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/answerer.h"

#include "engine/core/error.h"
#include "engine/retrieval/sentence_vectors.h"
#include "engine/retrieval/summarizer.h"
#include "engine/retrieval/written_answer.h"

#include <algorithm>
#include <chrono>

namespace sy::retrieval {

namespace {

constexpr int64_t kMaxRewriteTokens = 64;
constexpr double kCertainScore = 2; // from here on an answer is shown even if its words match no passage

std::string condensed(const Generate& generate, const AnswerRequest& request, std::stop_token stop)
{
    if (!needsCondensing(request.question, request.history))
        return request.question;
    const Generated rewrite = generate(
        condensePrompt(languageOf(request.question), request.history, request.question), kMaxRewriteTokens,
        Purpose::condense, [](std::string_view piece, double) { return piece.find('\n') == std::string_view::npos; }, stop);
    if (rewrite.isCancelled)
        throw Cancelled();
    const std::string clean = cleanedRewrite(rewrite.text, request.question);
    return clean.empty() ? joinedWithPrevious(request.history, request.question) : clean;
}

} // namespace

AnswerOutcome answer(Searcher& searcher, Embedder* embedder, const Generate& generate, const AnswerRequest& request,
                     const AnswerEvents& events, std::stop_token stop)
{
    const std::optional<SummaryWish> wish = summaryWish(request.question);
    if (wish)
        if (std::optional<AnswerOutcome> summary = summarize(searcher, embedder, generate, *wish, request, events, stop))
            return std::move(*summary);

    AnswerOutcome outcome;
    const auto start = std::chrono::steady_clock::now();
    // A summary of a topic is looked for by its topic.
    outcome.queryUsed = wish ? wish->about : condensed(generate, request, stop);
    const std::string& asked = wish ? request.question : outcome.queryUsed;
    const Language language = languageOf(request.question);

    SearchOutcome found = searcher.search(outcome.queryUsed, SearchMode::hybrid, request.nRetrieved, embedder, stop);
    const TermWeights weights = searcher.weights(queryTerms(outcome.queryUsed));
    outcome.hits = found.hits;
    outcome.shown = selectPassages(found.hits, weights, request.budget);
    if (events.onSources)
        events.onSources(outcome.hits, outcome.shown);

    Embedder* usable = found.bestCosine != 0 ? embedder : nullptr;
    const SentenceVectors sentences(usable, outcome.shown, stop);
    outcome.signs = answerSigns(found, weights, outcome.queryUsed, sentences.nearest(outcome.queryUsed));
    outcome.score = outcome.hits.empty() ? -100 : answerScore(outcome.signs);
    outcome.retrievalMs = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    const auto refuse = [&] {
        outcome.isRefused = true;
        outcome.text = refusalText(language);
        outcome.sentences.clear();
        outcome.cited.clear();
    };
    if (isDoubtful(outcome.score) && !outcome.shown.empty()) {
        double logprob = 0;
        const Generated word = generate(
            checkPrompt(language, request.addedInstructions, outcome.shown, asked), 1, Purpose::check,
            [&](std::string_view, double p) {
                logprob += p;
                return true;
            },
            stop);
        if (word.isCancelled)
            throw Cancelled();
        outcome.opinion = checkLogOdds(word.text, logprob);
        if (outcome.opinion)
            outcome.score = scoreWithOpinion(outcome.score, *outcome.opinion, outcome.signs.isCjk);
    }
    if (outcome.score < 0) {
        refuse();
        return outcome;
    }

    const double mean = found.meanCosine;
    const Attribution attribution(outcome.shown, outcome.queryUsed,
                                  usable ? Closeness([&](std::string_view sentence, size_t passage) {
                                      return sentences.nearest(sentence, passage) - mean;
                                  })
                                         : Closeness());
    writeAnswer(outcome, generate, answerPrompt(language, request.addedInstructions, outcome.shown, asked), request.maxTokens, attribution,
                request.maxSentences, events, stop);
    // A doubtful question whose answer rests on no passage: the model made it up.
    const bool isSupported = std::any_of(outcome.sentences.begin(), outcome.sentences.end(),
                                         [](const AnswerSentence& sentence) { return !sentence.support.passages.empty(); });
    const bool isInvented = !isSupported && outcome.score < kCertainScore;
    const bool saysNothing = outcome.sentences.size() == 1 && isRefusal(outcome.text);
    if (!outcome.isCancelled && (saysNothing || isInvented || outcome.text.empty()))
        refuse();
    return outcome;
}

} // namespace sy::retrieval
