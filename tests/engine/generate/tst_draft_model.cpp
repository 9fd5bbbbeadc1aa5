// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/candidates.h"
#include "engine/generate/draft_model.h"
#include "tests/engine/generate/fake_model.h"

#include <QtTest>

#include <atomic>
#include <new>

using namespace sy;
using namespace sy::generate;
using sy::test::FakeModel;

namespace {

constexpr int kVocabulary = FakeModel::kVocabulary;

std::vector<int32_t> prompt(size_t n, int seed)
{
    std::vector<int32_t> ids(n);
    for (size_t i = 0; i < n; ++i)
        ids[i] = int32_t(philox({uint32_t(i), uint32_t(seed), 0, 0}, {9, 9})[0] % kVocabulary);
    return ids;
}

std::vector<int32_t> likeliest(const std::vector<int32_t>& tokens, int n)
{
    SamplingSettings greedy;
    greedy.temperature = 0;
    return FakeModel::answer(tokens, greedy, n);
}

struct Bench {
    explicit Bench(double leastProbability = 0, int64_t poolTokens = 16384, int64_t contextLength = 4096,
                   int64_t nVocabulary = kVocabulary)
        : draft(model, model.kvLayout(), size_t(poolTokens) / 32 * model.kvLayout().pageBytes(), ops::OpContext{threads},
                stepLock, {.contextLength = contextLength, .nVocabulary = nVocabulary, .leastProbability = leastProbability})
    {
        model.beforeStep = [this](std::span<const models::SequenceStep> steps) {
            ++nSteps;
            for (const models::SequenceStep& step : steps)
                nTokens += int(step.tokens.size());
        };
    }

    DraftTurn propose(DraftSequence& sequence, const std::vector<int32_t>& tokens, int nMost, std::vector<int32_t> ends = {})
    {
        DraftTurn turn{&sequence, tokens, ends, nMost};
        draft.propose({&turn, 1}, [] { return false; });
        return turn;
    }

    /// With all of the prompt read, however many rounds that takes.
    std::vector<int32_t> guesses(DraftSequence& sequence, const std::vector<int32_t>& tokens, int nMost)
    {
        for (int round = 0; round < 100 && (round == 0 || sequence.nSteps == 0); ++round)
            propose(sequence, tokens, nMost);
        return sequence.guesses;
    }

    FakeModel model;
    int nSteps = 0, nTokens = 0;
    cpu::ThreadPool threads{1};
    StepLock stepLock;
    DraftModel draft;
};

} // namespace

class TestDraftModel : public QObject {
    Q_OBJECT

private slots:
    void itGuessesWhatItWouldSay()
    {
        Bench bench;
        DraftSequence sequence = bench.draft.begin();
        const auto tokens = prompt(40, 1);
        QCOMPARE(bench.guesses(sequence, tokens, 6), likeliest(tokens, 6));
        QCOMPARE(bench.nSteps, 6);
        QCOMPARE(bench.nTokens, 40 + 5);
        QCOMPARE(sequence.nSteps, 6);
        QCOMPARE(bench.guesses(sequence, tokens, 1), likeliest(tokens, 1)); // as if for the first time
        QCOMPARE(bench.nTokens, 40 + 5 + 1);
    }

    void itStopsWhereItIsNotSure()
    {
        constexpr double kLeast = 0.0235;
        int nCut = 0, nWhole = 0;
        Bench bench(kLeast);
        for (int seed = 0; seed < 20; ++seed) {
            DraftSequence sequence = bench.draft.begin();
            std::vector<int32_t> tokens = prompt(20, seed), sure;
            bench.guesses(sequence, tokens, 4);
            for (const int32_t id : likeliest(tokens, 4)) {
                const auto row = FakeModel::logitsAfter(tokens);
                if (1 / sumExp(row, highest(row)) < kLeast)
                    break;
                sure.push_back(id);
                tokens.push_back(id);
            }
            QCOMPARE(sequence.guesses, sure);
            QCOMPARE(sequence.nSteps, std::min(4, int(sure.size()) + 1));
            ++(sure.size() < 4 ? nCut : nWhole);
        }
        QVERIFY(nCut > 0 && nWhole > 0);
    }

    void nothingIsGuessedBehindAnEnd()
    {
        Bench bench;
        DraftSequence sequence = bench.draft.begin();
        const auto tokens = prompt(10, 2), said = likeliest(tokens, 5);
        bench.propose(sequence, tokens, 5, {said[2]});
        QCOMPARE(sequence.guesses, (std::vector<int32_t>{said[0], said[1], said[2]}));
    }

    // The answer takes some guesses and goes on otherwise, again and again, over many pages.
    void afterWrongGuessesItSaysWhatAFreshOneWould()
    {
        Bench bench;
        DraftSequence sequence = bench.draft.begin();
        auto tokens = prompt(50, 3);
        bench.guesses(sequence, tokens, 1);
        bench.nTokens = 0;
        int nRead = 0;
        for (int round = 0; round < 120; ++round) {
            const int nMost = round % 5 + 1;
            const auto guesses = bench.guesses(sequence, tokens, nMost);
            QCOMPARE(guesses, likeliest(tokens, nMost));
            Bench other;
            DraftSequence fresh = other.draft.begin();
            QCOMPARE(other.guesses(fresh, tokens, nMost), guesses);
            const int nTrue = round * 7 % (nMost + 1);
            tokens.insert(tokens.end(), guesses.begin(), guesses.begin() + nTrue);
            tokens.push_back(int32_t(round * 31 % kVocabulary));
            nRead += nMost + (round == 0 ? 0 : 1);
        }
        QVERIFY(bench.nTokens <= nRead); // and nothing is read a second time that still holds
    }

    // Also when it has been left out of some rounds, and when all it knew is wrong.
    void itCatchesUp()
    {
        Bench bench;
        DraftSequence sequence = bench.draft.begin();
        auto tokens = prompt(50, 4);
        for (const size_t n : {size_t(3), size_t(10), size_t(40), size_t(200)}) {
            QCOMPARE(bench.guesses(sequence, tokens, 3), likeliest(tokens, 3));
            const auto more = prompt(n, int(n));
            tokens.insert(tokens.end(), more.begin(), more.end());
        }
        const auto others = prompt(100, 5);
        QCOMPARE(bench.guesses(sequence, others, 3), likeliest(others, 3));
        QCOMPARE(sequence.cache.length(), int64_t(102));
    }

    void aLongPromptIsReadInPieces()
    {
        Bench bench;
        DraftSequence sequence = bench.draft.begin();
        const auto tokens = prompt(1000, 6);
        bench.propose(sequence, tokens, 4);
        QVERIFY(sequence.guesses.empty() && sequence.nSteps == 0);
        QCOMPARE(bench.nSteps, 1);
        QCOMPARE(bench.nTokens, 64); // nothing is known of its speed yet
        QCOMPARE(bench.guesses(sequence, tokens, 4), likeliest(tokens, 4));
        QCOMPARE(bench.nTokens, 1000 + 3);
    }

    void severalAnswersShareItsSteps()
    {
        Bench bench;
        std::vector<DraftSequence> sequences;
        std::vector<std::vector<int32_t>> texts;
        for (int i = 0; i < 4; ++i) {
            sequences.push_back(bench.draft.begin());
            texts.push_back(prompt(size_t(5 + i), i));
        }
        std::vector<DraftTurn> turns;
        for (size_t i = 0; i < 4; ++i)
            turns.push_back({&sequences[i], texts[i], {}, int(i) + 1});
        bench.draft.propose(turns, [] { return false; });
        for (size_t i = 0; i < 4; ++i)
            QCOMPARE(sequences[i].guesses, likeliest(texts[i], int(i) + 1));
        QCOMPARE(bench.nSteps, 4);
    }

    void aRoundEndsBetweenTwoSteps()
    {
        Bench bench;
        DraftSequence sequence = bench.draft.begin();
        const auto tokens = prompt(10, 7);
        DraftTurn turn{&sequence, tokens, {}, 8};
        bench.draft.propose({&turn, 1}, [&] { return bench.nSteps == 3; });
        QCOMPARE(sequence.guesses, likeliest(tokens, 3));
        QCOMPARE(bench.guesses(sequence, tokens, 5), likeliest(tokens, 5));
    }

    void withoutRoomThereIsNoGuess()
    {
        Bench bench(0, 3 * 32);
        DraftSequence sequence = bench.draft.begin(), other = bench.draft.begin();
        const auto tokens = prompt(60, 8), more = prompt(60, 9);
        QVERIFY(!bench.propose(sequence, tokens, 3).isGivenUp);
        const auto turn = bench.propose(other, more, 3);
        QVERIFY(turn.isGivenUp);
        QVERIFY(other.guesses.empty());
        QCOMPARE(other.nSteps, 0);
        QCOMPARE(other.cache.length(), int64_t(0));
        QCOMPARE(bench.guesses(sequence, tokens, 3), likeliest(tokens, 3)); // the one that was there loses nothing
        // When the room ends in the middle of a round, what has been guessed so far counts.
        const auto full = prompt(93, 10);
        bench.draft.release(sequence);
        bench.guesses(sequence, full, 8);
        QCOMPARE(sequence.guesses, likeliest(full, 4));
        bench.draft.release(sequence);
        QCOMPARE(bench.draft.pool().usedBytes(), size_t(0));
    }

    void whatFailsInItCostsGuessesOnly()
    {
        Bench bench;
        DraftSequence sequence = bench.draft.begin();
        const auto tokens = prompt(30, 11);
        int nLeft = 2;
        bench.model.beforeStep = [&](auto) {
            if (nLeft-- == 0)
                throw std::bad_alloc();
        };
        QVERIFY(bench.propose(sequence, tokens, 5).isGivenUp);
        QVERIFY(sequence.guesses.empty());
        QCOMPARE(bench.guesses(sequence, tokens, 5), likeliest(tokens, 5));
        auto further = tokens;
        further.insert(further.end(), {1, 2, 3});
        bench.model.beforeStep = [](std::span<const models::SequenceStep> steps) {
            steps[0].cache->append(steps[0].tokens); // as in the middle of a model: room is made, nothing is stored
            throw std::bad_alloc();
        };
        QVERIFY(bench.propose(sequence, further, 5).isGivenUp);
        bench.model.beforeStep = {};
        QCOMPARE(bench.guesses(sequence, further, 5), likeliest(further, 5));
        bench.model.damagedLayer = 0; // NaN
        auto longer = tokens;
        longer.push_back(1);
        QVERIFY(!bench.propose(sequence, longer, 5).isGivenUp);
    }

    void someTextsItCannotFollow()
    {
        Bench bench(0, 16384, 64, 20);
        DraftSequence sequence = bench.draft.begin();
        auto tokens = std::vector<int32_t>(30, 7);
        QVERIFY(bench.draft.follow(sequence, tokens).has_value());
        for (const int32_t id : bench.guesses(sequence, tokens, 8))
            QVERIFY(id < 20);
        tokens.push_back(20);
        QVERIFY(!bench.draft.follow(sequence, tokens).has_value());
        QVERIFY(bench.propose(sequence, tokens, 8).sequence->guesses.empty());
        QVERIFY(!bench.draft.follow(sequence, std::vector<int32_t>(64, 7)).has_value());
        QVERIFY(bench.draft.follow(sequence, std::vector<int32_t>(63, 7)).has_value());
    }

    void aBeginningIsReadOnce()
    {
        Bench bench;
        DraftSequence first = bench.draft.begin();
        auto tokens = prompt(100, 12);
        bench.guesses(first, tokens, 2);
        bench.draft.release(first);
        QCOMPARE(bench.draft.pool().usedBytes(), size_t(0));
        bench.nTokens = 0;
        DraftSequence second = bench.draft.begin();
        tokens[98] = 3;
        QCOMPARE(bench.draft.follow(second, tokens), std::optional<int64_t>(4));
        QCOMPARE(bench.guesses(second, tokens, 2), likeliest(tokens, 2));
        QCOMPARE(bench.nTokens, 4 + 1);
    }

    void whatItCostsIsMeasured()
    {
        Bench bench;
        FakeModel larger;
        bench.model.weightBytes = 100;
        larger.weightBytes = 400;
        StepCosts costs;
        QCOMPARE(bench.draft.costPerGuess(1, costs, larger), 0.25);
        QCOMPARE(bench.draft.secondsToRead(16, 50, larger), 0.0);
        QCOMPARE(bench.draft.secondsToRead(400, 50, larger), 2.0);
        DraftSequence sequence = bench.draft.begin();
        bench.guesses(sequence, prompt(300, 13), 4);
        costs.measured(1, 1000);
        QVERIFY(bench.draft.costPerGuess(1, costs, larger) < 0.01);
        QVERIFY(bench.draft.secondsToRead(400, 50, larger) < 1);
    }

    void notEveryModelCanDraft()
    {
        FakeModel model;
        cpu::ThreadPool threads(1);
        StepLock lock;
        const auto make = [&](nn::KvLayout layout, DraftModel::Options options) {
            DraftModel(model, std::move(layout), 1 << 20, ops::OpContext{threads}, lock, options);
        };
        make(model.kvLayout(), {.contextLength = 10, .nVocabulary = 10});
        nn::KvLayout windowed = model.kvLayout(), recurrent = model.kvLayout();
        windowed.window = 8;
        windowed.isWindowed = {true};
        recurrent.stateFloats = 5;
        QVERIFY_EXCEPTION_THROWN(make(windowed, {.contextLength = 10, .nVocabulary = 10}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(make(recurrent, {.contextLength = 10, .nVocabulary = 10}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(make(model.kvLayout(), {.contextLength = 0, .nVocabulary = 10}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(make(model.kvLayout(), {.contextLength = 10, .nVocabulary = kVocabulary + 1}),
                                 std::invalid_argument);
    }
};

QTEST_GUILESS_MAIN(TestDraftModel)
#include "tst_draft_model.moc"
