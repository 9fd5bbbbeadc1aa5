// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/work_queue.h"

#include "engine/core/error.h"

#include <QCoreApplication>
#include <QMetaObject>

namespace sy::app {

WorkQueue::WorkQueue() : m_thread([this](const std::stop_token& stop) { loop(stop); }) {}

WorkQueue::~WorkQueue()
{
    cancelAll();
    m_thread.request_stop();
}

void WorkQueue::cancelAll()
{
    const std::lock_guard lock(m_mutex);
    m_jobs.clear();
    if (m_running)
        m_running->request_stop();
}

void WorkQueue::push(Ticket ticket, std::function<void(std::stop_token)> job)
{
    {
        const std::lock_guard lock(m_mutex);
        m_jobs.push_back({std::move(ticket), std::move(job)});
    }
    m_wake.notify_one();
}

void WorkQueue::loop(const std::stop_token& stop)
{
    for (;;) {
        Job job;
        {
            std::unique_lock lock(m_mutex);
            if (!m_wake.wait(lock, stop, [this] { return !m_jobs.empty(); }))
                return;
            job = std::move(m_jobs.front());
            m_jobs.pop_front();
            m_running = job.ticket;
        }
        job.run(job.ticket->get_token());
        const std::lock_guard lock(m_mutex);
        m_running.reset();
    }
}

WorkQueue::Outcome WorkQueue::attempt(const std::function<void()>& work, UserMessage* message) noexcept
{
    try {
        work();
        return Outcome::Done;
    } catch (const Cancelled&) {
        return Outcome::Cancelled;
    } catch (const std::exception& error) {
        *message = describe(error);
    } catch (...) {
        *message = describe(std::runtime_error("unknown error"));
    }
    return Outcome::Failed;
}

void WorkQueue::reportEnd(Outcome outcome, const UserMessage& message, const std::function<void(const UserMessage&)>& failed,
                          const std::function<void()>& cancelled)
{
    if (outcome == Outcome::Cancelled && cancelled)
        cancelled();
    if (outcome == Outcome::Failed && failed)
        failed(message);
}

void WorkQueue::deliver(const QPointer<QObject>& guard, std::function<void()> call)
{
    // The application object is the receiver: unlike the context it outlives every worker, so the post itself is safe. Whether
    // the context still lives is asked where it would be destroyed, on the receiving thread.
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guard, call = std::move(call)] {
            if (guard)
                call();
        },
        Qt::QueuedConnection);
}

} // namespace sy::app
