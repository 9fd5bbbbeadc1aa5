// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/model_service.h"
#include "app/settings/settings.h"
#include "tests/app/fake_engine.h"

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestModelService : public QObject {
    Q_OBJECT
private slots:
    void init();
    void theLastModelIsLoadedAtStart();
    void aModelThatEndedTheProgramIsNotLoadedAgain();
    void failureSaysWhyAndLeavesNothingLoaded();
    void loadingCanBeCancelled();
    void unloadLetsTheModelGo();
    void importReportsProgressAndRefusesBadFiles();
    void downloadsCanBeCancelledAndOthersGoOn();
    void factsComeWithTheEstimate();

private:
    FakeEngine m_engine;
    std::unique_ptr<QTemporaryDir> m_dir;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<ModelService> m_service;
};

void TestModelService::init()
{
    m_service.reset();
    m_engine.models.clear();
    m_engine.catalogue.clear();
    m_engine.beforeLoad = {};
    m_engine.addChatModel();
    m_dir = std::make_unique<QTemporaryDir>();
    m_settings = std::make_unique<Settings>(m_dir->filePath(QStringLiteral("settings.ini")));
    m_service = std::make_unique<ModelService>(m_engine.functions().models, *m_settings);
}

void TestModelService::theLastModelIsLoadedAtStart()
{
    m_service->loadAtStart();
    QTRY_COMPARE(int(m_service->loadState()), int(ModelService::LoadState::Loaded));
    QCOMPARE(m_service->loadedId(), QStringLiteral("tiny"));
    QVERIFY(m_service->model());
    QCOMPARE(m_settings->text(setting::kLastModel), QStringLiteral("tiny"));
    QCOMPARE(m_settings->text(setting::kLoadingModel), QString());
}

void TestModelService::aModelThatEndedTheProgramIsNotLoadedAgain()
{
    m_settings->set(setting::kLastModel, QStringLiteral("tiny"));
    m_settings->set(setting::kLoadingModel, QStringLiteral("tiny"));
    m_service->loadAtStart();
    QTRY_VERIFY(m_service->isListed());
    QTest::qWait(30);
    QCOMPARE(int(m_service->loadState()), int(ModelService::LoadState::None));
}

void TestModelService::failureSaysWhyAndLeavesNothingLoaded()
{
    m_engine.beforeLoad = [] { throw Unsupported("tensor type Q9_X", "this build does not know it"); };
    m_service->loadAtStart();
    QTRY_COMPARE(int(m_service->loadState()), int(ModelService::LoadState::Failed));
    QVERIFY(m_service->loadFailure().title.contains(QStringLiteral("Q9_X")));
    QVERIFY(!m_service->model());
    m_engine.beforeLoad = {};
    m_service->load(QStringLiteral("tiny"));
    QTRY_VERIFY(m_service->model());
}

void TestModelService::loadingCanBeCancelled()
{
    std::atomic<bool> goesOn = false;
    m_engine.beforeLoad = [&] {
        while (!goesOn)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    m_service->loadAtStart();
    QTRY_COMPARE(int(m_service->loadState()), int(ModelService::LoadState::Loading));
    m_service->unload();
    goesOn = true;
    QTRY_COMPARE(int(m_service->loadState()), int(ModelService::LoadState::None));
    QVERIFY(!m_service->model());
}

void TestModelService::unloadLetsTheModelGo()
{
    m_service->loadAtStart();
    QTRY_VERIFY(m_service->model());
    const std::weak_ptr<const ChatModel> weak = m_service->model();
    m_service->unload();
    QTRY_VERIFY(weak.expired());
    QCOMPARE(int(m_service->loadState()), int(ModelService::LoadState::None));
}

void TestModelService::importReportsProgressAndRefusesBadFiles()
{
    QSignalSpy imported(m_service.get(), &ModelService::imported), failed(m_service.get(), &ModelService::failed);
    m_service->import(QStringLiteral("/x/good.gguf"), false);
    QTRY_COMPARE(imported.size(), 1);
    m_service->import(QStringLiteral("/x/bad.gguf"), true);
    QTRY_COMPARE(failed.size(), 1);
    QVERIFY(failed[0][0].value<UserMessage>().detail.contains(QStringLiteral("GGUF")));
    QVERIFY(m_service->jobs().isEmpty());
}

void TestModelService::downloadsCanBeCancelledAndOthersGoOn()
{
    m_engine.catalogue = {{.id = "a", .name = "A", .bytes = 10}, {.id = "b", .name = "B", .bytes = 10}};
    m_service->refresh();
    QTRY_COMPARE(m_service->catalogue().size(), 2);
    QSignalSpy fetched(m_service.get(), &ModelService::fetched), changed(m_service.get(), &ModelService::jobChanged);
    m_service->fetch(QStringLiteral("a"));
    m_service->fetch(QStringLiteral("b"));
    QCOMPARE(m_service->jobs().size(), 2);
    m_service->cancelJob(QStringLiteral("fetch:a"));
    QTRY_VERIFY(m_service->jobs().isEmpty());
    QCOMPARE(fetched.size(), 1);
    QCOMPARE(fetched[0][0].toString(), QStringLiteral("b"));
}

void TestModelService::factsComeWithTheEstimate()
{
    m_service->refresh();
    QTRY_VERIFY(m_service->isListed());
    QSignalSpy facts(m_service.get(), &ModelService::factsRead);
    m_service->readFacts(QStringLiteral("tiny"), 4096);
    QTRY_COMPARE(facts.size(), 1);
    QCOMPARE(facts[0][2].value<api::MemoryEstimate>().kvBytes, uint64_t(4096) * 28672);
}

QTEST_MAIN(TestModelService)
#include "tst_model_service.moc"
