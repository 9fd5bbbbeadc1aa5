// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/generate/prompt_lookup.h"
#include "engine/generate/scheduler.h"
#include "engine/generate/schema_compiler.h"
#include "engine/generate/step_costs.h"
#include "tests/engine/generate/fake_model.h"
#include "tests/engine/generate/json_vocabulary.h"

#include <QtTest>

#include <atomic>
#include <thread>

using namespace sy;
using namespace sy::generate;
using sy::test::FakeModel;

namespace {

std::vector<int32_t> guessed(PromptLookup& lookup, const std::vector<int32_t>& tokens, size_t n)
{
    const auto guess = lookup.guess(tokens, n);
    return {guess.begin(), guess.end()};
}

std::vector<int32_t> prompt(size_t n, int seed)
{
    std::vector<int32_t> ids(n);
    for (size_t i = 0; i < n; ++i)
        ids[i] = int32_t(philox({uint32_t(i % 50), uint32_t(seed), 0, 0}, {9, 9})[0] % FakeModel::kVocabulary); // says itself again
    return ids;
}

struct Bench {
    explicit Bench(int nMostGuesses, int64_t poolTokens = 16384, int64_t stepTokens = 512)
        : pool(model.kvLayout(), size_t(poolTokens) / 32 * model.kvLayout().pageBytes()),
          scheduler(model, pool, ops::OpContext{threads}, stepLock, 1024,
                    {.stepTokens = stepTokens, .nMostGuesses = nMostGuesses, .guessesAlways = true})
    {
        model.repeatsItself = true;
        model.beforeStep = [this](auto) { ++nSteps; };
    }
    FakeModel model;
    std::atomic<int> nSteps{0};
    cpu::ThreadPool threads{2};
    nn::KvPool pool;
    StepLock stepLock;
    Scheduler scheduler;
};

GenerationTask task(int seed, double temperature)
{
    GenerationTask t;
    t.prompt = prompt(size_t(40 + 13 * seed), seed);
    t.maxTokens = 200 + seed;
    t.sampling.seed = uint64_t(seed);
    t.sampling.temperature = temperature;
    t.sampling.topK = 2;
    t.sampling.frequencyPenalty = seed % 2 ? 0.01 : 0;
    return t;
}

} // namespace

class TestSpeculation : public QObject {
    Q_OBJECT

private slots:
    void whatFollowedBeforeIsGuessed()
    {
        PromptLookup lookup;
        QCOMPARE(guessed(lookup, {1, 2, 3, 4, 5, 1, 2, 3}, 2), (std::vector<int32_t>{4, 5}));
        QCOMPARE(guessed(lookup, {1, 2, 3, 4, 5, 1, 2, 3, 9}, 4), (std::vector<int32_t>{}));
        QCOMPARE(guessed(lookup, {1, 2, 3, 4, 5, 1, 2, 3, 9, 2, 3}, 1), (std::vector<int32_t>{9})); // the latest place of two
        QCOMPARE(guessed(lookup, {1, 2, 3, 4, 5, 1, 2, 3, 9, 2, 3, 1, 2, 3}, 9), (std::vector<int32_t>{9, 2, 3, 1, 2, 3}));
        PromptLookup fresh;
        QCOMPARE(guessed(fresh, {}, 3), (std::vector<int32_t>{}));
        QCOMPARE(guessed(fresh, {7}, 3), (std::vector<int32_t>{}));
        QCOMPARE(guessed(fresh, {7, 7}, 3), (std::vector<int32_t>{}));
        QCOMPARE(guessed(fresh, {7, 7, 7}, 3), (std::vector<int32_t>{7}));
    }

    void asManyAreMadeAsPay()
    {
        StepCosts flat, steep;
        for (int n = 1; n <= 16; ++n) {
            flat.measured(n, 0.04);
            steep.measured(n, 0.04 * n);
        }
        GuessRecord record;
        QCOMPARE(record.best(8, 0, flat), 8);  // rows cost nothing
        QCOMPARE(record.best(8, 0, steep), 0); // a row costs as much as a step
        QCOMPARE(record.best(8, 0, flat, 1), 0); // a guess does
        QCOMPARE(record.best(8, 0, flat, 0.3), 2);
        QCOMPARE(record.gain(2, 0, flat, 0.3), (1 + 0.7 + 0.7 * 0.7) / 1.6);
        for (int i = 0; i < 30; ++i)
            record.verified(8, 0);
        QVERIFY(record.share() < 0.05);
        for (int n = 2; n <= 16; ++n)
            flat.measured(n, 0.06);
        QCOMPARE(record.best(8, 0, flat), 0); // and never come true
        StepCosts unknown;
        QCOMPARE(unknown.relative(1), 1.0);
        unknown.measured(1, 1);
        unknown.measured(5, 3);
        QCOMPARE(unknown.relative(3), 2.0);
        unknown.measured(4, 0.5); // so one row cannot take longer
        QCOMPARE(unknown.seconds(1), 0.5);
        QCOMPARE(unknown.relative(4), 1.0);
        unknown.forgetMany();
        QCOMPARE(unknown.seconds(1), 0.5);
        QCOMPARE(unknown.relative(3), 1.5);
    }

    void theAnswerIsTheSameInFewerSteps_data()
    {
        QTest::addColumn<double>("temperature");
        QTest::newRow("greedy") << 0.0;
        QTest::newRow("drawn") << 0.8;
    }

    void theAnswerIsTheSameInFewerSteps()
    {
        QFETCH(double, temperature);
        int nSteps[2] = {0, 0};
        int64_t nTrue = 0, nGuessed = 0;
        for (int seed = 0; seed < 6; ++seed) {
            std::vector<int32_t> answers[2];
            for (const int guesses : {0, 5}) {
                Bench bench(guesses);
                const auto outcome = bench.scheduler.generate(task(seed, temperature));
                answers[guesses > 0] = outcome.ids;
                nSteps[guesses > 0] += bench.nSteps;
                nTrue += outcome.trueGuesses;
                nGuessed += outcome.guessedTokens;
                QVERIFY(guesses > 0 || outcome.guessedTokens == 0);
                QCOMPARE(int64_t(outcome.ids.size()), task(seed, temperature).maxTokens);
                QCOMPARE(bench.pool.usedBytes(), size_t(0));
            }
            QCOMPARE(answers[0], answers[1]);
        }
        qInfo("%d steps instead of %d; %d of %d guesses came true", nSteps[1], nSteps[0], int(nTrue), int(nGuessed));
        QCOMPARE(int64_t(nSteps[0] - nSteps[1]), nTrue); // every one of them saved a step
        QVERIFY(nTrue > 0 && nTrue < nGuessed);
    }

    // With little room, so that guesses have to be given up and answers lose their place; in small pieces; many at once.
    void theAnswerIsTheSameWhateverElseRuns()
    {
        constexpr int kRequests = 16;
        std::vector<std::vector<int32_t>> alone(kRequests), together(kRequests);
        for (int i = 0; i < kRequests; ++i)
            alone[size_t(i)] = Bench(0).scheduler.generate(task(i, i % 3 * 0.5)).ids;
        Bench bench(6, 2048, 24);
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < kRequests; ++i) {
                threads.emplace_back([&, i] {
                    GenerationTask t = task(i, i % 3 * 0.5);
                    t.guessesAhead = i % 4 != 0;
                    t.priority = Priority(i % 3);
                    together[size_t(i)] = bench.scheduler.generate(t).ids;
                });
            }
        }
        for (int i = 0; i < kRequests; ++i)
            QCOMPARE(together[size_t(i)], alone[size_t(i)]);
        QCOMPARE(bench.pool.usedBytes(), size_t(0));
    }

    void whateverEndsAnAnswerEndsItAtTheSameToken()
    {
        const auto whole = Bench(0).scheduler.generate(task(2, 0)).ids;
        for (size_t n = 20; n < 40; ++n) {
            Bench bench(7);
            GenerationTask enough = task(2, 0);
            size_t nSeen = 0;
            enough.onToken = [&](const Token&) { return ++nSeen < n; };
            QCOMPARE(bench.scheduler.generate(enough).ids, std::vector<int32_t>(whole.begin(), whole.begin() + long(n)));

            std::stop_source stop;
            GenerationTask stopped = task(2, 0);
            nSeen = 0;
            stopped.onToken = [&](const Token&) {
                if (++nSeen == n)
                    stop.request_stop();
                return true;
            };
            const auto outcome = bench.scheduler.generate(stopped, stop.get_token());
            QCOMPARE(outcome.finish, Finish::cancelled);
            QCOMPARE(outcome.ids, std::vector<int32_t>(whole.begin(), whole.begin() + long(n)));

            GenerationTask limited = task(2, 0);
            limited.maxTokens = int64_t(n);
            QCOMPARE(bench.scheduler.generate(limited).ids, std::vector<int32_t>(whole.begin(), whole.begin() + long(n)));

            GenerationTask ended = task(2, 0);
            ended.endIds = {whole[n]};
            const auto first = std::find(whole.begin(), whole.end(), whole[n]);
            QCOMPARE(bench.scheduler.generate(ended).ids, std::vector<int32_t>(whole.begin(), first + 1));
        }
        // Up to the last place of the context.
        GenerationTask full = task(3, 0);
        full.maxTokens = 0;
        const auto end = Bench(0).scheduler.generate(full).ids;
        QCOMPARE(Bench(7).scheduler.generate(full).ids, end);
        QCOMPARE(end.size(), size_t(1024 + 1) - full.prompt.size());
    }

    void aGrammarIsKeptWhenGuessing()
    {
        const auto grammar = std::make_shared<const TokenGrammar>(
            compileSchema(R"({"type":"array","minItems":20,"maxItems":30,"items":{"type":"object","properties":{"name":{"enum":["a","ab"]},"n":{"type":"integer"}},"required":["name","n"]}})"),
            sy::test::trieOf(sy::test::jsonVocabulary()), std::vector<int32_t>{sy::test::kEndToken});
        for (const double temperature : {0.0, 0.7}) {
            std::vector<int32_t> answers[2];
            int64_t nTrue = 0;
            for (const int guesses : {0, 6}) {
                GenerationTask t = task(1, temperature);
                t.maxTokens = 0;
                t.endIds = {sy::test::kEndToken};
                t.grammar = grammar;
                Bench bench(guesses);
                const auto outcome = bench.scheduler.generate(t);
                answers[guesses > 0] = outcome.ids;
                nTrue += outcome.trueGuesses;
            }
            QCOMPARE(answers[0], answers[1]);
            QVERIFY(nTrue > 0);
        }
    }
};

QTEST_GUILESS_MAIN(TestSpeculation)
#include "tst_speculation.moc"
