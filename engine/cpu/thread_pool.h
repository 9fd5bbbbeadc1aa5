// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace sy::cpu {

/// A borrowed callable, so that a parallel loop allocates nothing.
class RangeTask {
public:
    template <typename F>
    RangeTask(F& f)
        : m_object(const_cast<void*>(static_cast<const void*>(&f))),
          m_call([](void* o, int64_t begin, int64_t end) { (*static_cast<F*>(o))(begin, end); })
    {
    }
    void operator()(int64_t begin, int64_t end) const { m_call(m_object, begin, end); }

private:
    void* m_object;
    void (*m_call)(void*, int64_t, int64_t);
};

/// Threads for the loops inside ops. The caller's thread takes part. Workers spin for a short while after a loop, since the
/// next one usually follows within microseconds, then sleep: an idle pool uses no processor time.
///
/// Pieces are handed out by an atomic counter, so a core that somebody else keeps busy slows down only its own piece.
/// Results must not depend on how pieces fall to threads: a loop body writes only what its indices own.
class ThreadPool {
public:
    explicit ThreadPool(int nThreads); // including the caller; at least 1
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int nThreads() const;

    /// Calls body(begin, end) for pieces of at most `piece` indices that cover 0 … n-1. Returns when all are done. An exception
    /// thrown by a body is rethrown here after the loop has ended. Loops from several threads take turns; a loop started inside a
    /// body runs on the calling thread alone.
    template <typename F>
    void parallelFor(int64_t n, int64_t piece, F&& body)
    {
        run(n, piece, RangeTask(body));
    }

private:
    void run(int64_t n, int64_t piece, RangeTask task);
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace sy::cpu
