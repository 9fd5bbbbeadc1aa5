// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/cpu/thread_pool.h"

#include <QTest>
#include <atomic>
#include <chrono>
#include <ctime>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace sy::cpu;
using namespace std::chrono_literals;

namespace {

double processCpuSeconds()
{
    timespec t{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) * 1e-9;
}

} // namespace

class TestThreadPool : public QObject {
    Q_OBJECT

private slots:
    void everyIndexIsVisitedExactlyOnce_data();
    void everyIndexIsVisitedExactlyOnce();
    void manyShortLoopsInARow_data();
    void manyShortLoopsInARow();
    void piecesAreNoLargerThanAskedFor_data();
    void piecesAreNoLargerThanAskedFor();
    void emptyLoopsCallNothing();
    void anExceptionIsRethrownAndThePoolGoesOn_data();
    void anExceptionIsRethrownAndThePoolGoesOn();
    void theCallersOwnExceptionIsRethrownToo();
    void nestedLoopsRunOnTheCallingThread();
    void nestedLoopsOfTheCallerDoNotReopenThePool();
    void callersFromSeveralThreadsTakeTurns();
    void severalThreadsReallyTakePart();
    void anIdlePoolUsesNoProcessorTime();
    void loopsAfterASleepWakeTheWorkers();
    void poolsComeAndGo();
    void resultsAreVisibleAfterTheLoop();
};

void TestThreadPool::everyIndexIsVisitedExactlyOnce_data()
{
    QTest::addColumn<int>("nThreads");
    for (const int n : {1, 2, 3, 7})
        QTest::newRow(std::to_string(n).c_str()) << n;
}

void TestThreadPool::everyIndexIsVisitedExactlyOnce()
{
    QFETCH(int, nThreads);
    ThreadPool pool(nThreads);
    QCOMPARE(pool.nThreads(), nThreads);
    for (const int64_t n : {1, 2, 3, 7, 8, 100, 1001, 20000})
        for (const int64_t piece : {int64_t(1), int64_t(3), int64_t(64), n, n + 5}) {
            std::vector<std::atomic<int>> visits(size_t(n) + 1);
            pool.parallelFor(n, piece, [&](int64_t begin, int64_t end) {
                for (int64_t i = begin; i < end; ++i)
                    visits[size_t(i)].fetch_add(1);
            });
            for (int64_t i = 0; i < n; ++i)
                QCOMPARE(visits[size_t(i)].load(), 1);
            QCOMPARE(visits[size_t(n)].load(), 0);
        }
}

void TestThreadPool::manyShortLoopsInARow_data()
{
    everyIndexIsVisitedExactlyOnce_data();
}

void TestThreadPool::manyShortLoopsInARow()
{
    // The case of a decode step: hundreds of loops, each over before a sleeper would have woken.
    QFETCH(int, nThreads);
    ThreadPool pool(nThreads);
    std::vector<int64_t> values(64);
    const int nLoops = 5000;
    for (int loop = 0; loop < nLoops; ++loop)
        pool.parallelFor(int64_t(values.size()), 4, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                values[size_t(i)] += i;
        });
    for (size_t i = 0; i < values.size(); ++i)
        QCOMPARE(values[i], int64_t(i) * nLoops);
}

void TestThreadPool::piecesAreNoLargerThanAskedFor_data()
{
    everyIndexIsVisitedExactlyOnce_data();
}

void TestThreadPool::piecesAreNoLargerThanAskedFor()
{
    QFETCH(int, nThreads);
    ThreadPool pool(nThreads);
    std::atomic<int64_t> largest = 0;
    std::atomic<int> nMisaligned = 0;
    pool.parallelFor(1000, 16, [&](int64_t begin, int64_t end) {
        int64_t seen = largest.load();
        while (end - begin > seen && !largest.compare_exchange_weak(seen, end - begin)) {
        }
        nMisaligned += begin % 16 != 0;
    });
    QCOMPARE(largest.load(), int64_t(16));
    QCOMPARE(nMisaligned.load(), 0); // a body may rely on tiles of its own size
}

void TestThreadPool::emptyLoopsCallNothing()
{
    ThreadPool pool(3);
    int nCalls = 0;
    pool.parallelFor(0, 1, [&](int64_t, int64_t) { ++nCalls; });
    pool.parallelFor(-5, 1, [&](int64_t, int64_t) { ++nCalls; });
    QCOMPARE(nCalls, 0);
}

void TestThreadPool::anExceptionIsRethrownAndThePoolGoesOn_data()
{
    everyIndexIsVisitedExactlyOnce_data();
}

void TestThreadPool::anExceptionIsRethrownAndThePoolGoesOn()
{
    QFETCH(int, nThreads);
    ThreadPool pool(nThreads);
    for (int round = 0; round < 50; ++round) {
        std::string message;
        try {
            pool.parallelFor(100, 1, [&](int64_t begin, int64_t) {
                if (begin == round)
                    throw std::runtime_error("piece " + std::to_string(begin));
            });
        } catch (const std::runtime_error& e) {
            message = e.what();
        }
        QCOMPARE(message, "piece " + std::to_string(round));
        std::atomic<int> nVisits = 0;
        pool.parallelFor(100, 1, [&](int64_t, int64_t) { ++nVisits; });
        QCOMPARE(nVisits.load(), 100);
    }
}

void TestThreadPool::theCallersOwnExceptionIsRethrownToo()
{
    ThreadPool pool(3);
    const auto caller = std::this_thread::get_id();
    std::atomic<bool> hasThrown = false;
    const auto loop = [&] {
        pool.parallelFor(1000, 1, [&](int64_t, int64_t) {
            std::this_thread::sleep_for(10us);
            if (std::this_thread::get_id() == caller && !hasThrown.exchange(true))
                throw std::logic_error("from the caller");
        });
    };
    QVERIFY_EXCEPTION_THROWN(loop(), std::logic_error);
}

void TestThreadPool::nestedLoopsRunOnTheCallingThread()
{
    ThreadPool pool(3);
    std::vector<std::atomic<int>> visits(64 * 64);
    std::atomic<int> nElsewhere = 0;
    pool.parallelFor(64, 1, [&](int64_t outer, int64_t) {
        const auto here = std::this_thread::get_id();
        pool.parallelFor(64, 1, [&](int64_t begin, int64_t end) {
            nElsewhere += std::this_thread::get_id() != here;
            for (int64_t inner = begin; inner < end; ++inner)
                visits[size_t(outer * 64 + inner)].fetch_add(1);
        });
    });
    QCOMPARE(nElsewhere.load(), 0);
    QVERIFY(std::ranges::all_of(visits, [](const auto& v) { return v.load() == 1; }));
}

void TestThreadPool::nestedLoopsOfTheCallerDoNotReopenThePool()
{
    // A loop of one piece runs on the caller, and so do loops inside it; afterwards the pool is parallel again.
    ThreadPool pool(2);
    std::atomic<int> nVisits = 0;
    pool.parallelFor(1, 1, [&](int64_t, int64_t) { pool.parallelFor(10, 1, [&](int64_t, int64_t) { ++nVisits; }); });
    QCOMPARE(nVisits.load(), 10);
}

void TestThreadPool::callersFromSeveralThreadsTakeTurns()
{
    ThreadPool pool(3);
    std::atomic<int> nWrong = 0;
    std::vector<std::thread> callers;
    for (int id = 0; id < 4; ++id)
        callers.emplace_back([&, id] {
            for (int loop = 0; loop < 300; ++loop) {
                std::vector<int> values(50);
                pool.parallelFor(50, 7, [&](int64_t begin, int64_t end) {
                    for (int64_t i = begin; i < end; ++i)
                        values[size_t(i)] += id + 1;
                });
                nWrong += std::accumulate(values.begin(), values.end(), 0) != 50 * (id + 1);
            }
        });
    for (std::thread& t : callers)
        t.join();
    QCOMPARE(nWrong.load(), 0);
}

void TestThreadPool::severalThreadsReallyTakePart()
{
    ThreadPool pool(3);
    std::mutex mutex;
    std::set<std::thread::id> ids;
    for (int tries = 0; tries < 20 && ids.size() < 3; ++tries)
        pool.parallelFor(30, 1, [&](int64_t, int64_t) {
            std::this_thread::sleep_for(1ms);
            const std::lock_guard lock(mutex);
            ids.insert(std::this_thread::get_id());
        });
    QCOMPARE(ids.size(), size_t(3));
}

void TestThreadPool::anIdlePoolUsesNoProcessorTime()
{
    ThreadPool pool(4);
    pool.parallelFor(100, 1, [](int64_t, int64_t) {});
    std::this_thread::sleep_for(50ms); // long past the spinning
    const double before = processCpuSeconds();
    std::this_thread::sleep_for(300ms);
    const double used = processCpuSeconds() - before;
    QVERIFY2(used < 0.01, std::to_string(used).c_str());
}

void TestThreadPool::loopsAfterASleepWakeTheWorkers()
{
    ThreadPool pool(2);
    for (int i = 0; i < 20; ++i) {
        std::this_thread::sleep_for(3ms);
        std::atomic<int> nVisits = 0;
        pool.parallelFor(10, 1, [&](int64_t, int64_t) { ++nVisits; });
        QCOMPARE(nVisits.load(), 10);
    }
}

void TestThreadPool::poolsComeAndGo()
{
    for (int i = 0; i < 100; ++i) {
        ThreadPool pool(1 + i % 5);
        if (i % 2)
            pool.parallelFor(10, 1, [](int64_t, int64_t) {});
    }
}

void TestThreadPool::resultsAreVisibleAfterTheLoop()
{
    // Plain writes by workers, plain reads by the caller: the pool must order them.
    ThreadPool pool(3);
    std::vector<int64_t> values(4096);
    for (int64_t round = 1; round <= 200; ++round) {
        pool.parallelFor(4096, 64, [&](int64_t begin, int64_t end) {
            for (int64_t i = begin; i < end; ++i)
                values[size_t(i)] = round;
        });
        QCOMPARE(std::accumulate(values.begin(), values.end(), int64_t(0)), round * 4096);
    }
}

QTEST_APPLESS_MAIN(TestThreadPool)
#include "tst_thread_pool.moc"
