// SPDX-License-Identifier: GPL-3.0-or-later
//
// The path a user walks, in the real window on the real engine and the starter models: the samples are indexed with a click, a
// question in English and one in Chinese are typed, a citation is clicked, an answer is stopped. While all that runs, the event loop
// never stalls.
#include "app/services/bind_engine.h"
#include "tests/app/window_program.h"
#include "tests/fixtures.h"
#include "tests/heartbeat.h"
#include "widgets/source/page_view.h"
#include "widgets/source/source_panel.h"

#include <QInputMethodEvent>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMenu>
#include <QSignalSpy>
#include <QToolButton>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

/// Latin letters by key, others as an input method commits them: no keyboard has a key for 泵.
void type(QWidget* edit, const QString& text)
{
    for (const QChar c : text) {
        if (c.unicode() < 128) {
            QTest::keyClick(edit, c.toLatin1());
        } else {
            QInputMethodEvent commit;
            commit.setCommitString(QString(c));
            QCoreApplication::sendEvent(edit, &commit);
        }
    }
}

constexpr int kPatienceMs = 300'000; // a loaded machine without fast instructions
} // namespace

class TestWindowWholePath : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void cleanupTestCase();
    void theSamplesAreIndexedWithoutAStall();
    void questionsAreAnsweredFromTheRightPage_data();
    void questionsAreAnsweredFromTheRightPage();
    void stopIsSeenAtOnceAndEndsTheAnswer();

private:
    std::unique_ptr<Surroundings> m_around;
    QTemporaryDir m_data;
    std::unique_ptr<api::Engine> m_engine;
    std::unique_ptr<Program> m_program;
    sy::test::StallCount m_stalls;
};

void TestWindowWholePath::initTestCase()
{
    const auto chat = sy::test::testModelPath("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
    const auto embedder = sy::test::testModelPath("multilingual-e5-small-q4_0.gguf");
    if (chat.empty() || embedder.empty())
        QSKIP("the starter models (SWITCHYARD_TEST_MODELS) are not there");
    m_around = std::make_unique<Surroundings>();
    m_engine = std::make_unique<api::Engine>(api::EngineOptions{.dataDir = m_data.path().toStdString(), .executable = SY_PROGRAM, .resources = SY_SOURCE_DIR "/resources"});
    m_engine->library().import(chat, false);
    m_engine->library().import(embedder, false);
    EngineFunctions functions = bindEngine(*m_engine);
    functions.samplesDir = SY_SOURCE_DIR "/resources/samples";
    m_program = std::make_unique<Program>(std::move(functions));
    m_program->settings->set(setting::kTemperature, 0.0);
    m_program->open();
    QTRY_VERIFY_WITH_TIMEOUT(m_program->models->model(), kPatienceMs);
}

void TestWindowWholePath::cleanupTestCase()
{
    if (m_program)
        m_program->window->hide();
    m_program.reset();
    m_engine.reset();
    QCOMPARE_LE(m_stalls.n, sy::test::StallCount::kMost);
}

void TestWindowWholePath::theSamplesAreIndexedWithoutAStall()
{
    QTest::keyClick(m_program->window.get(), Qt::Key_2, Qt::ControlModifier);
    QTRY_VERIFY(buttonWith(m_program->documentsPage(), QStringLiteral("Try the samples")));
    sy::test::Heartbeat heart;
    QTest::mouseClick(buttonWith(m_program->documentsPage(), QStringLiteral("Try the samples")), Qt::LeftButton);
    QTRY_VERIFY(m_program->documents->isIngestingAny());
    QTRY_VERIFY_WITH_TIMEOUT(!m_program->documents->isIngestingAny(), kPatienceMs);
    QTRY_COMPARE(m_program->documents->collection(QStringLiteral("Samples")).nDocuments, 8);
    m_stalls.add("indexing the samples", heart);
    keep(*m_program, QStringLiteral("whole-documents"));
}

void TestWindowWholePath::questionsAreAnsweredFromTheRightPage_data()
{
    QTest::addColumn<QString>("question");
    QTest::addColumn<QString>("document");
    QTest::addColumn<int>("page");
    QFile file(QStringLiteral(SY_SOURCE_DIR "/resources/samples/questions.json"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    for (const QJsonValue& row : QJsonDocument::fromJson(file.readAll()).array())
        if (const QString id = row["id"].toString(); id == QLatin1String("en-2") || id == QLatin1String("zh-3"))
            QTest::newRow(qPrintable(id)) << row["question"].toString() << row["document"].toString() << row["page"].toInt();
}

void TestWindowWholePath::questionsAreAnsweredFromTheRightPage()
{
    QFETCH(QString, question);
    QFETCH(QString, document);
    QFETCH(int, page);
    ChatPage* chat = m_program->chatPage();
    widgets::ConversationView* view = chat->conversation();
    m_program->window->goTo(QStringLiteral("documents"));
    QTest::mouseClick(buttonWith(m_program->documentsPage(), QStringLiteral("Ask in a new chat")), Qt::LeftButton);
    QTRY_VERIFY(chat->composer()->edit()->hasFocus());
    sy::test::Heartbeat heart;
    type(chat->composer()->edit(), question);
    QSignalSpy ended(m_program->chats.get(), &ChatService::answerEnded);
    QTest::keyClick(chat->composer()->edit(), Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(ended.size() == 1, kPatienceMs);
    m_stalls.add("answering", heart);
    QCOMPARE(view->messageCount(), 2);
    const widgets::MessageItem answer = view->messageAt(1);
    QCOMPARE(int(answer.state), int(widgets::MessageState::Done));
    qInfo("%s", qPrintable(answer.text));
    const QRect citation = view->citationRect(answer.id, 1);
    QVERIFY(!citation.isNull());
    QTest::mouseClick(view->viewport(), Qt::LeftButton, {}, citation.center());
    QTRY_VERIFY_WITH_TIMEOUT(!chat->sourcePanel()->pageView()->image().isNull(), 20000);
    QCOMPARE(chat->sourcePanel()->currentPage(), page);
    QVERIFY(!chat->sourcePanel()->pageView()->highlights().isEmpty());
    bool isRight = false;
    for (const ChatEntry& entry : m_program->chats->messages(chat->currentChat()))
        for (const api::Citation& c : entry.message.citations)
            isRight = isRight || (c.marker == 1 && QString::fromStdString(c.document).endsWith(document));
    QVERIFY(isRight);
    keep(*m_program, QStringLiteral("whole-%1").arg(QString::fromLatin1(QTest::currentDataTag())));
}

void TestWindowWholePath::stopIsSeenAtOnceAndEndsTheAnswer()
{
    ChatPage* chat = m_program->chatPage();
    QTest::keyClick(m_program->window.get(), Qt::Key_N, Qt::ControlModifier);
    for (QToolButton* button : chat->composer()->findChildren<QToolButton*>())
        if (button->accessibleName().startsWith("Documents to answer from"))
            button->menu()->actions().first()->trigger(); // none: the whole prompt goes to the model
    QString longPrompt;
    for (int i = 0; i < 300; ++i)
        longPrompt += QStringLiteral("Sentence number %1 stands here. ").arg(i);
    chat->composer()->setText(longPrompt);
    sy::test::Heartbeat heart;
    QTest::keyClick(chat->composer()->edit(), Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(chat->conversation()->messageCount() == 2 && chat->conversation()->messageAt(1).progress > 0, kPatienceMs);
    QElapsedTimer timer;
    timer.start();
    QTest::keyClick(chat->composer()->edit(), Qt::Key_Escape);
    // Between two layers the engine looks: on a fast machine the answer has ended before it can be seen to be stopping.
    QTRY_VERIFY_WITH_TIMEOUT(chat->conversation()->messageAt(1).progressText == QStringLiteral("Stopping…") || !m_program->chats->isAnsweringAny(), 2000);
    const qint64 seen = timer.elapsed();
    QTRY_VERIFY_WITH_TIMEOUT(!m_program->chats->isAnsweringAny(), 20000);
    qInfo("stopped in the middle of a prompt: seen after %lld ms, ended after %lld ms", seen, timer.elapsed());
    m_stalls.add("stopping", heart);
    QVERIFY(chat->conversation()->messageAt(1).state == widgets::MessageState::Stopped);
}

QTEST_MAIN(TestWindowWholePath)
#include "tst_window_whole_path.moc"
