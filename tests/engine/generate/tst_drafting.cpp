// SPDX-License-Identifier: GPL-3.0-or-later
// Answers that a draft model guesses ahead: the same as without, in fewer steps, whatever happens to the draft.
#include "engine/core/error.h"
#include "engine/generate/scheduler.h"
#include "tests/engine/generate/fake_model.h"

#include <QtTest>

#include <atomic>
#include <new>
#include <thread>

using namespace sy;
using namespace sy::generate;
using sy::test::FakeModel;

namespace {

using Clock = std::chrono::steady_clock;

struct Bench {
    explicit Bench(SchedulerOptions options = {.guessesAlways = true}, int64_t poolTokens = 16384,
                   int64_t draftTokens = 16384, double leastProbability = 0)
        : pool(model.kvLayout(), size_t(poolTokens) / 32 * model.kvLayout().pageBytes()),
          draft(small, small.kvLayout(), size_t(draftTokens) / 32 * small.kvLayout().pageBytes(), ops::OpContext{threads},
                stepLock,
                {.contextLength = 4096, .nVocabulary = FakeModel::kVocabulary, .leastProbability = leastProbability}),
          scheduler(model, pool, ops::OpContext{threads}, stepLock, 4096, options, &draft)
    {
        model.weightBytes = 1000;
        small.weightBytes = 1;
        model.beforeStep = [this](auto) { ++nSteps; };
        small.beforeStep = [this](auto) { ++nDraftSteps; };
    }
    FakeModel model, small;
    std::atomic<int> nSteps{0}, nDraftSteps{0};
    cpu::ThreadPool threads{2};
    nn::KvPool pool;
    StepLock stepLock;
    DraftModel draft;
    Scheduler scheduler;
};

GenerationTask task(int seed, double temperature, size_t nPrompt = 40, int64_t nTokens = 150)
{
    GenerationTask t;
    for (size_t i = 0; i < nPrompt; ++i)
        t.prompt.push_back(int32_t(philox({uint32_t(i), uint32_t(seed), 0, 0}, {9, 9})[0] % FakeModel::kVocabulary));
    t.maxTokens = nTokens;
    t.sampling.seed = uint64_t(seed);
    t.sampling.temperature = temperature;
    t.sampling.topK = 2;
    return t;
}

std::vector<int32_t> expected(const GenerationTask& t)
{
    return FakeModel::answer(t.prompt, t.sampling, t.maxTokens);
}

void busyFor(std::chrono::microseconds time)
{
    for (const auto end = Clock::now() + time; Clock::now() < end;)
        ;
}

} // namespace

class TestDrafting : public QObject {
    Q_OBJECT

private slots:
    void theAnswerIsTheSameInFewerSteps_data()
    {
        QTest::addColumn<double>("temperature");
        QTest::addColumn<int>("wrongIn");
        QTest::addColumn<double>("least");
        QTest::addColumn<double>("most");
        QTest::newRow("greedy, itself") << 0.0 << 0 << 0.99 << 1.0;
        QTest::newRow("greedy, another") << 0.0 << 3 << 0.1 << 0.6;
        QTest::newRow("drawn, itself") << 0.8 << 0 << 0.1 << 0.9;
        QTest::newRow("drawn, another") << 0.8 << 3 << 0.05 << 0.6;
        QTest::newRow("greedy, always wrong") << 0.0 << 1 << 0.0 << 0.02;
    }

    void theAnswerIsTheSameInFewerSteps()
    {
        QFETCH(double, temperature);
        QFETCH(int, wrongIn);
        QFETCH(double, least);
        QFETCH(double, most);
        int64_t nDrafted = 0, nTrue = 0;
        for (int seed = 0; seed < 6; ++seed) {
            Bench bench;
            bench.small.wrongIn = uint32_t(wrongIn);
            const GenerationTask t = task(seed, temperature);
            const GenerationOutcome outcome = bench.scheduler.generate(t);
            QCOMPARE(outcome.ids, expected(t));
            QVERIFY(outcome.draftedTokens > 0 && outcome.draftedTokens <= outcome.guessedTokens);
            QVERIFY(outcome.trueDrafts <= outcome.trueGuesses);
            QCOMPARE(int64_t(bench.nSteps), t.maxTokens - outcome.trueGuesses); // every one of them saved a step
            QCOMPARE(bench.pool.usedBytes(), size_t(0));
            QCOMPARE(bench.draft.pool().usedBytes(), size_t(0));
            nDrafted += outcome.draftedTokens;
            nTrue += outcome.trueDrafts;
        }
        const double share = double(nTrue) / double(nDrafted);
        qInfo("%d of %d came true", int(nTrue), int(nDrafted));
        QVERIFY2(share >= least && share <= most, qPrintable(QString::number(share)));
    }

    // With little room in either cache, so that drafts are given up and answers lose their place; many at once, in small
    // pieces.
    void theAnswerIsTheSameWhateverElseRuns()
    {
        constexpr int kRequests = 16;
        const auto one = [](int i) {
            GenerationTask t = task(i, i % 3 * 0.5, size_t(30 + 23 * i), 120 + i);
            t.guessesAhead = i % 5 != 0;
            t.priority = Priority(i % 3);
            return t;
        };
        Bench bench({.stepTokens = 24, .guessesAlways = true}, 2048, 1024);
        bench.small.wrongIn = 4;
        std::vector<std::vector<int32_t>> together(kRequests);
        std::atomic<int64_t> nDrafted{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < kRequests; ++i)
                threads.emplace_back([&, i] {
                    const auto outcome = bench.scheduler.generate(one(i));
                    together[size_t(i)] = outcome.ids;
                    nDrafted += outcome.draftedTokens;
                });
        }
        for (int i = 0; i < kRequests; ++i)
            QCOMPARE(together[size_t(i)], expected(one(i)));
        QVERIFY(nDrafted > 0);
        QCOMPARE(bench.pool.usedBytes(), size_t(0));
        QCOMPARE(bench.draft.pool().usedBytes(), size_t(0));
    }

    void twoAnswersShareTheDraftsSteps()
    {
        Bench bench;
        std::atomic<int> nShared{0};
        bench.small.beforeStep = [&](auto steps) { nShared += steps.size() == 2; };
        GenerationTask tasks[2] = {task(1, 0), task(2, 0.8)};
        for (GenerationTask& t : tasks)
            t.onToken = [&](const Token&) { // none goes on before both are there
                while (bench.scheduler.nRunning() + bench.scheduler.nWaiting() < 2 && nShared == 0)
                    std::this_thread::yield();
                return true;
            };
        std::vector<int32_t> ids[2];
        {
            std::jthread first([&] { ids[0] = bench.scheduler.generate(tasks[0]).ids; });
            std::jthread second([&] { ids[1] = bench.scheduler.generate(tasks[1]).ids; });
        }
        QCOMPARE(ids[0], expected(tasks[0]));
        QCOMPARE(ids[1], expected(tasks[1]));
        QVERIFY(nShared > 0);
    }

    void aLongPromptIsReadWhileTheAnswerBegins()
    {
        Bench bench;
        const GenerationTask t = task(3, 0, 1500);
        const auto outcome = bench.scheduler.generate(t);
        QCOMPARE(outcome.ids, expected(t));
        QVERIFY(outcome.trueDrafts > 0);
    }

    void theNextTurnFindsWhatTheDraftHasRead()
    {
        Bench bench;
        GenerationTask t = task(4, 0, 700, 40);
        const auto answer = bench.scheduler.generate(t).ids;
        t.prompt.insert(t.prompt.end(), answer.begin(), answer.end());
        std::atomic<int> nRead{0};
        bench.small.beforeStep = [&](auto steps) {
            for (const auto& step : steps)
                nRead += int(step.tokens.size());
        };
        QCOMPARE(bench.scheduler.generate(t).ids, expected(t));
        QVERIFY2(nRead < 200, qPrintable(QString::number(nRead)));
    }

    // The draft model is asked to stop between two of its steps.
    void aStopIsFeltWithinOneToken()
    {
        for (int atStep = 1; atStep < 20; ++atStep) {
            Bench bench;
            std::stop_source stop;
            std::atomic<int> nTokens{0}, nAfter{0};
            bench.small.beforeStep = [&](auto) {
                if (++bench.nDraftSteps == atStep)
                    stop.request_stop();
                else
                    nAfter += bench.nDraftSteps > atStep;
            };
            GenerationTask t = task(5, 0);
            t.onToken = [&](const Token&) {
                nTokens += stop.stop_requested();
                return true;
            };
            const auto outcome = bench.scheduler.generate(t, stop.get_token());
            QCOMPARE(outcome.finish, Finish::cancelled);
            const auto whole = expected(t);
            QCOMPARE(outcome.ids, std::vector<int32_t>(whole.begin(), whole.begin() + long(outcome.ids.size())));
            QCOMPARE(nAfter.load(), 0);
            QVERIFY(nTokens <= 1);
            QCOMPARE(bench.draft.pool().usedBytes(), size_t(0));
        }
    }

    void whateverEndsAnAnswerEndsItAtTheSameToken()
    {
        const auto whole = expected(task(6, 0));
        for (size_t n = 20; n < 40; ++n) {
            Bench bench;
            const std::vector<int32_t> part(whole.begin(), whole.begin() + long(n));
            GenerationTask limited = task(6, 0);
            limited.maxTokens = int64_t(n);
            QCOMPARE(bench.scheduler.generate(limited).ids, part);
            GenerationTask enough = task(6, 0);
            size_t nSeen = 0;
            enough.onToken = [&](const Token&) { return ++nSeen < n; };
            QCOMPARE(bench.scheduler.generate(enough).ids, part);
            GenerationTask ended = task(6, 0);
            ended.endIds = {whole[n]};
            QCOMPARE(bench.scheduler.generate(ended).ids,
                     std::vector<int32_t>(whole.begin(), std::find(whole.begin(), whole.end(), whole[n]) + 1));
        }
        Bench full;
        GenerationTask toTheEnd = task(7, 0, 4000, 0);
        const auto outcome = full.scheduler.generate(toTheEnd);
        QCOMPARE(outcome.finish, Finish::length);
        toTheEnd.maxTokens = 97;
        QCOMPARE(outcome.ids, expected(toTheEnd));
    }

    void aDraftWithoutRoomIsNoFailure()
    {
        Bench bench({.guessesAlways = true}, 16384, 64);
        const GenerationTask t = task(8, 0.8, 300);
        const auto outcome = bench.scheduler.generate(t);
        QCOMPARE(outcome.ids, expected(t));
        QCOMPARE(outcome.draftedTokens, int64_t(0));
    }

    void aDraftThatFailsIsNoFailure()
    {
        for (const int failsAt : {1, 2, 5, 9}) {
            Bench bench;
            bench.small.beforeStep = [&](auto) {
                if (++bench.nDraftSteps % failsAt == 0)
                    throw OutOfMemory("cpu", 1, 0);
            };
            const GenerationTask t = task(9, 0);
            QCOMPARE(bench.scheduler.generate(t).ids, expected(t));
            QVERIFY(bench.nDraftSteps < 60); // it rests
        }
        Bench damaged;
        damaged.small.damagedLayer = 0;
        QCOMPARE(damaged.scheduler.generate(task(9, 0)).ids, expected(task(9, 0)));
    }

    void whereGuessingIsOffTheDraftIsNotAsked()
    {
        Bench bench;
        GenerationTask t = task(10, 0);
        t.guessesAhead = false;
        QCOMPARE(bench.scheduler.generate(t).ids, expected(t));
        inspect::TraceRecorder recorder;
        t.guessesAhead = true;
        t.recorder = &recorder;
        QCOMPARE(bench.scheduler.generate(t).ids, expected(t));
        QCOMPARE(bench.nDraftSteps.load(), 0);
    }

    // By the times of both models' steps and by how often it is right.
    void itIsAskedAsLongAsItPays()
    {
        const auto slowly = [](Bench& bench, std::chrono::microseconds model, std::chrono::microseconds small) {
            bench.model.beforeStep = [model](auto) { busyFor(model); };
            bench.small.beforeStep = [&bench, small](auto) { ++bench.nDraftSteps, busyFor(small); };
        };
        using std::chrono::microseconds;
        const GenerationTask t = task(11, 0, 40, 400);
        Bench good(SchedulerOptions{});
        slowly(good, microseconds(1000), microseconds(20));
        const auto outcome = good.scheduler.generate(t);
        QCOMPARE(outcome.ids, expected(t));
        QVERIFY2(outcome.trueDrafts > 200, qPrintable(QString::number(outcome.trueDrafts)));

        const GenerationTask some = task(11, 0, 40, 150);
        Bench wrong(SchedulerOptions{});
        slowly(wrong, microseconds(3000), microseconds(600));
        wrong.small.wrongIn = 1;
        QCOMPARE(wrong.scheduler.generate(some).ids, expected(some));
        QVERIFY2(wrong.nDraftSteps > 0 && wrong.nDraftSteps < 120, qPrintable(QString::number(wrong.nDraftSteps)));

        Bench unsure(SchedulerOptions{}, 16384, 16384, 1);
        slowly(unsure, microseconds(3000), microseconds(600));
        QCOMPARE(unsure.scheduler.generate(some).ids, expected(some));
        QVERIFY2(unsure.nDraftSteps > 0 && unsure.nDraftSteps < 60, qPrintable(QString::number(unsure.nDraftSteps)));

        // One slow step is not held against it for ever.
        Bench disturbed(SchedulerOptions{});
        slowly(disturbed, microseconds(1000), microseconds(20));
        disturbed.small.beforeStep = [&](auto) { busyFor(microseconds(++disturbed.nDraftSteps <= 2 ? 20000 : 20)); };
        QVERIFY(disturbed.scheduler.generate(t).trueDrafts > 100);

        Bench slow(SchedulerOptions{});
        slowly(slow, microseconds(300), microseconds(2000));
        QCOMPARE(slow.scheduler.generate(t).ids, expected(t));
        QVERIFY2(slow.nDraftSteps < 60, qPrintable(QString::number(slow.nDraftSteps)));

        Bench large(SchedulerOptions{}); // as its weights say beforehand
        large.small.weightBytes = 5000;
        QCOMPARE(large.scheduler.generate(t).ids, expected(t));
        QCOMPARE(large.nDraftSteps.load(), 0);
    }

    // A short answer about a long document is over before reading it twice has paid.
    void aLongPromptIsReadOnlyForALongAnswer()
    {
        for (const int64_t nTokens : {20, 600}) {
            Bench bench(SchedulerOptions{});
            bench.model.beforeStep = [](auto) { busyFor(std::chrono::milliseconds(2)); };
            bench.small.beforeStep = [&](std::span<const models::SequenceStep> steps) {
                ++bench.nDraftSteps;
                busyFor(std::chrono::microseconds(100) * int(steps[0].tokens.size()));
            };
            bench.small.weightBytes = 100;
            const GenerationTask t = task(12, 0, 600, nTokens);
            QCOMPARE(bench.scheduler.generate(t).ids, expected(t));
            if (nTokens == 20)
                QVERIFY(bench.nDraftSteps <= 1); // the one that tells how long it would take
            else
                QVERIFY(bench.nDraftSteps > 20);
        }
    }
};

QTEST_GUILESS_MAIN(TestDrafting)
#include "tst_drafting.moc"
