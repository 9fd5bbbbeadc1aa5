// SPDX-License-Identifier: GPL-3.0-or-later
// The part of AdapterService that merges: a file is written, then three passes over a text say what that has cost.
#include "app/services/adapter_service.h"
#include "app/services/throttle.h"
#include "engine/core/error.h"

#include <chrono>

namespace sy::app {

namespace {

using namespace std::chrono_literals;

/// From how fast it went until now. The first second tells too little.
class Pace {
public:
    double secondsLeft(quint64 done, quint64 total) const
    {
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - m_start).count();
        return done > 0 && done < total && seconds > 1 ? seconds * double(total - done) / double(done) : -1;
    }

private:
    std::chrono::steady_clock::time_point m_start = std::chrono::steady_clock::now();
};

} // namespace

quint64 AdapterService::planMerge(const MergeRequest& request)
{
    if (m_planTicket)
        m_planTicket->request_stop();
    const quint64 number = ++m_planRequest;
    m_planTicket = m_queue.run(
        this, [plan = m_functions.planMerge, request](std::stop_token stop) { return plan(request, stop); },
        [this, number](const api::MergePlan& plan) {
            if (number == m_planRequest)
                emit mergePlanned(number, plan);
        },
        [this, number](const UserMessage& message) {
            if (number == m_planRequest)
                emit mergePlanFailed(number, message);
        });
    return number;
}

void AdapterService::merge(const MergeRequest& request)
{
    if (m_merge)
        return;
    m_merge = MergeJob{.phase = request.isMeasured ? MergeJob::Phase::Reading : MergeJob::Phase::Merging, .request = request};
    emit mergeChanged();
    m_mergeTicket = m_merges.run(
        this, [this, request](std::stop_token stop) { return runMerge(request, stop); },
        [this](const Merge& merge) {
            m_merge.reset();
            if (!merge.file.model.empty())
                emit modelWritten();
            emit mergeEnded(merge);
        },
        [this, request](const UserMessage& message) {
            m_merge.reset();
            emit mergeFailed(request, message);
        },
        [this] {
            m_merge.reset();
            emit mergeCancelled();
        });
}

Merge AdapterService::runMerge(const MergeRequest& request, const std::stop_token& stop)
{
    Merge merge{request, {}, {}, {}};
    const auto progress = [this](MergeJob::Phase phase) {
        tellMerge(phase, 0, 0, -1);
        return [this, phase, pace = Pace(), throttle = Throttle(100ms)](uint64_t done, uint64_t total) mutable {
            if (throttle.due() || done == total)
                tellMerge(phase, done, total, pace.secondsLeft(done, total));
        };
    };
    std::string text;
    if (request.isMeasured) // first: a text that cannot be read is told before minutes of work
        text = m_functions.mergeText(request, stop, progress(MergeJob::Phase::Reading));
    merge.file = m_functions.merge(request, stop, progress(MergeJob::Phase::Merging));
    if (text.empty())
        return merge;
    try {
        merge.quality = m_functions.compareMerged(request, text, stop, progress(MergeJob::Phase::Measuring));
    } catch (const Cancelled&) { // the file is whole
    } catch (const std::exception& error) {
        merge.notMeasured = describe(error);
    }
    return merge;
}

/// From the worker.
void AdapterService::tellMerge(MergeJob::Phase phase, quint64 done, quint64 total, double secondsLeft)
{
    QMetaObject::invokeMethod(
        this,
        [this, phase, done, total, secondsLeft] {
            if (!m_merge)
                return;
            if (phase == MergeJob::Phase::Measuring && m_merge->phase != phase)
                emit modelWritten(); // it is whole, and can be used while it is measured
            m_merge->phase = phase;
            m_merge->done = done;
            m_merge->total = total;
            m_merge->secondsLeft = secondsLeft;
            emit mergeChanged();
        },
        Qt::QueuedConnection);
}

void AdapterService::cancelMerge()
{
    if (!m_merge || m_merge->isStopping)
        return;
    m_merge->isStopping = true;
    m_mergeTicket->request_stop();
    emit mergeChanged();
}

} // namespace sy::app
