// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/document_service.h"

#include "app/services/throttle.h"
#include "engine/core/error.h"

#include <utility>

namespace sy::app {

namespace {

using namespace std::chrono_literals;

struct RenderedPage {
    int nPages = 0;
    QImage image;
    QList<QRectF> highlights;
};

struct SearchOutcome {
    std::vector<api::SearchResult> results;
    double milliseconds;
};

} // namespace

DocumentService::DocumentService(DocumentFunctions functions, QObject* parent) : QObject(parent), m_functions(std::move(functions))
{
    qRegisterMetaType<UserMessage>();
    m_listing.setSingleShot(true);
    m_listing.setInterval(1s);
    connect(&m_listing, &QTimer::timeout, this, [this] {
        refresh();
        for (const QString& collection : std::exchange(m_toList, {}))
            readDocuments(collection);
    });
}

DocumentService::~DocumentService()
{
    m_quick.cancelAll();
    m_pages.cancelAll();
    m_lengthy.cancelAll();
}

void DocumentService::refresh()
{
    m_quick.run(
        this, [f = m_functions.collections](std::stop_token) { return f(); },
        [this](std::vector<api::CollectionSummary> list) {
            m_collections = QList<api::CollectionSummary>(list.begin(), list.end());
            m_listFailure = {};
            m_isListed = true;
            emit collectionsChanged();
        },
        [this](const UserMessage& message) {
            m_listFailure = message;
            m_isListed = true;
            emit collectionsChanged();
        });
}

api::CollectionSummary DocumentService::collection(const QString& name) const
{
    for (const api::CollectionSummary& c : m_collections)
        if (QString::fromStdString(c.name) == name)
            return c;
    return {};
}

void DocumentService::create(const QString& name)
{
    m_quick.run(
        this, [f = m_functions.createCollection, n = name.toStdString()](std::stop_token) { f(n); }, [this] { refresh(); },
        [this](const UserMessage& message) { emit failed(message); });
}

void DocumentService::rename(const QString& name, const QString& newName)
{
    m_quick.run(
        this, [f = m_functions.renameCollection, a = name.toStdString(), b = newName.toStdString()](std::stop_token) { f(a, b); },
        [this] { refresh(); }, [this](const UserMessage& message) { emit failed(message); });
}

void DocumentService::remove(const QString& name)
{
    cancelIngest(name);
    m_toList.remove(name);
    m_quick.run(
        this, [f = m_functions.removeCollection, n = name.toStdString()](std::stop_token) { f(n); }, [this] { refresh(); },
        [this](const UserMessage& message) { emit failed(message); });
}

void DocumentService::readDocuments(const QString& collection)
{
    m_quick.run(
        this, [f = m_functions.documents, n = collection.toStdString()](std::stop_token) { return f(n); },
        [this, collection](std::vector<api::DocumentRow> rows) {
            emit documentsRead(collection, QList<api::DocumentRow>(rows.begin(), rows.end()));
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void DocumentService::removeDocument(const QString& collection, const QString& path)
{
    m_quick.run(
        this, [f = m_functions.removeDocument, n = collection.toStdString(), p = path.toStdString()](std::stop_token) { f(n, p); },
        [this, collection] {
            refresh();
            readDocuments(collection);
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void DocumentService::ingest(const QString& collection, const QStringList& paths, bool force)
{
    std::vector<std::filesystem::path> files;
    for (const QString& path : paths)
        files.emplace_back(path.toStdString());
    api::IngestOptions options;
    options.force = force;
    runIngest(collection, [f = m_functions.ingest, name = collection.toStdString(), files, options](const auto& onDocument, const auto& onProgress, std::stop_token stop) {
        return f(name, files, options, onDocument, onProgress, stop);
    });
}

void DocumentService::setPassword(const QString& collection, const QString& path, const QString& password)
{
    api::IngestOptions options;
    options.passwords.emplace(path.toStdString(), password.toStdString());
    options.force = true;
    runIngest(collection, [f = m_functions.ingest, name = collection.toStdString(), file = std::filesystem::path(path.toStdString()),
                           options](const auto& onDocument, const auto& onProgress, std::stop_token stop) {
        return f(name, {file}, options, onDocument, onProgress, stop);
    });
}

void DocumentService::resumeUnfinished()
{
    m_quick.run(
        this, [f = m_functions.unfinished](std::stop_token) { return f(); },
        [this](const std::vector<std::string>& names) {
            for (const std::string& name : names)
                resume(QString::fromStdString(name));
        });
}

void DocumentService::resume(const QString& collection)
{
    runIngest(collection, [f = m_functions.resume, name = collection.toStdString()](const auto& onDocument, const auto& onProgress, std::stop_token stop) {
        return f(name, onDocument, onProgress, stop);
    });
}

void DocumentService::runIngest(const QString& collection, IngestWork work)
{
    ++m_jobs[collection];
    m_progress.insert(collection, {});
    emit ingestProgressed(collection);
    const auto end = [this, collection](const api::IngestSummary& summary, bool wasCancelled) {
        if (--m_jobs[collection] <= 0) {
            m_jobs.remove(collection);
            m_progress.remove(collection);
            m_tickets.remove(collection);
        }
        refresh();
        readDocuments(collection);
        emit ingestEnded(collection, summary, wasCancelled);
    };
    WorkQueue::Ticket ticket = m_lengthy.run(
        this,
        [this, collection, work = std::move(work)](std::stop_token stop) {
            if (stop.stop_requested())
                throw Cancelled();
            Throttle progress(60ms);
            return work(
                [this, collection](const api::DocumentRow&) {
                    QMetaObject::invokeMethod(this, [this, collection] { listSoon(collection); }, Qt::QueuedConnection);
                },
                [this, collection, &progress](const api::IngestProgress& now) {
                    if (progress.due())
                        QMetaObject::invokeMethod(
                            this,
                            [this, collection, now] {
                                if (m_jobs.contains(collection)) {
                                    if (now.nTotal != m_progress.value(collection).nTotal)
                                        listSoon(collection); // files that wait are rows too
                                    m_progress.insert(collection, now);
                                    emit ingestProgressed(collection);
                                }
                            },
                            Qt::QueuedConnection);
                },
                stop);
        },
        [end](const api::IngestSummary& summary) { end(summary, false); },
        [this, end](const UserMessage& message) {
            end({}, false);
            emit failed(message);
        },
        [end] { end({}, true); });
    m_tickets[collection].push_back(ticket);
}

/// Once a second at most, and after the last of many files too: its row must not wait for the next one, which may take a minute.
void DocumentService::listSoon(const QString& collection)
{
    m_toList.insert(collection);
    if (!m_listing.isActive())
        m_listing.start();
}

void DocumentService::cancelIngest(const QString& collection)
{
    for (const WorkQueue::Ticket& ticket : m_tickets.value(collection))
        ticket->request_stop();
}

void DocumentService::search(const QString& collection, const QString& query, api::SearchMode mode, int top)
{
    m_quick.run(
        this,
        [f = m_functions.search, name = collection.toStdString(), text = query.toStdString(), mode, top](std::stop_token) {
            const auto start = std::chrono::steady_clock::now();
            SearchOutcome outcome{f(name, text, mode, top), 0};
            outcome.milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
            return outcome;
        },
        [this, query](SearchOutcome outcome) {
            emit searched(query, QList<api::SearchResult>(outcome.results.begin(), outcome.results.end()), outcome.milliseconds);
        },
        [this](const UserMessage& message) { emit searchFailed(message); });
}

quint64 DocumentService::renderPage(const QString& file, int page, int pixelsWide, int64_t start, int64_t end)
{
    const quint64 request = m_nextRequest++;
    m_pages.run(
        this,
        [f = m_functions, path = std::filesystem::path(file.toStdString()), page, pixelsWide, start, end](std::stop_token) {
            // A page of A4 is 8.27 inches wide; others come out a little sharper or softer than asked, which no one sees.
            const double dpi = std::clamp(pixelsWide / 8.27, 60.0, 300.0);
            const api::PageView view = f.renderPage(path, page, dpi, start, end);
            RenderedPage out;
            out.nPages = f.pageCount(path);
            if (view.width > 0 && view.height > 0 && view.rgb.size() >= size_t(view.width) * size_t(view.height) * 3)
                out.image = QImage(view.rgb.data(), view.width, view.height, view.width * 3, QImage::Format_RGB888).convertToFormat(QImage::Format_RGB32);
            for (const api::PageView::Box& box : view.highlights)
                out.highlights.push_back(QRectF(box.x, box.y, box.width, box.height));
            return out;
        },
        [this, request, page](const RenderedPage& out) { emit pageRendered(request, page, out.nPages, out.image, out.highlights); },
        [this, request](const UserMessage& message) { emit sourceFailed(request, message); });
    return request;
}

quint64 DocumentService::readText(const QString& file)
{
    const quint64 request = m_nextRequest++;
    m_pages.run(
        this,
        [f = m_functions.extract, path = std::filesystem::path(file.toStdString())](std::stop_token) {
            const api::ExtractResult result = f(path);
            if (result.pages.empty())
                throw BadFile(path.string(), result.message.empty() ? "no text could be read" : result.message);
            return QString::fromStdString(result.pages.front().text);
        },
        [this, request](const QString& text) { emit textRead(request, text); },
        [this, request](const UserMessage& message) { emit sourceFailed(request, message); });
    return request;
}

QStringList DocumentService::extensions() const
{
    QStringList list;
    for (const api::Documents::Format& format : m_functions.formats())
        for (const std::string& extension : format.extensions)
            list << QStringLiteral("*") + QString::fromStdString(extension);
    return list;
}

} // namespace sy::app
