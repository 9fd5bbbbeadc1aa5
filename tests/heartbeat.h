// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QElapsedTimer>
#include <QFile>
#include <QObject>
#include <QTimer>

namespace sy::test {

/// Longest time the event loop of this thread did not come round: what a user would feel as a stall. Time in which the thread was
/// ready to run but other programs had the processor does not count (Linux says how much); waiting for a lock or a disk does.
class Heartbeat : public QObject {
public:
    Heartbeat()
    {
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
    }
    qint64 longestMs = 0;

private:
    void beat()
    {
        const qint64 queued = queuedNs();
        const qint64 stall = m_since.nsecsElapsed() - (queued - m_queued);
        longestMs = std::max(longestMs, stall / 1'000'000);
        m_since.start();
        m_queued = queued;
    }
    static qint64 queuedNs()
    {
        QFile file(QStringLiteral("/proc/thread-self/schedstat")); // running ns, waiting ns, time slices
        return file.open(QIODevice::ReadOnly) ? file.readAll().split(' ').value(1).toLongLong() : 0;
    }
    QTimer m_timer;
    QElapsedTimer m_since;
    qint64 m_queued = 0;
};

} // namespace sy::test
