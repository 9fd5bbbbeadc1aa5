// SPDX-License-Identifier: GPL-3.0-or-later
// Merging an adapter from the Fine-tune page: on the real engine with a model of 40,000 weights, and its looks over a fake one.
#include "app/pages/finetune/merge_view.h"
#include "app/services/bind_engine.h"
#include "engine/api/engine.h"
#include "tests/app/finetune_page_test.h"
#include "tests/tiny_model.h"
#include "widgets/parts/status_field.h"

#include <QCheckBox>
#include <QLabel>
#include <QMessageBox>

#include <filesystem>
#include <fstream>

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;
namespace fs = std::filesystem;

namespace {

constexpr int kPatienceMs = 120'000;
const QString kMerge = QStringLiteral("Merged into a model…");

/// The form for the adapter of the run "a-1" of a fake engine.
MergeView* openMerge(Program& program)
{
    FineTunePage* page = openPage(program);
    if (!page || !QTest::qWaitFor([&] { return program.adapters->find(QStringLiteral("a-1")); }))
        return nullptr;
    choose(page->view()->exportButton(), kMerge);
    return page->merge();
}

/// A run of an adapter for a tiny model, and the program over the engine that made it.
struct Place {
    QTemporaryDir dir;
    std::unique_ptr<api::Engine> engine;
    std::atomic<bool> holdsMerge = false; // after the first tensor, until this is false, or it is stopped
    std::unique_ptr<Program> program;
    FineTunePage* page = nullptr;

    Place()
    {
        sy::test::writeTinyModel(path("tiny.gguf"), "Tiny Talker");
        std::ofstream rows(path("rows.jsonl"));
        for (int i = 0; i < 8; ++i)
            rows << "{\"prompt\": \"say " << i << "\", \"completion\": \"" << i * i << "\"}\n";
        rows.close();
        engine = std::make_unique<api::Engine>(api::EngineOptions{.dataDir = path("data"), .nThreads = 2, .resources = SY_SOURCE_DIR "/resources"});
        engine->library().import(path("tiny.gguf"), false);
        const QJsonObject config{{"name", "fact"}, {"model", QString::fromStdString(path("tiny.gguf").string())}, {"data", QJsonArray{QJsonObject{{"path", QString::fromStdString(path("rows.jsonl").string())}}}}, {"maxSteps", 12}, {"epochs", 100}, {"adapter", QJsonObject{{"rank", 4}}}, {"optimizer", QJsonObject{{"learningRate", 0.01}}}, {"batch", QJsonObject{{"contextLength", 64}, {"sequences", 4}}}};
        api::fineTune(*engine, QJsonDocument(config).toJson().toStdString(), "test", {}, {});
    }
    bool open()
    {
        EngineFunctions functions = bindEngine(*engine);
        functions.adapters.merge = [this, merge = functions.adapters.merge](const MergeRequest& request, std::stop_token stop, const ByteProgress& progress) {
            return merge(request, stop, [&](uint64_t done, uint64_t total) {
                progress(done, total);
                while (holdsMerge && !stop.stop_requested())
                    std::this_thread::sleep_for(std::chrono::milliseconds(1));
            });
        };
        program = std::make_unique<Program>(std::move(functions));
        page = openPage(*program);
        return page && QTest::qWaitFor([&] { return page->view()->id() == QStringLiteral("fact-1") && program->adapters->find(QStringLiteral("fact-1")); }, kPatienceMs);
    }
    bool openForm()
    {
        choose(page->view()->exportButton(), kMerge);
        return QTest::qWaitFor([&] { return page->merge()->isVisible() && page->merge()->mergeButton()->isEnabled(); }, kPatienceMs);
    }
    fs::path path(const char* name) const { return dir.filePath(QString::fromUtf8(name)).toStdString(); }
    QStringList modelFiles() const { return QDir(dir.filePath(QStringLiteral("data/models"))).entryList(QDir::Files | QDir::Hidden); }
};

bool isListed(const Program& program, const QString& name)
{
    const auto& models = program.models->models();
    return std::any_of(models.cbegin(), models.cend(), [&](const api::ModelEntry& m) { return QString::fromStdString(m.name) == name; });
}

QMessageBox* questionOf(MergeView* view)
{
    auto* box = view->findChild<QMessageBox*>();
    return box && box->isVisible() ? box : nullptr;
}

void press(QMessageBox* box, const QString& text)
{
    for (QAbstractButton* button : box->buttons())
        if (button->text() == text)
            QTest::mouseClick(button, Qt::LeftButton);
}

void typeName(MergeView* view, const QString& name)
{
    view->name()->setFocus();
    view->name()->selectAll();
    QTest::keyClicks(view->name(), name);
}

} // namespace

class TestFineTuneMerge : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void fromTheClickToAModelInTheList();
    void cancelledInTheMiddleItLeavesNothing();
    void aFileThatIsThereIsAskedAbout();
    void aFullDiskIsToldBeforehand();
    void aFailureSaysWhatToDo();
    void whatIsBeingMeasuredCanBeUsedAndSkipped();
    void itGoesOnWhenThePageIsLeft();
    void anImportedAdapterNamesItsModelAndText();
    void everyFieldHasANameAndIsReachedWithTheKeyboard();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestFineTuneMerge::fromTheClickToAModelInTheList()
{
    Place place;
    QVERIFY(place.open());
    QVERIFY(place.openForm());
    MergeView* view = place.page->merge();
    QCOMPARE(view->name()->text(), QStringLiteral("tiny-fact.gguf"));
    QVERIFY(textsOf(view).contains(QStringLiteral("The new file takes")));
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(view->facts()->isVisible(), kPatienceMs);
    const fs::path file = place.path("data/models/tiny-fact.gguf");
    QVERIFY(fs::exists(file));
    QCOMPARE(view->facts()->valueOf(QStringLiteral("File")), QString::fromStdString(file.string()));
    QCOMPARE(view->facts()->valueOf(QStringLiteral("Matrices changed")), QStringLiteral("14"));
    QVERIFY(view->facts()->valueOf(QStringLiteral("Measured on")).contains(QStringLiteral("the examples")));
    const double alone = view->facts()->valueOf(QStringLiteral("Perplexity of the model")).toDouble(), adapted = view->facts()->valueOf(QStringLiteral("With the adapter")).toDouble();
    QVERIFY2(adapted > 1 && adapted < alone, qPrintable(QStringLiteral("%1 and %2").arg(adapted).arg(alone)));
    QVERIFY(view->facts()->valueOf(QStringLiteral("Merged")).contains(QStringLiteral("% against the adapter")));
    QTRY_VERIFY(isListed(*place.program, QStringLiteral("Tiny Talker (fact)")));
    QVERIFY(!place.engine->library().find(file.string())->isReferenced); // removing the model removes the file
    QTest::mouseClick(buttonWith(view, QStringLiteral("Use in chat")), Qt::LeftButton);
    QTRY_COMPARE_WITH_TIMEOUT(place.program->models->loadedName(), QStringLiteral("Tiny Talker (fact)"), kPatienceMs);
    QTRY_COMPARE(place.program->window->currentPage(), QStringLiteral("chat"));
    QVERIFY(place.program->chatPage()->adapterPicker()->id().isEmpty()); // it is in the weights
}

void TestFineTuneMerge::cancelledInTheMiddleItLeavesNothing()
{
    Place place;
    QVERIFY(place.open());
    QVERIFY(place.openForm());
    MergeView* view = place.page->merge();
    place.holdsMerge = true;
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(place.program->adapters->mergeJob() && place.program->adapters->mergeJob()->done > 0, kPatienceMs);
    QCOMPARE(place.modelFiles().size(), 1); // the half one, under another name
    QVERIFY(!place.modelFiles().contains(QStringLiteral("tiny-fact.gguf")));
    QVERIFY(view->progress()->maximum() > 0);
    QTest::keyClick(view->stopButton(), Qt::Key_Space);
    QTRY_VERIFY(view->mergeButton()->isVisible());
    QVERIFY(!place.program->adapters->mergeJob());
    QCOMPARE(place.modelFiles(), QStringList());
    QCOMPARE(view->name()->text(), QStringLiteral("tiny-fact.gguf"));
    place.holdsMerge = false;
    QTRY_VERIFY_WITH_TIMEOUT(view->mergeButton()->isEnabled(), kPatienceMs); // and once more
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_VERIFY_WITH_TIMEOUT(view->facts()->isVisible(), kPatienceMs);
    QCOMPARE(place.modelFiles(), QStringList{QStringLiteral("tiny-fact.gguf")});
}

void TestFineTuneMerge::aFileThatIsThereIsAskedAbout()
{
    Place place;
    fs::create_directories(place.path("data/models"));
    for (const char* name : {"data/models/tiny-fact.gguf", "data/models/mine.gguf"})
        std::ofstream(place.path(name)) << "old";
    QVERIFY(place.open());
    QVERIFY(place.openForm());
    MergeView* view = place.page->merge();
    QTRY_COMPARE(view->name()->text(), QStringLiteral("tiny-fact-2.gguf")); // by itself it replaces nothing
    typeName(view, QStringLiteral("mine"));
    QTRY_VERIFY_WITH_TIMEOUT(textsOf(view).contains(QStringLiteral("A file of this name is there")), kPatienceMs);
    QTest::mouseClick(view->measures(), Qt::LeftButton, {}, QPoint(8, view->measures()->height() / 2));
    QVERIFY(!view->measures()->isChecked());
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_VERIFY(questionOf(view));
    QVERIFY(questionOf(view)->text().contains(QStringLiteral("mine.gguf")));
    QTest::keyClick(questionOf(view), Qt::Key_Return); // what Enter does is harmless
    QTRY_VERIFY(!questionOf(view));
    QCOMPARE(fs::file_size(place.path("data/models/mine.gguf")), 3u);
    QVERIFY(!place.program->adapters->mergeJob());
    QTest::keyClick(view->name(), Qt::Key_Return);
    QTRY_VERIFY(questionOf(view));
    press(questionOf(view), QStringLiteral("Replace"));
    QTRY_VERIFY_WITH_TIMEOUT(view->facts()->isVisible(), kPatienceMs);
    QVERIFY(fs::file_size(place.path("data/models/mine.gguf")) > 3);
    QCOMPARE(fs::file_size(place.path("data/models/tiny-fact.gguf")), 3u);
    QCOMPARE(view->facts()->valueOf(QStringLiteral("Quality")), QStringLiteral("not measured"));
}

void TestFineTuneMerge::aFullDiskIsToldBeforehand()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    engine.merging.plan.availableBytes = 300'000'000;
    Program program(engine);
    MergeView* view = openMerge(program);
    QVERIFY(view);
    QTRY_COMPARE(view->notice()->title(), QStringLiteral("Not enough room on the disk"));
    QVERIFY(textsOf(view->notice()).contains(QStringLiteral("Free some disk space")));
    QVERIFY(!view->mergeButton()->isEnabled());
    keep(program, QStringLiteral("merge-full"));
    engine.merging.plan.availableBytes = 3'000'000'000;
    chooseIn(view->type(), QStringLiteral("Q8_0")); // looked at again when something is changed
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    QVERIFY(view->notice()->title().isEmpty());
}

void TestFineTuneMerge::aFailureSaysWhatToDo()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    engine.merging.before = [] { throw StorageFailure("/data/m.gguf", "writing the file", "No space left on device"); };
    Program program(engine);
    MergeView* view = openMerge(program);
    QVERIFY(view);
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    chooseIn(view->type(), QStringLiteral("F16"));
    type(view->strength(), QStringLiteral("0.5"));
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_VERIFY(textsOf(view->notice()).contains(QStringLiteral("Free some disk space")));
    QVERIFY(view->mergeButton()->isVisible());
    QCOMPARE(view->type()->currentText(), QStringLiteral("F16")); // what was filled in is there
    QCOMPARE(engine.merging.begun.back().options.type, std::string("F16"));
    QCOMPARE(engine.merging.begun.back().options.strength, 0.5);
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    QVERIFY(!view->notice()->title().isEmpty()); // until something is changed
    keep(program, QStringLiteral("merge-failed"));
}

void TestFineTuneMerge::whatIsBeingMeasuredCanBeUsedAndSkipped()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    engine.merging.holdsMeasuring = true;
    Program program(engine);
    MergeView* view = openMerge(program);
    QVERIFY(view);
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_COMPARE(view->stopButton()->text(), QStringLiteral("Skip measuring"));
    QTRY_VERIFY(isListed(program, QStringLiteral("Tiny Chat (Ferry desk)")));
    QTRY_VERIFY(textsOf(view).contains(QStringLiteral("22 %")));
    QTest::mouseClick(view->stopButton(), Qt::LeftButton);
    QTRY_VERIFY(view->facts()->isVisible());
    QCOMPARE(view->facts()->valueOf(QStringLiteral("Quality")), QStringLiteral("not measured"));
    QTest::mouseClick(buttonWith(view, QStringLiteral("Close")), Qt::LeftButton);
    QTRY_VERIFY(pageOf(program)->view()->isVisible());
    QCOMPARE(pageOf(program)->view()->id(), QStringLiteral("a-1"));
}

void TestFineTuneMerge::itGoesOnWhenThePageIsLeft()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    engine.training.addRun("b-1", "Harbour");
    engine.merging.holds = true;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->openRun(QStringLiteral("a-1"));
    QTRY_VERIFY(program.adapters->find(QStringLiteral("a-1")));
    choose(page->view()->exportButton(), kMerge);
    MergeView* view = page->merge();
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_VERIFY(view->stopButton()->isVisible());
    QTRY_VERIFY(textsOf(view).contains(QStringLiteral("43 %")));
    const auto statusFields = program.window->findChildren<widgets::StatusField*>();
    QTRY_VERIFY(std::any_of(statusFields.cbegin(), statusFields.cend(), [](const auto* field) { return field->value() == QStringLiteral("Merging “Ferry desk”: 43 %"); }));
    QTest::keyClick(view->stopButton(), Qt::Key_Escape);
    QTRY_VERIFY(page->view()->isVisible());
    QCOMPARE(page->view()->id(), QStringLiteral("a-1"));
    page->openRun(QStringLiteral("b-1"));
    choose(page->view()->exportButton(), kMerge); // one at a time: the one under way is shown
    QTRY_VERIFY(view->stopButton()->isVisible());
    QVERIFY(textsOf(view).contains(QStringLiteral("Ferry desk")));
    m_around->language.set(QStringLiteral("zh_CN")); // the pages are built anew
    QTRY_VERIFY(pageOf(program) != page);
    m_around->language.set(QStringLiteral("en"));
    QTest::qWait(50);
    engine.merging.holds = false;
    QTRY_VERIFY(!program.adapters->mergeJob());
    QTRY_VERIFY(textsOf(program.window->toast()).contains(QStringLiteral("tiny-Ferry-desk.gguf")));
    QTest::mouseClick(program.window->toast()->actionButton(), Qt::LeftButton);
    QTRY_VERIFY(pageOf(program)->merge()->facts()->isVisible());
    QCOMPARE(pageOf(program)->merge()->facts()->valueOf(QStringLiteral("Merged")), QStringLiteral("2.152 (+1.65 % against the adapter; less is better)"));
}

void TestFineTuneMerge::anImportedAdapterNamesItsModelAndText()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.adapters.push_back({.id = "pirate", .name = "Pirate", .file = "/data/pirate.gguf", .isImported = true});
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    QTRY_VERIFY(page->adapterView()->isVisible());
    choose(page->adapterView()->exportButton(), kMerge);
    MergeView* view = page->merge();
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    QVERIFY(!view->measures()->isChecked()); // there are no examples of it
    QCOMPARE(view->text()->count(), 1);
    QTest::mouseClick(view->measures(), Qt::LeftButton, {}, QPoint(8, view->measures()->height() / 2));
    QVERIFY(!view->mergeButton()->isEnabled());
    QVERIFY(textsOf(view).contains(QStringLiteral("Choose a text to measure on")));
    QFile file(program.dir.filePath(QStringLiteral("sea.txt")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.close();
    view->text()->setFocus();
    QTest::keyClick(view->text(), Qt::Key_Space); // its list
    QTest::keyClick(view->text()->view(), Qt::Key_Return);
    QVERIFY(answerFileDialog(view, file.fileName()));
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    QTest::mouseClick(view->mergeButton(), Qt::LeftButton);
    QTRY_VERIFY(view->facts()->isVisible());
    QVERIFY(view->facts()->valueOf(QStringLiteral("Measured on")).contains(QStringLiteral("sea.txt")));
    QCOMPARE(engine.merging.begun.back().model, fs::path("/models/tiny.gguf"));
    QCOMPARE(engine.merging.begun.back().text, fs::path(file.fileName().toStdString()));
    QTest::keyClick(view, Qt::Key_Escape);
    QTRY_VERIFY(page->adapterView()->isVisible());
}

void TestFineTuneMerge::everyFieldHasANameAndIsReachedWithTheKeyboard()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("a-1", "Ferry desk");
    Program program(engine);
    MergeView* view = openMerge(program);
    QVERIFY(view);
    QTRY_VERIFY(view->mergeButton()->isEnabled());
    program.window->activateWindow(); // the menu had taken that away
    QTRY_COMPARE(QApplication::focusWidget(), static_cast<QWidget*>(view->name()));
    QSet<QWidget*> seen;
    for (int i = 0; i < 30; ++i) {
        QWidget* now = QApplication::focusWidget();
        if (view->isAncestorOf(now)) {
            seen.insert(now);
            auto* button = qobject_cast<QAbstractButton*>(now);
            QVERIFY2(!now->accessibleName().isEmpty() || (button && !button->text().isEmpty()), now->metaObject()->className());
        }
        QTest::keyClick(now, Qt::Key_Tab);
    }
    for (QWidget* wanted : {static_cast<QWidget*>(view->name()), static_cast<QWidget*>(view->type()), static_cast<QWidget*>(view->strength()), static_cast<QWidget*>(view->measures()), static_cast<QWidget*>(view->text()), static_cast<QWidget*>(view->mergeButton())})
        QVERIFY2(seen.contains(wanted), qPrintable(wanted->accessibleName()));
    view->mergeButton()->setFocus();
    QTest::keyClick(view->mergeButton(), Qt::Key_Return);
    QTRY_VERIFY(view->facts()->isVisible());
}

QTEST_MAIN(TestFineTuneMerge)
#include "tst_finetune_merge.moc"
