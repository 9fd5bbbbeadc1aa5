// SPDX-License-Identifier: GPL-3.0-or-later
// Inside of Scheduler: scheduler.cpp holds the queue and the thread, scheduler_plan.cpp chooses the parts of a step,
// scheduler_guess.cpp guesses ahead, scheduler_step.cpp makes the step.
#pragma once

#include "engine/generate/prompt_lookup.h"
#include "engine/generate/scheduler.h"
#include "engine/generate/step_costs.h"
#include "engine/inspect/span_log.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <thread>

namespace sy::generate {

using Clock = std::chrono::steady_clock;

/// A generation or a score while it waits and runs. Owned by the thread that waits for it; between submission and the
/// promise only the scheduler's thread touches it.
struct Request {
    Request(nn::KvPool& pool, const AdapterChoice& choice) : adapter(choice.use()), cache(pool, choice.variant()) {}

    // As submitted.
    Priority priority = Priority::interactive;
    std::stop_token stop;
    const nn::AdapterUse adapter; // the task's
    const GenerationTask* generation = nullptr; // one of the two
    const ScoreTask* score = nullptr;
    std::vector<int32_t> tokens; // the prompt, and the answer as it grows
    int64_t nPrompt = 0;
    std::optional<TokenChooser> chooser;
    std::optional<TokenParse> parse;    // with a grammar
    std::optional<PromptLookup> lookup; // when it guesses ahead
    Clock::time_point submitted;

    // As it goes.
    uint64_t ticket = 0;    // order of arrival
    int queuePosition = -1; // as last reported
    nn::KvSequence cache;
    int64_t nRowsDone = 0;      // score: rows handed out
    std::vector<int32_t> ahead; // the last token and the guesses behind it, as the step takes them
    GuessRecord guesses; // of the lookup
    std::optional<DraftSequence> draft; // from the first time that the draft model is asked
    bool hasBegun = false;
    GenerationOutcome outcome;
    Clock::time_point begun, firstToken, lastToken;
    std::promise<void> done;

    int64_t nLeft() const { return int64_t(tokens.size()) - cache.length(); } // tokens to be computed before the next result
    int64_t nAnswer() const { return int64_t(tokens.size()) - nPrompt; }
    inspect::TraceRecorder* recorder() const { return generation ? generation->recorder : nullptr; }
    bool isDecoding() const { return generation && nAnswer() > 0 && nLeft() == 1; }
};

/// What one request contributes to a step.
struct StepPart {
    Request* request;
    int64_t first;
    int64_t nTokens;
    models::LogitsWanted logits;
    int nGuesses = 0; // the last of the tokens, not part of the answer yet
    bool isDrafted = false; // the draft model guessed them
    int64_t nRows() const
    {
        return logits == models::LogitsWanted::all ? nTokens : logits == models::LogitsWanted::last ? 1 : 0;
    }
};

/// An answer that may be guessed ahead.
struct GuessWanted {
    StepPart* part;
    int nMost; // guesses
};

struct Scheduler::State {
    State(models::Model& model_, nn::KvPool& pool_, const ops::OpContext& context_, StepLock& stepLock_,
          int64_t contextLength_, SchedulerOptions options_, DraftModel* draft_)
        : model(model_), pool(pool_), context(context_), stepLock(stepLock_), contextLength(contextLength_),
          options(options_), draft(draft_), nMostNow(options_.nMostRunning)
    {
    }

    models::Model& model;
    nn::KvPool& pool;
    const ops::OpContext context;
    StepLock& stepLock;
    const int64_t contextLength;
    const SchedulerOptions options;
    DraftModel* const draft; // null: none

    std::mutex mutex; // guards these three; isStopping may be read without
    std::condition_variable wake;
    std::vector<Request*> arrived;
    std::atomic<bool> isStopping{false};

    // The scheduler's thread only.
    std::vector<Request*> waiting; // in order of service
    std::vector<Request*> running;
    uint64_t nextTicket = 0;
    int nMostNow;           // as many as the machine's memory has let run; nMostRunning again when one has ended
    double prefillRate = 0; // tokens per second, as measured; 0: not yet
    double sharedPiece = 0; // tokens of prompts beside answers, so that a step takes sharedStepTime; 0: not yet known
    StepCosts costs;        // of steps without prompts
    inspect::SpanLog spans; // of the step in progress, when one of its requests is traced

    std::atomic<bool> costsAreOld{false};
    std::atomic<int> nRunning{0}, nWaiting{0};
    std::thread thread; // last: see STYLE.md section 7

    // scheduler.cpp
    void checkTokens(std::span<const int32_t> tokens) const;
    void submitAndWait(Request& request);
    void loop();
    void settleCancelled();
    void admit();
    bool hasRoomFor(const Request& request) const;
    void reportQueue();
    void finish(Request& request, Finish how);
    void fail(Request& request, std::exception_ptr error);
    void remove(Request& request);

    // scheduler_plan.cpp
    std::vector<StepPart> plan();
    int64_t promptBudget(bool isShared) const;
    bool makeRoom(std::vector<StepPart>& parts);
    Request* victim() const;
    void preempt(Request& request);

    // scheduler_guess.cpp
    void guess(std::span<StepPart> parts);
    void askDraft(std::span<const GuessWanted> wanted, int nRows, size_t nParts);
    bool paysToAsk(GuessWanted& wanted, int nOthers, size_t nParts);
    void verified(Request& request, const StepPart& part, int64_t nTrue);

    // scheduler_step.cpp
    struct Draw;
    void step();
    void run(std::span<const StepPart> parts);
    Tensor compute(std::span<const StepPart> parts);
    void learn(std::span<const StepPart> parts, double seconds);
    void settle(std::span<const StepPart> parts, const Tensor& logits);
    void choose(Draw& draw, std::span<const float> rows);
    void acceptAll(Request& request, const Draw& draw);
    bool accept(Request& request, const Choice& choice, bool isComplete);
    void report(Request& request);
    std::exception_ptr explained(Request& request, std::exception_ptr error);
};

} // namespace sy::generate
