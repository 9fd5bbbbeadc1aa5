// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/window_program.h"
#include "app/pages/documents/search_results_view.h"
#include "widgets/parts/search_box.h"
#include "widgets/source/page_view.h"
#include "widgets/source/source_panel.h"

#include <QHeaderView>
#include <QInputDialog>
#include <QLineEdit>
#include <QListWidget>
#include <QTabBar>
#include <QTreeView>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

DocumentsPage* openDocuments(Program& program)
{
    program.open();
    program.window->goTo(QStringLiteral("documents"));
    return program.documentsPage();
}

SearchResultsView* searchForRevenue(DocumentsPage* page)
{
    auto* search = page->findChild<widgets::SearchBox*>();
    QTest::keyClicks(search, QStringLiteral("revenue"));
    QTest::keyClick(search, Qt::Key_Return);
    return page->findChild<SearchResultsView*>();
}

void clickFirst(SearchResultsView* results)
{
    QTest::mouseClick(results->viewport(), Qt::LeftButton, {}, results->visualRect(results->model()->index(0, 0)).center());
}

} // namespace

class TestDocumentsPage : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void documentsPageHasItsFourLooks();
    void searchingShowsRanksAndOpensThePage();

    void aNewCollectionShowsNoneOfTheOthersFiles();
    void theNameKeepsItsRoomBesideASource();
    void cancelledIndexingCanGoOn();
    void askingOpensANewChatOnTheCollection();
    void theFocusStaysOnThePage();
    void filesAreToldApart();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestDocumentsPage::documentsPageHasItsFourLooks()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    DocumentsPage* page = openDocuments(program);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Try the samples"))); // empty
    keep(program, QStringLiteral("documents-empty"));
    engine.nIngestFiles = 30;
    engine.perFile = std::chrono::milliseconds(15);
    engine.addCollection();
    engine.collections.clear();
    QTest::mouseClick(buttonWith(page, QStringLiteral("Try the samples")), Qt::LeftButton);
    QTRY_VERIFY(program.documents->isIngestingAny()); // working
    QTRY_VERIFY(!program.documents->isIngestingAny());
    QTRY_COMPARE(page->currentCollection(), QStringLiteral("Samples")); // full
    auto* files = page->findChild<QTreeView*>();
    QTRY_COMPARE(files->model()->rowCount(), 3);
    // A file with a problem says what it is and what to do.
    files->setFocus();
    for (int i = 0; i < 3; ++i)
        QTest::keyClick(files, Qt::Key_Down);
    files->setCurrentIndex(files->model()->index(2, 0));
    keep(program, QStringLiteral("documents-problem"));
    engine.listFails = true;
    program.documents->refresh();
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Try again"))); // failed
    keep(program, QStringLiteral("documents-failed"));
    engine.listFails = false;
    QTest::mouseClick(buttonWith(page, QStringLiteral("Try again")), Qt::LeftButton);
    QTRY_VERIFY(files->isVisible());
}

void TestDocumentsPage::searchingShowsRanksAndOpensThePage()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    Program program(engine);
    DocumentsPage* page = openDocuments(program);
    QTRY_COMPARE(page->currentCollection(), QStringLiteral("Reports"));
    auto* tabs = page->findChild<QTabBar*>();
    tabs->setFocus();
    QTest::keyClick(tabs, Qt::Key_Right);
    QTRY_VERIFY(page->findChild<widgets::SearchBox*>()->hasFocus());
    auto* results = searchForRevenue(page);
    QTRY_COMPARE(results->results().size(), 2);
    QVERIFY(whyFound(results->results()[0]).contains(QLatin1Char('2')) && whyFound(results->results()[0]).contains(QLatin1Char('1')));
    keep(program, QStringLiteral("documents-search"));
    clickFirst(results);
    auto* source = page->findChild<widgets::SourcePanel*>();
    QTRY_VERIFY(source->isVisible() && !source->pageView()->image().isNull());
    QCOMPARE(source->pageView()->highlights().size(), 1);
    keep(program, QStringLiteral("documents-search-source"));
}

void TestDocumentsPage::aNewCollectionShowsNoneOfTheOthersFiles()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    Program program(engine);
    DocumentsPage* page = openDocuments(program);
    auto* files = page->findChild<QTreeView*>();
    QTRY_COMPARE(files->model()->rowCount(), 3);
    QTest::mouseClick(buttonWith(page, QStringLiteral("New collection")), Qt::LeftButton);
    QTRY_VERIFY(page->findChild<QInputDialog*>());
    auto* dialog = page->findChild<QInputDialog*>();
    QTest::keyClicks(dialog->findChild<QLineEdit*>(), QStringLiteral("Minutes"));
    program.documents->refresh(); // its list comes after the name was given, and without it
    QTest::keyClick(dialog->findChild<QLineEdit*>(), Qt::Key_Return);
    QTRY_COMPARE(program.documents->collections().size(), 2);
    QCOMPARE(page->currentCollection(), QStringLiteral("Minutes"));
    QCOMPARE(files->model()->rowCount(), 0);
    QTRY_VERIFY(!files->isVisible()); // a word on how to add some stands there
    keep(program, QStringLiteral("documents-new"));
}

void TestDocumentsPage::theNameKeepsItsRoomBesideASource()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    Program program(engine);
    DocumentsPage* page = openDocuments(program);
    QTRY_COMPARE(page->currentCollection(), QStringLiteral("Reports"));
    QVERIFY(buttonWith(page, QStringLiteral("Ask in a new chat")));
    page->findChild<QTabBar*>()->setCurrentIndex(1);
    auto* results = searchForRevenue(page);
    QTRY_COMPARE(results->results().size(), 2);
    clickFirst(results);
    QTRY_VERIFY(page->findChild<widgets::SourcePanel*>()->isVisible());
    QTRY_VERIFY(!buttonWith(page, QStringLiteral("Ask in a new chat"))); // it is in the menu
    for (auto* button : page->findChildren<QPushButton*>())
        if (button->isVisible())
            QTRY_VERIFY2(button->width() + 1 >= button->minimumSizeHint().width(), qPrintable(button->text()));
    keep(program, QStringLiteral("documents-beside-source"));
    page->findChild<QTabBar*>()->setCurrentIndex(0);
    program.window->resize(640, 400);
    auto* files = page->findChild<QTreeView*>();
    QTRY_VERIFY(files->isVisible() && files->header()->sectionViewportPosition(1) + files->columnWidth(1) <= files->viewport()->width()); // the status is seen
    keep(program, QStringLiteral("documents-narrow"));
}

void TestDocumentsPage::cancelledIndexingCanGoOn()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    engine.collections[0].nPending = 2;
    Program program(engine);
    DocumentsPage* page = openDocuments(program);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Continue indexing")));
    keep(program, QStringLiteral("documents-waiting"));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Continue indexing")), Qt::LeftButton);
    QTRY_VERIFY([&] { const auto log = engine.written(); return std::find(log.begin(), log.end(), "resume Reports") != log.end(); }());
    QTRY_VERIFY(!program.documents->isIngestingAny());
    QTRY_VERIFY(!buttonWith(page, QStringLiteral("Continue indexing")));
    // Cancelling leaves the focus on the page.
    engine.nIngestFiles = 1000;
    dropFiles(page, {QStringLiteral("/docs/more.pdf")});
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Cancel")));
    buttonWith(page, QStringLiteral("Cancel"))->setFocus();
    QTest::keyClick(buttonWith(page, QStringLiteral("Cancel")), Qt::Key_Space);
    QTRY_VERIFY(!program.documents->isIngestingAny());
    QVERIFY(page->isAncestorOf(QApplication::focusWidget()));
}

void TestDocumentsPage::askingOpensANewChatOnTheCollection()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    engine.collections.push_back({.name = "Zoo", .nDocuments = 1, .nChunks = 4, .embedder = "e5"});
    const auto now = std::chrono::system_clock::now();
    engine.chats = {{.id = 600, .title = "Old", .created = now, .lastActive = now, .collection = "Reports"}};
    engine.messages = {{.id = 6000, .chatId = 600, .role = "user", .text = "Hello"}};
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    QTRY_COMPARE(program.chats->chats().size(), 1);
    program.chatPage()->openChat(600);
    QTRY_COMPARE(program.chatPage()->conversation()->messageCount(), 1);
    program.window->goTo(QStringLiteral("documents"));
    auto* list = program.documentsPage()->findChild<QListWidget*>();
    QTRY_COMPARE(list->count(), 2);
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Down);
    QTRY_COMPARE(program.documentsPage()->currentCollection(), QStringLiteral("Zoo"));
    QTest::mouseClick(buttonWith(program.documentsPage(), QStringLiteral("Ask in a new chat")), Qt::LeftButton);
    QTRY_COMPARE(program.window->currentPage(), QStringLiteral("chat"));
    QCOMPARE(program.chatPage()->currentChat(), 0);
    QVERIFY(program.chatPage()->composer()->edit()->hasFocus());
    QTest::keyClicks(program.chatPage()->composer()->edit(), QStringLiteral("How many bears?"));
    QTest::keyClick(program.chatPage()->composer()->edit(), Qt::Key_Return);
    QTRY_VERIFY([&] { const auto log = engine.written(); return std::find(log.begin(), log.end(), "ask Zoo") != log.end(); }());
}

void TestDocumentsPage::theFocusStaysOnThePage()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    DocumentsPage* page = openDocuments(program);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Add files")) && buttonWith(page, QStringLiteral("Add files"))->hasFocus()); // no list to stand on
    engine.addCollection();
    program.documents->refresh();
    QTRY_COMPARE(page->currentCollection(), QStringLiteral("Reports"));
    QTRY_VERIFY(page->findChild<QListWidget*>()->hasFocus());
    // A password that does not help leaves the focus where it was, and one that does leaves it on the files: not on "Remove".
    auto* files = page->findChild<QTreeView*>();
    QTRY_COMPARE(files->model()->rowCount(), 3);
    for (int row = 0; row < 3; ++row)
        if (files->model()->index(row, 0).data().toString() == QLatin1String("locked.pdf"))
            files->setCurrentIndex(files->model()->index(row, 0));
    QPushButton* action = buttonWith(page, QStringLiteral("Enter the password…"));
    QVERIFY(action);
    action->setFocus();
    program.documents->readDocuments(QStringLiteral("Reports"));
    QTest::qWait(50);
    QVERIFY(action->hasFocus());
    engine.rows.back().status = api::DocumentStatus::indexed;
    program.documents->readDocuments(QStringLiteral("Reports"));
    QTRY_VERIFY(!action->isVisible());
    QVERIFY(files->hasFocus());
}

void TestDocumentsPage::filesAreToldApart()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    engine.rows[1].title = "scan"; // a reader without a title gives the name
    Program program(engine);
    DocumentsPage* page = openDocuments(program);
    auto* files = page->findChild<QTreeView*>();
    QTRY_COMPARE(files->model()->rowCount(), 3);
    QStringList names;
    for (int row = 0; row < 3; ++row)
        names << files->model()->index(row, 0).data().toString();
    QCOMPARE(names, (QStringList{QStringLiteral("Annual report · a.pdf"), QStringLiteral("locked.pdf"), QStringLiteral("scan.pdf")}));
}

QTEST_MAIN(TestDocumentsPage)
#include "tst_documents_page.moc"
