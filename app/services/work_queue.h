// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/messages/user_message.h"

#include <QObject>
#include <QPointer>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace sy::app {

/// One worker thread that runs jobs in order. What a job returns, or the error it ends with, comes back on the thread of the
/// context object, and not at all when that object is gone by then.
class WorkQueue {
public:
    WorkQueue();
    ~WorkQueue(); // asks the running job to stop, drops the others, waits

    /// Returned by run(); asking the job to stop is all one can do with it.
    using Ticket = std::shared_ptr<std::stop_source>;

    /// work() on the worker, then done(result), failed(message) or cancelled() on the context's thread; the last two may be empty.
    template <class Work, class Done>
    Ticket run(QObject* context, Work work, Done done, std::function<void(const UserMessage&)> failed = {},
               std::function<void()> cancelled = {})
    {
        auto ticket = std::make_shared<std::stop_source>();
        const QPointer<QObject> guard(context);
        push(ticket, [this, guard, work = std::move(work), done = std::move(done), failed = std::move(failed), cancelled = std::move(cancelled)](std::stop_token stop) mutable {
            Outcome outcome = Outcome::Done;
            UserMessage message;
            using Result = decltype(work(stop));
            if constexpr (std::is_void_v<Result>) {
                outcome = attempt([&] { work(stop); }, &message);
                deliver(guard, [outcome, message, done = std::move(done), failed = std::move(failed), cancelled = std::move(cancelled)]() mutable {
                    if (outcome == Outcome::Done)
                        done();
                    else
                        reportEnd(outcome, message, failed, cancelled);
                });
            } else {
                auto result = std::make_shared<std::unique_ptr<Result>>();
                outcome = attempt([&] { *result = std::make_unique<Result>(work(stop)); }, &message);
                deliver(guard, [outcome, message, result, done = std::move(done), failed = std::move(failed), cancelled = std::move(cancelled)]() mutable {
                    if (outcome == Outcome::Done)
                        done(std::move(**result));
                    else
                        reportEnd(outcome, message, failed, cancelled);
                });
            }
        });
        return ticket;
    }

    /// Stops the running job, drops waiting ones; does not wait.
    void cancelAll();

private:
    enum class Outcome { Done, Failed, Cancelled };
    static Outcome attempt(const std::function<void()>& work, UserMessage* message) noexcept;
    static void reportEnd(Outcome outcome, const UserMessage& message, const std::function<void(const UserMessage&)>& failed,
                          const std::function<void()>& cancelled);
    static void deliver(const QPointer<QObject>& guard, std::function<void()> call);
    void push(Ticket ticket, std::function<void(std::stop_token)> job);
    void loop(const std::stop_token& stop);

    struct Job {
        Ticket ticket;
        std::function<void(std::stop_token)> run;
    };
    std::mutex m_mutex;
    std::condition_variable_any m_wake;
    std::deque<Job> m_jobs;
    Ticket m_running;
    std::jthread m_thread; // last: joined before anything it uses is gone
};

} // namespace sy::app
