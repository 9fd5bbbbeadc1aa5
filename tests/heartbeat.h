// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QFile>
#include <QObject>
#include <QTest>
#include <QTimer>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <thread>

namespace sy::test {

/// What a user does not feel.
inline constexpr qint64 kLongestStallMs = 50;

/// Longest time the event loop of this thread did not come round: what a user would feel as a stall. Time in which the thread was
/// ready to run but other programs had the processor does not count (Linux says how much); waiting for a lock or a disk does.
/// Nor does time in which the machine stood still: what a thread that only wakes up every millisecond slept too long, the time in
/// which it was ready to run taken off.
class Heartbeat : public QObject {
public:
    Heartbeat()
    {
        m_watcher = std::jthread([this](const std::stop_token& stop) { watch(stop); });
        m_timer.setTimerType(Qt::PreciseTimer);
        connect(&m_timer, &QTimer::timeout, this, [this] { beat(); });
        m_timer.start(1);
        reset();
    }
    void reset()
    {
        longestMs = 0;
        nStalls = 0;
        m_since.start();
        m_queued = queuedNs();
        m_still = m_stillNs;
    }
    qint64 longestMs = 0;
    int nStalls = 0; // longer than kLongestStallMs

private:
    void beat()
    {
        const qint64 queued = queuedNs(), still = m_stillNs;
        const qint64 stall = m_since.nsecsElapsed() - (queued - m_queued) - (still - m_still);
        longestMs = std::max(longestMs, stall / 1'000'000);
        if (stall / 1'000'000 > kLongestStallMs)
            ++nStalls;
        m_since.start();
        m_queued = queued;
        m_still = still;
    }
    void watch(const std::stop_token& stop)
    {
        constexpr qint64 kStillNs = 15'000'000; // less is no more than a late timer
        while (!stop.stop_requested()) {
            QElapsedTimer slept;
            slept.start();
            const qint64 queued = queuedNs();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
            const qint64 late = slept.nsecsElapsed() - (queuedNs() - queued) - 1'000'000;
            if (late > kStillNs)
                m_stillNs += late;
        }
    }
    static qint64 queuedNs()
    {
        QFile file(QStringLiteral("/proc/thread-self/schedstat")); // running ns, waiting ns, time slices
        return file.open(QIODevice::ReadOnly) ? file.readAll().split(' ').value(1).toLongLong() : 0;
    }
    QTimer m_timer;
    QElapsedTimer m_since;
    qint64 m_queued = 0, m_still = 0;
    std::atomic<qint64> m_stillNs{0};
    std::jthread m_watcher; // last: it uses the others
};

/// Plays a scene, again while it stalls, at most three times; the longest stall of the best time. One of ours comes every time; one
/// of the machine, whose host may take the processor or a page of memory away without a word, does not. The scene may reset the
/// heart where the part begins that is measured.
inline qint64 longestStallOf(const char* scene, const std::function<void(Heartbeat&)>& play)
{
    qint64 least = std::numeric_limits<qint64>::max();
    for (int time = 0; time < 3 && least > kLongestStallMs && !QTest::currentTestFailed(); ++time) {
        Heartbeat heart;
        QTest::qWait(20);
        heart.reset();
        play(heart);
        qInfo("%s: longest stall %lld ms", scene, heart.longestMs);
        least = std::min(least, heart.longestMs);
    }
    return least;
}

/// Stalls of a program whose scenes take too long to be played again: two are the machine's, one every few answers, files or steps
/// are ours.
struct StallCount {
    void add(const char* scene, const Heartbeat& heart)
    {
        n += heart.nStalls;
        qInfo("%s: longest stall %lld ms", scene, heart.longestMs);
    }
    int n = 0;
    static constexpr int kMost = 2;
};

} // namespace sy::test
