// SPDX-License-Identifier: GPL-3.0-or-later
// What answers are guessed to say next, and how often that is right.
#include "engine/generate/scheduler_state.h"

#include <algorithm>
#include <new>

namespace sy::generate {

namespace {

void setGuesses(StepPart& part, std::span<const int32_t> guesses, bool isDrafted)
{
    Request& request = *part.request;
    request.ahead.assign(1, request.tokens.back());
    request.ahead.insert(request.ahead.end(), guesses.begin(), guesses.end());
    part.nGuesses = int(guesses.size());
    part.nTokens = part.nGuesses + 1;
    part.logits = models::LogitsWanted::all;
    part.isDrafted = isDrafted;
}

} // namespace

void Scheduler::State::guess(std::span<StepPart> parts)
{
    int nRows = int(parts.size());
    std::vector<GuessWanted> unguessed;
    for (StepPart& part : parts) {
        Request& request = *part.request;
        const GenerationTask& task = *request.generation;
        if (!request.lookup)
            continue;
        // The answer must have room for what comes true, and one token comes in any case.
        int64_t nMost = std::min<int64_t>(options.nMostGuesses, contextLength - int64_t(request.tokens.size()));
        if (task.maxTokens > 0)
            nMost = std::min(nMost, task.maxTokens - request.nAnswer() - 1);
        if (nMost <= 0)
            continue;
        const int n = options.guessesAlways ? int(nMost) : request.guesses.best(int(nMost), nRows - 1, costs);
        const auto guesses = n > 0 ? request.lookup->guess(request.tokens, size_t(n)) : std::span<const int32_t>();
        if (guesses.empty()) {
            unguessed.push_back({&part, int(nMost)});
            continue;
        }
        setGuesses(part, guesses, false);
        nRows += part.nGuesses;
    }
    if (!draft || unguessed.empty())
        return;
    try {
        askDraft(unguessed, nRows, parts.size());
    } catch (const std::bad_alloc&) { // costs guesses and no answer
    }
}

void Scheduler::State::askDraft(std::span<const GuessWanted> wanted, int nRows, size_t nParts)
{
    std::vector<DraftTurn> turns;
    std::vector<StepPart*> parts;
    for (GuessWanted guess : wanted) {
        Request& request = *guess.part->request;
        if (!request.draft)
            request.draft.emplace(draft->begin());
        if (request.nAnswer() < request.draft->restsUntil || !paysToAsk(guess, nRows - 1, nParts))
            continue;
        turns.push_back({&*request.draft, request.tokens, request.generation->endIds, guess.nMost});
        parts.push_back(guess.part);
        nRows += guess.nMost;
    }
    if (turns.empty())
        return;
    draft->propose(turns, [&] {
        return isStopping || std::all_of(parts.begin(), parts.end(),
                                         [](const StepPart* part) { return part->request->stop.stop_requested(); });
    });
    for (size_t i = 0; i < turns.size(); ++i) {
        DraftSequence& sequence = *turns[i].sequence;
        if (turns[i].isGivenUp)
            sequence.rest(parts[i]->request->nAnswer());
        else if (!sequence.guesses.empty())
            setGuesses(*parts[i], sequence.guesses, true);
        else
            sequence.record.verified(sequence.nSteps, 0);
    }
}

/// Whether, and then how many guesses. Who does not know how long an answer becomes expects it to go on for as long as it
/// has been going on: the prompt is read once guesses would have saved as much so far as reading it takes.
bool Scheduler::State::paysToAsk(GuessWanted& wanted, int nOthers, size_t nParts)
{
    if (options.guessesAlways)
        return true;
    Request& request = *wanted.part->request;
    DraftSequence& sequence = *request.draft;
    const double cost = draft->costPerGuess(int(nParts), costs, model);
    wanted.nMost = sequence.record.best(wanted.nMost, nOthers, costs, cost);
    if (wanted.nMost == 0) {
        sequence.rest(request.nAnswer());
        draft->forgetCosts(); // one measurement that another program disturbed would else be the last
        costs.forgetMany();
        return false;
    }
    const auto nUnread = draft->follow(sequence, request.tokens);
    if (!nUnread)
        return false;
    const double saved = 1 - 1 / sequence.record.gain(wanted.nMost, nOthers, costs, cost);
    return draft->secondsToRead(*nUnread, prefillRate, model) <= double(request.nAnswer()) * costs.seconds(1) * saved;
}

void Scheduler::State::verified(Request& request, const StepPart& part, int64_t nTrue)
{
    GenerationOutcome& outcome = request.outcome;
    outcome.guessedTokens += part.nGuesses;
    outcome.trueGuesses += nTrue;
    if (!part.isDrafted)
        return request.guesses.verified(part.nGuesses, int(nTrue));
    outcome.draftedTokens += part.nGuesses;
    outcome.trueDrafts += nTrue;
    request.draft->record.verified(request.draft->nSteps, int(nTrue));
}

} // namespace sy::generate
