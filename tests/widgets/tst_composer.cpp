// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/composer/composer.h"
#include "widgets/composer/context_gauge.h"
#include "widgets/theme/theme.h"

#include <QApplication>
#include <QClipboard>
#include <QDropEvent>
#include <QInputMethodEvent>
#include <QMimeData>
#include <QShortcut>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QVBoxLayout>

using namespace sy::widgets;

class TestComposer : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void init();
    void enterSendsAndShiftEnterBreaksTheLine();
    void controlEnterSendsWhenChosen();
    void enterNeverSendsWhileAnInputMethodComposes();
    void enterSendsAfterTheCompositionIsCommitted();
    void sendButtonIsTheStopButtonAtTheSamePlace();
    void escapeStops();
    void upInAnEmptyInputEditsTheLastMessage();
    void growsWithItsTextUpToALimit();
    void droppedFilesBecomeChips();
    void undoWithNothingTypedIsTheWindows();
    void longPasteBecomesAnAttachment();
    void nothingIsSentWhileBlockedOrEmpty();
    void whatIsSentBeforeItCanGoesAsSoonAsItCan();
    void tabLeavesTheInput();
    void gaugeSpeaksItsNumbers();
    void aNarrowComposerLosesNothing();

private:
    std::unique_ptr<QWidget> m_window;
    Composer* m_composer = nullptr;
};

void TestComposer::initTestCase()
{
    static Theme theme(*qApp);
    theme.setMode(ThemeMode::Light);
}

void TestComposer::init()
{
    m_window = std::make_unique<QWidget>();
    auto* layout = new QVBoxLayout(m_window.get());
    layout->addStretch(1);
    m_composer = new Composer(m_window.get());
    layout->addWidget(m_composer);
    m_window->resize(700, 600);
    m_window->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_window.get()));
    m_composer->focusInput();
}

void TestComposer::enterSendsAndShiftEnterBreaksTheLine()
{
    QSignalSpy spy(m_composer, &Composer::sendRequested);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("first"));
    QTest::keyClick(m_composer->edit(), Qt::Key_Return, Qt::ShiftModifier);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("second"));
    QCOMPARE(spy.size(), 0);
    QCOMPARE(m_composer->text(), QStringLiteral("first\nsecond"));
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    QCOMPARE(spy.size(), 1);
    QCOMPARE(spy[0][0].toString(), QStringLiteral("first\nsecond"));
}

void TestComposer::controlEnterSendsWhenChosen()
{
    m_composer->setSendsOnEnter(false);
    QSignalSpy spy(m_composer, &Composer::sendRequested);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("a"));
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    QCOMPARE(spy.size(), 0);
    QTest::keyClick(m_composer->edit(), Qt::Key_Return, Qt::ControlModifier);
    QCOMPARE(spy.size(), 1);
}

void TestComposer::enterNeverSendsWhileAnInputMethodComposes()
{
    QSignalSpy spy(m_composer, &Composer::sendRequested);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("hello "));
    QInputMethodEvent composing(QStringLiteral("nihao"), {});
    QApplication::sendEvent(m_composer->edit(), &composing);
    QVERIFY(m_composer->edit()->isComposing());
    for (const auto modifier : {Qt::NoModifier, Qt::ControlModifier, Qt::ShiftModifier}) {
        QTest::keyClick(m_composer->edit(), Qt::Key_Return, modifier);
        QTest::keyClick(m_composer->edit(), Qt::Key_Enter, modifier);
    }
    QCOMPARE(spy.size(), 0);
    QCOMPARE(m_composer->text(), QStringLiteral("hello "));
}

void TestComposer::enterSendsAfterTheCompositionIsCommitted()
{
    QSignalSpy spy(m_composer, &Composer::sendRequested);
    QInputMethodEvent composing(QStringLiteral("nihao"), {});
    QApplication::sendEvent(m_composer->edit(), &composing);
    QInputMethodEvent commit;
    commit.setCommitString(QStringLiteral("你好"));
    QApplication::sendEvent(m_composer->edit(), &commit);
    QVERIFY(!m_composer->edit()->isComposing());
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    QCOMPARE(spy.size(), 1);
    QCOMPARE(spy[0][0].toString(), QStringLiteral("你好"));
}

void TestComposer::sendButtonIsTheStopButtonAtTheSamePlace()
{
    QSignalSpy sent(m_composer, &Composer::sendRequested), stopped(m_composer, &Composer::stopRequested);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("a"));
    const QRect before = m_composer->sendButton()->geometry();
    QTest::mouseClick(m_composer->sendButton(), Qt::LeftButton);
    QCOMPARE(sent.size(), 1);
    m_composer->setRunning(true);
    QCOMPARE(m_composer->sendButton()->geometry(), before);
    QTest::mouseClick(m_composer->sendButton(), Qt::LeftButton);
    QCOMPARE(stopped.size(), 1);
    m_composer->setRunning(true, true);
    QVERIFY(!m_composer->sendButton()->isEnabled());
    m_composer->setRunning(false);
    QVERIFY(m_composer->sendButton()->isEnabled());
}

void TestComposer::escapeStops()
{
    QSignalSpy stopped(m_composer, &Composer::stopRequested);
    QTest::keyClick(m_composer->edit(), Qt::Key_Escape);
    QCOMPARE(stopped.size(), 0);
    m_composer->setRunning(true);
    QTest::keyClick(m_composer->edit(), Qt::Key_Escape);
    QCOMPARE(stopped.size(), 1);
}

void TestComposer::upInAnEmptyInputEditsTheLastMessage()
{
    QSignalSpy spy(m_composer, &Composer::editLastRequested);
    QTest::keyClick(m_composer->edit(), Qt::Key_Up);
    QCOMPARE(spy.size(), 1);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("x"));
    QTest::keyClick(m_composer->edit(), Qt::Key_Up);
    QCOMPARE(spy.size(), 1);
}

void TestComposer::growsWithItsTextUpToALimit()
{
    const int one = m_composer->edit()->height();
    for (int i = 0; i < 4; ++i)
        QTest::keyClick(m_composer->edit(), Qt::Key_Return, Qt::ShiftModifier);
    QVERIFY(m_composer->edit()->height() > one * 3);
    m_composer->setText(QStringLiteral("line\n").repeated(500));
    QVERIFY(m_composer->edit()->height() <= m_window->height() * 0.4 + 1);
    m_composer->clear();
    QCOMPARE(m_composer->edit()->height(), one);
}

void TestComposer::undoWithNothingTypedIsTheWindows()
{
    QShortcut shortcut(QKeySequence::Undo, m_composer);
    QSignalSpy spy(&shortcut, &QShortcut::activated);
    QVERIFY(QTest::qWaitForWindowActive(m_window.get()));
    QTest::keyClick(m_composer->edit(), Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(spy.size(), 1);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("word"));
    QTest::keyClick(m_composer->edit(), Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(spy.size(), 1);
    QVERIFY(m_composer->text().isEmpty());
}

void TestComposer::droppedFilesBecomeChips()
{
    QMimeData data;
    data.setUrls({QUrl::fromLocalFile(QStringLiteral("/tmp/report.pdf")), QUrl::fromLocalFile(QStringLiteral("/tmp/report.pdf")),
                  QUrl(QStringLiteral("https://example.org/x"))});
    QDragEnterEvent enter(QPoint(20, 20), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(m_composer, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(QPointF(20, 20), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(m_composer, &drop);
    QCOMPARE(m_composer->attachments().size(), 1);
    QCOMPARE(m_composer->attachments()[0].name, QStringLiteral("report.pdf"));
    QToolButton* chip = nullptr;
    for (auto* button : m_composer->findChildren<QToolButton*>())
        if (button->property("kind") == QStringLiteral("chip"))
            chip = button;
    QVERIFY(chip);
    QTest::mouseClick(chip, Qt::LeftButton);
    QVERIFY(m_composer->attachments().isEmpty());
}

void TestComposer::longPasteBecomesAnAttachment()
{
    QApplication::clipboard()->setText(QString(Composer::kLongPaste + 1, QLatin1Char('x')));
    QTest::keyClick(m_composer->edit(), Qt::Key_V, Qt::ControlModifier);
    QVERIFY(m_composer->text().isEmpty());
    QCOMPARE(m_composer->attachments().size(), 1);
    QCOMPARE(m_composer->attachments()[0].text.size(), Composer::kLongPaste + 1);
    QApplication::clipboard()->setText(QStringLiteral("short"));
    QTest::keyClick(m_composer->edit(), Qt::Key_V, Qt::ControlModifier);
    QCOMPARE(m_composer->text(), QStringLiteral("short"));
}

void TestComposer::nothingIsSentWhileBlockedOrEmpty()
{
    QSignalSpy spy(m_composer, &Composer::sendRequested);
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    QVERIFY(!m_composer->sendButton()->isEnabled());
    QTest::keyClicks(m_composer->edit(), QStringLiteral("  "));
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    m_composer->setText(QStringLiteral("text"));
    m_composer->setBlockedReason(QStringLiteral("No model is loaded"));
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    QCOMPARE(spy.size(), 0);
    QCOMPARE(m_composer->sendButton()->toolTip(), QStringLiteral("No model is loaded"));
    QCOMPARE(m_composer->text(), QStringLiteral("text"));
}

void TestComposer::whatIsSentBeforeItCanGoesAsSoonAsItCan()
{
    QSignalSpy spy(m_composer, &Composer::sendRequested);
    const QString reason = QStringLiteral("The model is loading");
    m_composer->setBlockedReason(reason, true);
    QTest::keyClicks(m_composer->edit(), QStringLiteral("early"));
    QVERIFY(m_composer->sendButton()->isEnabled());
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    QVERIFY(m_composer->isSendWaiting());
    QVERIFY(!m_composer->sendButton()->isEnabled());
    QCOMPARE(m_composer->text(), QStringLiteral("early"));
    QTest::keyClicks(m_composer->edit(), QStringLiteral("!")); // thought better of it
    QVERIFY(!m_composer->isSendWaiting());
    m_composer->setBlockedReason({});
    QTest::qWait(0);
    QCOMPARE(spy.size(), 0);

    m_composer->setBlockedReason(reason, true);
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    m_composer->setBlockedReason(QStringLiteral("It failed")); // for good: not sent by surprise later
    m_composer->setBlockedReason({});
    QTest::qWait(0);
    QCOMPARE(spy.size(), 0);

    m_composer->setBlockedReason(reason, true);
    QTest::keyClick(m_composer->edit(), Qt::Key_Return);
    m_composer->addFiles({QStringLiteral("/tmp/report.pdf")}); // it is another message now
    QVERIFY(!m_composer->isSendWaiting());
    m_composer->setAttachments({});

    QTest::mouseClick(m_composer->sendButton(), Qt::LeftButton);
    m_composer->setBlockedReason({});
    QTRY_COMPARE(spy.size(), 1);
    QCOMPARE(spy.takeFirst().at(0).toString(), QStringLiteral("early!"));
    m_composer->setBlockedReason({});
    QTest::qWait(0);
    QCOMPARE(spy.size(), 0);
}

void TestComposer::tabLeavesTheInput()
{
    QVERIFY(m_composer->edit()->hasFocus());
    QTest::keyClick(m_composer->edit(), Qt::Key_Tab);
    QVERIFY(!m_composer->edit()->hasFocus());
}

void TestComposer::gaugeSpeaksItsNumbers()
{
    ContextGauge* gauge = m_composer->gauge();
    QVERIFY(!gauge->isVisible());
    gauge->setUsage({{QStringLiteral("History"), 1000}, {QStringLiteral("Answer"), 1000}}, 8000);
    QVERIFY(gauge->isVisible());
    QVERIFY(!gauge->isOverfull());
    QVERIFY(gauge->accessibleDescription().contains(QStringLiteral("History")));
    gauge->setUsage({{QStringLiteral("History"), 9000}}, 8000);
    QVERIFY(gauge->isOverfull());
    QVERIFY(gauge->toolTip().contains(QStringLiteral("does not fit")));
}

void TestComposer::aNarrowComposerLosesNothing()
{
    m_composer->gauge()->setUsage({{QStringLiteral("History"), 1000}}, 8000);
    const int wide = m_composer->gauge()->sizeHint().width();
    QVERIFY(m_composer->gauge()->minimumSizeHint().width() < wide / 2); // the number alone
    QStringList files;
    for (int i = 0; i < 9; ++i)
        files << QStringLiteral("/docs/a rather long name of a document %1.pdf").arg(i);
    m_composer->addFiles(files);
    QVERIFY(m_composer->minimumSizeHint().width() < 300); // chips go on in the next row
}

QTEST_MAIN(TestComposer)
#include "tst_composer.moc"
