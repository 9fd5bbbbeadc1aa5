// SPDX-License-Identifier: GPL-3.0-or-later
// The form of a new run on the Fine-tune page, driven with keys and the mouse over a fake engine.
#include "tests/app/finetune_page_test.h"

using namespace sy;
using namespace sy::app;
using namespace sy::app::test;

class TestFineTuneForm : public QObject {
    Q_OBJECT
private slots:
    void initTestCase() { m_around = std::make_unique<Surroundings>(); }
    void cleanup() { m_around->reset(); }
    void theCountFollowsWhatIsTyped();
    void whatDoesNotFitIsRefusedWithARemedy();
    void badDataIsToldInTheForm();
    void readingTheDataIsShownInTheFormAndInTheRun();
    void theModelItselfIsTrainedFromTheSameForm();
    void whatAWholeModelCannotLearnIsSaid();
    void theExpertsThatTheDataUsesAreChosen();
    void theCommandCanBeCopied();
    void aConfigurationThatIsDroppedFillsTheForm();
    void columnsWithNamesOfTheirOwnAreMapped();
    void aMappingOfAnOldRunIsShown();
    void knownColumnsCanBeMappedAllTheSame();
    void matricesGetRanksAndAlphasOfTheirOwn();
    void theTimeIsMeasuredOnRequest();
    void anEarlierRunTellsTheTimeRoughly();
    void measuringEndsWhenSettingsChangeOrARunBegins();

private:
    std::unique_ptr<Surroundings> m_around;
};

void TestFineTuneForm::theCountFollowsWhatIsTyped()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(engine.training.planned.size(), 1u);
    type(form->control("adapter.rank"), QStringLiteral("64"));
    type(form->control("optimizer.learningRate"), QStringLiteral("1e-5"));
    QVERIFY(!form->startButton()->isEnabled()); // not before it is known whether it fits
    QTRY_VERIFY(form->startButton()->isEnabled());
    QVERIFY(engine.training.planned.size() < 5u); // several keys at once
    QCOMPARE(settingOf(engine.training.planned.back(), "adapter.rank"), QStringLiteral("64"));
    QCOMPARE(settingOf(engine.training.planned.back(), "optimizer.learningRate"), QStringLiteral("1e-05"));
    QTest::keyClick(form->control("optimizer.learningRate"), Qt::Key_Up); // rates go by factors
    QVERIFY(form->command()->toPlainText().contains(QStringLiteral("--learning-rate 2e-05")));
    QVERIFY(!form->control("optimizer.schedule")->isVisible());
    QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    QVERIFY(form->control("optimizer.schedule")->isVisible());
    for (const RunField& field : runFields())
        if (QWidget* control = form->control(field.path)) {
            QVERIFY2(!control->accessibleName().isEmpty() && !control->toolTip().isEmpty(), field.path);
            QVERIFY2(field.kind == RunField::Kind::Lines || control->toolTip().contains(QStringLiteral("Default")), field.path);
        }
    QVERIFY(!form->control("adapter.dropout")); // not in this engine
}

void TestFineTuneForm::whatDoesNotFitIsRefusedWithARemedy()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.plan.peakBytes = 20'000'000'000;
    engine.training.plan.activationBytes = 17'000'000'000;
    engine.training.plan.changes = {{"batch.contextLength", "512", 7'000'000'000}, {"activationCheckpointing", "true", 6'000'000'000}};
    engine.training.plan.personalData = {{"mail", 3}, {"phone", 0}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    dropFiles(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(page->form()->planPanel()->notice()->title(), QStringLiteral("Does not fit into memory"));
    QVERIFY(!page->form()->startButton()->isEnabled());
    const QString remedy = PlanPanel::refusal(engine.training.plan).remedy;
    QVERIFY2(remedy.contains(QStringLiteral("Context length: 512 (7.0 GB)")) && remedy.contains(QStringLiteral("Save memory: yes")), qPrintable(remedy));
    QCOMPARE(page->form()->planPanel()->facts()->valueOf(QStringLiteral("Looks personal")), QStringLiteral("mail addresses: 3"));
    keep(program, QStringLiteral("tune-too-large"));
    api::FineTunePlan nothing = engine.training.plan;
    nothing.texts = nothing.trainedTokens = 0;
    QVERIFY(PlanPanel::refusal(nothing).title.contains(QStringLiteral("nothing to train")));
    QVERIFY(PlanPanel::refusal(FakeTraining::standardPlan()).title.isEmpty());
}

void TestFineTuneForm::badDataIsToldInTheForm()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.beforePlan = [] { throw BadFile("/data/rows.jsonl", "row 3 has no messages"); };
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    dropFiles(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QTRY_VERIFY(page->form()->planPanel()->notice()->title().contains(QStringLiteral("rows.jsonl")));
    QVERIFY(!page->form()->startButton()->isEnabled());
    engine.training.beforePlan = {};
    engine.training.beforeTraining = [] { throw StorageFailure("/data", "making the run", "no space left"); }; // between count and start
    type(page->form()->control("epochs"), QStringLiteral("2"));
    QTRY_VERIFY(page->form()->startButton()->isEnabled());
    QTest::mouseClick(page->form()->startButton(), Qt::LeftButton);
    QTRY_VERIFY(page->form()->isVisible() && program.fineTune->runs().isEmpty());
    QCOMPARE(page->form()->dataList()->count(), 1); // what was typed is still there
    QCOMPARE(valueAt(page->form()->config(), QStringLiteral("epochs")).toInt(), 2);
}

void TestFineTuneForm::readingTheDataIsShownInTheFormAndInTheRun()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.holdsReading = true;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_VERIFY(textsOf(form->planPanel()).contains(QStringLiteral("Reading the data: 43 %")));
    keep(program, QStringLiteral("tune-reading-form"));
    QTest::keyClick(form, Qt::Key_Escape); // what nobody waits for is not read on
    QTRY_VERIFY(!program.fineTune->isPlanning());
    page->newRun();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(engine.training.planned.size(), 2u); // the first has ended
    engine.training.holdsReading = false;
    QTRY_VERIFY(form->startButton()->isEnabled());

    engine.training.holdsReading = true;
    QTest::mouseClick(form->startButton(), Qt::LeftButton);
    QTRY_VERIFY(textsOf(page->view()).contains(QStringLiteral("reading the data: 43 %")));
    QCOMPARE(page->view()->progress()->maximum(), 1000);
    QCOMPARE(page->view()->progress()->value(), 430);
    keep(program, QStringLiteral("tune-reading-run"));
    choose(buttonWith(page->view(), QStringLiteral("Stop")), QStringLiteral("Stop and discard the run"));
    QTRY_VERIFY(!program.fineTune->isTraining());
    QVERIFY(engine.training.runs.empty()); // there never was one
    engine.training.holdsReading = false;
}

void TestFineTuneForm::theModelItselfIsTrainedFromTheSameForm()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    auto* method = qobject_cast<QComboBox*>(form->control("adapter.method"));
    auto* initial = qobject_cast<QComboBox*>(form->control("adapter.initial"));
    QVERIFY(method && method->isVisible() && initial && !initial->isVisible());
    type(form->control("adapter.rank"), QStringLiteral("64"));
    const auto isSaid = [&] { return textsOf(form).contains(QStringLiteral("nothing but what these examples teach")); };
    const auto setting = [&](const char* path) { return valueAt(form->config(), QString::fromLatin1(path)); };
    const auto planned = [&](const char* path) { return engine.training.planned.empty() ? QString() : settingOf(engine.training.planned.back(), path); };

    chooseIn(method, QStringLiteral("The whole model"));
    for (const char* path : {"adapter.rank", "adapter.alpha", "adapter.targets"})
        QVERIFY2(!form->control(path)->isVisible(), path);
    QVERIFY(!form->patterns()->isVisible() && initial->isVisible() && !isSaid());
    QVERIFY(form->control("optimizer.stateBits")->isVisible());
    QTRY_COMPARE(planned("adapter.method"), QStringLiteral("full"));
    QCOMPARE(planned("optimizer.learningRate"), QStringLiteral("2e-05")); // an adapter's would spoil the model
    QCOMPARE(setting("adapter.rank").toInt(), 16);
    QVERIFY(setting("adapter.initial").isNull());
    QVERIFY2(form->command()->toPlainText().contains(QStringLiteral("--method full")) && !form->command()->toPlainText().contains(QStringLiteral("--rank")), qPrintable(form->command()->toPlainText()));
    QTRY_VERIFY(form->startButton()->isEnabled());
    auto* memory = form->planPanel()->findChild<widgets::MemoryBar*>();
    QVERIFY2(memory->accessibleDescription().contains(QStringLiteral("Gradients and optimizer")), qPrintable(memory->accessibleDescription()));

    chooseIn(initial, QStringLiteral("Random numbers"));
    QVERIFY(isSaid());
    QTRY_COMPARE(planned("adapter.initial"), QStringLiteral("random"));
    QCOMPARE(planned("optimizer.learningRate"), QStringLiteral("0.001"));
    QVERIFY(form->command()->toPlainText().contains(QStringLiteral("\"initial\": \"random\"")));
    chooseIn(qobject_cast<QComboBox*>(form->control("optimizer.stateBits")), QStringLiteral("8 bits"));
    QTRY_COMPARE(planned("optimizer.stateBits"), QStringLiteral("8"));
    keep(program, QStringLiteral("tune-from-nothing"));
    const QJsonObject kept = form->config();

    // Back to an adapter: it has what it had, and a rate that was chosen stays.
    type(form->control("optimizer.learningRate"), QStringLiteral("0.01"));
    chooseIn(method, QStringLiteral("LoRA"));
    QVERIFY(!initial->isVisible() && !isSaid() && form->control("adapter.rank")->isVisible());
    QCOMPARE(setting("adapter.rank").toInt(), 64);
    QVERIFY(setting("adapter.initial").isNull());
    QCOMPARE(setting("optimizer.learningRate").toDouble(), 0.01);

    form->setConfig(kept);
    QVERIFY(isSaid());
    QCOMPARE(method->currentText(), QStringLiteral("The whole model"));
    QCOMPARE(initial->currentText(), QStringLiteral("Random numbers"));
    QCOMPARE(setting("optimizer.stateBits").toInt(), 8);
    QCOMPARE(setting("optimizer.learningRate").toDouble(), 0.001);
    QJsonObject continued = kept; // an adapter that goes on from another one keeps that
    setValueAt(continued, QStringLiteral("adapter.method"), QStringLiteral("lora"));
    setValueAt(continued, QStringLiteral("adapter.initial"), QStringLiteral("fact-1"));
    form->setConfig(continued);
    QCOMPARE(setting("adapter.initial").toString(), QStringLiteral("fact-1"));
    chooseIn(method, QStringLiteral("The whole model"));
    QVERIFY(setting("adapter.initial").isNull());
}

void TestFineTuneForm::whatAWholeModelCannotLearnIsSaid()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.knowsPreferences = true;
    engine.training.plan.peakBytes = 20'000'000'000;
    engine.training.plan.changes = {{"optimizer.stateBits", "8", 7'000'000'000}, {"adapter.method", "\"lora\"", 2'000'000'000}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    chooseIn(qobject_cast<QComboBox*>(form->control("adapter.method")), QStringLiteral("The whole model"));
    QTRY_COMPARE(form->planPanel()->notice()->title(), QStringLiteral("Does not fit into memory"));
    const QString remedy = PlanPanel::refusal(engine.training.plan).remedy;
    QVERIFY2(remedy.contains(QStringLiteral("Optimizer state: 8 bits (7.0 GB)")) && remedy.contains(QStringLiteral("Method: LoRA (2.0 GB)")), qPrintable(remedy));
    const size_t nPlanned = engine.training.planned.size();
    auto* goal = form->findChildren<QComboBox*>().at(0);
    for (auto* box : form->findChildren<QComboBox*>())
        if (box->accessibleName() == QStringLiteral("Goal"))
            goal = box;
    chooseIn(goal, QStringLiteral("Prefer the better of two answers (DPO)"));
    QCOMPARE(form->planPanel()->notice()->title(), QStringLiteral("DPO cannot train the whole model"));
    QVERIFY(!form->startButton()->isEnabled());
    QTest::qWait(600);
    QCOMPARE(engine.training.planned.size(), nPlanned); // the engine need not be asked
    engine.training.plan = FakeTraining::standardPlan();
    chooseIn(goal, QStringLiteral("Prefer and learn the better of two answers (ORPO)"));
    QTRY_VERIFY(form->startButton()->isEnabled());
    // What the engine refuses is said in the words of the window.
    engine.training.beforePlan = [] { throw Unsupported("training a quantized model whole", "tensor token_embd.weight is Q8_0; take the original in F32, F16 or BF16, or train an adapter"); };
    type(form->control("epochs"), QStringLiteral("2"));
    QTRY_COMPARE(form->planPanel()->notice()->title(), QStringLiteral("Not supported: training a quantized model whole"));
}

void TestFineTuneForm::theExpertsThatTheDataUsesAreChosen()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.plan.expertsPerLayer = 64;
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_VERIFY(form->startButton()->isEnabled());
    QVERIFY(form->planPanel()->facts()->valueOf(QStringLiteral("Experts trained")).isEmpty());
    QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    engine.training.plan.experts = {{1, {3, 17, 40}}, {2, {5}}};
    chooseIn(qobject_cast<QComboBox*>(form->control("adapter.experts")), QStringLiteral("Most chosen"));
    QVERIFY(valueAt(form->config(), QStringLiteral("adapter.expertShare")).isNull());
    QVERIFY2(form->command()->toPlainText().contains(QStringLiteral("--experts token")), qPrintable(form->command()->toPlainText()));
    QTRY_COMPARE(form->planPanel()->facts()->valueOf(QStringLiteral("Experts trained")), QStringLiteral("4 of 128"));
    QCOMPARE(settingOf(engine.training.planned.back(), "adapter.experts"), QStringLiteral("token"));
    type(form->control("adapter.expertShare"), QStringLiteral("0.35"));
    QVERIFY(form->command()->toPlainText().contains(QStringLiteral("--expert-share 0.35")));
    QTRY_COMPARE(settingOf(engine.training.planned.back(), "adapter.expertShare"), QStringLiteral("0.35"));
    keep(program, QStringLiteral("tune-chosen-experts"));
    chooseIn(qobject_cast<QComboBox*>(form->control("adapter.method")), QStringLiteral("The whole model"));
    QVERIFY(!form->control("adapter.experts")->isVisible() && !form->control("adapter.expertShare")->isVisible());
    QCOMPARE(valueAt(form->config(), QStringLiteral("adapter.experts")).toString(), QStringLiteral("all"));
}

void TestFineTuneForm::theCommandCanBeCopied()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    dropFiles(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QPushButton* copy = buttonWith(page, QStringLiteral("Copy the command"));
    QVERIFY(copy);
    QTest::mouseClick(copy, Qt::LeftButton);
    QVERIFY2(QApplication::clipboard()->text().contains(QStringLiteral("--examples /data/rows.jsonl")), qPrintable(QApplication::clipboard()->text()));
}

void TestFineTuneForm::aConfigurationThatIsDroppedFillsTheForm()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    QFile file(program.dir.filePath(QStringLiteral("kept.json")));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(R"({"name": "kept", "model": "/models/tiny.gguf", "data": [{"path": "/data/a.jsonl", "format": "alpaca"}], "adapter": {"rank": 8, "targets": ["blk.0.*"]}, "maxSteps": 5, "custom": 1})");
    file.close();
    dropFiles(page->form(), {file.fileName()});
    const QJsonObject config = page->form()->config();
    QCOMPARE(config.value(QLatin1String("name")).toString(), QStringLiteral("kept"));
    QCOMPARE(config.value(QLatin1String("model")).toString(), QStringLiteral("tiny")); // the imported model of that path
    QCOMPARE(valueAt(config, QStringLiteral("adapter.rank")).toInt(), 8);
    QCOMPARE(valueAt(config, QStringLiteral("adapter.targets")).toArray().size(), 1); // what no control can say is kept as it is
    QCOMPARE(valueAt(config, QStringLiteral("maxSteps")).toInt(), 5);
    QCOMPARE(config.value(QLatin1String("custom")).toInt(), 1);
    QCOMPARE(config.value(QLatin1String("data")).toArray()[0].toObject().value(QLatin1String("format")).toString(), QStringLiteral("alpaca"));
    QVERIFY(valueAt(config, QStringLiteral("seed")).toInt() == 3407);
}

void TestFineTuneForm::columnsWithNamesOfTheirOwnAreMapped()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.columns["/data/faq.csv"] = {"", {"Antwort", "Frage", "Nr"}, {{"At noon.", "When?", "1"}, {"At the pier.", "Where?", "2"}}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/faq.csv")});
    QTRY_VERIFY(form->mapping()->isVisible());
    QVERIFY(!form->columnsButton()->isEnabled()); // it has to be said
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("prompt"))->currentText(), QStringLiteral("Frage")); // guessed
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("completion"))->currentText(), QStringLiteral("Antwort"));
    QVERIFY2(form->mapping()->preview()->toPlainText().startsWith(QStringLiteral("Question: When?\nAnswer: At noon.\n\nQuestion: Where?")), qPrintable(form->mapping()->preview()->toPlainText()));
    for (const auto* box : form->mapping()->findChildren<QComboBox*>())
        QVERIFY(!box->accessibleName().isEmpty());
    QTRY_VERIFY(form->startButton()->isEnabled());
    QJsonObject file = firstFileOf(engine.training.planned.back());
    QCOMPARE(file.value(QLatin1String("format")).toString(), QStringLiteral("prompt-completion"));
    QCOMPARE(file.value(QLatin1String("mapping")).toObject(), QJsonObject({{QStringLiteral("prompt"), QStringLiteral("Frage")}, {QStringLiteral("completion"), QStringLiteral("Antwort")}}));
    QVERIFY2(form->command()->toPlainText().contains(QStringLiteral("\"prompt\": \"Frage\"")), qPrintable(form->command()->toPlainText())); // no option says it
    keep(program, QStringLiteral("tune-mapping"));

    // The count and what is shown follow what is chosen.
    const size_t nPlanned = engine.training.planned.size();
    chooseIn(form->mapping()->columnBox(QStringLiteral("completion")), QStringLiteral("Nr"));
    QCOMPARE(form->mapping()->preview()->toPlainText().section(QLatin1Char('\n'), 1, 1), QStringLiteral("Answer: 1"));
    QTRY_VERIFY(engine.training.planned.size() > nPlanned);
    QCOMPARE(firstFileOf(engine.training.planned.back()).value(QLatin1String("mapping")).toObject().value(QLatin1String("completion")).toString(), QStringLiteral("Nr"));
    chooseIn(form->mapping()->formBox(), QStringLiteral("A text"));
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("text"))->currentText(), QStringLiteral("Antwort"));
    QVERIFY(!form->mapping()->columnBox(QStringLiteral("prompt")));
    chooseIn(form->mapping()->formBox(), QStringLiteral("An instruction, perhaps with an input, and its answer"));
    QComboBox* input = form->mapping()->columnBox(QStringLiteral("input"));
    QCOMPARE(input->currentText(), QStringLiteral("(none)")); // may be left out
    chooseIn(input, QStringLiteral("Nr"));
    QTRY_VERIFY(form->startButton()->isEnabled());
    QTest::mouseClick(form->startButton(), Qt::LeftButton);
    QTRY_COMPARE(program.fineTune->runs().value(0).state, RunState::Done);
    file = firstFileOf(engine.training.configs["run-1"]);
    QCOMPARE(file.value(QLatin1String("format")).toString(), QStringLiteral("alpaca"));
    QCOMPARE(file.value(QLatin1String("mapping")).toObject().value(QLatin1String("input")).toString(), QStringLiteral("Nr"));
}

void TestFineTuneForm::aMappingOfAnOldRunIsShown()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.columns["/data/faq.csv"] = {"", {"A", "B"}, {{"a", "b"}}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    const QJsonObject mapping{{QStringLiteral("prompt"), QStringLiteral("B")}, {QStringLiteral("completion"), QStringLiteral("A")}};
    page->form()->setConfig({{QStringLiteral("data"), QJsonArray{QJsonObject{{QStringLiteral("path"), QStringLiteral("/data/faq.csv")}, {QStringLiteral("format"), QStringLiteral("prompt-completion")}, {QStringLiteral("mapping"), mapping}}}}});
    QTRY_VERIFY(page->form()->mapping()->isVisible());
    QCOMPARE(page->form()->mapping()->columnBox(QStringLiteral("prompt"))->currentText(), QStringLiteral("B"));
    QCOMPARE(page->form()->config().value(QLatin1String("data")).toArray().at(0).toObject().value(QLatin1String("mapping")).toObject(), mapping);
    page->newRun();
    QTRY_VERIFY(!page->form()->mapping()->isVisible());
}

void TestFineTuneForm::knownColumnsCanBeMappedAllTheSame()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.columns["/data/a.jsonl"] = {"prompt-completion", {"completion", "prompt"}, {{"yes", "well?"}}};
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/a.jsonl")});
    QTRY_VERIFY(form->columnsButton()->isEnabled());
    QVERIFY(!form->mapping()->isVisible());
    QVERIFY(!firstFileOf(QJsonDocument(form->config()).toJson().toStdString()).contains(QLatin1String("mapping")));
    QTest::mouseClick(form->columnsButton(), Qt::LeftButton);
    QVERIFY(form->mapping()->isVisible());
    QCOMPARE(form->mapping()->columnBox(QStringLiteral("prompt"))->currentText(), QStringLiteral("prompt"));
    chooseIn(form->mapping()->columnBox(QStringLiteral("prompt")), QStringLiteral("completion"));
    chooseIn(form->mapping()->columnBox(QStringLiteral("completion")), QStringLiteral("prompt"));
    const QJsonObject mapping = firstFileOf(QJsonDocument(form->config()).toJson().toStdString()).value(QLatin1String("mapping")).toObject();
    QCOMPARE(mapping.value(QLatin1String("prompt")).toString(), QStringLiteral("completion"));
    QCOMPARE(mapping.value(QLatin1String("completion")).toString(), QStringLiteral("prompt"));
}

void TestFineTuneForm::matricesGetRanksAndAlphasOfTheirOwn()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTest::mouseClick(form->advancedButton(), Qt::LeftButton);
    PatternTable* patterns = form->patterns();
    QVERIFY(patterns && patterns->addButton()->isVisible());
    const auto typeInto = [&](int column, const QString& text) {
        patterns->table()->setFocus();
        patterns->table()->setCurrentCell(patterns->table()->rowCount() - 1, column);
        QTest::keyClick(patterns->table(), Qt::Key_F2);
        auto* editor = patterns->table()->viewport()->findChild<QLineEdit*>();
        editor->selectAll();
        QTest::keyClicks(editor, text);
        QTest::keyClick(editor, Qt::Key_Return);
        QTest::qWait(1); // the editor goes in a turn of its own
    };
    QTest::mouseClick(patterns->addButton(), Qt::LeftButton);
    auto* first = patterns->table()->viewport()->findChild<QLineEdit*>();
    QVERIFY(first && first->hasFocus()); // one types on
    QTest::keyClicks(first, QStringLiteral("*attn_q"));
    QTest::keyClick(first, Qt::Key_Return);
    QTest::qWait(1);
    typeInto(1, QStringLiteral("64"));
    typeInto(2, QStringLiteral("12.5"));
    QTest::keyClick(patterns->addButton(), Qt::Key_Space);
    QTest::keyClicks(patterns->table()->viewport()->findChild<QLineEdit*>(), QStringLiteral("blk.0.*"));
    QTest::keyClick(patterns->table()->viewport()->findChild<QLineEdit*>(), Qt::Key_Return);
    QTest::qWait(1);
    typeInto(1, QStringLiteral("many")); // no number: nothing changes
    typeInto(2, QStringLiteral("8"));
    const QJsonObject ranks{{QStringLiteral("*attn_q"), 64}}, alphas{{QStringLiteral("*attn_q"), 12.5}, {QStringLiteral("blk.0.*"), 8}};
    QCOMPARE(valueAt(form->config(), QStringLiteral("adapter.rankPattern")).toObject(), ranks);
    QCOMPARE(valueAt(form->config(), QStringLiteral("adapter.alphaPattern")).toObject(), alphas);
    QVERIFY2(form->command()->toPlainText().contains(QStringLiteral("\"blk.0.*\": 8")), qPrintable(form->command()->toPlainText()));
    keep(program, QStringLiteral("tune-patterns"));
    QTRY_VERIFY(form->startButton()->isEnabled());
    const QJsonObject kept = form->config();
    QTest::mouseClick(patterns->removeButton(), Qt::LeftButton);
    QCOMPARE(valueAt(form->config(), QStringLiteral("adapter.alphaPattern")).toObject().size(), 1);
    page->newRun();
    QVERIFY(patterns->ranks().isEmpty());
    form->setConfig(kept);
    QCOMPARE(patterns->ranks(), ranks);
    QCOMPARE(patterns->alphas(), alphas);
}

void TestFineTuneForm::theTimeIsMeasuredOnRequest()
{
    FakeEngine engine;
    engine.addChatModel();
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    const auto time = [&] { return form->planPanel()->facts()->valueOf(QStringLiteral("Time")); };
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(time(), QStringLiteral("not known before a step is measured"));
    QPushButton* measure = form->planPanel()->measureButton();
    QTRY_VERIFY(measure->isEnabled());
    std::atomic<bool> isHeld = true;
    engine.training.inMeasure = [&](std::stop_token) {
        while (isHeld)
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
    };
    QTest::mouseClick(measure, Qt::LeftButton);
    QCOMPARE(time(), QStringLiteral("measuring a step…"));
    QCOMPARE(measure->text(), QStringLiteral("Stop measuring"));
    QVERIFY(form->startButton()->isEnabled()); // it need not be waited for
    isHeld = false;
    QTRY_COMPARE(time(), QStringLiteral("about 12 min 34 s, measured: 46 tokens per second"));
    QCOMPARE(measure->text(), QStringLiteral("Measure the time"));
    // Another name changes nothing; another rank makes an estimate of it.
    QTest::keyClicks(form->findChild<QLineEdit*>(), QStringLiteral("x"));
    QTRY_VERIFY(time().contains(QStringLiteral("measured: 46")));
    type(form->control("adapter.rank"), QStringLiteral("64"));
    QTRY_VERIFY2(time().contains(QStringLiteral("an estimate from the step that was measured")), qPrintable(time()));
    QTRY_VERIFY(measure->isEnabled());
    engine.training.inMeasure = [](std::stop_token) { throw OutOfMemory("cpu", 4'000'000'000, 1'000'000'000); };
    QTest::keyClick(measure, Qt::Key_Space);
    const auto isSaid = [&] {
        for (auto* notice : form->findChildren<widgets::Notice*>())
            if (notice->isVisible() && notice->title().contains(QStringLiteral("Not enough memory")))
                return true;
        return false;
    };
    QTRY_VERIFY(isSaid());
    QVERIFY(!program.fineTune->isMeasuring());
}

void TestFineTuneForm::anEarlierRunTellsTheTimeRoughly()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.addRun("other-1", "Other model", 20);
    engine.training.addRun("a-1", "By its path", 20);
    engine.training.find("other-1")->model = "/models/other.gguf";
    engine.training.find("a-1")->model = "/models/tiny.gguf";
    engine.training.addRun("other-2", "Newest", 20);
    engine.training.find("other-2")->model = "/models/other.gguf";
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    dropFiles(page->form(), {QStringLiteral("/data/rows.jsonl")});
    QTRY_COMPARE(page->form()->planPanel()->facts()->valueOf(QStringLiteral("Time")), QStringLiteral("about 8 min 3 s, an estimate: as fast as “By its path”"));
}

void TestFineTuneForm::measuringEndsWhenSettingsChangeOrARunBegins()
{
    FakeEngine engine;
    engine.addChatModel();
    engine.training.isHeld = true;
    std::atomic<int> nStopped = 0;
    engine.training.inMeasure = [&](std::stop_token stop) {
        while (!stop.stop_requested())
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        ++nStopped;
        throw Cancelled();
    };
    Program program(engine);
    FineTunePage* page = openPage(program);
    QVERIFY(page);
    page->newRun();
    RunForm* form = page->form();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QPushButton* measure = form->planPanel()->measureButton();
    QTRY_VERIFY(measure->isVisible() && measure->isEnabled());
    QTest::mouseClick(measure, Qt::LeftButton);
    QVERIFY(program.fineTune->isMeasuring());
    QTest::mouseClick(measure, Qt::LeftButton); // stop
    QVERIFY(!program.fineTune->isMeasuring());
    QTRY_COMPARE(nStopped.load(), 1);
    QTest::mouseClick(measure, Qt::LeftButton);
    type(form->control("epochs"), QStringLiteral("2"));
    QVERIFY(!program.fineTune->isMeasuring());
    QTRY_COMPARE(nStopped.load(), 2);
    QTRY_VERIFY(measure->isEnabled());
    QTest::mouseClick(measure, Qt::LeftButton);
    QTRY_VERIFY(form->startButton()->isEnabled());
    QTest::mouseClick(form->startButton(), Qt::LeftButton);
    QTRY_COMPARE(nStopped.load(), 3);
    QTRY_COMPARE(program.fineTune->run(QStringLiteral("run-1")).value_or(RunRow()).step, 3);
    page->newRun();
    dropFiles(form, {QStringLiteral("/data/rows.jsonl")});
    QTRY_VERIFY(form->startButton()->isEnabled());
    QVERIFY(!measure->isEnabled() && !measure->toolTip().isEmpty()); // a step beside a run would tell nothing
}

QTEST_MAIN(TestFineTuneForm)
#include "tst_finetune_form.moc"
