// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/draft_model.h"

#include "engine/generate/candidates.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sy::generate {

namespace {

using Clock = std::chrono::steady_clock;
using models::LogitsWanted;

constexpr int64_t kShortPiece = 16; // what a round or two of other guesses leave to be read
constexpr int64_t kFirstPiece = 64; // before anything has been measured
constexpr int64_t kLongestRest = 512;

} // namespace

/// What one sequence reads in a step.
struct DraftModel::Piece {
    DraftTurn* turn;
    std::span<const int32_t> tokens;
    bool isWhole; // nothing is left to be read: the next token can be guessed
};

void DraftSequence::rest(int64_t nAnswer)
{
    restsUntil = nAnswer + restTokens;
    restTokens = std::min(2 * restTokens, kLongestRest);
    record = GuessRecord();
}

DraftModel::DraftModel(models::Model& model, nn::KvLayout layout, size_t poolBytes, const ops::OpContext& context,
                       StepLock& stepLock, Options options)
    : m_model(model), m_context(context), m_stepLock(stepLock), m_options(options), m_pool(std::move(layout), poolBytes)
{
    if (model.config().isEmbedding || m_pool.layout().forgets())
        throw std::invalid_argument("DraftModel: it is made of a model that writes text and can take every token back");
    if (options.contextLength < 1 || options.nVocabulary < 1 || options.nVocabulary > model.config().nVocabulary)
        throw std::invalid_argument("DraftModel: context and vocabulary are at least 1, and at most the model's");
}

std::optional<int64_t> DraftModel::follow(DraftSequence& sequence, std::span<const int32_t> tokens)
{
    if (int64_t(tokens.size()) >= m_options.contextLength)
        return std::nullopt;
    const std::span<const int32_t> read = sequence.cache.tokens();
    // The last token is always read anew: what follows it is wanted.
    const auto end = read.begin() + long(std::min(read.size(), tokens.size() - 1));
    const auto nSame = int64_t(std::mismatch(read.begin(), end, tokens.begin()).first - read.begin());
    sequence.cache.truncate(nSame);
    if (nSame == 0)
        sequence.cache.adoptPrefix(tokens);
    const auto unread = tokens.subspan(size_t(sequence.cache.length()));
    if (std::any_of(unread.begin(), unread.end(), [&](int32_t id) { return id >= m_options.nVocabulary; }))
        return std::nullopt;
    return int64_t(unread.size());
}

int64_t DraftModel::pieceTokens() const
{
    return m_readRate == 0 ? kFirstPiece : std::max(kShortPiece, int64_t(m_readRate * m_options.pieceTime.count()));
}

std::vector<DraftModel::Piece> DraftModel::firstPieces(std::span<DraftTurn> turns)
{
    std::vector<Piece> pieces;
    int64_t budget = pieceTokens();
    for (DraftTurn& turn : turns) {
        const auto nUnread = follow(*turn.sequence, turn.tokens);
        if (!nUnread || turn.nMost < 1)
            continue;
        const auto unread = turn.tokens.last(size_t(*nUnread));
        if (*nUnread <= kShortPiece) {
            pieces.push_back({&turn, unread, true});
        } else if (budget > 0) {
            const int64_t n = std::min(budget, *nUnread);
            pieces.push_back({&turn, unread.first(size_t(n)), n == *nUnread});
            budget -= n;
        }
    }
    return pieces;
}

// Asked before the step, because a step that fails says only that something did not fit.
void DraftModel::keepWhatFits(std::vector<Piece>& pieces)
{
    const auto freePages = [&] { return m_pool.freeTokens() / nn::KvLayout::kPageTokens; };
    int64_t nTaken = 0;
    std::erase_if(pieces, [&](const Piece& piece) {
        const int64_t length = piece.turn->sequence->cache.length();
        const auto nPages =
            int64_t(nn::KvLayout::pagesFor(length + int64_t(piece.tokens.size())) - nn::KvLayout::pagesFor(length));
        if (nTaken + nPages <= freePages()) {
            nTaken += nPages;
            return false;
        }
        if (piece.turn->sequence->guesses.empty()) // else those are the guesses
            giveUp(*piece.turn);
        return true;
    });
}

void DraftModel::giveUp(DraftTurn& turn)
{
    turn.sequence->guesses.clear();
    turn.sequence->nSteps = 0;
    turn.sequence->cache.truncate(0);
    turn.isGivenUp = true;
}

void DraftModel::propose(std::span<DraftTurn> turns, const std::function<bool()>& isUnwanted)
{
    for (DraftTurn& turn : turns) {
        turn.sequence->guesses.clear();
        turn.sequence->nSteps = 0;
        turn.isGivenUp = false;
    }
    try {
        std::vector<Piece> pieces = firstPieces(turns);
        while (keepWhatFits(pieces), !pieces.empty() && !isUnwanted()) {
            step(pieces);
            std::vector<Piece> next;
            for (const Piece& piece : pieces) {
                const std::vector<int32_t>& guesses = piece.turn->sequence->guesses;
                const bool wasSure = piece.isWhole && int(guesses.size()) == piece.turn->sequence->nSteps;
                if (wasSure && int(guesses.size()) < piece.turn->nMost &&
                    std::ranges::find(piece.turn->ends, guesses.back()) == piece.turn->ends.end())
                    next.push_back({piece.turn, std::span(guesses).last(1), true});
            }
            pieces = std::move(next);
        }
    } catch (...) {
        for (DraftTurn& turn : turns)
            giveUp(turn);
    }
}

void DraftModel::step(std::span<Piece> pieces)
{
    std::vector<models::SequenceStep> steps;
    int64_t nTokens = 0;
    bool hasLong = false;
    for (const Piece& piece : pieces) {
        steps.push_back({&piece.turn->sequence->cache, piece.tokens, piece.isWhole ? LogitsWanted::last : LogitsWanted::none,
                         nullptr, m_options.expertMass});
        nTokens += int64_t(piece.tokens.size());
        hasLong |= int64_t(piece.tokens.size()) > kShortPiece;
    }
    Tensor logits;
    {
        const StepLock::Turn turn(m_stepLock);
        const auto start = Clock::now();
        logits = m_model.step(m_context, steps);
        const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
        if (!hasLong)
            m_costs.measured(int(nTokens), seconds);
        else if (seconds > 0)
            m_readRate = m_readRate == 0 ? double(nTokens) / seconds : 0.5 * (m_readRate + double(nTokens) / seconds);
    }
    const int64_t nVocabulary = m_model.config().nVocabulary;
    const float* row = logits ? logits.f32() : nullptr;
    for (Piece& piece : pieces) {
        if (!piece.isWhole)
            continue;
        take(*piece.turn, {row, size_t(m_options.nVocabulary)});
        row += nVocabulary;
    }
}

// NaN, which damaged weights give, is not sure of anything.
void DraftModel::take(DraftTurn& turn, std::span<const float> row)
{
    DraftSequence& sequence = *turn.sequence;
    ++sequence.nSteps;
    const float best = highest(row);
    if (std::isfinite(best) && 1 / sumExp(row, best) >= m_options.leastProbability)
        sequence.guesses.push_back(int32_t(std::ranges::find(row, best) - row.begin()));
}

void DraftModel::release(DraftSequence& sequence) noexcept
{
    try {
        sequence.cache.publish();
    } catch (...) { // no memory to remember it by
    }
    sequence.cache.truncate(0);
}

double DraftModel::weightShare(const models::Model& largerModel) const
{
    return largerModel.weightBytes > 0 ? double(m_model.weightBytes) / double(largerModel.weightBytes) : 1;
}

double DraftModel::costPerGuess(int nTogether, const StepCosts& larger, const models::Model& largerModel) const
{
    const double one = larger.seconds(1), all = m_costs.seconds(nTogether);
    return one > 0 && all > 0 ? all / nTogether / one : weightShare(largerModel);
}

double DraftModel::secondsToRead(int64_t nTokens, double largerRate, const models::Model& largerModel) const
{
    if (nTokens <= kShortPiece)
        return 0; // a step with the first guess
    const double rate = m_readRate > 0 ? m_readRate : largerRate / weightShare(largerModel);
    return rate > 0 ? double(nTokens) / rate : 0;
}

} // namespace sy::generate
