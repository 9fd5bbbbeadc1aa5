// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "app/services/work_queue.h"

#include <QList>
#include <QObject>
#include <optional>

namespace sy::app {

/// A merge under way.
struct MergeJob {
    enum class Phase { Reading, Merging, Measuring } phase = Phase::Reading; // Reading: the text to measure on
    MergeRequest request;
    quint64 done = 0, total = 0; // of the phase; 0: not known yet
    double secondsLeft = -1;     // of the phase; -1: not known
    bool isStopping = false;
};

/// What came of one. What was not measured although it was wanted says why, unless that was stopped.
struct Merge {
    MergeRequest request;
    MergedFile file;
    std::optional<api::MergeQuality> quality;
    UserMessage notMeasured;
};

/// The adapters that there are, for the pickers. Read on a worker; what a chat uses is in its settings.
class AdapterService : public QObject {
    Q_OBJECT
public:
    explicit AdapterService(AdapterFunctions functions, QObject* parent = nullptr);

    void refresh(); // adaptersChanged follows
    bool isListed() const { return m_isListed; }
    const QList<AdapterInfo>& adapters() const { return m_adapters; }
    /// Those that were trained on this file, and those that may have been.
    QList<AdapterInfo> adaptersOf(const std::string& modelPath) const;
    const AdapterInfo* find(const QString& id) const; // null when there is none
    /// Its name, or the id when it is no longer there.
    QString nameOf(const QString& id) const;

    void import(const QString& path); // imported() or importFailed() follows
    /// As a file, or as a folder as PEFT has it; exported() or exportFailed() follows with the id.
    void exportTo(const QString& id, const QString& path, bool isPeft);
    void rename(const QString& id, const QString& name); // of an imported one
    void remove(const QString& id);                      // likewise; removed() follows
    void restore(const QString& id);                     // of the one that was removed last; restored() follows

    /// What merging would come to; mergePlanned or mergePlanFailed follows with the number returned, unless another is asked for first.
    quint64 planMerge(const MergeRequest& request);
    /// One at a time. mergeChanged() while it goes on; mergeEnded, mergeFailed or mergeCancelled follows.
    void merge(const MergeRequest& request);
    const std::optional<MergeJob>& mergeJob() const { return m_merge; }
    /// Leaves nothing behind, unless the file is whole and being measured: then it ends without the figures.
    void cancelMerge();

signals:
    void adaptersChanged();
    void mergePlanned(quint64 request, const sy::api::MergePlan& plan);
    void mergePlanFailed(quint64 request, const sy::app::UserMessage& message);
    void mergeChanged();
    void modelWritten(); // the list of models has a new one, or one that changed
    void mergeEnded(const sy::app::Merge& merge);
    void mergeFailed(const sy::app::MergeRequest& request, const sy::app::UserMessage& message);
    void mergeCancelled();
    void imported(const QString& id, const QString& name);
    void importFailed(const QString& path, const sy::app::UserMessage& message);
    void exported(const QString& id, const QString& path);
    void exportFailed(const QString& id, const sy::app::UserMessage& message);
    void removed(const QString& id, const QString& name);
    void restored(const QString& id);
    void failed(const sy::app::UserMessage& message);

private:
    Merge runMerge(const MergeRequest& request, const std::stop_token& stop); // on the worker
    void tellMerge(MergeJob::Phase phase, quint64 done, quint64 total, double secondsLeft);
    AdapterFunctions m_functions;
    QList<AdapterInfo> m_adapters;
    AdapterInfo m_removed;
    bool m_isListed = false;
    std::optional<MergeJob> m_merge;
    WorkQueue::Ticket m_mergeTicket, m_planTicket;
    quint64 m_planRequest = 0;
    WorkQueue m_merges; // minutes
    WorkQueue m_queue; // last: joined before anything it uses is gone
};

/// "support tone", or "support tone × 0.5" where the strength is not 1. Empty without an adapter.
QString adapterText(const QString& name, double strength);

} // namespace sy::app
