// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/app/window_program.h"
#include "app/pages/models/import_model.h"
#include "app/pages/models/models_page.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/toast.h"

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
