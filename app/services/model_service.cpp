// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/model_service.h"

#include "app/services/throttle.h"
#include "app/settings/settings.h"

#include <QFileInfo>

namespace sy::app {

namespace {

using namespace std::chrono_literals;

struct Listing {
    std::vector<api::ModelEntry> models;
    std::vector<api::CatalogueEntry> catalogue;
};

struct Facts {
    api::ModelFacts facts;
    api::MemoryEstimate estimate;
};

} // namespace

ModelService::ModelService(ModelFunctions functions, Settings& settings, QObject* parent)
    : QObject(parent), m_functions(std::move(functions)), m_settings(settings)
{
    qRegisterMetaType<UserMessage>();
}

ModelService::~ModelService()
{
    m_quick.cancelAll();
    m_lengthy.cancelAll();
}

api::ModelEntry ModelService::entry(const QString& id) const
{
    for (const api::ModelEntry& model : m_models)
        if (model.id == id.toStdString())
            return model;
    return {};
}

bool ModelService::hasChatModel() const
{
    return std::any_of(m_models.cbegin(), m_models.cend(),
                       [](const api::ModelEntry& m) { return m.kind == api::ModelKind::chat && !m.isMissing; });
}

void ModelService::refresh()
{
    m_quick.run(
        this,
        [f = m_functions](std::stop_token) {
            return Listing{f.list(), f.catalogue()};
        },
        [this](Listing listing) {
            m_models = QList<api::ModelEntry>(listing.models.begin(), listing.models.end());
            m_catalogue = QList<api::CatalogueEntry>(listing.catalogue.begin(), listing.catalogue.end());
            m_isListed = true;
            emit modelsChanged();
            if (m_startsModel && hasChatModel()) {
                m_startsModel = false;
                QString id = m_settings.text(setting::kLastModel);
                if (entry(id).id.empty() || entry(id).isMissing)
                    for (const api::ModelEntry& model : std::as_const(m_models))
                        if (model.kind == api::ModelKind::chat && !model.isMissing)
                            id = QString::fromStdString(model.id);
                if (id != m_settings.text(setting::kLoadingModel)) // it ended the program last time: let the user decide
                    load(id, m_settings.number(setting::kContextLength));
            }
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void ModelService::readFacts(const QString& id, int contextLength)
{
    const std::filesystem::path path = entry(id).path;
    m_quick.run(
        this,
        [f = m_functions, path, contextLength](std::stop_token) {
            Facts facts{f.facts(path), {}};
            facts.estimate = f.estimate(path, {.contextLength = contextLength});
            return facts;
        },
        [this, id](const Facts& facts) { emit factsRead(id, facts.facts, facts.estimate); },
        [this, id](const UserMessage& message) { emit factsFailed(id, message); });
}

void ModelService::loadAtStart()
{
    m_startsModel = true;
    refresh();
}

void ModelService::load(const QString& id, int contextLength, bool evenIfTooLarge)
{
    const api::ModelEntry model = entry(id);
    if (model.id.empty() || m_loadState == LoadState::Loading)
        return;
    m_loadState = LoadState::Loading;
    m_loadingId = id;
    m_settings.set(setting::kLoadingModel, id);
    emit loadStateChanged();
    m_loadTicket = m_quick.run(
        this,
        [load = m_functions.load, path = model.path, contextLength, evenIfTooLarge,
         previous = std::exchange(m_model, nullptr)](std::stop_token stop) mutable {
            previous.reset(); // its memory counts as free for the new one, unless an answer under way keeps it
            return load(path, {.contextLength = contextLength, .evenIfTooLarge = evenIfTooLarge}, stop);
        },
        [this, id](ChatModelPtr loaded) {
            m_model = std::move(loaded);
            m_loadedId = id;
            m_loadState = LoadState::Loaded;
            m_settings.set(setting::kLastModel, id);
            m_settings.set(setting::kLoadingModel, QString());
            emit loadStateChanged();
        },
        [this](const UserMessage& message) {
            m_loadFailure = message;
            m_loadState = LoadState::Failed;
            m_settings.set(setting::kLoadingModel, QString());
            emit loadStateChanged();
        },
        [this] {
            m_loadState = LoadState::None;
            m_settings.set(setting::kLoadingModel, QString());
            emit loadStateChanged();
        });
}

void ModelService::unload()
{
    if (m_loadState == LoadState::Loading && m_loadTicket)
        m_loadTicket->request_stop();
    else {
        // Letting gigabytes go takes time: the last reference goes on the worker.
        m_quick.run(this, [model = std::exchange(m_model, nullptr)](std::stop_token) mutable { model.reset(); }, [] {});
        m_loadState = LoadState::None;
        m_loadedId.clear();
        emit loadStateChanged();
    }
}

void ModelService::remove(const QString& id)
{
    if (m_loadedId == id)
        unload();
    m_quick.run(
        this, [remove = m_functions.remove, name = id.toStdString()](std::stop_token) { remove(name); }, [this] { refresh(); },
        [this](const UserMessage& message) { emit failed(message); });
}

void ModelService::runJob(const ModelJob& job, std::function<void(std::stop_token, const std::function<void(const ModelJob&)>&)> work,
                          std::function<void()> done)
{
    if (m_jobs.contains(job.id))
        return;
    ModelJob first = job;
    first.isWaiting = !m_jobs.isEmpty();
    m_jobs.insert(job.id, first);
    emit jobChanged(job.id);
    const auto end = [this, id = job.id] {
        m_jobs.remove(id);
        m_tickets.remove(id);
        emit jobEnded(id);
        refresh();
    };
    m_tickets.insert(job.id, m_lengthy.run(
        this,
        [this, job, work = std::move(work)](std::stop_token stop) {
            const auto tell = [this](const ModelJob& now) {
                QMetaObject::invokeMethod(
                    this,
                    [this, now] {
                        if (m_jobs.contains(now.id)) {
                            m_jobs.insert(now.id, now);
                            emit jobChanged(now.id);
                        }
                    },
                    Qt::QueuedConnection);
            };
            tell(job); // it waits no longer
            Throttle throttle(50ms);
            work(stop, [&](const ModelJob& now) {
                if (throttle.due())
                    tell(now);
            });
        },
        [end, done = std::move(done)] {
            end();
            done();
        },
        [this, end](const UserMessage& message) {
            end();
            emit failed(message);
        },
        end));
}

void ModelService::import(const QString& path, bool copy)
{
    const ModelJob job{ModelJob::Kind::Import, QStringLiteral("import:") + path, QFileInfo(path).fileName(), {}, 0, 0};
    auto result = std::make_shared<api::ModelEntry>();
    runJob(
        job,
        [f = m_functions.import, path, copy, job, result](std::stop_token stop, const std::function<void(const ModelJob&)>& tell) {
            *result = f(path.toStdString(), copy, stop, [&](uint64_t done, uint64_t total) {
                ModelJob now = job;
                now.done = done;
                now.total = total;
                tell(now);
            });
        },
        [this, result, path] { emit imported(QString::fromStdString(result->id), QString::fromStdString(result->name), path); });
}

void ModelService::verify(const QString& id)
{
    const ModelJob job{ModelJob::Kind::Verify, QStringLiteral("verify:") + id, QString::fromStdString(entry(id).name), {}, 0, 0};
    auto result = std::make_shared<bool>(false);
    runJob(
        job,
        [f = m_functions.verify, id, job, result](std::stop_token stop, const std::function<void(const ModelJob&)>& tell) {
            *result = f(id.toStdString(), stop, [&](uint64_t done, uint64_t total) {
                ModelJob now = job;
                now.done = done;
                now.total = total;
                tell(now);
            });
        },
        [this, id, result] { emit verified(id, *result); });
}

void ModelService::fetch(const QString& id)
{
    QString name = id;
    for (const api::CatalogueEntry& model : std::as_const(m_catalogue))
        if (model.id == id.toStdString())
            name = QString::fromStdString(model.name);
    const ModelJob job{ModelJob::Kind::Fetch, QStringLiteral("fetch:") + id, name, QStringLiteral("downloading"), 0, 0};
    runJob(
        job,
        [f = m_functions.fetch, id, job](std::stop_token stop, const std::function<void(const ModelJob&)>& tell) {
            f(id.toStdString(), stop, [&](const api::FetchProgress& p) {
                ModelJob now = job;
                now.step = QString::fromStdString(p.step);
                now.done = p.doneBytes;
                now.total = p.totalBytes;
                tell(now);
            });
        },
        [this, id] { emit fetched(id); });
}

void ModelService::cancelJob(const QString& jobId)
{
    if (const WorkQueue::Ticket ticket = m_tickets.value(jobId))
        ticket->request_stop();
}

} // namespace sy::app
