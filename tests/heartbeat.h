// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QFile>
#include <QObject>
#include <QTimer>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

namespace sy::test {

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
        m_since.start();
        m_queued = queuedNs();
        m_still = m_stillNs;
    }
    qint64 longestMs = 0;

private:
    void beat()
    {
        const qint64 queued = queuedNs(), still = m_stillNs;
        const qint64 stall = m_since.nsecsElapsed() - (queued - m_queued) - (still - m_still);
        longestMs = std::max(longestMs, stall / 1'000'000);
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

} // namespace sy::test
