// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/documents_state.h"
#include "engine/core/error.h"
#include "engine/documents/normalize.h"
#include "engine/retrieval/answerer.h"

#include <algorithm>
#include <chrono>
#include <sys/stat.h>
#include <utility>

namespace sy::api {

namespace {

using namespace std::chrono_literals;

constexpr int64_t kDefaultMaxTokens = 200;
constexpr int64_t kDefaultSummaryTokens = 360;
constexpr auto kTextInterval = 33ms; // thirty times a second

Citation citationOf(const retrieval::Passage& passage, int marker)
{
    Citation citation;
    citation.marker = marker;
    citation.document = passage.hit.path;
    citation.title = passage.hit.title;
    citation.page = passage.page;
    citation.endPage = passage.endPage;
    citation.start = passage.start;
    citation.end = passage.end;
    citation.text = passage.text;
    citation.score = passage.hit.ranks.score;
    citation.isCited = marker > 0;
    return citation;
}

/// Cited ones by marker, then the others that the model was shown.
std::vector<Citation> citationsOf(const std::vector<retrieval::Passage>& shown, const std::vector<int>& cited)
{
    std::vector<Citation> citations;
    for (size_t i = 0; i < cited.size(); ++i)
        citations.push_back(citationOf(shown[size_t(cited[i])], int(i) + 1));
    for (size_t i = 0; i < shown.size(); ++i)
        if (std::find(cited.begin(), cited.end(), int(i)) == cited.end())
            citations.push_back(citationOf(shown[i], 0));
    return citations;
}

std::vector<SentenceSupport> supportOf(const std::vector<retrieval::AnswerSentence>& sentences)
{
    std::vector<SentenceSupport> support;
    for (const retrieval::AnswerSentence& sentence : sentences)
        support.push_back({sentence.start, sentence.end, sentence.markers, sentence.support.isClaim});
    return support;
}

std::vector<ChatMessage> messagesOf(const std::vector<retrieval::Turn>& turns)
{
    std::vector<ChatMessage> messages;
    for (const retrieval::Turn& turn : turns)
        messages.push_back({turn.role, turn.content});
    return messages;
}

/// The passages are read once: by the check where there is one, and then what was read, and when, is its figures.
GenerationResult withPromptOf(const GenerationResult& check, GenerationResult answer)
{
    if (check.promptTokens > 0) {
        answer.cachedTokens = check.cachedTokens;
        answer.timeToFirstTokenMs += check.timeToFirstTokenMs;
        answer.prefillTokensPerSecond = check.prefillTokensPerSecond;
    }
    return answer;
}

} // namespace

AskResult Documents::ask(LoadedModel& model, const AskRequest& request, const AskEvents& events, std::stop_token stop)
{
    const store::CollectionRow row = m_state->require(request.collection);
    const std::filesystem::path file = m_state->fileOf(row.id);
    const auto embedder = m_state->embedderOf(file);
    const auto searcher = m_state->searcher(row.id);

    AskResult result;
    retrieval::AnswerRequest question;
    question.question = request.question;
    for (const ChatMessage& message : request.history)
        question.history.push_back({message.role, message.content});
    question.addedInstructions = request.systemPrompt;
    question.nRetrieved = request.nPassages;
    question.maxTokens = request.generation.maxTokens > 0 ? request.generation.maxTokens : kDefaultMaxTokens;
    // What is left of a small context after the answer and the instructions.
    const int64_t room = model.contextLength() - question.maxTokens - 300;
    question.budget.totalTokens = int(std::clamp<int64_t>(room, 200, question.budget.totalTokens));
    question.lastDocument = request.lastDocument;
    question.summaryTokens = request.generation.maxTokens > 0 ? request.generation.maxTokens : kDefaultSummaryTokens;
    question.summaryBudget = int(std::clamp<int64_t>(model.contextLength() - question.summaryTokens - 300, 200, question.summaryBudget));

    GenerationResult check;
    int part = 0, nParts = 1; // of a summary
    const auto onProgress = [&](PromptProgress progress) { // over all parts
        progress.doneTokens += part * progress.totalTokens;
        progress.totalTokens *= nParts;
        events.onProgress(progress);
    };
    const auto generate = [&](const std::vector<retrieval::Turn>& prompt, int64_t maxTokens, retrieval::Purpose purpose,
                              const std::function<bool(std::string_view, double)>& onText, std::stop_token stopGenerating) {
        GenerationRequest generation = request.generation;
        generation.messages = messagesOf(prompt);
        generation.rawPrompt.clear();
        generation.answerStart.clear();
        generation.maxTokens = maxTokens;
        if (purpose != retrieval::Purpose::answer)
            generation.sampling.temperature = 0; // a rewriting has one right form, an opinion none of chance
        const GenerationResult generated = model.generate(
            generation, [&](const TokenEvent& token) { return onText(token.text, token.logprob); },
            std::move(stopGenerating),
            purpose != retrieval::Purpose::condense && events.onProgress ? onProgress : std::function<void(const PromptProgress&)>());
        if (purpose == retrieval::Purpose::check)
            check = generated;
        else if (purpose == retrieval::Purpose::answer)
            result.generation = withPromptOf(check, generated);
        return retrieval::Generated{generated.text, generated.finish == Finish::length,
                                    generated.finish == Finish::cancelled};
    };

    retrieval::AnswerEvents answerEvents;
    if (events.onSources)
        answerEvents.onSources = [&](const std::vector<retrieval::SearchHit>&,
                                     const std::vector<retrieval::Passage>& shown) {
            events.onSources(citationsOf(shown, {}));
        };
    answerEvents.onPart = [&](int current, int count) {
        part = current;
        nParts = count;
    };
    auto lastText = std::chrono::steady_clock::time_point();
    if (events.onText)
        answerEvents.onText = [&](const retrieval::AnswerText& text) {
            if (const auto now = std::chrono::steady_clock::now(); now - lastText >= kTextInterval) {
                lastText = now;
                events.onText(text.text(), supportOf(text.sentences()));
            }
        };

    const retrieval::AnswerOutcome outcome =
        retrieval::answer(*searcher, embedder.get(), generate, question, answerEvents, stop);
    result.answer = outcome.text;
    result.isRefused = outcome.isRefused;
    if (result.generation.promptTokens == 0) { // refused with or without a look at the passages
        result.generation = check;
        result.generation.generatedTokens = 0;
    }
    result.citations = citationsOf(outcome.shown, outcome.cited);
    result.support = supportOf(outcome.sentences);
    for (const retrieval::SearchHit& hit : outcome.hits)
        result.retrieved.push_back(searchResultOf(hit));
    result.queryUsed = outcome.queryUsed;
    result.retrievalMs = outcome.retrievalMs;
    m_state->checkQuotes(file, result.citations, stop);
    if (events.onText)
        events.onText(result.answer, result.support);
    return result;
}

/// A quote is found when the file is as it was indexed, or when its text still has the passage.
void Documents::State::checkQuotes(const std::filesystem::path& collectionFile, std::vector<Citation>& citations,
                                   std::stop_token stop)
{
    const retrieval::Collection collection(collectionFile);
    for (Citation& citation : citations) {
        const auto row = collection.find(citation.document);
        if (!row)
            continue;
        struct stat facts;
        if (row->isRecord) {
            citation.quoteFound = true; // a record's text is the one in the index
        } else if (stat(row->path.c_str(), &facts) == 0) {
            const int64_t modified = int64_t(facts.st_mtim.tv_sec) * 1'000'000'000 + facts.st_mtim.tv_nsec;
            citation.quoteFound = uint64_t(facts.st_size) == row->bytes && modified == row->modified;
            if (!citation.quoteFound && citation.isCited && !stop.stop_requested()) {
                const std::lock_guard lock(extractorMutex);
                for (const documents::Page& page : extractor.extract(row->path).pages)
                    citation.quoteFound = citation.quoteFound || page.text.find(citation.text) != std::string::npos;
            }
        }
    }
}

} // namespace sy::api
