// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/model_service.h"

#include "app/services/throttle.h"
#include "app/settings/settings.h"
#include "engine/core/error.h"

#include <QFileInfo>
#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>
#include <iterator>

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

struct Loaded {
    ChatModelPtr model;
    UserMessage draftFailure;
};

QJsonObject draftsIn(const Settings& settings)
{
    return QJsonDocument::fromJson(settings.text(setting::kDrafts).toUtf8()).object();
}

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
        [f = m_functions, path, contextLength, draft = entry(draftOf(id)).path, replaced = m_model](std::stop_token) {
            Facts facts{f.facts(path), {}};
            api::LoadOptions options{.contextLength = contextLength, .draft = draft};
            try {
                facts.estimate = f.estimate(path, options, replaced);
            } catch (const Error&) {
                if (draft.empty())
                    throw;
                options.draft.clear(); // as it will be loaded
                facts.estimate = f.estimate(path, options, replaced);
            }
            return facts;
        },
        [this, id](const Facts& facts) { emit factsRead(id, facts.facts, facts.estimate); },
        [this, id](const UserMessage& message) { emit factsFailed(id, message); });
}

void ModelService::readDrafts(const QString& id)
{
    const std::filesystem::path path = entry(id).path;
    std::vector<api::ModelEntry> others;
    std::copy_if(m_models.cbegin(), m_models.cend(), std::back_inserter(others), [&](const api::ModelEntry& m) {
        return m.kind == api::ModelKind::chat && !m.isMissing && m.id != id.toStdString();
    });
    m_quick.run(
        this,
        [problems = m_functions.draftProblems, path, others](std::stop_token) {
            std::vector<std::filesystem::path> paths;
            for (const api::ModelEntry& model : others)
                paths.push_back(model.path);
            const std::vector<std::string> found = problems(path, paths);
            QList<DraftChoice> drafts;
            for (size_t i = 0; i < others.size(); ++i)
                drafts.push_back({QString::fromStdString(others[i].id), QString::fromStdString(others[i].name), QString::fromStdString(found[i])});
            return drafts;
        },
        [this, id](const QList<DraftChoice>& drafts) { emit draftsRead(id, drafts); },
        [this, id](const UserMessage&) { emit draftsRead(id, {}); }); // of the model itself: its facts say it
}

QString ModelService::draftOf(const QString& id) const
{
    const QString draft = draftsIn(m_settings).value(id).toString();
    return entry(draft).id.empty() ? QString() : draft;
}

void ModelService::setDraft(const QString& id, const QString& draftId)
{
    QJsonObject drafts = draftsIn(m_settings);
    if (draftId.isEmpty())
        drafts.remove(id);
    else
        drafts.insert(id, draftId);
    m_settings.set(setting::kDrafts, QString::fromUtf8(QJsonDocument(drafts).toJson(QJsonDocument::Compact)));
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
    m_draftFailure = {};
    const QString draft = draftOf(id);
    m_settings.set(setting::kLoadingModel, id);
    emit loadStateChanged();
    m_loadTicket = m_quick.run(
        this,
        [load = m_functions.load, path = model.path, contextLength, evenIfTooLarge, draft = entry(draft).path,
         previous = std::exchange(m_model, nullptr)](std::stop_token stop) mutable {
            previous.reset(); // its memory counts as free for the new one, unless an answer under way keeps it
            api::LoadOptions options{.contextLength = contextLength, .evenIfTooLarge = evenIfTooLarge, .draft = draft};
            if (draft.empty())
                return Loaded{load(path, options, stop), {}};
            try {
                return Loaded{load(path, options, stop), {}};
            } catch (const Cancelled&) {
                throw;
            } catch (const std::exception& error) { // the model's own fault, if it is one, comes again
                options.draft.clear();
                return Loaded{load(path, options, stop), describe(error)};
            }
        },
        [this, id, draft](Loaded loaded) {
            m_model = std::move(loaded.model);
            m_draftFailure = std::move(loaded.draftFailure);
            if (!m_draftFailure.title.isEmpty()) {
                m_draftFailure.title = tr("Loaded without the draft model “%1”").arg(QString::fromStdString(entry(draft).name));
                m_draftFailure.remedy = tr("Choose another draft model, or none: the answers are the same without, only slower.");
            }
            m_loadedId = id;
            m_loadedDraft = draft;
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
