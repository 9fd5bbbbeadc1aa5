// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "app/services/work_queue.h"

#include <QHash>
#include <QImage>
#include <QObject>
#include <QRectF>
#include <QSet>
#include <QStringList>
#include <QTimer>

namespace sy::app {

/// Collections of documents: what is in them, indexing in the background, searching, and the pages behind a citation.
class DocumentService : public QObject {
    Q_OBJECT
public:
    DocumentService(DocumentFunctions functions, QObject* parent = nullptr);
    ~DocumentService() override;

    void refresh();
    bool isListed() const { return m_isListed; }
    const QList<api::CollectionSummary>& collections() const { return m_collections; }
    const UserMessage& listFailure() const { return m_listFailure; }
    api::CollectionSummary collection(const QString& name) const;

    void create(const QString& name);
    void rename(const QString& name, const QString& newName);
    void remove(const QString& name);
    void readDocuments(const QString& collection); // documentsRead follows
    void removeDocument(const QString& collection, const QString& path);

    /// Adds files and folders; runs after indexing that is under way.
    void ingest(const QString& collection, const QStringList& paths, bool force = false);
    void setPassword(const QString& collection, const QString& path, const QString& password);
    void resumeUnfinished();
    void resume(const QString& collection); // what was cancelled, or left by a killed program
    bool isIngesting(const QString& collection) const { return m_jobs.contains(collection); }
    bool isIngestingAny() const { return !m_jobs.isEmpty(); }
    api::IngestProgress progress(const QString& collection) const { return m_progress.value(collection); }
    void cancelIngest(const QString& collection);

    void search(const QString& collection, const QString& query, api::SearchMode mode, int top); // searched or searchFailed

    /// A request's number comes back with its page, so that a late answer to an old question can be told apart.
    quint64 renderPage(const QString& file, int page, int pixelsWide, int64_t start, int64_t end);
    quint64 readText(const QString& file);

    /// "*.pdf *.md": name filters for file dialogs, from the engine's table.
    QStringList extensions() const;

signals:
    void collectionsChanged();
    void documentsRead(const QString& collection, const QList<sy::api::DocumentRow>& rows);
    void ingestProgressed(const QString& collection);
    void ingestEnded(const QString& collection, const sy::api::IngestSummary& summary, bool wasCancelled);
    void searched(const QString& query, const QList<sy::api::SearchResult>& results, double milliseconds);
    void searchFailed(const sy::app::UserMessage& message);
    void pageRendered(quint64 request, int page, int nPages, const QImage& image, const QList<QRectF>& highlights);
    void textRead(quint64 request, const QString& text);
    void sourceFailed(quint64 request, const sy::app::UserMessage& message);
    void failed(const sy::app::UserMessage& message);

private:
    using IngestWork = std::function<api::IngestSummary(const std::function<void(const api::DocumentRow&)>&,
                                                        const std::function<void(const api::IngestProgress&)>&, std::stop_token)>;
    void runIngest(const QString& collection, IngestWork work);
    void listSoon(const QString& collection);

    DocumentFunctions m_functions;
    QList<api::CollectionSummary> m_collections;
    UserMessage m_listFailure;
    bool m_isListed = false;
    QHash<QString, int> m_jobs; // collection to jobs waiting or running
    QHash<QString, api::IngestProgress> m_progress;
    QHash<QString, QList<WorkQueue::Ticket>> m_tickets;
    QTimer m_listing;
    QSet<QString> m_toList; // collections with rows that were not read yet
    quint64 m_nextRequest = 1;
    WorkQueue m_quick;   // lists, search
    WorkQueue m_pages;   // page images: a slow page must not hold up a search
    WorkQueue m_lengthy; // indexing
};

} // namespace sy::app
