// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

namespace sy::generate {

/// Gives the processor to one model step at a time, in the order of asking, so that two loaded models alternate instead of
/// slowing each other's parallel loops. std::mutex alone would let the model that has just stepped step again and again.
class StepLock {
public:
    class Turn { // releases in its destructor
    public:
        explicit Turn(StepLock& lock) : m_lock(lock) { m_lock.acquire(); }
        ~Turn() { m_lock.release(); }

        /// In the middle of long work: when somebody waits, gives the processor away until nobody has wanted it for some
        /// milliseconds, or for at most `patience`, and takes the next turn then. Costs nothing when nobody waits.
        void pass(std::chrono::milliseconds patience);
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;

    private:
        StepLock& m_lock;
    };

    /// A turn of some milliseconds that goes unnoticed: isContended() does not count it, and nobody takes smaller steps for
    /// it.
    class ShortTurn {
    public:
        explicit ShortTurn(StepLock& lock) : m_lock(lock)
        {
            m_lock.m_nShort.fetch_add(1, std::memory_order_relaxed);
            m_lock.waitForTurn();
        }
        ~ShortTurn()
        {
            m_lock.m_nShort.fetch_sub(1, std::memory_order_relaxed);
            m_lock.endTurn();
        }
        ShortTurn(const ShortTurn&) = delete;
        ShortTurn& operator=(const ShortTurn&) = delete;

    private:
        StepLock& m_lock;
    };

    /// Somebody else holds the lock or waits for it: a good moment to take smaller steps.
    bool isContended() const { return m_nInterested.load(std::memory_order_relaxed) > 0; }

private:
    void acquire()
    {
        m_nInterested.fetch_add(1, std::memory_order_relaxed);
        waitForTurn();
    }
    void release()
    {
        m_nInterested.fetch_sub(1, std::memory_order_relaxed);
        endTurn();
    }
    void waitForTurn()
    {
        std::unique_lock lock(m_mutex);
        const uint64_t ticket = m_nextTicket++;
        m_turn.wait(lock, [&] { return ticket == m_serving; });
    }
    void endTurn()
    {
        {
            const std::lock_guard lock(m_mutex);
            ++m_serving;
        }
        m_turn.notify_all();
    }

    // Beside the turn that asks.
    bool hasWaiters() const
    {
        return m_nInterested.load(std::memory_order_relaxed) > 1 || m_nShort.load(std::memory_order_relaxed) > 0;
    }

    std::mutex m_mutex;
    std::condition_variable m_turn;
    uint64_t m_nextTicket = 0;
    uint64_t m_serving = 0;
    std::atomic<int> m_nInterested{0}, m_nShort{0};
};

inline void StepLock::Turn::pass(std::chrono::milliseconds patience)
{
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kQuiet(5); // what a chat does between two of its steps takes less
    if (!m_lock.hasWaiters())
        return;
    m_lock.release();
    const auto start = Clock::now();
    for (auto lastWanted = start, now = start; now - lastWanted < kQuiet && now - start < patience; now = Clock::now()) {
        if (m_lock.isContended())
            lastWanted = now;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    m_lock.acquire();
}

} // namespace sy::generate
