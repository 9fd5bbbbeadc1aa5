// SPDX-License-Identifier: GPL-3.0-or-later
// A draft model from the Models page to the answer, in the real window on the real engine.
#include "app/pages/models/models_page.h"
#include "app/services/bind_engine.h"
#include "tests/app/window_program.h"
#include "tests/tiny_model.h"
#include "widgets/models/memory_bar.h"

#include <QComboBox>
#include <QSignalSpy>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestDraftWholePath : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void theEngineSaysWhichModelsCanGuess();
    void anAnswerSaysWhatWasGuessed();

private:
    QString import(const char* name, const sy::test::TinyShape& shape)
    {
        const std::filesystem::path path = (m_data.path() + QLatin1Char('/') + QString::fromLatin1(name) + QStringLiteral(".gguf")).toStdString();
        sy::test::writeTinyModel(path, name, "llama", 1, shape);
        return QString::fromStdString(m_engine->library().import(path, false).id);
    }

    std::unique_ptr<Surroundings> m_around;
    QTemporaryDir m_data;
    std::unique_ptr<api::Engine> m_engine;
    QString m_large, m_small, m_other;
};

void TestDraftWholePath::initTestCase()
{
    m_around = std::make_unique<Surroundings>();
    m_engine = std::make_unique<api::Engine>(api::EngineOptions{.dataDir = (m_data.path() + QStringLiteral("/data")).toStdString(), .nThreads = 2, .resources = SY_SOURCE_DIR "/resources"});
    m_other = import("Other", {.otherTokens = true});
    m_small = import("Small", {.sharpness = 20});
    m_large = import("Large", {.idleLayers = 60, .sharpness = 20});
}

void TestDraftWholePath::theEngineSaysWhichModelsCanGuess()
{
    Program program(bindEngine(*m_engine));
    program.settings->set(setting::kLastModel, m_large);
    program.open();
    QTRY_VERIFY(program.models->model());
    program.window->goTo(QStringLiteral("models"));
    auto* page = qobject_cast<ModelsPage*>(program.window->page(QStringLiteral("models")));
    auto* picker = page->findChild<QComboBox*>();
    QTRY_COMPARE(picker->count(), 3);
    const auto isEnabled = [&](const char* name) {
        return bool(picker->model()->flags(picker->model()->index(picker->findText(QString::fromLatin1(name)), 0)) & Qt::ItemIsEnabled);
    };
    QVERIFY(isEnabled("Small"));
    QVERIFY(!isEnabled("Other"));
    QVERIFY(picker->itemData(picker->findText(QStringLiteral("Other")), Qt::ToolTipRole).toString().startsWith(QStringLiteral("Their vocabularies differ: token 100 is")));
    page->select(m_small);
    QTRY_COMPARE(picker->count(), 3);
    QVERIFY(!isEnabled("Large"));
    QCOMPARE(picker->itemData(picker->findText(QStringLiteral("Large")), Qt::ToolTipRole).toString(), QStringLiteral("It is not smaller than the model."));
}

void TestDraftWholePath::anAnswerSaysWhatWasGuessed()
{
    Program program(bindEngine(*m_engine));
    program.settings->set(setting::kLastModel, m_large);
    program.settings->set(setting::kTemperature, 0.0);
    program.settings->set(setting::kMaxTokens, 200);
    program.open();
    QTRY_VERIFY(program.models->model());
    program.window->goTo(QStringLiteral("models"));
    QWidget* page = program.window->page(QStringLiteral("models"));
    auto* picker = page->findChild<QComboBox*>();
    QTRY_COMPARE(picker->count(), 3);
    picker->setFocus();
    QTest::keyClick(picker, Qt::Key_Down);
    QCOMPARE(picker->currentText(), QStringLiteral("Small"));
    QTRY_VERIFY(page->findChild<widgets::MemoryBar*>()->accessibleDescription().contains(QStringLiteral("Draft model")));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Unload")), Qt::LeftButton);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Load")) && buttonWith(page, QStringLiteral("Load"))->isEnabled());
    QTest::mouseClick(buttonWith(page, QStringLiteral("Load")), Qt::LeftButton);
    QTRY_VERIFY(program.models->model());
    QCOMPARE(m_engine->models().loaded().size(), size_t(2));

    program.window->goTo(QStringLiteral("chat"));
    int nDrafted = 0;
    for (const char* question : {"The pump P-101 is checked every month.", "Who checks it?", "And why?"}) { // speeds are measured first
        QSignalSpy ended(program.chats.get(), &ChatService::answerEnded);
        QTest::keyClicks(program.chatPage()->composer()->edit(), QString::fromLatin1(question));
        QTest::keyClick(program.chatPage()->composer()->edit(), Qt::Key_Return);
        QTRY_VERIFY_WITH_TIMEOUT(ended.size() == 1, 60'000);
        const auto* view = program.chatPage()->conversation();
        const widgets::MessageItem answer = view->messageAt(view->messageCount() - 1);
        QCOMPARE(int(answer.state), int(widgets::MessageState::Done));
        nDrafted += answer.footerDetail.contains(QStringLiteral("guesses came true"));
    }
    QVERIFY(nDrafted > 0);
    keep(program, QStringLiteral("chat-drafted"));
}

QTEST_MAIN(TestDraftWholePath)
#include "tst_draft_whole_path.moc"
