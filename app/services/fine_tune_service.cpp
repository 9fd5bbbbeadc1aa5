// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/fine_tune_service.h"

#include "app/services/throttle.h"
#include "app/settings/settings.h"
#include "engine/core/error.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <algorithm>
#include <cmath>

namespace sy::app {

namespace {

using namespace std::chrono_literals;

constexpr auto kPullInterval = 200ms;
constexpr auto kReadInterval = 100ms;
constexpr auto kWatchInterval = 3s; // of runs that another program trains
constexpr auto kFormSource = "configuration";

std::string toText(const QJsonObject& object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact).toStdString();
}

QJsonObject toObject(const std::string& text)
{
    return QJsonDocument::fromJson(QByteArray::fromStdString(text)).object();
}

struct Standard {
    QJsonObject defaults;
    QStringList objectives;
};

/// After a resumed run has gone back to its checkpoint the steps behind it come again.
void append(std::vector<api::FineTuneStep>& steps, const api::FineTuneStep& step)
{
    while (!steps.empty() && steps.back().step >= step.step)
        steps.pop_back();
    steps.push_back(step);
}

} // namespace

FineTuneService::FineTuneService(FineTuneFunctions functions, Settings& settings, QObject* parent)
    : QObject(parent), m_functions(std::move(functions)), m_settings(settings)
{
    qRegisterMetaType<UserMessage>();
    m_pullTimer.setInterval(kPullInterval);
    connect(&m_pullTimer, &QTimer::timeout, this, &FineTuneService::pull);
    m_watchTimer.setInterval(kWatchInterval);
    connect(&m_watchTimer, &QTimer::timeout, this, &FineTuneService::refresh);
    for (const QJsonValue& value : QJsonDocument::fromJson(m_settings.text(setting::kTrainingQueue).toUtf8()).array()) {
        const QJsonObject kept = value.toObject();
        m_waiting.push_back({QStringLiteral("waiting:%1").arg(++m_nWaited), kept.value(QLatin1String("config")).toObject(), kept.value(QLatin1String("resumes")).toString()});
    }
    m_isHeld = !m_waiting.isEmpty(); // of the last time: the user says when
    m_store.run(
        this,
        [complete = m_functions.complete](std::stop_token) {
            Standard standard{toObject(complete("{}", kFormSource)), {}};
            for (const char* objective : {"sft", "pretrain", "dpo", "orpo"}) {
                try {
                    complete(toText({{QStringLiteral("objective"), QLatin1String(objective)}}), kFormSource);
                    standard.objectives << QLatin1String(objective);
                } catch (const std::exception&) { // not in this version
                }
            }
            return standard;
        },
        [this](const Standard& standard) {
            m_defaults = standard.defaults;
            m_objectives = standard.objectives;
            emit defaultsRead();
        },
        [this](const UserMessage& message) { emit failed(message); });
}

FineTuneService::~FineTuneService()
{
    stopForExit();
    cancelPlan();
    if (m_measureTicket)
        m_measureTicket->request_stop();
}

void FineTuneService::stopForExit()
{
    m_isExiting = true;
    m_training.request_stop();
}

// ------------------------------------------------------------------------------------------------------------------- list

void FineTuneService::refresh()
{
    m_store.run(
        this, [list = m_functions.list](std::stop_token) { return list(); },
        [this, edits = m_nEdits](std::vector<api::RunEntry> entries) {
            if (edits != m_nEdits) // read before something was changed here: the change brings a newer list
                return;
            m_entries = QList<api::RunEntry>(entries.begin(), entries.end());
            m_isListed = true;
            const bool isWatching = std::any_of(m_entries.cbegin(), m_entries.cend(), [this](const api::RunEntry& entry) { return rowOf(entry).state == RunState::Elsewhere; });
            isWatching ? m_watchTimer.start() : m_watchTimer.stop();
            emit runsChanged();
        },
        [this](const UserMessage& message) { emit failed(message); });
}

RunRow FineTuneService::rowOf(const api::RunEntry& entry) const
{
    RunRow row;
    row.id = QString::fromStdString(entry.id);
    row.name = QString::fromStdString(entry.name.empty() ? entry.id : entry.name);
    row.notes = QString::fromStdString(entry.notes);
    row.model = QString::fromStdString(entry.model);
    row.step = entry.step;
    row.steps = entry.steps;
    row.loss = entry.finalLoss;
    row.bestEvalLoss = entry.bestEvalLoss;
    row.bestStep = entry.bestStep;
    row.seconds = entry.seconds;
    row.peakBytes = entry.peakBytes;
    row.started = QDateTime::fromMSecsSinceEpoch(std::chrono::duration_cast<std::chrono::milliseconds>(entry.startedAt.time_since_epoch()).count());
    row.adapter = QString::fromStdString(entry.adapter.string());
    row.usedStep = entry.usedStep.value_or(0);
    row.isWhole = entry.isWhole;
    row.trainedModel = QString::fromStdString(entry.trainedModel.string());
    row.bestModel = QString::fromStdString(entry.bestModel.string());
    using State = api::RunEntry::State;
    switch (entry.state) {
    case State::running: row.state = RunState::Elsewhere; break;
    case State::stopped: row.state = RunState::Paused; break;
    case State::done: row.state = RunState::Done; break;
    case State::diverged: row.state = RunState::Diverged; break;
    case State::interrupted: row.state = RunState::Interrupted; break;
    }
    if (m_active && m_active->id == row.id) {
        const api::FineTuneStep& last = m_active->last;
        row.state = m_active->isStopping ? RunState::Stopping : last.step > 0 ? RunState::Running : RunState::Preparing;
        row.readShare = row.state == RunState::Preparing ? m_active->readShare : -1;
        if (last.step > 0) {
            row.step = last.step;
            row.steps = last.steps;
            row.loss = last.loss;
            row.peakBytes = std::max<quint64>(row.peakBytes, last.residentBytes);
            const RunDetails* known = details(row.id);
            if (known && known->steps.size() > 1) { // from the last steps: the first one may have read the weights from disk
                const auto& steps = known->steps;
                size_t from = steps.size() - 1; // not before this call began: its seconds count from then
                while (from > 0 && steps.size() - from < 21 && steps[from - 1].seconds < steps[from].seconds)
                    --from;
                const api::FineTuneStep& before = steps[from];
                if (last.step > before.step && last.seconds > before.seconds)
                    row.secondsLeft = (last.seconds - before.seconds) / double(last.step - before.step) * double(last.steps - last.step);
            }
        }
    } else if (const auto failure = m_failures.constFind(row.id); failure != m_failures.cend() && entry.state != State::done) {
        row.state = RunState::Failed;
        row.failure = *failure;
    }
    return row;
}

RunRow FineTuneService::rowOf(const Waiting& waiting) const
{
    RunRow row;
    if (!waiting.resumes.isEmpty()) {
        for (const api::RunEntry& entry : m_entries)
            if (QString::fromStdString(entry.id) == waiting.resumes)
                row = rowOf(entry);
    } else {
        row.name = waiting.config.value(QLatin1String("name")).toString();
        row.model = waiting.config.value(QLatin1String("model")).toString();
        row.isWhole = waiting.config.value(QLatin1String("adapter")).toObject().value(QLatin1String("method")) == QLatin1String("full");
    }
    row.id = waiting.id;
    row.state = RunState::Waiting;
    return row;
}

QList<RunRow> FineTuneService::runs() const
{
    QList<RunRow> rows;
    QStringList waiting;
    for (const Waiting& one : m_waiting) {
        rows.push_back(rowOf(one));
        waiting << one.resumes;
    }
    if (m_active && m_active->id == m_active->waitedAs && m_active->what.resumes.isEmpty()) { // has no folder yet
        RunRow row = rowOf(m_active->what);
        row.state = m_active->isStopping ? RunState::Stopping : RunState::Preparing;
        row.readShare = row.state == RunState::Preparing ? m_active->readShare : -1;
        rows.push_back(row);
    }
    for (const api::RunEntry& entry : m_entries)
        if (!waiting.contains(QString::fromStdString(entry.id))) // is there once, as what waits
            rows.push_back(rowOf(entry));
    return rows;
}

std::optional<RunRow> FineTuneService::run(const QString& id) const
{
    for (const RunRow& row : runs())
        if (row.id == id)
            return row;
    return std::nullopt;
}

// ------------------------------------------------------------------------------------------------------------------- plan

quint64 FineTuneService::plan(const QJsonObject& config)
{
    cancelPlan();
    const quint64 request = ++m_planRequest;
    m_isPlanning = true;
    m_planTicket = m_plans.run(
        this,
        [this, request, plan = m_functions.plan, text = toText(config)](std::stop_token stop) {
            return plan(text, kFormSource, stop, [this, request, throttle = Throttle(kReadInterval)](uint64_t done, uint64_t total) mutable {
                if (!throttle.due())
                    return;
                QMetaObject::invokeMethod(
                    this,
                    [this, request, share = double(done) / double(total)] {
                        if (request == m_planRequest)
                            emit planReading(request, share);
                    },
                    Qt::QueuedConnection);
            });
        },
        [this, request](const api::FineTunePlan& plan) {
            if (request != m_planRequest)
                return;
            m_isPlanning = false;
            emit planRead(request, plan);
        },
        [this, request](const UserMessage& message) {
            if (request != m_planRequest)
                return;
            m_isPlanning = false;
            emit planFailed(request, message);
        });
    return request;
}

void FineTuneService::cancelPlan()
{
    ++m_planRequest;
    m_isPlanning = false;
    if (m_planTicket)
        m_planTicket->request_stop();
}

quint64 FineTuneService::measure(const QJsonObject& config)
{
    cancelMeasure();
    const quint64 request = ++m_measureRequest;
    m_isMeasuring = true;
    m_measureTicket = m_measures.run(
        this, [measure = m_functions.measure, text = toText(config)](std::stop_token stop) { return measure(text, kFormSource, stop); },
        [this, request](const api::FineTuneSpeed& speed) {
            if (request != m_measureRequest)
                return;
            m_isMeasuring = false;
            emit measured(request, speed);
        },
        [this, request](const UserMessage& message) {
            if (request != m_measureRequest)
                return;
            m_isMeasuring = false;
            emit measureFailed(request, message);
        });
    return request;
}

void FineTuneService::cancelMeasure()
{
    ++m_measureRequest;
    if (m_measureTicket)
        m_measureTicket->request_stop();
    if (std::exchange(m_isMeasuring, false))
        emit measureCancelled();
}

void FineTuneService::readColumns(const QString& path)
{
    m_plans.run(
        this, [columns = m_functions.columns, path = path.toStdString()](std::stop_token stop) { return columns(path, stop); },
        [this, path](const api::DataColumns& columns) { emit columnsRead(path, columns); },
        [this, path](const UserMessage& message) { emit columnsFailed(path, message); });
}

// ------------------------------------------------------------------------------------------------------------------ queue

QString FineTuneService::start(const QJsonObject& config)
{
    const QString id = QStringLiteral("waiting:%1").arg(++m_nWaited);
    m_waiting.push_back({id, config, {}});
    if (m_waiting.size() == 1)
        m_isHeld = false; // asked for just now
    keepQueue();
    startNext();
    emit runsChanged();
    return id;
}

void FineTuneService::resume(const QString& id)
{
    const auto isIt = [&](const Waiting& one) { return one.resumes == id; };
    if (activeId() == id || std::any_of(m_waiting.cbegin(), m_waiting.cend(), isIt))
        return;
    m_waiting.push_front({QStringLiteral("waiting:%1").arg(++m_nWaited), {}, id});
    m_isHeld = false;
    keepQueue();
    startNext();
    emit runsChanged();
}

void FineTuneService::unqueue(const QString& id)
{
    m_waiting.removeIf([&](const Waiting& one) { return one.id == id; });
    keepQueue();
    emit runsChanged();
}

std::optional<QJsonObject> FineTuneService::waitingConfig(const QString& id) const
{
    for (const Waiting& one : m_waiting)
        if (one.id == id && one.resumes.isEmpty())
            return one.config;
    if (m_active && m_active->waitedAs == id && m_active->what.resumes.isEmpty())
        return m_active->what.config;
    return std::nullopt;
}

void FineTuneService::release()
{
    m_isHeld = false;
    startNext();
    emit runsChanged();
}

void FineTuneService::keepQueue()
{
    QJsonArray kept;
    for (const Waiting& one : std::as_const(m_waiting))
        kept.append(QJsonObject{{QStringLiteral("config"), one.config}, {QStringLiteral("resumes"), one.resumes}});
    m_settings.set(setting::kTrainingQueue, kept.isEmpty() ? QString() : QString::fromUtf8(QJsonDocument(kept).toJson(QJsonDocument::Compact)));
}

// --------------------------------------------------------------------------------------------------------------- training

void FineTuneService::startNext()
{
    if (m_active || m_waiting.isEmpty() || m_isHeld || m_isExiting)
        return;
    const Waiting next = m_waiting.takeFirst();
    keepQueue();
    m_active = Active{next.resumes.isEmpty() ? next.id : next.resumes, next.id, next, {}, -1, false, {}};
    if (!next.resumes.isEmpty()) {
        m_failures.remove(next.resumes);
        readDetails(next.resumes);
    }
    cancelMeasure(); // a step beside a run would tell nothing
    m_pullTimer.start();
    m_training = std::jthread([this, next](const std::stop_token& stop) { train(next, stop); });
}

void FineTuneService::train(const Waiting& what, const std::stop_token& stop)
{
    const auto post = [this](auto call) { QMetaObject::invokeMethod(this, std::move(call), Qt::QueuedConnection); };
    api::FineTuneEvents events;
    events.onRead = [this, post, throttle = Throttle(kPullInterval)](uint64_t done, uint64_t total) mutable {
        if (throttle.due() || done == total)
            post([this, share = double(done) / double(total)] { hasRead(share); });
    };
    events.onStart = [&](const std::string& run) { post([this, id = QString::fromStdString(run)] { began(id); }); };
    events.onStep = [this](const api::FineTuneStep& step) {
        const std::lock_guard lock(m_mutex);
        m_newSteps.push_back(step);
    };
    events.onSample = [this](const api::FineTuneSample& sample) {
        const std::lock_guard lock(m_mutex);
        m_newSamples.push_back(sample);
    };
    Outcome outcome;
    try {
        outcome.result = what.resumes.isEmpty() ? m_functions.train(toText(what.config), kFormSource, stop, events)
                                                : m_functions.resume(what.resumes.toStdString(), stop, events);
    } catch (const Cancelled&) {
        outcome.isCancelled = true;
    } catch (const std::exception& error) {
        outcome.failure = describe(error);
    }
    post([this, outcome] { ended(outcome); });
}

/// So much of the examples. When all have been read, what follows is not counted.
void FineTuneService::hasRead(double share)
{
    if (!m_active)
        return;
    m_active->readShare = share < 1 ? share : -1;
    emit progressed(m_active->id);
}

/// The run has its folder.
void FineTuneService::began(const QString& id)
{
    if (!m_active)
        return;
    const bool isNew = m_active->id != id;
    m_active->id = id;
    if (isNew) { // in the list at once; what the disk says follows
        const RunRow row = rowOf(m_active->what);
        m_entries.prepend({.state = api::RunEntry::State::running, .id = id.toStdString(), .name = row.name.toStdString(), .model = row.model.toStdString(), .startedAt = std::chrono::system_clock::now(), .isWhole = row.isWhole});
        m_details.insert(id, {{}, {}, m_active->what.config});
    }
    readDetails(id);
    emit runStarted(m_active->waitedAs, id);
    refresh();
}

/// What the training thread has reported since the last time.
void FineTuneService::pull()
{
    std::vector<api::FineTuneStep> steps;
    std::vector<api::FineTuneSample> samples;
    {
        const std::lock_guard lock(m_mutex);
        steps.swap(m_newSteps);
        samples.swap(m_newSamples);
    }
    if (!m_active || (steps.empty() && samples.empty()))
        return;
    RunDetails& known = m_details[m_active->id];
    for (const api::FineTuneStep& step : steps)
        append(known.steps, step);
    for (const api::FineTuneSample& sample : samples)
        known.samples.push_back(sample);
    if (!steps.empty())
        m_active->last = steps.back();
    emit progressed(m_active->id);
}

void FineTuneService::stop(Ending ending)
{
    if (!m_active || m_active->isStopping)
        return;
    m_active->isStopping = true;
    m_active->ending = ending;
    m_training.request_stop();
    emit progressed(m_active->id);
    emit runsChanged();
}

void FineTuneService::ended(const Outcome& outcome)
{
    pull();
    m_pullTimer.stop();
    m_training.join(); // finished but for this call
    const Active was = *std::exchange(m_active, std::nullopt);
    const bool hasRun = was.id != was.waitedAs;
    if (was.ending == Ending::Pause)
        m_isHeld = true;
    if (!outcome.failure.title.isEmpty()) {
        if (hasRun)
            m_failures.insert(was.id, outcome.failure);
        else
            emit startFailed(was.waitedAs, was.what.config, outcome.failure);
    }
    if (hasRun && was.last.step > 0)
        change(was.id, [&](api::RunEntry& entry) {
            entry.step = was.last.step;
            entry.steps = was.last.steps;
            entry.finalLoss = was.last.loss;
        });
    if (hasRun && was.ending == Ending::Discard)
        remove(was.id);
    emit runEnded(was.id, outcome.result && outcome.result->end == api::FineTuneResult::End::done);
    startNext();
    refresh();
}

// ----------------------------------------------------------------------------------------------------------------- editing

void FineTuneService::store(std::function<void()> work, std::function<void()> done)
{
    m_store.run(
        this, [work = std::move(work)](std::stop_token) { work(); }, std::move(done),
        [this](const UserMessage& message) {
            emit failed(message);
            refresh(); // what was shown ahead of the disk is not so
        });
}

/// What is held is up to date at once; the disk follows.
void FineTuneService::change(const QString& id, const std::function<void(api::RunEntry&)>& edit)
{
    ++m_nEdits;
    for (api::RunEntry& entry : m_entries)
        if (QString::fromStdString(entry.id) == id)
            edit(entry);
    emit runsChanged();
}

void FineTuneService::rename(const QString& id, const QString& name)
{
    change(id, [&](api::RunEntry& entry) { entry.name = name.toStdString(); });
    store([set = m_functions.setName, id = id.toStdString(), name = name.toStdString()] { set(id, name); }, [this] { refresh(); });
}

void FineTuneService::setNotes(const QString& id, const QString& notes)
{
    change(id, [&](api::RunEntry& entry) { entry.notes = notes.toStdString(); });
    store([set = m_functions.setNotes, id = id.toStdString(), notes = notes.toStdString()] { set(id, notes); }, [this] { refresh(); });
}

void FineTuneService::remove(const QString& id)
{
    const auto row = run(id);
    store([remove = m_functions.remove, id = id.toStdString()] { remove(id); },
          [this, id, name = row ? row->name : id] {
              m_details.remove(id);
              m_failures.remove(id);
              emit removed(id, name);
              refresh();
          });
}

void FineTuneService::restore(const QString& id)
{
    m_store.run(
        this, [restore = m_functions.restore, id = id.toStdString()](std::stop_token) { return restore(id); },
        [this](const std::string& now) {
            emit restored(QString::fromStdString(now));
            refresh();
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void FineTuneService::readDetails(const QString& id)
{
    m_store.run(
        this,
        [f = m_functions, id = id.toStdString()](std::stop_token) {
            return RunDetails{f.steps(id), f.samples(id), toObject(f.config(id))};
        },
        [this, id](RunDetails read) {
            if (activeId() == id) { // what has come from the thread is newer
                const RunDetails& live = m_details[id];
                for (const api::FineTuneStep& step : live.steps)
                    if (read.steps.empty() || step.step > read.steps.back().step)
                        read.steps.push_back(step);
                if (live.samples.size() > read.samples.size())
                    read.samples = live.samples;
            }
            m_details.insert(id, std::move(read));
            emit detailsChanged(id);
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void FineTuneService::readCheckpoints(const QString& id)
{
    m_store.run(
        this, [read = m_functions.checkpoints, id = id.toStdString()](std::stop_token) { return read(id); },
        [this, id](const std::vector<api::RunCheckpoint>& checkpoints) { emit checkpointsRead(id, checkpoints); },
        [this](const UserMessage& message) { emit failed(message); });
}

void FineTuneService::useCheckpoint(const QString& id, qint64 step)
{
    store([use = m_functions.useCheckpoint, id = id.toStdString(), step] { use(id, step); },
          [this, id, step] {
              emit checkpointUsed(id, step);
              readCheckpoints(id);
              refresh();
          });
}

const RunDetails* FineTuneService::details(const QString& id) const
{
    const auto it = m_details.constFind(id);
    return it == m_details.cend() ? nullptr : &*it;
}

} // namespace sy::app
