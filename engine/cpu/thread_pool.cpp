// SPDX-License-Identifier: GPL-3.0-or-later
// One loop at a time is published as a "round": a counter that the workers watch. Every worker that joins a round takes pieces
// until none is left and then reports; the caller leaves when the pieces are gone and every worker that joined has reported.
// A worker that sleeps through a short round is not waited for: it never joined.
//
//   m_gate:  round number << 16 | workers inside        one atomic word, so that joining and closing cannot cross
//
#include "engine/cpu/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sy::cpu {

namespace {

// A decode step has a loop every 20 to 100 us; longer gaps are a user thinking.
constexpr int kSpinRounds = 4000; // about 60 us with the pause instruction of current processors

void pauseBriefly()
{
#if defined(__x86_64__)
    _mm_pause();
#else
    std::this_thread::yield();
#endif
}

thread_local bool t_insideLoop = false;

} // namespace

struct ThreadPool::State {
    static constexpr uint64_t kOpen = 1; // lowest bit of the gate: a round is open
    static constexpr uint64_t kOneInside = 2;
    static constexpr uint64_t kInsideMask = 0xFFFE;
    static constexpr uint64_t kOneRound = 0x10000;

    std::mutex callers; // loops from several threads take turns
    std::atomic<uint64_t> gate{0};
    std::atomic<int64_t> next{0};
    int64_t n = 0;
    int64_t piece = 1;
    std::optional<RangeTask> task;
    std::mutex errorMutex;
    std::exception_ptr error;

    std::mutex sleepMutex;
    std::condition_variable wake;
    std::atomic<int> nAsleep{0};
    std::atomic<bool> stopping{false};
    std::vector<std::thread> threads;

    void takePieces() noexcept
    {
        for (;;) {
            const int64_t begin = next.fetch_add(piece, std::memory_order_relaxed);
            if (begin >= n)
                return;
            try {
                (*task)(begin, std::min(n, begin + piece));
            } catch (...) {
                const std::lock_guard lock(errorMutex);
                if (!error)
                    error = std::current_exception();
                next.store(n, std::memory_order_relaxed);
            }
        }
    }

    void work()
    {
        t_insideLoop = true;
        uint64_t lastRound = 0;
        for (;;) {
            uint64_t seen = gate.load(std::memory_order_acquire);
            int spins = 0;
            while ((!(seen & kOpen) || seen / kOneRound == lastRound) && !stopping.load(std::memory_order_relaxed)) {
                if (++spins < kSpinRounds) {
                    pauseBriefly();
                } else {
                    std::unique_lock lock(sleepMutex);
                    nAsleep.fetch_add(1);
                    wake.wait(lock, [&] {
                        seen = gate.load();
                        return stopping.load() || ((seen & kOpen) && seen / kOneRound != lastRound);
                    });
                    nAsleep.fetch_sub(1);
                    spins = 0;
                }
                seen = gate.load(std::memory_order_acquire);
            }
            if (stopping.load(std::memory_order_relaxed))
                return;
            if (!gate.compare_exchange_strong(seen, seen + kOneInside, std::memory_order_acq_rel))
                continue;
            lastRound = seen / kOneRound;
            takePieces();
            gate.fetch_sub(kOneInside, std::memory_order_acq_rel);
        }
    }
};

ThreadPool::ThreadPool(int nThreads) : m_state(std::make_unique<State>())
{
    for (int i = 1; i < nThreads; ++i)
        m_state->threads.emplace_back([state = m_state.get()] { state->work(); });
}

ThreadPool::~ThreadPool()
{
    {
        const std::lock_guard lock(m_state->sleepMutex);
        m_state->stopping = true;
    }
    m_state->wake.notify_all();
    for (std::thread& t : m_state->threads)
        t.join();
}

int ThreadPool::nThreads() const
{
    return int(m_state->threads.size()) + 1;
}

void ThreadPool::run(int64_t n, int64_t piece, RangeTask task)
{
    if (n <= 0)
        return;
    State& s = *m_state;
    piece = std::max<int64_t>(1, piece);
    if (s.threads.empty() || t_insideLoop || n <= piece) {
        for (int64_t begin = 0; begin < n; begin += piece) // pieces here too: a body may have a buffer for one
            task(begin, std::min(n, begin + piece));
        return;
    }
    const std::lock_guard turn(s.callers);
    s.n = n;
    s.piece = piece;
    s.task.emplace(task);
    s.error = nullptr;
    s.next.store(0, std::memory_order_relaxed);
    s.gate.store((s.gate.load(std::memory_order_relaxed) / State::kOneRound + 1) * State::kOneRound | State::kOpen);
    if (s.nAsleep.load() > 0) {
        const std::lock_guard lock(s.sleepMutex); // a worker between its last look and its sleep holds this
        s.wake.notify_all();
    }

    t_insideLoop = true;
    s.takePieces();
    t_insideLoop = false;

    uint64_t gate = s.gate.fetch_and(~State::kOpen, std::memory_order_acq_rel); // nobody joins from here on
    for (int spins = 0; gate & State::kInsideMask; ++spins) {
        // A worker whose core is taken by another program may need a whole time slice: give ours away rather than spin.
        if (spins < kSpinRounds * 4)
            pauseBriefly();
        else
            std::this_thread::yield();
        gate = s.gate.load(std::memory_order_acquire);
    }
    if (s.error)
        std::rethrow_exception(s.error);
}

} // namespace sy::cpu
