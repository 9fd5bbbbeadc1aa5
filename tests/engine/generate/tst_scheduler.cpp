// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/scheduler.h"

#include "tests/engine/generate/fake_model.h"

#include <QtTest>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <mutex>
#include <numeric>
#include <semaphore>
#include <thread>
#include <utility>

using namespace sy;
using namespace sy::generate;
using sy::test::FakeModel;

namespace {

std::vector<int32_t> prompt(size_t n, int seed)
{
    std::vector<int32_t> ids(n);
    for (size_t i = 0; i < n; ++i)
        ids[i] = int32_t(philox({uint32_t(i), uint32_t(seed), 0, 0}, {9, 9})[0] % FakeModel::kVocabulary);
    return ids;
}

GenerationTask task(std::vector<int32_t> ids, int64_t nTokens, uint64_t seed = 1)
{
    GenerationTask t;
    t.prompt = std::move(ids);
    t.maxTokens = nTokens;
    t.sampling.seed = seed;
    return t;
}

struct Bench {
    explicit Bench(int64_t contextLength = 4096, int64_t poolTokens = 16384, SchedulerOptions options = {}, int nThreads = 2)
        : model(contextLength), threads(nThreads), pool(model.kvLayout(), size_t(poolTokens) / 32 * model.kvLayout().pageBytes()),
          scheduler(model, pool, ops::OpContext{threads}, stepLock, contextLength, options)
    {
    }
    FakeModel model;
    cpu::ThreadPool threads;
    nn::KvPool pool;
    StepLock stepLock;
    Scheduler scheduler;
};

/// Holds the scheduler before a step until the test lets it go on.
class Gate {
public:
    void wait()
    {
        if (m_isOpen)
            return;
        m_arrived.release();
        m_go.acquire();
    }
    void letOneStepGo() { m_go.release(); }
    void awaitStep() { m_arrived.acquire(); }
    void open()
    {
        m_isOpen = true;
        m_go.release();
    }

private:
    std::atomic<bool> m_isOpen{false};
    std::counting_semaphore<1000> m_arrived{0}, m_go{0};
};

} // namespace

class TestScheduler : public QObject {
    Q_OBJECT

private slots:
    void anAnswerIsWhatTheModelAndTheSettingsSay_data()
    {
        QTest::addColumn<int>("promptTokens");
        QTest::addColumn<double>("temperature");
        for (const int n : {1, 2, 31, 32, 33, 64, 1000})
            for (const double t : {0.0, 0.9})
                QTest::newRow(qPrintable(QString("%1 tokens at %2").arg(n).arg(t))) << n << t;
    }

    void anAnswerIsWhatTheModelAndTheSettingsSay()
    {
        QFETCH(int, promptTokens);
        QFETCH(double, temperature);
        Bench bench;
        GenerationTask t = task(prompt(size_t(promptTokens), 1), 50, 77);
        t.sampling.temperature = temperature;
        t.sampling.presencePenalty = 0.5;
        std::vector<int32_t> seen;
        t.onToken = [&](const Token& token) { return seen.push_back(token.id), true; };
        const auto outcome = bench.scheduler.generate(t);
        QCOMPARE(outcome.ids, FakeModel::answer(t.prompt, t.sampling, 50));
        QCOMPARE(seen, outcome.ids);
        QCOMPARE(outcome.finish, Finish::length);
        QCOMPARE(outcome.promptTokens, int64_t(promptTokens));
        QCOMPARE(outcome.cachedTokens, int64_t(0));
        QVERIFY(outcome.decodeTokensPerSecond > 0 && outcome.prefillTokensPerSecond > 0 && outcome.untilFirstToken.count() > 0);
        QCOMPARE(bench.pool.usedBytes(), size_t(0));
    }

    void answersAreTheSameAloneAndAmongEight()
    {
        Bench bench;
        std::atomic<size_t> widest{0};
        bench.model.beforeStep = [&](auto steps) { widest = std::max(widest.load(), steps.size()); };
        constexpr int kRequests = 24; // eight run, the others wait
        std::vector<std::vector<int32_t>> answers(kRequests);
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < kRequests; ++i) {
                threads.emplace_back([&, i] {
                    GenerationTask t = task(prompt(size_t(20 + 67 * i), i % 5), 60 + i, uint64_t(i));
                    t.priority = Priority(i % 3);
                    answers[size_t(i)] = bench.scheduler.generate(t).ids;
                });
            }
        }
        for (int i = 0; i < kRequests; ++i) {
            const GenerationTask t = task(prompt(size_t(20 + 67 * i), i % 5), 60 + i, uint64_t(i));
            QCOMPARE(answers[size_t(i)], FakeModel::answer(t.prompt, t.sampling, t.maxTokens));
        }
        QCOMPARE(widest.load(), size_t(8));
        QCOMPARE(bench.scheduler.nRunning(), 0);
        QCOMPARE(bench.scheduler.nWaiting(), 0);
    }

    void aSecondQuestionReusesTheFirstOnesPrefix()
    {
        Bench bench;
        GenerationTask first = task(prompt(500, 3), 20);
        const auto one = bench.scheduler.generate(first);
        GenerationTask second = task(first.prompt, 30);
        second.prompt.insert(second.prompt.end(), one.ids.begin(), one.ids.end());
        second.prompt.push_back(17);
        const auto two = bench.scheduler.generate(second);
        QCOMPARE(two.cachedTokens, int64_t(512)); // whole pages of the 519 tokens computed before
        QCOMPARE(two.ids, FakeModel::answer(second.prompt, second.sampling, 30));

        // The same prompt again while the first is still writing.
        GenerationTask third = task(prompt(500, 3), 20);
        third.prompt.push_back(5);
        QCOMPARE(bench.scheduler.generate(third).cachedTokens, int64_t(480));
    }

    void aLongPromptIsCutAndOthersGoOnWriting()
    {
        SchedulerOptions options;
        options.stepTokens = 64;
        Bench bench(4096, 16384, options);
        Gate gate;
        std::mutex mutex;
        std::vector<std::vector<size_t>> sizes;
        bench.model.beforeStep = [&](auto steps) {
            {
                const std::lock_guard lock(mutex);
                sizes.emplace_back();
                for (const auto& s : steps)
                    sizes.back().push_back(s.tokens.size());
            }
            gate.wait();
        };
        auto writer = std::async(std::launch::async, [&] { return bench.scheduler.generate(task(prompt(10, 1), 200)).ids; });
        gate.awaitStep(); // the writer's prompt
        std::vector<int64_t> done;
        auto reader = std::async(std::launch::async, [&] {
            GenerationTask t = task(prompt(1000, 2), 5);
            t.onProgress = [&](const PromptProgress& p) {
                if (p.queuePosition == 0)
                    done.push_back(p.doneTokens);
            };
            return bench.scheduler.generate(t).ids;
        });
        while (bench.scheduler.nWaiting() == 0)
            std::this_thread::yield();
        gate.open();
        QCOMPARE(reader.get(), FakeModel::answer(prompt(1000, 2), task({}, 0).sampling, 5));
        QCOMPARE(writer.get(), FakeModel::answer(prompt(10, 1), task({}, 0).sampling, 200));
        const std::lock_guard lock(mutex);
        int nShared = 0;
        for (const auto& step : sizes) {
            QVERIFY(*std::max_element(step.begin(), step.end()) <= 64);
            if (step.size() == 2 && step[0] == 1 && step[1] > 1)
                ++nShared;
        }
        QVERIFY2(nShared >= 15, qPrintable(QString::number(nShared))); // 1000 tokens at 64 a step
        QVERIFY(std::is_sorted(done.begin(), done.end()));
        QVERIFY(done.size() >= 16);
        QCOMPARE(done.back(), int64_t(1000));
    }

    void cancelStopsWithinOneToken()
    {
        Bench bench;
        std::stop_source stop;
        GenerationTask t = task(prompt(40, 1), 0);
        int nSeen = 0;
        t.onToken = [&](const Token&) {
            if (++nSeen == 10)
                stop.request_stop();
            return true;
        };
        const auto outcome = bench.scheduler.generate(t, stop.get_token());
        QCOMPARE(outcome.finish, Finish::cancelled);
        QCOMPARE(nSeen, 10);
        QCOMPARE(outcome.ids, FakeModel::answer(t.prompt, t.sampling, 10));
        QCOMPARE(bench.pool.usedBytes(), size_t(0));
    }

    void cancelWorksWhileWaitingAndWhileReadingThePrompt()
    {
        SchedulerOptions options;
        options.nMostRunning = 1;
        options.stepTokens = 32;
        Bench bench(4096, 16384, options);
        Gate gate;
        bench.model.beforeStep = [&](auto) { gate.wait(); };
        std::stop_source stopReading, stopWaiting;
        auto reading = std::async(std::launch::async, [&] {
            return bench.scheduler.generate(task(prompt(1000, 1), 5), stopReading.get_token());
        });
        gate.awaitStep();
        std::atomic<int> position{0};
        auto waiting = std::async(std::launch::async, [&] {
            GenerationTask t = task(prompt(50, 2), 5);
            t.onProgress = [&](const PromptProgress& p) { position = p.queuePosition; };
            return bench.scheduler.generate(t, stopWaiting.get_token());
        });
        while (bench.scheduler.nWaiting() == 0)
            std::this_thread::yield();
        gate.letOneStepGo();
        gate.awaitStep();
        QCOMPARE(position.load(), 1);
        stopWaiting.request_stop();
        gate.letOneStepGo();
        gate.awaitStep();
        QCOMPARE(waiting.get().finish, Finish::cancelled);
        stopReading.request_stop();
        gate.open();
        const auto outcome = reading.get();
        QCOMPARE(outcome.finish, Finish::cancelled);
        QVERIFY(outcome.ids.empty());
    }

    void anAnswerEndsAtItsEndTokenItsLimitAFullContextOrWhenTheCallerHasEnough()
    {
        Bench bench(128);
        GenerationTask t = task(prompt(100, 8), 0);
        const auto full = bench.scheduler.generate(t);
        QCOMPARE(full.finish, Finish::length);
        QCOMPARE(full.ids.size(), size_t(29)); // the last one needs no place of its own
        QCOMPARE(full.ids, FakeModel::answer(t.prompt, t.sampling, 29));

        t.endIds = {full.ids[7], 999};
        const auto first = std::find(full.ids.begin(), full.ids.end(), full.ids[7]);
        const auto ended = bench.scheduler.generate(t);
        QCOMPARE(ended.finish, Finish::stop);
        QCOMPARE(ended.ids, std::vector<int32_t>(full.ids.begin(), first + 1));

        t.endIds.clear();
        int n = 0;
        t.onToken = [&](const Token&) { return ++n < 4; };
        const auto enough = bench.scheduler.generate(t);
        QCOMPARE(enough.finish, Finish::stop);
        QCOMPARE(enough.ids.size(), size_t(4));

        const auto exact = bench.scheduler.generate(task(prompt(128, 8), 0));
        QCOMPARE(exact.ids.size(), size_t(1));
        QCOMPARE(exact.finish, Finish::length);
    }

    void whatCannotBeDoneIsSaidAtOnce()
    {
        Bench bench(128);
        QVERIFY_EXCEPTION_THROWN(bench.scheduler.generate(task({}, 5)), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(bench.scheduler.generate(task({1, FakeModel::kVocabulary}, 5)), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(bench.scheduler.generate(task({-1}, 5)), std::invalid_argument);
        try {
            bench.scheduler.generate(task(prompt(129, 1), 5));
            QFAIL("too long a prompt");
        } catch (const std::invalid_argument& e) {
            QVERIFY(QString(e.what()).contains("129") && QString(e.what()).contains("128"));
        }
        GenerationTask t = task(prompt(3, 1), 5);
        t.sampling.topP = 7;
        QVERIFY_EXCEPTION_THROWN(bench.scheduler.generate(t), std::invalid_argument);
    }

    void anErrorEndsItsOwnRequestOnly()
    {
        Bench bench;
        bench.model.beforeStep = [](auto steps) {
            for (const auto& s : steps) {
                if (s.cache->length() == 0 && s.tokens.front() == 299)
                    throw BadFile("weights", "a scale is not a number");
            }
        };
        std::vector<int32_t> good;
        std::atomic<int> nCallback{0}, nModel{0};
        {
            std::jthread a([&] { good = bench.scheduler.generate(task(prompt(300, 1), 300)).ids; });
            std::jthread b([&] {
                GenerationTask t = task(prompt(50, 2), 300);
                int n = 0;
                t.onToken = [&](const Token&) -> bool {
                    if (++n == 20)
                        throw std::runtime_error("the reader has gone");
                    return true;
                };
                try {
                    bench.scheduler.generate(t);
                } catch (const std::runtime_error&) {
                    ++nCallback;
                }
            });
            for (int i = 0; i < 5; ++i) {
                try {
                    bench.scheduler.generate(task({299, 4, 5}, 10));
                } catch (const BadFile&) {
                    ++nModel;
                }
            }
        }
        QCOMPARE(nCallback.load(), 1);
        QCOMPARE(nModel.load(), 5);
        QCOMPARE(good, FakeModel::answer(prompt(300, 1), task({}, 0).sampling, 300));
        QCOMPARE(bench.pool.usedBytes(), size_t(0));
    }

    void withoutRoomForAllSomeWaitAndNothingIsLost()
    {
        Bench bench(1024, 1024); // room for one long answer or a few short ones
        std::vector<std::vector<int32_t>> answers(6);
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 6; ++i) {
                threads.emplace_back([&, i] {
                    GenerationTask t = task(prompt(100, i), 500, uint64_t(i));
                    t.priority = i == 5 ? Priority::interactive : Priority::batch;
                    answers[size_t(i)] = bench.scheduler.generate(t).ids;
                });
            }
        }
        for (int i = 0; i < 6; ++i)
            QCOMPARE(answers[size_t(i)], FakeModel::answer(prompt(100, i), task({}, 0, uint64_t(i)).sampling, 500));
        QCOMPARE(bench.pool.usedBytes(), size_t(0));
    }

    void aSequenceThatNeverFitsFailsAndOthersSurvive()
    {
        Bench bench(4096, 256);
        std::vector<int32_t> good;
        std::atomic<bool> isRefused{false};
        {
            std::jthread a([&] { good = bench.scheduler.generate(task(prompt(60, 1), 100)).ids; });
            std::jthread b([&] {
                try {
                    bench.scheduler.generate(task(prompt(1000, 2), 5));
                } catch (const OutOfMemory& e) {
                    isRefused = e.wantedBytes > e.availableBytes;
                }
            });
        }
        QCOMPARE(good, FakeModel::answer(prompt(60, 1), task({}, 0).sampling, 100));
        QVERIFY(isRefused);
        // An answer that outgrows the cache ends there.
        const auto outcome = bench.scheduler.generate(task(prompt(200, 3), 0));
        QCOMPARE(outcome.finish, Finish::length);
        QCOMPARE(outcome.ids, FakeModel::answer(prompt(200, 3), task({}, 0).sampling, 57));
    }

    void higherPrioritiesAreServedFirst()
    {
        SchedulerOptions options;
        options.nMostRunning = 1;
        Bench bench(4096, 16384, options);
        Gate gate;
        bench.model.beforeStep = [&](auto) { gate.wait(); };
        std::vector<int> order;
        std::vector<std::jthread> threads;
        const auto start = [&](int name, Priority priority) {
            const int nBefore = bench.scheduler.nWaiting();
            threads.emplace_back([&, name, priority] {
                GenerationTask t = task(prompt(10, name), 3);
                t.priority = priority;
                t.onToken = [&](const Token&) { // always the scheduler's thread
                    if (order.empty() || order.back() != name)
                        order.push_back(name);
                    return true;
                };
                bench.scheduler.generate(t);
            });
            while (name > 0 && bench.scheduler.nWaiting() == nBefore)
                std::this_thread::yield();
        };
        start(0, Priority::batch);
        gate.awaitStep();
        start(3, Priority::batch);
        start(2, Priority::api);
        start(4, Priority::batch);
        start(1, Priority::interactive);
        gate.open();
        threads.clear();
        // What runs gives its place up to what is more urgent, and goes on before its equals that came later.
        QCOMPARE(order, (std::vector<int>{0, 1, 2, 0, 3, 4}));
    }

    void scoresAreTheRowsOfEveryPosition()
    {
        Bench bench;
        std::vector<float> rows;
        ScoreTask s;
        s.tokens = prompt(333, 4);
        s.stepTokens = 50;
        s.onRows = [&](std::span<const float> piece, int64_t first) {
            QCOMPARE(size_t(first) * FakeModel::kVocabulary, rows.size());
            QVERIFY(piece.size() <= 50u * FakeModel::kVocabulary);
            rows.insert(rows.end(), piece.begin(), piece.end());
        };
        std::vector<int32_t> chat;
        {
            std::jthread other([&] { chat = bench.scheduler.generate(task(prompt(400, 9), 200)).ids; });
            bench.scheduler.score(s);
        }
        QCOMPARE(rows.size(), size_t(333 * FakeModel::kVocabulary));
        for (const size_t i : {0, 1, 49, 50, 332}) {
            const auto expected = FakeModel::logitsAfter(std::span(s.tokens).first(i + 1));
            QVERIFY(std::equal(expected.begin(), expected.end(), rows.begin() + long(i) * FakeModel::kVocabulary));
        }
        QCOMPARE(chat, FakeModel::answer(prompt(400, 9), task({}, 0).sampling, 200));

        std::stop_source stop;
        s.onRows = [&](std::span<const float>, int64_t) { stop.request_stop(); };
        QVERIFY_EXCEPTION_THROWN(bench.scheduler.score(s, stop.get_token()), Cancelled);
    }

    void aScoreThatLostItsRoomGoesOnWhereItWas()
    {
        Bench bench(512, 512);
        std::vector<float> rows;
        ScoreTask s;
        s.tokens = prompt(400, 4);
        s.stepTokens = 32;
        s.onRows = [&](std::span<const float> piece, int64_t first) {
            QCOMPARE(size_t(first) * FakeModel::kVocabulary, rows.size());
            rows.insert(rows.end(), piece.begin(), piece.end());
        };
        Gate gate;
        bench.model.beforeStep = [&](auto) { gate.wait(); };
        auto scored = std::async(std::launch::async, [&] { bench.scheduler.score(s); });
        for (int i = 0; i < 4; ++i) {
            gate.awaitStep();
            gate.letOneStepGo();
        }
        gate.awaitStep();
        auto chat = std::async(std::launch::async, [&] { return bench.scheduler.generate(task(prompt(40, 9), 300)).ids; });
        while (bench.scheduler.nWaiting() == 0)
            std::this_thread::yield();
        gate.open();
        QCOMPARE(chat.get(), FakeModel::answer(prompt(40, 9), task({}, 0).sampling, 300));
        scored.get();
        const auto expected = FakeModel::logitsAfter(s.tokens);
        QCOMPARE(rows.size(), size_t(400 * FakeModel::kVocabulary));
        QVERIFY(std::equal(expected.begin(), expected.end(), rows.end() - FakeModel::kVocabulary));
    }

    void twoModelsTakeTurns()
    {
        StepLock stepLock;
        cpu::ThreadPool threads(2);
        FakeModel models[2];
        std::mutex mutex;
        std::vector<int> order;
        std::atomic<int> nInside{0}, nMostInside{0};
        for (int i = 0; i < 2; ++i) {
            models[i].beforeStep = [&, i](auto) {
                nMostInside = std::max(nMostInside.load(), ++nInside);
                std::this_thread::yield();
                const std::lock_guard lock(mutex);
                order.push_back(i);
                --nInside;
            };
        }
        nn::KvPool poolA(models[0].kvLayout(), 1 << 20), poolB(models[1].kvLayout(), 1 << 20);
        Scheduler a(models[0], poolA, ops::OpContext{threads}, stepLock, 4096);
        Scheduler b(models[1], poolB, ops::OpContext{threads}, stepLock, 4096);
        {
            // On a busy machine one may begin long before the other, so each waits for the other behind its first token.
            std::latch bothRun(2);
            const auto taskOf = [&] {
                GenerationTask t = task(prompt(5, 1), 400);
                t.onToken = [&, isFirst = true](const Token&) mutable {
                    if (std::exchange(isFirst, false))
                        bothRun.arrive_and_wait();
                    return true;
                };
                return t;
            };
            std::jthread one([&] { a.generate(taskOf()); });
            std::jthread two([&] { b.generate(taskOf()); });
        }
        QCOMPARE(nMostInside.load(), 1);
        // While both are at it nobody steps three times while the other waits. Starts, ends and a thread that is slow to ask
        // again make runs of one model (66 changes were seen beside other tests); with a plain mutex they are hundreds long.
        const auto changes = std::inner_product(order.begin() + 1, order.end(), order.begin(), 0, std::plus<>(), std::not_equal_to<>());
        qInfo("%d changes of turn in %d steps", changes, int(order.size()));
        QVERIFY(changes > 20);
    }

    void closingTheModelEndsWhatRuns()
    {
        std::future<GenerationOutcome> running;
        std::atomic<int> nTokens{0};
        {
            Bench bench(1 << 20, 1 << 20);
            running = std::async(std::launch::async, [&] {
                GenerationTask t = task(prompt(10, 1), 0);
                t.onToken = [&](const Token&) { return ++nTokens, true; };
                return bench.scheduler.generate(t);
            });
            while (nTokens < 5)
                std::this_thread::yield();
        }
        QCOMPARE(running.get().finish, Finish::cancelled);
    }
};

QTEST_GUILESS_MAIN(TestScheduler)
#include "tst_scheduler.moc"
