// SPDX-License-Identifier: GPL-3.0-or-later
// What goes wrong in the middle of answers, and who has to give way.
#include "engine/core/error.h"
#include "engine/generate/scheduler.h"
#include "tests/engine/generate/fake_model.h"

#include <QtTest>

#include <atomic>
#include <future>
#include <new>
#include <semaphore>
#include <thread>

using namespace sy;
using namespace sy::generate;
using sy::test::FakeModel;

namespace {

GenerationTask task(int seed, size_t nPrompt, int64_t nTokens)
{
    GenerationTask t;
    for (size_t i = 0; i < nPrompt; ++i)
        t.prompt.push_back(int32_t(philox({uint32_t(i), uint32_t(seed), 0, 0}, {9, 9})[0] % FakeModel::kVocabulary));
    t.maxTokens = nTokens;
    t.sampling.seed = uint64_t(seed);
    return t;
}

std::vector<int32_t> expected(const GenerationTask& t)
{
    return FakeModel::answer(t.prompt, t.sampling, t.maxTokens);
}

struct Bench {
    explicit Bench(SchedulerOptions options = {}, int64_t poolTokens = 16384)
        : pool(model.kvLayout(), size_t(poolTokens) / 32 * model.kvLayout().pageBytes()),
          scheduler(model, pool, ops::OpContext{threads}, stepLock, 4096, options)
    {
    }
    FakeModel model;
    cpu::ThreadPool threads{2};
    nn::KvPool pool;
    StepLock stepLock;
    Scheduler scheduler;
};

} // namespace

class TestSchedulerTrouble : public QObject {
    Q_OBJECT

private slots:
    void aPromptsStepIsAbandonedBetweenLayers()
    {
        Bench bench;
        bench.model.nLayers = 1000;
        std::stop_source stop;
        std::atomic<int> nSteps{0};
        bench.model.beforeStep = [&](auto) {
            ++nSteps;
            stop.request_stop(); // while the step is being made
        };
        const auto outcome = bench.scheduler.generate(task(1, 300, 5), stop.get_token());
        QCOMPARE(outcome.finish, Finish::cancelled);
        QVERIFY(outcome.ids.empty());
        QCOMPARE(nSteps.load(), 1);
        QCOMPARE(bench.pool.usedBytes() + bench.pool.cachedBytes(), size_t(0)); // nothing of it was kept
        bench.model.beforeStep = {};
        QCOMPARE(bench.scheduler.generate(task(1, 300, 5)).ids, expected(task(1, 300, 5)));
    }

    // Nobody who still wants the step loses it.
    void aSharedStepIsNotAbandonedForOne()
    {
        Bench bench;
        std::stop_source stop;
        bench.model.beforeStep = [&](auto steps) {
            if (steps.size() > 1)
                stop.request_stop();
        };
        std::vector<int32_t> ids;
        {
            std::jthread other([&] { ids = bench.scheduler.generate(task(2, 20, 400)).ids; });
            const auto outcome = bench.scheduler.generate(task(1, 2000, 3000), stop.get_token());
            QCOMPARE(outcome.finish == Finish::cancelled, stop.stop_requested());
        }
        QCOMPARE(ids, expected(task(2, 20, 400)));
    }

    void somebodyMoreUrgentTakesThePlaceOfTheLeastUrgent()
    {
        Bench bench({.nMostRunning = 2});
        std::binary_semaphore bothRun{0}, urgentIn{0};
        std::atomic<int> nFirst{0}, nBatchTokens{0}, nBatchBefore{0}; // before: one may run long before the other
        std::vector<std::future<GenerationOutcome>> batch;
        for (int i = 0; i < 2; ++i) {
            batch.push_back(std::async(std::launch::async, [&, i] {
                GenerationTask t = task(i, 50, 1000);
                t.priority = Priority::batch;
                bool isFirst = true;
                t.onToken = [&, isFirst](const Token&) mutable {
                    ++nBatchTokens;
                    if (std::exchange(isFirst, false) && ++nFirst == 2) {
                        bothRun.release();
                        urgentIn.acquire(); // on the scheduler's thread
                        nBatchBefore = nBatchTokens.load();
                    }
                    return true;
                };
                return bench.scheduler.generate(t);
            }));
        }
        bothRun.acquire();
        std::atomic<int> nBatchThen{0};
        auto urgent = std::async(std::launch::async, [&] {
            GenerationTask t = task(9, 40, 10);
            t.onToken = [&](const Token&) { return nBatchThen = nBatchTokens.load(), true; };
            return bench.scheduler.generate(t).ids;
        });
        while (bench.scheduler.nWaiting() == 0)
            std::this_thread::yield();
        urgentIn.release();
        QCOMPARE(urgent.get(), expected(task(9, 40, 10)));
        const int nMeanwhile = nBatchThen - nBatchBefore;
        QVERIFY2(nMeanwhile < 50, qPrintable(QString::number(nMeanwhile))); // neither of them had to end first
        for (int i = 0; i < 2; ++i)
            QCOMPARE(batch[size_t(i)].get().ids, expected(task(i, 50, 1000)));
    }

    void noMemoryInTheMiddleOfAnAnswerIsSaidWithSizes_data()
    {
        QTest::addColumn<bool>("isKnown");
        QTest::newRow("told by the tensors") << true;
        QTest::newRow("told by the language") << false;
    }

    void noMemoryInTheMiddleOfAnAnswerIsSaidWithSizes()
    {
        QFETCH(bool, isKnown);
        Bench bench;
        int nSteps = 0;
        bench.model.beforeStep = [&](auto steps) {
            for (const auto& s : steps) {
                if (s.cache->length() > 0 && s.cache->tokens()[0] == 299 && ++nSteps >= 20) {
                    if (isKnown)
                        throw OutOfMemory("cpu", 5000, 17);
                    throw std::bad_alloc();
                }
            }
        };
        std::vector<int32_t> good;
        std::atomic<bool> isSaid{false};
        {
            std::jthread other([&] { good = bench.scheduler.generate(task(2, 30, 500)).ids; });
            GenerationTask t = task(1, 30, 500);
            t.prompt[0] = 299;
            try {
                bench.scheduler.generate(t);
            } catch (const OutOfMemory& error) {
                isSaid = QByteArray(error.what()).contains(isKnown ? "5000" : "bytes");
            }
        }
        QVERIFY(isSaid);
        QCOMPARE(good, expected(task(2, 30, 500)));
        bench.model.beforeStep = {};
        QCOMPARE(bench.scheduler.generate(task(3, 30, 50)).ids, expected(task(3, 30, 50)));
    }

    void scoresThatAreNoNumbersAreTracedToTheirLayer()
    {
        Bench bench;
        bench.model.nLayers = 12;
        bench.model.damagedLayer = 7;
        try {
            bench.scheduler.generate(task(1, 100, 5));
            QFAIL("NaN went through");
        } catch (const DeviceFailure& failure) {
            QVERIFY2(QByteArray(failure.what()).contains("blk.7"), failure.what());
        }
        bench.model.nLayers = 3; // all of them good: the output layer
        try {
            bench.scheduler.generate(task(1, 100, 5));
            QFAIL("NaN went through");
        } catch (const DeviceFailure& failure) {
            QVERIFY2(QByteArray(failure.what()).contains("output"), failure.what());
        }
        bench.model.damagedLayer = -1;
        QCOMPARE(bench.scheduler.generate(task(1, 100, 5)).ids, expected(task(1, 100, 5)));
    }

    // A step that takes time by its tokens, as on a processor that is busy with them. Only reported: the machine may be doing anything else.
    void tokensOfOthersKeepComingBesideALongPrompt()
    {
        Bench bench;
        bench.model.beforeStep = [](auto steps) {
            size_t nTokens = 0;
            for (const auto& s : steps)
                nTokens += s.tokens.size();
            std::this_thread::sleep_for(std::chrono::microseconds(20'000 + 2'000 * nTokens)); // 500 tokens a second
        };
        double longest = 0;
        std::binary_semaphore isWriting{0};
        int64_t nSeen = 0;
        std::stop_source enough;
        std::jthread writer([&] {
            GenerationTask t = task(1, 10, 0);
            t.onToken = [&](const Token& token) {
                if (++nSeen == 5)
                    isWriting.release();
                if (nSeen > 5)
                    longest = std::max(longest, token.sinceLast.count());
                return true;
            };
            bench.scheduler.generate(t, enough.get_token());
        });
        isWriting.acquire();
        const auto start = std::chrono::steady_clock::now();
        bench.scheduler.generate(task(2, 600, 1));
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
        enough.request_stop();
        writer.join();
        qInfo("a prompt of 600 tokens in %.1f s beside an answer; its longest pause was %.0f ms", seconds, longest * 1e3);
        QVERIFY(nSeen > 5);
    }
};

QTEST_GUILESS_MAIN(TestSchedulerTrouble)
#include "tst_scheduler_trouble.moc"
