// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/adapter_choice.h"
#include "engine/generate/draft_model.h"
#include "engine/generate/sampling.h"
#include "engine/generate/step_lock.h"
#include "engine/generate/token_grammar.h"
#include "engine/inspect/trace_recorder.h"
#include "engine/models/model.h"
#include "engine/nn/kv_cache.h"
#include "engine/ops/op_context.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

namespace sy::generate {

enum class Priority : uint8_t { interactive, api, batch }; // served in this order
enum class Finish : uint8_t { stop, length, cancelled };   // stop: an end token, or onToken said so

struct Token {
    int32_t id;
    float logprob;                           // of the model's own distribution
    std::chrono::duration<double> sinceLast; // the first one: since the request
};

struct PromptProgress {
    int64_t doneTokens;
    int64_t totalTokens;
    int queuePosition; // 0: being computed
};

/// One answer to make. The callbacks run on the scheduler's thread: quick, and an exception of theirs ends this request
/// alone.
struct GenerationTask {
    std::vector<int32_t> prompt; // 1 … context length tokens
    AdapterChoice adapter;       // of the whole sequence; those beside it may have others
    SamplingSettings sampling;
    int64_t maxTokens = 0;       // 0: until the context is full
    std::vector<int32_t> endIds; // tokens that end the answer; reported and counted like others
    std::shared_ptr<const TokenGrammar>
        grammar;              // the answer fits it; absent: anything goes. Ends as soon as nothing can follow
    bool guessesAhead = true; // speculative decoding by prompt lookup and draft model, where it pays; the answer is the same
    Priority priority = Priority::interactive;
    inspect::TraceRecorder* recorder =
        nullptr; // hears of every token's routing and time; all of the prompt is then computed, and nothing is guessed
    std::function<bool(const Token&)> onToken; // false: enough
    std::function<void(const PromptProgress&)> onProgress;
};

struct GenerationOutcome {
    Finish finish = Finish::stop;
    std::vector<int32_t> ids; // the answer, its end token included
    int64_t promptTokens = 0;
    int64_t cachedTokens = 0;                         // of the prompt, found in the prefix index
    int64_t guessedTokens = 0;                        // tokens that were guessed ahead,
    int64_t trueGuesses = 0;                          // and those that came true
    int64_t draftedTokens = 0, trueDrafts = 0;        // of them, those of the draft model
    std::chrono::duration<double> untilFirstToken{0}; // since the request, waiting included
    double prefillTokensPerSecond = 0; // of the prompt's computed tokens, from the first step to the first token
    double decodeTokensPerSecond = 0;  // of the tokens after the first
};

/// Logits of every position of a sequence, for evaluation.
struct ScoreTask {
    std::vector<int32_t> tokens; // 1 … context length tokens
    AdapterChoice adapter;
    int64_t stepTokens = 64;     // at most this many positions at a time: bounds the memory for logits
    Priority priority = Priority::batch;
    std::function<void(std::span<const float> rows, int64_t firstPosition)> onRows; // in order; rows (n, nVocabulary)
};

struct SchedulerOptions {
    int nMostRunning = 8;                               // sequences in one step; others wait
    int64_t stepTokens = 512;                           // prompt tokens in one step, at most
    std::chrono::duration<double> stepTime{0.25};       // prompts are cut so that a step takes about this long,
    std::chrono::duration<double> sharedStepTime{0.08}; // and this long while an answer is being written
    int nMostGuesses = 8;                               // tokens guessed ahead in one step of one answer
    float expertMass = 1;                               // adaptive compute, see models::SequenceStep; 1: all experts
    bool guessesAlways = false;                         // as many as there are, whether it pays or not: for tests
};

/// Makes answers with one model, several at a time. A thread of its own steps the model; each step carries one token of
/// every answer being written and, in what room is left, a piece of a prompt (Yu et al. 2022, Orca; Agrawal et al. 2023,
/// arXiv:2308.16369). The piece grows and shrinks with the time that steps take, so that a long prompt delays the others'
/// tokens by less than a tenth of a second.
///
/// Where the text repeats what was said before, the tokens that followed there are put into the step as guesses (Leviathan
/// et al. 2023, arXiv:2211.17192). Each token is chosen from its own row with its own draw, exactly as without guesses; a
/// step with guesses that come true merely yields several. How many are made follows from how often they come true and from
/// what rows cost. Where nothing repeats, a draft model guesses, if there is one and its steps cost less than they bring. It
/// reads a prompt once the answer has become so long that guesses would have paid for the reading: a short answer about a
/// long document would be over before.
///
/// Since a row of the model's output does not depend on the rest of the batch, an answer is the same whatever runs beside
/// it. When the KV cache or the number of sequences is at its limit, the latest request of the lowest priority gives its
/// place up and is computed again later, if somebody of a higher priority waits or those that run need the room.
class Scheduler {
public:
    /// model, pool, the context's thread pool, stepLock and draft must outlive the scheduler; `contextLength` tokens at most
    /// per sequence. draft: null for none; of no use where the model's cache forgets (nn::KvLayout).
    Scheduler(models::Model& model, nn::KvPool& pool, const ops::OpContext& context, StepLock& stepLock,
              int64_t contextLength, SchedulerOptions options = {}, DraftModel* draft = nullptr);
    ~Scheduler(); // ends what still runs as cancelled, after the step in progress

    /// Blocks until the answer is complete. Returns Finish::cancelled, with what there is, within one token of a request to
    /// stop; a step that reads this prompt alone is abandoned between two layers. Throws std::invalid_argument for a prompt
    /// that is empty, exceeds the context (both sizes in the message) or holds a token outside the vocabulary, and for
    /// settings out of range; OutOfMemory when the KV cache cannot hold the sequence even alone; and whatever a callback or
    /// the model throws.
    GenerationOutcome generate(GenerationTask task, std::stop_token stop = {});

    /// Blocks until all rows have been handed out. Throws as generate does, and Cancelled.
    void score(ScoreTask task, std::stop_token stop = {});

    /// What steps take is to be measured again: the weights have become others to read.
    void forgetCosts();

    int nRunning() const; // sequences in the current step
    int nWaiting() const; // requests that have not begun

    struct State;

private:
    std::unique_ptr<State> m_state;
};

} // namespace sy::generate
