// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/heartbeat.h"
#include "widgets/conversation/conversation_view.h"
#include "widgets/theme/theme.h"

#include <QAccessible>
#include <QApplication>
#include <QClipboard>
#include <QElapsedTimer>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QTimer>
#include <QToolButton>
#include <QToolTip>

using namespace sy::widgets;

namespace {

MessageItem user(qint64 id, const QString& text)
{
    return {.id = id, .isUser = true, .text = text, .canEdit = true, .canDelete = true};
}

MessageItem answer(qint64 id, const QString& text, MessageState state = MessageState::Done)
{
    return {.id = id, .text = text, .state = state, .footer = QStringLiteral("30 tokens/s"), .canRegenerate = true};
}

QString prose(int nWords)
{
    QString text;
    for (int i = 0; i < nWords; ++i)
        text += QStringLiteral("word%1%2").arg(i % 97).arg(i % 60 == 59 ? QStringLiteral(".\n\n") : QStringLiteral(" "));
    return text;
}

} // namespace

class TestConversationView : public QObject {
    Q_OBJECT
private slots:
    void initTestCase();
    void streamingLaysOutOnlyTheEndAndPaintsAtMostThirtyTimesASecond();
    void fiftyThousandTokensNeverStall();
    void aThousandMessagesOpenQuickly();
    void farMessagesHoldNoLayouts();
    void staysAtTheEndOnlyWhenItWasThere();
    void whatIsReadDoesNotMoveWhileHeightsBecomeExact();
    void jumpButtonComesAndGoes();
    void clickOnACitationTellsWhich();
    void clickOnASourceChipTellsWhich();
    void keyboardReachesCitationsAndButtons();
    void selectingWithTheMouseAndCopying();
    void selectAllCopiesEverythingInOrder();
    void copyButtonOfCodeGivesAllPieces();
    void findCountsAndMoves();
    void errorsAndNoticesAreShown();
    void everyMessageIsAccessible();
    void arrowsLeadToOtherBranches();
    void theFooterSaysMoreWhenReached();
    void plainTextHasNoMarks();
    void narrowAndWide_data();
    void narrowAndWide();
};

void TestConversationView::initTestCase()
{
    static Theme theme(*qApp);
    theme.setMode(ThemeMode::Light);
    installConversationAccessibility();
}

void TestConversationView::streamingLaysOutOnlyTheEndAndPaintsAtMostThirtyTimesASecond()
{
    ConversationView view;
    view.resize(900, 700);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    view.setMessages({user(1, QStringLiteral("Tell me")), answer(2, {}, MessageState::Waiting)});
    QString text = prose(3000);
    view.updateMessage(answer(2, text, MessageState::Streaming));
    QTest::qWait(100);
    const int layouts = view.layoutCount(), paints = view.paintCount();
    QElapsedTimer timer;
    timer.start();
    int updates = 0;
    while (timer.elapsed() < 1000) {
        text += QStringLiteral("more ");
        view.updateMessage(answer(2, text, MessageState::Streaming));
        ++updates;
        QTest::qWait(2);
    }
    const double seconds = double(timer.elapsed()) / 1000;
    const int nPaints = view.paintCount() - paints, nLayouts = view.layoutCount() - layouts;
    qInfo("%d updates: %d paints and %d block layouts in %.2f s", updates, nPaints, nLayouts, seconds);
    QVERIFY(updates > 20);
    QVERIFY2(nPaints <= int(31 * seconds) + 1, qPrintable(QString::number(nPaints)));
    QVERIFY2(nLayouts <= 3 * nPaints + 10, qPrintable(QString::number(nLayouts)));
    QVERIFY(view.isAtEnd());
}

void TestConversationView::fiftyThousandTokensNeverStall()
{
    ConversationView view;
    view.resize(1000, 800);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    view.setMessages({user(1, QStringLiteral("Write a book")), answer(2, {}, MessageState::Waiting)});
    QString whole;
    for (int i = 0; i < 600; ++i)
        whole += QStringLiteral("## Part %1\n\n%2\n\n- one\n- two **bold**\n\n```python\nfor i in range(%1):\n    print(i)\n```\n\n").arg(i).arg(prose(60));
    const int nTokens = 50000;
    const qsizetype perBatch = whole.size() / (nTokens / 250); // 250 tokens a batch: 200 updates
    QCOMPARE_LE(sy::test::longestStallOf("50000 tokens", [&](auto&) {
        view.updateMessage(answer(2, {}, MessageState::Waiting));
        for (qsizetype n = perBatch; n < whole.size(); n += perBatch) {
            view.updateMessage(answer(2, whole.left(n), MessageState::Streaming));
            QTest::qWait(3);
        }
        view.updateMessage(answer(2, whole));
        QTest::qWait(60);
    }), sy::test::kLongestStallMs);
    QVERIFY2(view.liveLayoutCount() < 600, qPrintable(QString::number(view.liveLayoutCount())));
    QCOMPARE_LE(sy::test::longestStallOf("scrolling through them", [&](auto&) {
        for (int i = 0; i < 40; ++i) {
            view.verticalScrollBar()->setValue(view.verticalScrollBar()->maximum() * i / 40);
            QTest::qWait(5);
        }
    }), sy::test::kLongestStallMs);
}

void TestConversationView::aThousandMessagesOpenQuickly()
{
    QList<MessageItem> messages;
    for (int i = 0; i < 500; ++i) {
        messages << user(2 * i + 1, QStringLiteral("Question %1?").arg(i));
        messages << answer(2 * i + 2, prose(150));
    }
    QCOMPARE_LE(sy::test::longestStallOf("1000 messages", [&](sy::test::Heartbeat& heart) {
        ConversationView view;
        view.resize(1000, 800);
        view.show();
        QVERIFY(QTest::qWaitForWindowExposed(&view));
        heart.reset();
        view.setMessages(messages);
        QTest::qWait(30);
        QVERIFY(view.isAtEnd());
        view.resize(700, 800);
        QTest::qWait(30);
    }), sy::test::kLongestStallMs);
}

void TestConversationView::farMessagesHoldNoLayouts()
{
    QList<MessageItem> messages;
    for (int i = 0; i < 300; ++i)
        messages << answer(i + 1, prose(100));
    ConversationView view;
    view.resize(800, 600);
    view.show();
    view.setMessages(messages);
    for (int i = 0; i <= 20; ++i)
        view.verticalScrollBar()->setValue(view.verticalScrollBar()->maximum() * i / 20);
    QVERIFY2(view.liveLayoutCount() < 120, qPrintable(QString::number(view.liveLayoutCount())));
}

void TestConversationView::staysAtTheEndOnlyWhenItWasThere()
{
    ConversationView view;
    view.resize(800, 500);
    view.show();
    QString text = prose(900);
    view.setMessages({user(1, QStringLiteral("Q")), answer(2, text, MessageState::Streaming)});
    QVERIFY(view.isAtEnd());
    view.updateMessage(answer(2, text += prose(100), MessageState::Streaming));
    QTRY_VERIFY(view.isAtEnd());
    QTest::keyClick(&view, Qt::Key_PageUp);
    QVERIFY(!view.isAtEnd());
    QTest::qWait(50);
    // The picture stays, whatever the scroll bar's numbers do; below 350 is the button that jumps to the end.
    const auto picture = [&] { return view.viewport()->grab(QRect(0, 0, 780, 350)).toImage(); };
    const QImage before = picture();
    for (int i = 0; i < 5; ++i) {
        view.updateMessage(answer(2, text += prose(100), MessageState::Streaming));
        QTest::qWait(40);
    }
    QVERIFY(picture() == before);
    QTest::keyClick(&view, Qt::Key_End);
    QVERIFY(view.isAtEnd());
    view.updateMessage(answer(2, text += prose(100), MessageState::Streaming));
    QTest::qWait(50);
    QVERIFY(view.isAtEnd());
}

void TestConversationView::whatIsReadDoesNotMoveWhileHeightsBecomeExact()
{
    QList<MessageItem> messages;
    for (int i = 0; i < 200; ++i)
        messages << answer(i + 1, prose(40 + i % 70) + QStringLiteral("\n```\na\nb\n```\n| a | b |\n|---|---|\n| 1 | 2 |\n"));
    ConversationView view;
    view.resize(800, 600);
    view.show();
    view.setMessages(messages);
    view.verticalScrollBar()->setValue(view.verticalScrollBar()->maximum() / 2);
    // Going up by small steps: each message keeps its place on the screen but for the step, although those above get exact.
    for (int i = 0; i < 60; ++i) {
        int row = 0;
        while (view.messageRect(row).bottom() < 300)
            ++row;
        const int before = view.messageRect(row).top();
        const int value = view.verticalScrollBar()->value();
        QTest::keyClick(&view, Qt::Key_Up);
        const int step = view.verticalScrollBar()->singleStep();
        const int moved = view.messageRect(row).top() - before;
        QVERIFY2(std::abs(moved - step) <= 2, qPrintable(QStringLiteral("step %1 moved %2, value %3").arg(step).arg(moved).arg(value)));
    }
}

void TestConversationView::jumpButtonComesAndGoes()
{
    ConversationView view;
    view.resize(800, 500);
    view.show();
    view.setMessages({answer(1, prose(1500))});
    auto* jump = view.findChild<QToolButton*>();
    QVERIFY(!jump->isVisible());
    QTest::keyClick(&view, Qt::Key_Home);
    QVERIFY(jump->isVisible());
    QTest::mouseClick(jump, Qt::LeftButton);
    QVERIFY(view.isAtEnd());
    QVERIFY(!jump->isVisible());
}

void TestConversationView::clickOnACitationTellsWhich()
{
    ConversationView view;
    view.resize(800, 500);
    view.show();
    MessageItem message = answer(7, QStringLiteral("Water boils at 100 degrees [2]. It freezes at zero [1]."));
    message.passages = {{1, QStringLiteral("ice.pdf"), QStringLiteral("page 2"), QStringLiteral("freezes")},
                        {2, QStringLiteral("water.pdf"), QStringLiteral("page 5"), QStringLiteral("boils")}};
    view.setMessages({message});
    QSignalSpy spy(&view, &ConversationView::citationActivated);
    for (const int number : {2, 1}) {
        const QRect rect = view.citationRect(7, number);
        QVERIFY(rect.isValid());
        QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, rect.center());
        QCOMPARE(spy.size(), 1);
        const auto arguments = spy.takeFirst();
        QCOMPARE(arguments[0].toLongLong(), 7);
        QCOMPARE(arguments[1].toInt(), number);
    }
}

void TestConversationView::clickOnASourceChipTellsWhich()
{
    ConversationView view;
    view.resize(800, 500);
    view.show();
    MessageItem message = answer(7, {}, MessageState::Waiting);
    message.passages = {{1, QStringLiteral("ice.pdf"), QStringLiteral("page 2"), QStringLiteral("freezes")}};
    view.setMessages({message});
    QSignalSpy spy(&view, &ConversationView::citationActivated);
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.messageRect(0).topLeft() + QPoint(20, 10));
    QCOMPARE(spy.size(), 1);
}

void TestConversationView::keyboardReachesCitationsAndButtons()
{
    ConversationView view;
    view.resize(800, 500);
    view.show();
    MessageItem message = answer(7, QStringLiteral("Water boils [1]. See [this](https://example.org/a)."));
    message.passages = {{1, QStringLiteral("water.pdf"), {}, QStringLiteral("boils")}};
    view.setMessages({user(6, QStringLiteral("When?")), message});
    view.setFocus();
    QSignalSpy cited(&view, &ConversationView::citationActivated), linked(&view, &ConversationView::linkActivated),
        again(&view, &ConversationView::regenerateRequested), edit(&view, &ConversationView::editRequested);
    QTest::keyClick(&view, Qt::Key_Right); // the source's chip
    QTest::keyClick(&view, Qt::Key_Return);
    QTest::keyClick(&view, Qt::Key_Right); // its mark in the text
    QTest::keyClick(&view, Qt::Key_Return);
    QCOMPARE(cited.size(), 2);
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::keyClick(&view, Qt::Key_Return);
    QCOMPARE(linked.size(), 1);
    QTest::keyClick(&view, Qt::Key_Right); // copy
    QTest::keyClick(&view, Qt::Key_Right); // regenerate
    QTest::keyClick(&view, Qt::Key_Space);
    QCOMPARE(again.size(), 1);
    QTest::keyClick(&view, Qt::Key_Up, Qt::ControlModifier);
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::keyClick(&view, Qt::Key_Return);
    QCOMPARE(edit.size(), 1);
    QCOMPARE(edit[0][0].toLongLong(), 6);
}

void TestConversationView::selectingWithTheMouseAndCopying()
{
    ConversationView view;
    view.resize(800, 500);
    view.show();
    MessageItem message = answer(7, QStringLiteral("First words here [1].\n\nSecond paragraph."));
    message.passages = {{1, QStringLiteral("a.txt"), {}, QStringLiteral("x")}};
    view.setMessages({message});
    const QRect rect = view.messageRect(0);
    QTest::mousePress(view.viewport(), Qt::LeftButton, {}, QPoint(rect.left() + 1, rect.top() + 50));
    QMouseEvent move(QEvent::MouseMove, QPointF(rect.right(), rect.bottom() - 45), view.viewport()->mapToGlobal(QPointF(rect.right(), rect.bottom() - 45)),
                     Qt::LeftButton, Qt::LeftButton, {});
    QApplication::sendEvent(view.viewport(), &move);
    QTest::mouseRelease(view.viewport(), Qt::LeftButton, {}, QPoint(rect.right(), rect.bottom() - 45));
    QTest::keyClick(&view, Qt::Key_C, Qt::ControlModifier);
    QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("First words here[1].\n\nSecond paragraph."));
}

void TestConversationView::selectAllCopiesEverythingInOrder()
{
    QList<MessageItem> messages;
    for (int i = 0; i < 100; ++i)
        messages << answer(i + 1, QStringLiteral("Message %1\n\n- a\n- b").arg(i));
    ConversationView view;
    view.resize(800, 500);
    view.show();
    view.setMessages(messages);
    QTest::keyClick(&view, Qt::Key_A, Qt::ControlModifier);
    const QString text = view.selectedText();
    QVERIFY(text.startsWith(QStringLiteral("Message 0\n\n- a\n- b\n\nMessage 1")));
    QVERIFY(text.endsWith(QStringLiteral("Message 99\n\n- a\n- b")));
}

void TestConversationView::copyButtonOfCodeGivesAllPieces()
{
    QString code;
    for (int i = 0; i < 130; ++i)
        code += QStringLiteral("line %1%2").arg(i).arg(i < 129 ? QStringLiteral("\n") : QString());
    ConversationView view;
    view.resize(800, 600);
    view.show();
    view.setMessages({answer(1, QStringLiteral("```text\n") + code + QStringLiteral("\n```\n"))});
    view.setFocus();
    QTest::keyClick(&view, Qt::Key_Right);
    QTest::keyClick(&view, Qt::Key_Return);
    QCOMPARE(QApplication::clipboard()->text(), code);
}

void TestConversationView::findCountsAndMoves()
{
    QList<MessageItem> messages;
    for (int i = 0; i < 120; ++i)
        messages << answer(i + 1, i % 40 == 5 ? QStringLiteral("Here is a Needle, 针 and needle.") : prose(60));
    ConversationView view;
    view.resize(800, 500);
    view.show();
    view.setMessages(messages);
    QCOMPARE(view.find(QStringLiteral("needle")), 6);
    const int first = view.verticalScrollBar()->value();
    view.findNext(true);
    view.findNext(true);
    QVERIFY(view.verticalScrollBar()->value() < first);
    QCOMPARE(view.find(QStringLiteral("针")), 3);
    QCOMPARE(view.selectedText(), QStringLiteral("针"));
    QCOMPARE(view.find(QString()), 0);
}

void TestConversationView::errorsAndNoticesAreShown()
{
    ConversationView view;
    view.resize(700, 500);
    view.show();
    MessageItem failed = answer(1, QStringLiteral("Half an answ"), MessageState::Failed);
    failed.errorTitle = QStringLiteral("Not enough memory");
    failed.errorText = QStringLiteral("Unload the other model.");
    view.setMessages({failed});
    const int withError = view.messageRect(0).height();
    view.updateMessage(answer(1, QStringLiteral("Half an answ")));
    QVERIFY(view.messageRect(0).height() < withError);
}

void TestConversationView::everyMessageIsAccessible()
{
    ConversationView view;
    view.resize(700, 500);
    view.show();
    view.setMessages({user(1, QStringLiteral("Question")), answer(2, QStringLiteral("Claim.") + kUnsupportedMark)});
    QAccessibleInterface* root = QAccessible::queryAccessibleInterface(&view);
    QVERIFY(root);
    QCOMPARE(root->childCount(), 2);
    QCOMPARE(root->child(0)->text(QAccessible::Value), QStringLiteral("Question"));
    QVERIFY(root->child(1)->text(QAccessible::Value).contains(QStringLiteral("no source")));
    QCOMPARE(root->child(1)->parent(), root);
    QVERIFY(root->child(0)->rect().isValid());
}

void TestConversationView::arrowsLeadToOtherBranches()
{
    using Kind = ConversationView::ControlKind;
    ConversationView view;
    view.resize(700, 500);
    view.show();
    MessageItem question = user(1, QStringLiteral("Question"));
    question.branch = 2;
    question.nBranches = 3;
    question.canSwitchBranch = true;
    view.setMessages({question, answer(2, QStringLiteral("Answer"))});
    QSignalSpy spy(&view, &ConversationView::branchRequested);
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.controlRect(1, Kind::PreviousBranch).center());
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.controlRect(1, Kind::NextBranch).center());
    QCOMPARE(spy.size(), 2);
    QCOMPARE(spy[0], (QList<QVariant>{qint64(1), -1}));
    QCOMPARE(spy[1], (QList<QVariant>{qint64(1), 1}));
    QVERIFY(!view.controlRect(1, Kind::PreviousBranch).intersects(view.controlRect(1, Kind::NextBranch)));
    question.branch = 3;
    view.updateMessage(question);
    QVERIFY(view.controlRect(1, Kind::NextBranch).isNull()); // the last
    question.canSwitchBranch = false;
    view.updateMessage(question);
    QVERIFY(view.controlRect(1, Kind::PreviousBranch).isNull()); // an answer is being made
    QVERIFY(view.controlRect(2, Kind::PreviousBranch).isNull());
}

void TestConversationView::theFooterSaysMoreWhenReached()
{
    ConversationView view;
    view.resize(700, 500);
    view.show();
    QVERIFY(QTest::qWaitForWindowExposed(&view));
    MessageItem message = answer(2, QStringLiteral("Answer"));
    message.footerDetail = QStringLiteral("Seed: 7\nModel: Tiny");
    view.setMessages({message});
    view.setFocus();
    for (int i = 0; i < 3; ++i) // copy, again, footer
        QTest::keyClick(&view, Qt::Key_Right);
    QVERIFY(QToolTip::text().contains(QStringLiteral("Seed: 7")));
    QToolTip::hideText();
}

void TestConversationView::plainTextHasNoMarks()
{
    ConversationView view;
    view.resize(700, 500);
    view.show();
    view.setMessages({answer(2, QStringLiteral("# Title\n\nSome **bold** `code`.\n\n- one\n- two"))});
    QCOMPARE(view.plainText(2), QStringLiteral("Title\n\nSome bold code.\n\n- one\n- two"));
    QCOMPARE(view.plainText(9), QString());
}

void TestConversationView::narrowAndWide_data()
{
    QTest::addColumn<int>("width");
    for (const int width : {260, 400, 800, 1900})
        QTest::addRow("%d", width) << width;
}

void TestConversationView::narrowAndWide()
{
    QFETCH(int, width);
    ConversationView view;
    view.resize(width, 600);
    view.show();
    MessageItem message = answer(2, QStringLiteral("| a | b | c |\n|---|---|---|\n| long cell with words | x | y |\n\n") + prose(100));
    message.passages = {{1, QStringLiteral("a very long name of a document that has to be shortened somewhere in the middle.pdf"), QStringLiteral("page 3"), {}}};
    view.setMessages({user(1, prose(50)), message});
    for (int row = 0; row < 2; ++row) {
        QVERIFY(view.messageRect(row).left() >= 0);
        QVERIFY(view.messageRect(row).right() <= width);
    }
    QVERIFY(!view.grab().isNull());
}

QTEST_MAIN(TestConversationView)
#include "tst_conversation_view.moc"
