// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "app/services/run_row.h"
#include "app/services/work_queue.h"

#include <QHash>
#include <QJsonObject>
#include <QObject>
#include <QTimer>
#include <mutex>
#include <optional>
#include <thread>

namespace sy::app {

class Settings;

/// Fine-tuning: the runs on disk, the one that is being trained, on a thread of its own, and those that wait for it. The window is only
/// a view of them: it can be closed and opened at any time, and a run that was cut off is there again to go on with.
class FineTuneService : public QObject {
    Q_OBJECT
public:
    FineTuneService(FineTuneFunctions functions, Settings& settings, QObject* parent = nullptr);
    ~FineTuneService() override; // stops the run with a checkpoint and waits for it

    void refresh(); // runsChanged follows
    bool isListed() const { return m_isListed; }
    /// Those that wait, in their order, then the others, newest first.
    QList<RunRow> runs() const;
    std::optional<RunRow> run(const QString& id) const;
    /// What the engine takes when nothing is said, every setting written out; empty until it has been read.
    const QJsonObject& defaults() const { return m_defaults; }
    /// The goals that this version knows, as the configuration spells them.
    const QStringList& objectives() const { return m_objectives; }

    /// Counts what a configuration comes to; planRead or planFailed follows with the number returned, unless another is asked for first.
    quint64 plan(const QJsonObject& config);
    void cancelPlan();
    bool isPlanning() const { return m_planTicket && m_isPlanning; }

    /// Takes a step to see how long a configuration would take; measured or measureFailed follows with the number returned, unless it
    /// is cancelled, by another one or by a run that begins.
    quint64 measure(const QJsonObject& config);
    void cancelMeasure(); // measureCancelled follows when there was one
    bool isMeasuring() const { return m_isMeasuring; }

    /// What columns a file of examples has; columnsRead or columnsFailed follows.
    void readColumns(const QString& path);

    /// Trains it, behind those that wait. Returns the id by which it waits; runStarted tells the one it has from then on.
    QString start(const QJsonObject& config);
    /// Goes on with a run that was paused or cut off.
    void resume(const QString& id);
    /// The one that waits is taken out of the queue; startConfig() of it is empty then.
    void unqueue(const QString& id);
    std::optional<QJsonObject> waitingConfig(const QString& id) const;
    /// After a pause, and for what was left of the queue at the last start, nothing begins by itself.
    bool isHeld() const { return m_isHeld && !m_waiting.isEmpty() && !m_active; }
    void release();

    enum class Ending { Pause, Keep, Discard }; // Pause: with a checkpoint, and what waits does not begin. Discard: remove() follows
    void stop(Ending ending);
    bool isTraining() const { return m_active.has_value(); }
    bool isStopping() const { return m_active && m_active->isStopping; }
    QString activeId() const { return m_active ? m_active->id : QString(); }
    /// Only asks; the destructor waits.
    void stopForExit();

    void rename(const QString& id, const QString& name);
    void setNotes(const QString& id, const QString& notes);
    void remove(const QString& id); // removed() follows
    void restore(const QString& id);

    /// Steps, samples and configuration; detailsChanged follows. Those of the run being trained grow by themselves.
    void readDetails(const QString& id);
    const RunDetails* details(const QString& id) const; // null until they have been read

    void readCheckpoints(const QString& id); // checkpointsRead follows
    /// Makes the adapter that of a checkpoint; checkpointUsed follows.
    void useCheckpoint(const QString& id, qint64 step);

signals:
    void runsChanged();
    void defaultsRead();
    void planReading(quint64 request, double share); // of the examples, 0 to 1; at most ten times a second
    void planRead(quint64 request, const sy::api::FineTunePlan& plan);
    void planFailed(quint64 request, const sy::app::UserMessage& message);
    void measured(quint64 request, const sy::api::FineTuneSpeed& speed);
    void measureFailed(quint64 request, const sy::app::UserMessage& message);
    void measureCancelled();
    void columnsRead(const QString& path, const sy::api::DataColumns& columns);
    void columnsFailed(const QString& path, const sy::app::UserMessage& message);
    void checkpointsRead(const QString& id, const std::vector<sy::api::RunCheckpoint>& checkpoints);
    void checkpointUsed(const QString& id, qint64 step);
    void runStarted(const QString& waitedAs, const QString& id);
    void progressed(const QString& id); // at most five times a second
    void detailsChanged(const QString& id);
    void runEnded(const QString& id, bool isComplete);
    void startFailed(const QString& waitedAs, const QJsonObject& config, const sy::app::UserMessage& message); // before there was a run
    void removed(const QString& id, const QString& name);
    void restored(const QString& id);
    void failed(const sy::app::UserMessage& message);

private:
    struct Waiting {
        QString id;         // "waiting:3"
        QJsonObject config; // of a new run
        QString resumes;    // or the run that goes on
    };
    struct Active {
        QString id; // that of Waiting until there is a run
        QString waitedAs;
        Waiting what;
        api::FineTuneStep last;
        double readShare = -1;
        bool isStopping = false;
        std::optional<Ending> ending;
    };
    struct Outcome {
        std::optional<api::FineTuneResult> result;
        UserMessage failure;
        bool isCancelled = false;
    };
    void startNext();
    void train(const Waiting& what, const std::stop_token& stop); // on the training thread
    void hasRead(double share);
    void began(const QString& id);
    void pull();
    void ended(const Outcome& outcome);
    void keepQueue();
    void store(std::function<void()> work, std::function<void()> done);
    void change(const QString& id, const std::function<void(api::RunEntry&)>& edit);
    RunRow rowOf(const api::RunEntry& entry) const;
    RunRow rowOf(const Waiting& waiting) const;

    FineTuneFunctions m_functions;
    Settings& m_settings;
    QList<api::RunEntry> m_entries;
    QHash<QString, UserMessage> m_failures; // of runs that failed since the start
    QHash<QString, RunDetails> m_details;
    QList<Waiting> m_waiting;
    std::optional<Active> m_active;
    QJsonObject m_defaults;
    QStringList m_objectives;
    bool m_isListed = false, m_isHeld = false, m_isPlanning = false, m_isMeasuring = false, m_isExiting = false;
    quint64 m_nWaited = 0, m_planRequest = 0, m_measureRequest = 0, m_nEdits = 0;
    QTimer m_pullTimer, m_watchTimer;
    std::mutex m_mutex; // guards the two below: the training thread writes them
    std::vector<api::FineTuneStep> m_newSteps;
    std::vector<api::FineTuneSample> m_newSamples;
    WorkQueue m_store;
    WorkQueue m_plans, m_measures;
    WorkQueue::Ticket m_planTicket, m_measureTicket;
    std::jthread m_training; // last: joined before anything it uses is gone
};

} // namespace sy::app
