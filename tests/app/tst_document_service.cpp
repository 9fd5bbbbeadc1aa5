// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/documents/document_words.h"
#include "app/services/document_service.h"
#include "tests/app/fake_engine.h"

#include <QScopeGuard>
#include <QSignalSpy>
#include <QTest>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestDocumentService : public QObject {
    Q_OBJECT
private slots:
    void init();
    void ingestingReportsProgressAndEnds();
    void theLastRowsAreReadWhileAnotherFileTakesLong();
    void cancellingIsNotAFailure();
    void waitingJobsCanBeCancelledToo();
    void pagesComeBackWithTheirRequest();
    void aMissingFileIsToldForItsRequest();
    void listFailureIsKeptForThePage();
    void everyStatusHasWords();

private:
    std::unique_ptr<FakeEngine> m_engine;
    std::unique_ptr<DocumentService> m_service;
};

void TestDocumentService::init()
{
    m_service.reset();
    m_engine = std::make_unique<FakeEngine>();
    m_service = std::make_unique<DocumentService>(m_engine->functions().documents);
}

void TestDocumentService::ingestingReportsProgressAndEnds()
{
    m_engine->nIngestFiles = 20;
    m_engine->perFile = std::chrono::milliseconds(10);
    QSignalSpy progressed(m_service.get(), &DocumentService::ingestProgressed), ended(m_service.get(), &DocumentService::ingestEnded);
    m_service->ingest(QStringLiteral("C"), {QStringLiteral("/docs")});
    QVERIFY(m_service->isIngesting(QStringLiteral("C")));
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(ended[0][2].toBool(), false);
    QVERIFY(progressed.size() >= 3 && progressed.size() < 15);
    QVERIFY(!m_service->isIngesting(QStringLiteral("C")));
    QTRY_COMPARE(m_service->collections().size(), 1);
}

void TestDocumentService::theLastRowsAreReadWhileAnotherFileTakesLong()
{
    DocumentFunctions functions = m_engine->functions().documents;
    std::atomic<int> nRead = 0;
    std::atomic<bool> isWaiting = true, isSlow = true;
    functions.documents = [&](const std::string&) { return std::vector<api::DocumentRow>(size_t(nRead)); };
    functions.ingest = [&](const std::string&, const auto&, const auto&, const std::function<void(const api::DocumentRow&)>& onDocument,
                           const std::function<void(const api::IngestProgress&)>& onProgress, std::stop_token) {
        ++nRead; // a row that waits
        onProgress({.nTotal = 6});
        while (isWaiting)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        for (int i = 0; i < 5; ++i) { // all within a moment
            ++nRead;
            onDocument({.path = "/docs/" + std::to_string(i), .status = api::DocumentStatus::failed});
        }
        while (isSlow)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        return api::IngestSummary{};
    };
    DocumentService service(functions);
    qsizetype nShown = 0;
    connect(&service, &DocumentService::documentsRead, this, [&](const QString&, const QList<api::DocumentRow>& rows) { nShown = rows.size(); });
    const auto release = qScopeGuard([&] { isWaiting = isSlow = false; }); // a failure must not wait for the worker for ever
    service.ingest(QStringLiteral("C"), {QStringLiteral("/docs")});
    QTRY_COMPARE(nShown, 1);
    isWaiting = false;
    QTRY_COMPARE(nShown, 6);
    QVERIFY(service.isIngesting(QStringLiteral("C")));
    isSlow = false;
    QTRY_VERIFY(!service.isIngesting(QStringLiteral("C")));
}

void TestDocumentService::cancellingIsNotAFailure()
{
    m_engine->nIngestFiles = 1000;
    QSignalSpy ended(m_service.get(), &DocumentService::ingestEnded), failed(m_service.get(), &DocumentService::failed);
    m_service->ingest(QStringLiteral("C"), {QStringLiteral("/docs")});
    QTest::qWait(30);
    m_service->cancelIngest(QStringLiteral("C"));
    QTRY_COMPARE(ended.size(), 1);
    QCOMPARE(ended[0][2].toBool(), true);
    QCOMPARE(failed.size(), 0);
}

void TestDocumentService::waitingJobsCanBeCancelledToo()
{
    m_engine->nIngestFiles = 1000;
    QSignalSpy ended(m_service.get(), &DocumentService::ingestEnded);
    m_service->ingest(QStringLiteral("A"), {QStringLiteral("/a")});
    m_service->ingest(QStringLiteral("B"), {QStringLiteral("/b")});
    m_service->cancelIngest(QStringLiteral("B"));
    m_service->cancelIngest(QStringLiteral("A"));
    QTRY_COMPARE(ended.size(), 2);
    for (const std::string& line : m_engine->written())
        QVERIFY(line.find("/b") == std::string::npos);
}

void TestDocumentService::pagesComeBackWithTheirRequest()
{
    QSignalSpy rendered(m_service.get(), &DocumentService::pageRendered), text(m_service.get(), &DocumentService::textRead);
    const quint64 page = m_service->renderPage(QStringLiteral("/docs/a.pdf"), 2, 800, 10, 60);
    const quint64 plain = m_service->readText(QStringLiteral("/docs/notes.txt"));
    QTRY_COMPARE(rendered.size(), 1);
    QTRY_COMPARE(text.size(), 1);
    QCOMPARE(rendered[0][0].toULongLong(), page);
    QCOMPARE(rendered[0][2].toInt(), 4);
    QVERIFY(std::abs(rendered[0][3].value<QImage>().width() - 800) <= 2);
    QCOMPARE(rendered[0][4].value<QList<QRectF>>().size(), 1);
    QCOMPARE(text[0][0].toULongLong(), plain);
}

void TestDocumentService::aMissingFileIsToldForItsRequest()
{
    QSignalSpy failed(m_service.get(), &DocumentService::sourceFailed);
    const quint64 request = m_service->renderPage(QStringLiteral("/docs/gone.pdf"), 1, 800, 0, 0);
    QTRY_COMPARE(failed.size(), 1);
    QCOMPARE(failed[0][0].toULongLong(), request);
    QVERIFY(!failed[0][1].value<UserMessage>().remedy.isEmpty());
}

void TestDocumentService::listFailureIsKeptForThePage()
{
    m_engine->listFails = true;
    m_service->refresh();
    QTRY_VERIFY(!m_service->listFailure().title.isEmpty());
    m_engine->listFails = false;
    m_service->refresh();
    QTRY_VERIFY(m_service->listFailure().title.isEmpty());
}

void TestDocumentService::everyStatusHasWords()
{
    for (const auto status : {api::DocumentStatus::indexed, api::DocumentStatus::unchanged, api::DocumentStatus::failed, api::DocumentStatus::needsOcr,
                              api::DocumentStatus::needsPassword, api::DocumentStatus::skipped, api::DocumentStatus::pending}) {
        const StatusWords words = statusWords({.status = status, .message = "engine says so"});
        QVERIFY(!words.label.isEmpty() && !words.explanation.isEmpty() && !words.iconName.isEmpty());
        QVERIFY(widgets::iconNames().contains(words.iconName));
        if (words.isProblem)
            QVERIFY(words.explanation.contains(QStringLiteral("engine says so")));
    }
}

QTEST_MAIN(TestDocumentService)
#include "tst_document_service.moc"
