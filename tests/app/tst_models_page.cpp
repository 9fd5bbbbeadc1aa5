// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/window_program.h"
#include "app/pages/models/import_model.h"
#include "app/pages/models/models_page.h"
#include "widgets/models/memory_bar.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/toast.h"

#include <QComboBox>
#include <QFileDialog>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QScrollArea>
#include <QScrollBar>
#include <QToolButton>
#include <algorithm>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

namespace {

QWidget* openModels(Program& program)
{
    program.open();
    program.window->goTo(QStringLiteral("models"));
    return program.window->page(QStringLiteral("models"));
}

/// Beside the chat model one that can guess for it, one that cannot, and one of which the engine says so only when it is loaded.
void addDrafts(FakeEngine& engine)
{
    engine.addChatModel();
    for (const char* name : {"guesser", "stranger", "broken"})
        engine.models.push_back({.id = name, .path = std::string("/models/") + name + ".gguf", .bytes = 400'000, .kind = api::ModelKind::chat, .architecture = "qwen2"});
    engine.models[2].name = "Tiny Guesser";
    engine.models[3].name = "Stranger";
    engine.models[4].name = "Broken";
    engine.draftProblems["/models/stranger.gguf"] = "their vocabularies differ: the one has 259 tokens, the other 772; choose a smaller model of the same family";
}

void write(const QString& path)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{}");
}

} // namespace

class TestModelsPage : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void modelsPageLoadsAndTellsFailures();
    void aBadFileIsToldWithoutTouchingTheModelShown();
    void foldersAndFilesAreImportedWithOneQuestion();
    void whatIsChosenIsReducedToModels();
    void aChangedFileIsToldUntilItIsRead();
    void aMissingFileIsSaidOnce();
    void removingAsksAndSaysWhatBecomesOfTheFile();
    void aDraftIsChosenForEachModelAndLoadedWithIt();
    void aDraftThatCannotGuessIsShownWithTheReason();
    void aDraftThatFailsCostsNoChat();
    void whatIsFreeIsTakenFromTheEngineAsItIs();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestModelsPage::modelsPageLoadsAndTellsFailures()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    QWidget* page = openModels(program);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Unload")));
    keep(program, QStringLiteral("models"));
    for (auto* area : page->findChildren<QScrollArea*>()) // everything fits; nothing scrolls
        QVERIFY(!area->isVisible() || !area->verticalScrollBar()->isVisible());
    QTest::mouseClick(buttonWith(page, QStringLiteral("Unload")), Qt::LeftButton);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Load")));
    engine.beforeLoad = [] { throw BadFile("/models/tiny.gguf", "tensor blk.3.ffn_up.weight ends past the end of the file", 123456); };
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Load"))->isEnabled());
    QTest::mouseClick(buttonWith(page, QStringLiteral("Load")), Qt::LeftButton);
    QTRY_COMPARE(int(program.models->loadState()), int(ModelService::LoadState::Failed));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Copy details")));
    bool isSaid = false;
    for (auto* label : page->findChildren<QLabel*>())
        isSaid = isSaid || (label->isVisible() && label->text().contains(QStringLiteral("blk.3.ffn_up.weight")) && label->text().contains(QStringLiteral("123,456")));
    QVERIFY(isSaid);
    keep(program, QStringLiteral("models-failed"));
}

void TestModelsPage::aBadFileIsToldWithoutTouchingTheModelShown()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    QWidget* page = openModels(program);
    auto* facts = page->findChild<widgets::FactsTable*>();
    QTRY_VERIFY(facts->isVisible() && !facts->valueOf(QStringLiteral("Architecture")).isEmpty());
    dropFiles(page, {QStringLiteral("/home/me/bad.gguf")});
    QTRY_VERIFY(page->findChild<QMessageBox*>());
    QTest::mouseClick(buttonWith(page, QStringLiteral("Use it where it is")), Qt::LeftButton);
    widgets::Notice* told = nullptr;
    QTRY_VERIFY([&] {
        for (auto* notice : page->findChildren<widgets::Notice*>())
            if (notice->isVisible())
                told = notice;
        return told != nullptr;
    }());
    QVERIFY(told->title().contains(QStringLiteral("bad.gguf")));
    QVERIFY(facts->isVisible()); // they are of another file, and right
    QVERIFY(!program.window->toast()->isVisible()); // said once
    keep(program, QStringLiteral("models-import-failed"));
    QTest::mouseClick(told->findChild<QToolButton*>(), Qt::LeftButton);
    QVERIFY(!told->isVisible());
}

// By keyboard: what cannot guess is stepped over, and what was chosen comes back with its model.
void TestModelsPage::aDraftIsChosenForEachModelAndLoadedWithIt()
{
    FakeEngine engine;
    addDrafts(engine);
    Program program(engine);
    program.settings->set(setting::kLastModel, QStringLiteral("tiny"));
    QWidget* page = openModels(program);
    auto* models = qobject_cast<ModelsPage*>(page);
    auto* picker = page->findChild<QComboBox*>();
    auto* bar = page->findChild<widgets::MemoryBar*>();
    QTRY_COMPARE(picker->count(), 4);
    QCOMPARE(picker->accessibleName(), QStringLiteral("Draft model"));
    QCOMPARE(picker->currentText(), QStringLiteral("None"));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Unload")));
    QVERIFY(!bar->accessibleDescription().contains(QStringLiteral("Draft model")));
    picker->setFocus();
    QTest::keyClick(picker, Qt::Key_Down);
    QCOMPARE(picker->currentText(), QStringLiteral("Tiny Guesser"));
    QTRY_VERIFY2(bar->accessibleDescription().contains(QStringLiteral("Draft model: 400.0 MB")), qPrintable(bar->accessibleDescription()));
    QVERIFY(textsOf(page).contains(QStringLiteral("Holds when the model is loaded the next time.")));
    keep(program, QStringLiteral("models-draft"));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Unload")), Qt::LeftButton);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Load")));
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Load"))->isEnabled());
    QTest::mouseClick(buttonWith(page, QStringLiteral("Load")), Qt::LeftButton);
    QTRY_VERIFY(program.models->model());
    QCOMPARE(engine.written().back(), std::string("load with /models/guesser.gguf"));
    QVERIFY(!textsOf(page).contains(QStringLiteral("Holds when")));

    models->select(QStringLiteral("broken"));
    QTRY_COMPARE(picker->count(), 4);
    QCOMPARE(picker->currentText(), QStringLiteral("None"));
    models->select(QStringLiteral("tiny"));
    QTRY_COMPARE(picker->currentText(), QStringLiteral("Tiny Guesser"));
    QTest::keyClick(picker, Qt::Key_Home);
    QTRY_VERIFY(!bar->accessibleDescription().contains(QStringLiteral("Draft model")));
    QCOMPARE(program.models->draftOf(QStringLiteral("tiny")), QString());

    program.models->setDraft(QStringLiteral("tiny"), QStringLiteral("guesser"));
    std::erase_if(engine.models, [](const api::ModelEntry& m) { return m.id == "guesser"; });
    program.models->refresh();
    QTRY_COMPARE(picker->count(), 3);
    QCOMPARE(picker->currentText(), QStringLiteral("None")); // it is gone
}

void TestModelsPage::aDraftThatCannotGuessIsShownWithTheReason()
{
    FakeEngine engine;
    addDrafts(engine);
    Program program(engine);
    program.settings->set(setting::kLastModel, QStringLiteral("tiny"));
    QWidget* page = openModels(program);
    auto* picker = page->findChild<QComboBox*>();
    QTRY_COMPARE(picker->count(), 4);
    const auto isEnabled = [&](int i) { return bool(picker->model()->flags(picker->model()->index(i, 0)) & Qt::ItemIsEnabled); };
    QVERIFY(isEnabled(0) && isEnabled(1) && !isEnabled(2) && isEnabled(3));
    QCOMPARE(picker->itemText(2), QStringLiteral("Stranger"));
    QCOMPARE(picker->itemData(2, Qt::ToolTipRole).toString(), QStringLiteral("Their vocabularies differ: the one has 259 tokens, the other 772; choose a smaller model of the same family."));

    // Chosen once, when it still could.
    program.models->setDraft(QStringLiteral("tiny"), QStringLiteral("stranger"));
    qobject_cast<ModelsPage*>(page)->activated();
    QTRY_VERIFY(textsOf(page).contains(QStringLiteral("“Stranger” cannot guess for this model. Their vocabularies differ")));
    m_around->language.set(QStringLiteral("zh_CN"));
    QTRY_VERIFY(textsOf(program.window.get()).contains(QStringLiteral("词表")));
    keep(program, QStringLiteral("models-draft-unfit-zh"));
}

void TestModelsPage::aDraftThatFailsCostsNoChat()
{
    FakeEngine engine;
    addDrafts(engine);
    Program program(engine);
    program.settings->set(setting::kLastModel, QStringLiteral("tiny"));
    program.settings->set(setting::kDrafts, QStringLiteral("{\"tiny\":\"broken\"}"));
    QWidget* page = openModels(program);
    QTRY_VERIFY(program.models->model());
    QCOMPARE(int(program.models->loadState()), int(ModelService::LoadState::Loaded));
    QCOMPARE(engine.written().back(), std::string("load"));
    QTRY_VERIFY2(textsOf(page).contains(QStringLiteral("Loaded without the draft model “Broken”")), qPrintable(textsOf(page)));
    QVERIFY(textsOf(page).contains(QStringLiteral("Their vocabularies differ: the one has 259 tokens")));
    QVERIFY(textsOf(page).contains(QStringLiteral("Choose another draft model, or none")));
    QVERIFY(page->findChild<widgets::FactsTable*>()->isVisible()); // the estimate is the model's alone
    keep(program, QStringLiteral("models-draft-failed"));

    // In a chat a toast says it, and answers come.
    QTest::mouseClick(buttonWith(page, QStringLiteral("Unload")), Qt::LeftButton);
    QTRY_VERIFY(!program.models->model());
    program.window->goTo(QStringLiteral("chat"));
    program.models->load(QStringLiteral("tiny"));
    QTRY_VERIFY(program.window->toast()->isVisible());
    QTRY_VERIFY(program.models->model());
    QTest::keyClicks(program.chatPage()->composer()->edit(), QStringLiteral("Hello"));
    QTest::keyClick(program.chatPage()->composer()->edit(), Qt::Key_Return);
    QTRY_COMPARE(program.chatPage()->conversation()->messageCount(), 2);
    QTRY_COMPARE(int(program.chatPage()->conversation()->messageAt(1).state), int(widgets::MessageState::Done));
    keep(program, QStringLiteral("chat-draft-failed"));
}

// 9 GB beside the model that would be let go, 8 without one.
void TestModelsPage::whatIsFreeIsTakenFromTheEngineAsItIs()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    QWidget* page = openModels(program);
    auto* bar = page->findChild<widgets::MemoryBar*>();
    QTRY_VERIFY(program.models->model());
    QTRY_VERIFY2(bar->accessibleDescription().contains(QStringLiteral("9.0 GB free")), qPrintable(bar->accessibleDescription()));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Unload")), Qt::LeftButton);
    QTRY_VERIFY2(bar->accessibleDescription().contains(QStringLiteral("8.0 GB free")), qPrintable(bar->accessibleDescription()));
}

void TestModelsPage::removingAsksAndSaysWhatBecomesOfTheFile()
{
    for (const bool isReferenced : {false, true}) {
        FakeEngine engine;
        engine.addChatModel();
        engine.models.front().isReferenced = isReferenced;
        const QString id = QString::fromStdString(engine.models.front().id);
        Program program(engine);
        QWidget* page = openModels(program);
        QTRY_COMPARE(qobject_cast<ModelsPage*>(page)->current(), id);
        const auto isListed = [&] {
            return std::ranges::any_of(program.models->models(), [&](const api::ModelEntry& m) { return QString::fromStdString(m.id) == id; });
        };
        const auto ask = [&] {
            QTRY_VERIFY(buttonWith(page, QStringLiteral("Remove…")) && buttonWith(page, QStringLiteral("Remove…"))->isEnabled());
            QTest::mouseClick(buttonWith(page, QStringLiteral("Remove…")), Qt::LeftButton);
            QTRY_VERIFY(page->findChild<QMessageBox*>() && page->findChild<QMessageBox*>()->isVisible());
        };
        ask();
        QVERIFY(page->findChild<QMessageBox*>()->informativeText().contains(isReferenced ? QStringLiteral("stays where it is") : QStringLiteral("is deleted")));
        QTest::keyClick(page->findChild<QMessageBox*>(), Qt::Key_Return); // what a hasty Enter chooses loses nothing
        QTRY_VERIFY(!page->findChild<QMessageBox*>());
        QVERIFY(isListed());
        ask();
        QTest::mouseClick(buttonWith(page->findChild<QMessageBox*>(), QStringLiteral("Remove")), Qt::LeftButton);
        QTRY_VERIFY(!isListed());
    }
}

void TestModelsPage::foldersAndFilesAreImportedWithOneQuestion()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    QWidget* page = openModels(program);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Unload")));
    QTemporaryDir dir;
    QVERIFY(QDir(dir.path()).mkdir(QStringLiteral("olmo")));
    write(dir.filePath(QStringLiteral("olmo/config.json")));
    write(dir.filePath(QStringLiteral("olmo/model.safetensors")));
    write(dir.filePath(QStringLiteral("other.gguf")));
    dropFiles(page, {dir.filePath(QStringLiteral("olmo")), dir.filePath(QStringLiteral("other.gguf"))});
    QTRY_COMPARE(page->findChildren<QMessageBox*>().size(), 1);
    QTest::mouseClick(buttonWith(page, QStringLiteral("Copy it")), Qt::LeftButton);
    QTRY_COMPARE(program.models->models().size(), 4);
    const auto log = engine.written();
    QCOMPARE(std::count(log.begin(), log.end(), "import copy"), 2);
    // The last one is shown, with its own facts.
    auto* shown = qobject_cast<ModelsPage*>(page);
    QTRY_COMPARE(shown->current(), QStringLiteral("other"));
    QTRY_VERIFY(page->findChild<widgets::FactsTable*>()->valueOf(QStringLiteral("File")).endsWith(QStringLiteral("other.gguf")));
    // By the menu: a dialog for files, another for folders.
    auto* add = buttonWith(page, QStringLiteral("Add a model"));
    QVERIFY(add && add->menu());
    QStringList actions;
    for (const QAction* action : add->menu()->actions())
        actions << action->text();
    QCOMPARE(actions, (QStringList{QStringLiteral("Model file…"), QStringLiteral("Model folder…")}));
    add->menu()->actions()[1]->trigger();
    QTRY_VERIFY(page->findChild<QFileDialog*>());
    auto* dialog = page->findChild<QFileDialog*>();
    QCOMPARE(dialog->fileMode(), QFileDialog::Directory);
    QTest::keyClick(dialog, Qt::Key_Escape);
}

void TestModelsPage::whatIsChosenIsReducedToModels()
{
    QTemporaryDir dir;
    QVERIFY(QDir(dir.path()).mkpath(QStringLiteral("shards")) && QDir(dir.path()).mkpath(QStringLiteral("downloads")));
    write(dir.filePath(QStringLiteral("shards/config.json")));
    write(dir.filePath(QStringLiteral("shards/model-00001-of-00002.safetensors")));
    write(dir.filePath(QStringLiteral("shards/model-00002-of-00002.safetensors")));
    write(dir.filePath(QStringLiteral("downloads/a.gguf")));
    write(dir.filePath(QStringLiteral("downloads/b.gguf")));
    const QString shards = dir.filePath(QStringLiteral("shards"));
    QCOMPARE(modelsAmong({shards}), QStringList{shards});
    QCOMPARE(modelsAmong({shards + QStringLiteral("/model-00001-of-00002.safetensors"), shards + QStringLiteral("/model-00002-of-00002.safetensors")}), QStringList{shards});
    QCOMPARE(modelsAmong({dir.filePath(QStringLiteral("downloads"))}), (QStringList{dir.filePath(QStringLiteral("downloads/a.gguf")), dir.filePath(QStringLiteral("downloads/b.gguf"))}));
    QCOMPARE(modelsAmong({dir.path()}), QStringList{dir.path()}); // no model; the engine says so
}

void TestModelsPage::aChangedFileIsToldUntilItIsRead()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    QWidget* page = openModels(program);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Check the file")));
    QTest::mouseClick(buttonWith(page, QStringLiteral("Check the file")), Qt::LeftButton);
    QTRY_VERIFY(program.window->toast()->isVisible());
    QVERIFY(program.window->toast()->text().contains(QStringLiteral("Tiny Chat")));
    engine.isVerified = false;
    QTest::mouseClick(buttonWith(page, QStringLiteral("Check the file")), Qt::LeftButton);
    QTRY_VERIFY(textsOf(page).contains(QStringLiteral("“Tiny Chat” has changed since it was recorded")));
    keep(program, QStringLiteral("models-changed"));
}

void TestModelsPage::aMissingFileIsSaidOnce()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.models.front().isMissing = true;
    Program program(engine);
    QWidget* page = openModels(program);
    QTRY_VERIFY(buttonWith(page, QStringLiteral("Remove…")));
    QVERIFY(!buttonWith(page, QStringLiteral("Check the file"))->isEnabled());
    QVERIFY(!buttonWith(page, QStringLiteral("Load"))->isEnabled());
    QVERIFY(textsOf(page).contains(QStringLiteral("The file was moved or deleted")));
    QTest::qWait(50); // for facts that were not asked for
    QVERIFY(!buttonWith(page, QStringLiteral("Copy details")));
    QVERIFY(!page->findChild<widgets::FactsTable*>()->isVisible());
    keep(program, QStringLiteral("models-missing"));
}

QTEST_MAIN(TestModelsPage)
#include "tst_models_page.moc"
