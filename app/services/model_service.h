// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "app/services/work_queue.h"

#include <QHash>
#include <QObject>
#include <QStringList>

namespace sy::app {

class Settings;

/// A model job under way: import, hash check or download.
struct ModelJob {
    enum class Kind { Import, Verify, Fetch } kind;
    QString id;    // of the job: kind and file or model
    QString title; // name of the model or file
    QString step;  // Fetch: what it does now, as the engine says it
    quint64 done = 0, total = 0;
    bool isWaiting = false; // for the job before it
};

/// A model that may guess ahead for another.
struct DraftChoice {
    QString id, name;
    QString problem; // why it cannot, in the engine's words; empty: it can
};

/// Model files and the one chat model that is loaded.
class ModelService : public QObject {
    Q_OBJECT
public:
    enum class LoadState { None, Loading, Loaded, Failed };

    ModelService(ModelFunctions functions, Settings& settings, QObject* parent = nullptr);
    ~ModelService() override;

    void refresh();
    bool isListed() const { return m_isListed; }
    const QList<api::ModelEntry>& models() const { return m_models; }
    const QList<api::CatalogueEntry>& catalogue() const { return m_catalogue; }
    bool hasChatModel() const;

    /// Facts and estimate come with factsRead, or factsFailed.
    void readFacts(const QString& id, int contextLength);
    /// The other chat models, as draft models for this one. They come with draftsRead.
    void readDrafts(const QString& id);
    /// The id of the model that guesses ahead for this one whenever it is loaded; empty: none, or it is no longer there.
    QString draftOf(const QString& id) const;
    void setDraft(const QString& id, const QString& draftId);

    LoadState loadState() const { return m_loadState; }
    QString loadingId() const { return m_loadingId; }
    QString loadedId() const { return m_loadState == LoadState::Loaded ? m_loadedId : QString(); }
    QString loadedName() const { return m_model ? QString::fromStdString(m_model->name) : QString(); }
    const UserMessage& loadFailure() const { return m_loadFailure; }
    QString loadedDraft() const { return loadedId().isEmpty() ? QString() : m_loadedDraft; } // what was asked for, even if it failed
    const UserMessage& draftFailure() const { return m_draftFailure; } // the model was loaded without; no title: it was not
    ChatModelPtr model() const { return m_model; }
    void load(const QString& id, int contextLength = 0, bool evenIfTooLarge = false);
    /// Loads the model of last time, unless the program ended while loading it.
    void loadAtStart();
    void unload();

    void import(const QString& path, bool copy);
    void remove(const QString& id);
    void verify(const QString& id);
    void fetch(const QString& id);
    void cancelJob(const QString& jobId);
    QList<ModelJob> jobs() const { return m_jobs.values(); }

signals:
    void modelsChanged();
    void loadStateChanged();
    void factsRead(const QString& id, const sy::api::ModelFacts& facts, const sy::api::MemoryEstimate& estimate);
    void factsFailed(const QString& id, const sy::app::UserMessage& message);
    void draftsRead(const QString& id, const QList<sy::app::DraftChoice>& drafts);
    void jobChanged(const QString& jobId);
    void jobEnded(const QString& jobId);
    void imported(const QString& id, const QString& name, const QString& path); // path: as import() was given it
    void verified(const QString& id, bool isUnchanged);
    void fetched(const QString& id);
    void failed(const sy::app::UserMessage& message);

private:
    api::ModelEntry entry(const QString& id) const;
    void runJob(const ModelJob& job, std::function<void(std::stop_token, const std::function<void(const ModelJob&)>&)> work,
                std::function<void()> done);

    ModelFunctions m_functions;
    Settings& m_settings;
    QList<api::ModelEntry> m_models;
    QList<api::CatalogueEntry> m_catalogue;
    bool m_isListed = false;
    bool m_startsModel = false;
    LoadState m_loadState = LoadState::None;
    QString m_loadingId, m_loadedId, m_loadedDraft;
    UserMessage m_loadFailure, m_draftFailure;
    ChatModelPtr m_model;
    QHash<QString, ModelJob> m_jobs;
    QHash<QString, WorkQueue::Ticket> m_tickets;
    WorkQueue::Ticket m_loadTicket;
    WorkQueue m_quick;   // lists, facts, loading
    WorkQueue m_lengthy; // import, verify, fetch: minutes
};

} // namespace sy::app
