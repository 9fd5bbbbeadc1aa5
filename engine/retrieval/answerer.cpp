// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/answerer.h"

#include "engine/core/error.h"
#include "engine/documents/chunker.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <unordered_map>

namespace sy::retrieval {

namespace {

constexpr int64_t kMaxRewriteTokens = 64;
constexpr double kCertainScore = 2; // from here on an answer is shown even if its words match no passage

double dotOf(std::span<const float> a, std::span<const float> b)
{
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// The sentences of the passages as vectors, made once a question.
class SentenceVectors {
public:
    SentenceVectors(Embedder* embedder, std::span<const Passage> passages, std::stop_token stop)
        : m_embedder(embedder), m_stop(std::move(stop))
    {
        if (!embedder)
            return;
        std::vector<std::string> sentences;
        for (size_t i = 0; i < passages.size(); ++i)
            for (const documents::SentenceSpan& span : documents::splitSentences(passages[i].text)) {
                sentences.push_back(passages[i].text.substr(span.start, span.end - span.start));
                m_owner.push_back(i);
            }
        if (!sentences.empty())
            m_values = embedder->embedPassages(sentences, m_stop);
    }

    /// The best cosine of a text, embedded as a question, to a sentence of a passage (any passage when the index is past the
    /// last).
    double nearest(std::span<const float> query, size_t passage = SIZE_MAX) const
    {
        double best = 0;
        const size_t dim = query.size();
        for (size_t i = 0; i < m_owner.size(); ++i)
            if (passage == SIZE_MAX || m_owner[i] == passage)
                best = std::max(best, dotOf(query, std::span(m_values).subspan(i * dim, dim)));
        return best;
    }

    double nearest(std::string_view text, size_t passage = SIZE_MAX) const
    {
        if (m_values.empty())
            return 0;
        const std::string key(text);
        auto known = m_queries.find(key);
        if (known == m_queries.end())
            known = m_queries.emplace(key, m_embedder->embedQueries(std::span(&key, 1), m_stop)).first;
        return nearest(known->second, passage);
    }

private:
    Embedder* m_embedder;
    std::stop_token m_stop;
    std::vector<float> m_values;
    std::vector<size_t> m_owner;
    mutable std::unordered_map<std::string, std::vector<float>> m_queries;
};

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
    AnswerOutcome outcome;
    const auto start = std::chrono::steady_clock::now();
    outcome.queryUsed = condensed(generate, request, stop);
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
            checkPrompt(language, request.addedInstructions, outcome.shown, outcome.queryUsed), 1, Purpose::check,
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
    AnswerText text(attribution, request.maxSentences);
    double logprobs = 0;
    int64_t nTokens = 0;
    const Generated generated = generate(
        answerPrompt(language, request.addedInstructions, outcome.shown, outcome.queryUsed), request.maxTokens,
        Purpose::answer,
        [&](std::string_view piece, double logprob) {
            logprobs += logprob;
            ++nTokens;
            const bool goesOn = text.add(piece);
            if (events.onText)
                events.onText(text);
            return goesOn;
        },
        stop);
    text.finish(generated.isCut || generated.isCancelled);
    outcome.isCancelled = generated.isCancelled;
    outcome.text = text.text();
    outcome.sentences = text.sentences();
    outcome.cited = text.cited();
    outcome.meanLogprob = nTokens ? logprobs / double(nTokens) : 0;
    // A doubtful question whose answer rests on no passage: the model made it up.
    const bool isSupported = std::any_of(outcome.sentences.begin(), outcome.sentences.end(),
                                         [](const AnswerSentence& sentence) { return !sentence.support.passages.empty(); });
    const bool isInvented = !isSupported && outcome.score < kCertainScore;
    const bool saysNothing = outcome.sentences.size() == 1 && isRefusal(outcome.text);
    if (!generated.isCancelled && (saysNothing || isInvented || outcome.text.empty()))
        refuse();
    return outcome;
}

} // namespace sy::retrieval
