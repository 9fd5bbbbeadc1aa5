// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/step_costs.h"
#include "engine/generate/step_lock.h"
#include "engine/models/model.h"
#include "engine/nn/kv_cache.h"
#include "engine/ops/op_context.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace sy::generate {

/// One answer as a draft model follows it. Made, used and released on the scheduler's thread.
struct DraftSequence {
    explicit DraftSequence(nn::KvPool& pool) : cache(pool) {}

    nn::KvSequence cache; // what the draft model has read: prompt, answer, and guesses of its own that are not verified yet
    GuessRecord record;   // of its steps: how many come to a token that comes true
    std::vector<int32_t> guesses; // of the last round
    int nSteps = 0;               // of that round: one more than guesses when the model was not sure of the next
    int64_t restsUntil = 0;       // length of the answer
    int64_t restTokens = 32;      // how long it rests the next time

    /// No guesses for a while, more than the last time. Then as if nothing were known: the text may have become another.
    void rest(int64_t nAnswer);
};

/// What is wanted of one sequence in a round.
struct DraftTurn {
    DraftSequence* sequence;
    std::span<const int32_t> tokens; // prompt and answer; at least one
    std::span<const int32_t> ends;   // nothing follows these
    int nMost = 0;                   // guesses
    bool isGivenUp = false;          // after propose(): there was no memory, or something failed; the sequence is empty
};

/// A small model that guesses what a larger one with the same vocabulary is about to say (Leviathan et al. 2023,
/// arXiv:2211.17192). It says what it finds likeliest for as long as it is sure of it; the larger model verifies. It follows
/// each answer with a cache of its own, shared with those before by their beginnings, and takes turns with everybody else on
/// the step lock. Serves one scheduler.
///
/// Whatever fails in here, no memory included, costs guesses and nothing else.
class DraftModel {
public:
    struct Options {
        int64_t contextLength = 0;     // of a sequence
        int64_t nVocabulary = 0;       // tokens that both models have: ids below
        double leastProbability = 0.6; // of a guess, as the draft model sees it
        float expertMass = 1;          // see models::SequenceStep
        std::chrono::duration<double> pieceTime{
            0.08}; // a step that reads what was said before the draft model came takes about this long
    };

    /// model, the context's thread pool and stepLock must outlive it. Throws std::invalid_argument for a layout that forgets
    /// (nn::KvLayout), an embedding model, and options out of range.
    DraftModel(models::Model& model, nn::KvLayout layout, size_t poolBytes, const ops::OpContext& context,
               StepLock& stepLock, Options options);

    DraftSequence begin() { return DraftSequence(m_pool); }

    /// Brings a sequence in line with its answer, wrong guesses taken back. Returns the tokens that have not been read, at
    /// least one; empty when the draft model cannot follow: the text is too long for it, or holds a token that it does not
    /// have.
    std::optional<int64_t> follow(DraftSequence& sequence, std::span<const int32_t> tokens);

    /// Guesses for all of them at once, a step for each guess. A sequence that has much to read reads a piece instead. When
    /// something fails, all are given up.
    /// `isUnwanted` is asked between two steps: true ends the round with what there is.
    void propose(std::span<DraftTurn> turns, const std::function<bool()>& isUnwanted);

    /// The answer is over, or has lost its place: what was read stays findable as long as nobody needs the room.
    void release(DraftSequence& sequence) noexcept;

    /// Of one guess beside those of nTogether - 1 other answers, in steps of the larger model with one row; by the weights'
    /// sizes until it is measured.
    double costPerGuess(int nTogether, const StepCosts& larger, const models::Model& largerModel) const;

    /// What its steps take is to be measured again.
    void forgetCosts() { m_costs = StepCosts(); }

    /// To read so many tokens of a prompt; `largerRate`: tokens per second of the larger model.
    double secondsToRead(int64_t nTokens, double largerRate, const models::Model& largerModel) const;

    const nn::KvPool& pool() const { return m_pool; }

private:
    struct Piece;
    std::vector<Piece> firstPieces(std::span<DraftTurn> turns);
    void keepWhatFits(std::vector<Piece>& pieces);
    void step(std::span<Piece> pieces);
    void take(DraftTurn& turn, std::span<const float> row);
    void giveUp(DraftTurn& turn);
    int64_t pieceTokens() const;
    double weightShare(const models::Model& largerModel) const;

    models::Model& m_model;
    const ops::OpContext m_context;
    StepLock& m_stepLock;
    const Options m_options;
    nn::KvPool m_pool;
    StepCosts m_costs;     // of steps without long pieces
    double m_readRate = 0; // tokens per second of long pieces; 0: not measured
};

} // namespace sy::generate
