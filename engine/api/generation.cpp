// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/loaded_model.h"
#include "engine/api/trace_state.h"
#include "engine/generate/random.h"
#include "engine/generate/text_stream.h"

#include <algorithm>
#include <chrono>

namespace sy::api {

namespace {

double milliseconds(std::chrono::duration<double> time)
{
    return time.count() * 1e3;
}

generate::SamplingSettings settingsOf(const Sampling& sampling)
{
    generate::SamplingSettings s;
    s.temperature = sampling.temperature;
    s.topK = sampling.topK;
    s.topP = sampling.topP;
    s.minP = sampling.minP;
    s.repeatPenalty = sampling.repeatPenalty;
    s.presencePenalty = sampling.presencePenalty;
    s.frequencyPenalty = sampling.frequencyPenalty;
    s.penaltyWindow = sampling.penaltyWindow;
    s.seed = sampling.seed ? *sampling.seed : generate::drawSeed();
    return s;
}

generate::Priority priorityOf(Priority priority)
{
    switch (priority) {
    case Priority::interactive: break;
    case Priority::api: return generate::Priority::api;
    case Priority::batch: return generate::Priority::batch;
    }
    return generate::Priority::interactive;
}

Finish finishOf(generate::Finish finish)
{
    switch (finish) {
    case generate::Finish::stop: break;
    case generate::Finish::length: return Finish::length;
    case generate::Finish::cancelled: return Finish::cancelled;
    }
    return Finish::stop;
}

} // namespace

GenerationResult LoadedModel::generate(const GenerationRequest& request, const std::function<bool(const TokenEvent&)>& onToken,
                                       std::stop_token stop, const std::function<void(const PromptProgress&)>& onProgress)
{
    const State& state = *m_state;
    generate::Scheduler& scheduler = state.chat();

    generate::GenerationTask task;
    task.adapter = m_state->adapterFor(request.adapter);
    task.prompt = !request.messages.empty()    ? state.encodeMessages(request.messages)
                  : !request.promptIds.empty() ? request.promptIds
                                               : tokenize(request.rawPrompt, {true});
    if (!request.messages.empty() && !request.answerStart.empty()) {
        const std::vector<int32_t> start = tokenize(request.answerStart);
        task.prompt.insert(task.prompt.end(), start.begin(), start.end());
    }
    task.sampling = settingsOf(request.sampling);
    task.maxTokens = std::max<int64_t>(request.maxTokens, 0);
    if (state.tokenizer)
        task.endIds = state.tokenizer->endOfGenerationIds();
    if (!request.schema.empty())
        task.grammar = m_state->grammars.find(request.schema, state.requireTokenizer());
    task.guessesAhead = request.guessesAhead;
    task.priority = priorityOf(request.priority);
    if (onProgress) {
        task.onProgress = [&](const generate::PromptProgress& p) {
            onProgress({p.doneTokens, p.totalTokens, p.queuePosition});
        };
    }

    std::optional<generate::TextStream> text; // a model without a tokenizer says ids alone
    if (state.tokenizer)
        text.emplace(*state.tokenizer, request.stopStrings);
    const int64_t nMost = std::min(task.maxTokens > 0 ? task.maxTokens : contextLength(),
                                   contextLength() + 1 - int64_t(task.prompt.size()));
    int64_t nTokens = 0;
    task.onToken = [&](const generate::Token& token) {
        const bool isEnd = text && state.tokenizer->isEndOfGeneration(token.id);
        std::string shown = isEnd || !text ? std::string() : text->push(token.id);
        if ((isEnd || ++nTokens >= nMost) && text)
            shown += text->finish(); // nothing comes after this, so nothing need be held back
        const bool isWanted = !onToken || onToken({token.id, std::move(shown), milliseconds(token.sinceLast), token.logprob});
        return isWanted && !(text && text->isStopped());
    };

    inspect::TraceRecorder recorder;
    std::vector<int32_t> prompt;
    if (request.trace) {
        task.recorder = &recorder;
        prompt = task.prompt;
    }
    const uint64_t seed = task.sampling.seed;
    const generate::GenerationOutcome outcome = scheduler.generate(std::move(task), std::move(stop));
    if (request.trace)
        *request.trace = traceOf(recorder, prompt, outcome.ids, state.tokenizer ? &*state.tokenizer : nullptr);

    GenerationResult result;
    result.finish = finishOf(outcome.finish);
    if (text) {
        text->finish();
        result.text = text->text();
    }
    result.promptTokens = outcome.promptTokens;
    result.cachedTokens = outcome.cachedTokens;
    result.generatedTokens = int64_t(outcome.ids.size());
    result.guessedTokens = outcome.guessedTokens;
    result.trueGuesses = outcome.trueGuesses;
    result.draftedTokens = outcome.draftedTokens;
    result.trueDrafts = outcome.trueDrafts;
    result.timeToFirstTokenMs = milliseconds(outcome.untilFirstToken);
    result.prefillTokensPerSecond = outcome.prefillTokensPerSecond;
    result.decodeTokensPerSecond = outcome.decodeTokensPerSecond;
    result.seed = seed;
    return result;
}

int64_t LoadedModel::countTokens(const std::vector<ChatMessage>& messages) const
{
    return int64_t(m_state->encodeMessages(messages).size());
}

} // namespace sy::api
