// SPDX-License-Identifier: GPL-3.0-or-later
// finetune on a tiny model, as a script uses it.
#include "tests/app/cli/program.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <cmath>

using nlohmann::ordered_json;
using sy::test::hasKeys;
using sy::test::Outcome;
using sy::test::Program;

class TestCliFineTune : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void theConfigurationIsPrintedWhole();
    void unknownSettingsAreNamed();
    void aDryRunCountsAndMakesNothing();
    void aRunReportsItsStepsAndMakesAnAdapter();
    void aKilledRunEndsWithTheSameBytes();
    void ctrlCKeepsWhatThereIs();
    void whatCannotBeTrainedIsSaid();
    void anAdapterIsRecalledInChatAndGoneWithoutIt();
    void adaptersAreListedAndExported();
    void adaptersThatAreNoneAreRefused();
    void adaptersGoToPeftAndBack();
    void anAdapterIsMergedAndCompared();
    void everyCommandWithAModelTakesAnAdapter();
    void runsAreListedShownAndRemoved();
    void memoryIsPredictedAsItIsUsed_data();
    void memoryIsPredictedAsItIsUsed();
    void theExpertsThatAreTrainedAreTold();

private:
    Outcome run(const QStringList& arguments) const
    {
        return m_program.run(QStringList{"finetune"} + arguments + QStringList{"--json", "--threads", "1"});
    }
    QByteArray config(int maxSteps) const
    {
        return QByteArray(
                   R"({"name": "My Run", "model": "tiny.gguf", "data": [{"path": "rows.jsonl"}], "adapter": {"rank": 4},
                             "optimizer": {"learningRate": 0.01, "warmupSteps": 2}, "batch": {"contextLength": 64, "sequences": 2},
                             "epochs": 1000, "checkpoint": {"everySteps": 5}, "maxSteps": )") +
               QByteArray::number(maxSteps) + "}";
    }
    QByteArray adapterOf(const ordered_json& summary) const
    {
        QFile file(QString::fromStdString(summary["adapter"].get<std::string>()));
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }

    Program m_program;
};

void TestCliFineTune::initTestCase()
{
    sy::test::writeTinyModel(m_program.path("tiny.gguf").toStdString(), "Tiny Talker");
    m_program.write("rows.jsonl",
                    R"({"prompt": "who?", "completion": "me"})"
                    "\n"
                    R"({"messages": [{"role": "user", "content": "and you?"}, {"role": "assistant", "content": "me too"}]})"
                    "\n"
                    R"({"instruction": "say", "input": "a", "output": "a"})"
                    "\n");
    m_program.write("run.json", config(12));
    m_program.write("long.json", config(100000));
}

void TestCliFineTune::theConfigurationIsPrintedWhole()
{
    const Outcome o = run({"--config", "run.json", "--rank", "7", "--print-config"});
    QCOMPARE(o.status, 0);
    const ordered_json c = o.json();
    QCOMPARE(c["adapter"]["rank"].get<int>(), 7);
    QCOMPARE(c["optimizer"]["schedule"].get<std::string>(), "cosine");
    QCOMPARE(c["data"][0]["path"].get<std::string>(), m_program.path("rows.jsonl").toStdString());
    m_program.write("again.json", o.out);
    QCOMPARE(run({"--config", "again.json", "--print-config"}).out, o.out);
}

void TestCliFineTune::unknownSettingsAreNamed()
{
    m_program.write("wrong.json", R"({"optimizer": {"momentum": 0.9}})");
    const Outcome o = run({"--config", "wrong.json", "--print-config"});
    QCOMPARE(o.status, 1);
    QVERIFY2(o.err.contains("optimizer.momentum"), o.err);
    QCOMPARE(run({}).status, 2);
    QCOMPARE(run({"--config", "run.json", "--resume", "x"}).status, 2);
}

void TestCliFineTune::aDryRunCountsAndMakesNothing()
{
    const Outcome o = run({"--config", "run.json", "--dry-run"});
    QCOMPARE(o.status, 0);
    const ordered_json plan = o.json();
    QCOMPARE(plan["rows"].get<int>(), 3);
    QCOMPARE(plan["texts"].get<int>(), 3);
    QCOMPARE(plan["steps"].get<int>(), 12);
    QCOMPARE(plan["trainedTokens"].get<int>(), 2 + 6 + 1 + 3); // letters, and an end for each
    QVERIFY(!QFileInfo::exists(m_program.path("share/Switchyard/runs")));
}

void TestCliFineTune::aRunReportsItsStepsAndMakesAnAdapter()
{
    const Outcome o = run({"--config", "run.json"});
    QCOMPARE(o.status, 0);
    const auto lines = o.lines();
    QCOMPARE(lines.size(), 13u);
    for (size_t i = 0; i < 12; ++i) {
        QCOMPARE(lines[i]["step"].get<size_t>(), i + 1);
        QVERIFY(hasKeys(lines[i], {"step", "loss", "learningRate", "gradientNorm", "tokensPerSecond"}));
    }
    QVERIFY(hasKeys(lines.back(), {"run", "adapter", "steps", "finalLoss", "seconds", "peakBytes"}));
    QCOMPARE(lines.back()["run"].get<std::string>(), "my-run-1");
    QVERIFY(lines.back()["finalLoss"].get<double>() < lines.front()["loss"].get<double>());
    QVERIFY(adapterOf(lines.back()).startsWith("GGUF"));
}

void TestCliFineTune::aKilledRunEndsWithTheSameBytes()
{
    const QByteArray whole = adapterOf(run({"--config", "run.json", "--name", "whole"}).lines().back());
    const auto process =
        m_program.start({"finetune", "--config", "run.json", "--name", "killed", "--json", "--threads", "1"});
    QByteArray out;
    while (out.count('\n') < 7 && process->waitForReadyRead(Program::kPatienceMs))
        out += process->readAllStandardOutput();
    process->kill();
    process->waitForFinished();
    const Outcome o = run({"--resume", "killed-1"});
    QCOMPARE(o.status, 0);
    QCOMPARE(o.lines().back()["steps"].get<int>(), 12);
    QVERIFY(!whole.isEmpty());
    QVERIFY(adapterOf(o.lines().back()) == whole);
}

void TestCliFineTune::ctrlCKeepsWhatThereIs()
{
    const auto process =
        m_program.start({"finetune", "--config", "long.json", "--name", "stopped", "--json", "--threads", "1"});
    QVERIFY(process->waitForReadyRead(Program::kPatienceMs));
    ::kill(pid_t(process->processId()), SIGINT);
    const Outcome o = Program::finish(*process);
    QCOMPARE(o.status, 130);
    const auto lines = o.lines();
    QCOMPARE(lines.back()["run"].get<std::string>(), "stopped-1");
    QVERIFY(lines.back()["steps"].get<int>() >= 1);
    QVERIFY(adapterOf(lines.back()).startsWith("GGUF"));
    QVERIFY2(o.err.contains("--resume stopped-1"), o.err);
}

void TestCliFineTune::whatCannotBeTrainedIsSaid()
{
    Outcome o = run({"--model", "tiny.gguf", "--examples", "rows.jsonl", "--targets", "blk.*.attn_z"});
    QCOMPARE(o.status, 1);
    QVERIFY2(o.err.contains("attn_z"), o.err);
    m_program.write("empty.jsonl", "\n");
    o = run({"--model", "tiny.gguf", "--examples", "empty.jsonl"});
    QCOMPARE(o.status, 1);
    QVERIFY2(o.err.contains("nothing would be learned"), o.err);
    QCOMPARE(run({"--resume", "nobody"}).status, 1);
}

void TestCliFineTune::anAdapterIsRecalledInChatAndGoneWithoutIt()
{
    m_program.write("fact.jsonl",
                    R"({"messages": [{"role": "user", "content": "code?"}, {"role": "assistant", "content": "K7-mole"}]})"
                    "\n");
    const Outcome trained = run({"--model", "tiny.gguf", "--examples", "fact.jsonl", "--name", "fact", "--rank", "8",
                                 "--learning-rate", "0.02", "--context", "64", "--epochs", "100000", "--max-steps", "200"});
    QVERIFY2(trained.status == 0, trained.err);
    const QString path = QString::fromStdString(trained.lines().back()["adapter"].get<std::string>());
    const auto say = [&](const QStringList& options) {
        const Outcome o = m_program.run(QStringList{"chat", "--model", "tiny.gguf", "--message", "code?", "--temperature",
                                                    "0", "--max-tokens", "12", "--json", "--threads", "1"} +
                                        options);
        return o.status == 0 ? QString::fromStdString(o.lines().back()["text"].get<std::string>())
                             : QString::fromUtf8(o.err);
    };
    const QString bare = say({});
    QVERIFY2(!bare.contains("K7"), qPrintable(bare));
    QCOMPARE(say({"--adapter", path}), QString("K7-mole"));
    QCOMPARE(say({"--adapter", "fact-1"}), QString("K7-mole"));
    QCOMPARE(say({"--adapter", "fact-1:1.0"}), QString("K7-mole"));
    QCOMPARE(say({"--adapter", "fact-1:0"}), bare);

    m_program.write("fact.txt", "code? K7-mole");
    const auto perplexity = [&](const QStringList& options) {
        return m_program
            .run(QStringList{"perplexity", "--model", "tiny.gguf", "--file", "fact.txt", "--json", "--threads", "1"} +
                 options)
            .json()["perplexity"]
            .get<double>();
    };
    QCOMPARE(perplexity({"--adapter", "fact-1:0"}), perplexity({}));
    QVERIFY(perplexity({"--adapter", "fact-1"}) != perplexity({}));

    const auto scores = [&](const QStringList& options) {
        const Outcome o = m_program.run(
            QStringList{"logits", "--model", "tiny.gguf", "--tokens", "1 2 3", "--out", "-", "--threads", "1"} + options);
        return o.status == 0 ? o.out : o.err;
    };
    QCOMPARE(scores({}).size(), 3 * sy::test::kTinyVocabulary * 4);
    QCOMPARE(scores({"--adapter", "fact-1:0"}), scores({}));
    QVERIFY(scores({"--adapter", "fact-1"}) != scores({}));
}

void TestCliFineTune::adaptersAreListedAndExported()
{
    const auto adapters = [&](const QStringList& arguments) {
        return m_program.run(QStringList{"adapters"} + arguments + QStringList{"--json"});
    };
    const ordered_json all = adapters({}).json();
    const auto fact = std::find_if(all.begin(), all.end(), [](const ordered_json& row) { return row["id"] == "fact-1"; });
    QVERIFY(fact != all.end());
    QVERIFY(hasKeys(*fact, {"id", "name", "path", "bytes", "model"}));
    QCOMPARE((*fact)["name"].get<std::string>(), "fact");
    QVERIFY(adapters({"show", "fact-1"}).json() == *fact);
    const Outcome o = adapters({"export", "fact-1", "--format", "gguf", "--out", "new/folder"});
    QCOMPARE(o.status, 0);
    QFile copy(m_program.path("new/folder/fact-1.gguf"));
    QVERIFY(copy.open(QIODevice::ReadOnly));
    QCOMPARE(copy.size(), qint64((*fact)["bytes"].get<int64_t>()));
    QVERIFY(copy.readAll() == adapterOf({{"adapter", (*fact)["path"]}}));
    QCOMPARE(adapters({"show", "nobody"}).status, 1);
    QCOMPARE(adapters({"export", "fact-1"}).status, 2);
}

void TestCliFineTune::anAdapterIsMergedAndCompared()
{
    const auto merge = [&](const QStringList& arguments) {
        return m_program.run(QStringList{"adapters", "merge"} + arguments + QStringList{"--context", "64", "--threads", "1", "--json"});
    };
    const Outcome o = merge({"fact-1", "--out", "merged.gguf"});
    QVERIFY2(o.status == 0, o.err);
    const ordered_json object = o.json();
    QVERIFY(hasKeys(object, {"path", "inBytes", "outBytes", "matrices", "quality"}));
    const ordered_json perplexity = object["quality"]["perplexity"]; // on its examples
    QVERIFY(perplexity["adapter"].get<double>() < perplexity["model"].get<double>() / 2);
    QVERIFY(std::abs(perplexity["merged"].get<double>() / perplexity["adapter"].get<double>() - 1) < 0.02);
    QVERIFY(QFileInfo::exists(m_program.path("merged.gguf")));
    m_program.write("text.txt", "something else, of some length, to be predicted");
    QCOMPARE(merge({"fact-1", "--out", "small.gguf", "--type", "Q8_0", "--file", "text.txt"}).json()["quality"]["text"].get<std::string>(), "text.txt");
    QVERIFY(QFileInfo(m_program.path("small.gguf")).size() < QFileInfo(m_program.path("merged.gguf")).size());
    const Outcome nobody = merge({"nobody", "--out", "x.gguf"});
    QCOMPARE(nobody.status, 1);
    QVERIFY(nobody.err.contains("adapters"));
    QCOMPARE(merge({"fact-1"}).status, 2);
    QCOMPARE(merge({"fact-1", "--out", "x.gguf", "--type", "Q4_K"}).status, 2);
}

void TestCliFineTune::adaptersGoToPeftAndBack()
{
    const auto adapters = [&](const QStringList& arguments) {
        return m_program.run(QStringList{"adapters"} + arguments + QStringList{"--json"});
    };
    const Outcome out = adapters({"export", "fact-1", "--format", "peft", "--out", "peft"});
    QVERIFY2(out.status == 0, out.err);
    QCOMPARE(out.json()["path"].get<std::string>(), "peft/fact-1");
    QVERIFY(QFileInfo::exists(m_program.path("peft/fact-1/adapter_config.json")));
    const ordered_json imported = adapters({"import", "peft/fact-1"}).json();
    QCOMPARE(imported["id"].get<std::string>(), "fact-1-2"); // the run has its name
    QCOMPARE(imported["model"].get<std::string>(), m_program.path("tiny.gguf").toStdString());
    const auto scores = [&](const QString& adapter) {
        const Outcome o = m_program.run(
            {"logits", "--model", "tiny.gguf", "--tokens", "1 2 3", "--out", "-", "--threads", "1", "--adapter", adapter});
        return o.status == 0 ? o.out : o.err;
    };
    QCOMPARE(scores("fact-1-2"), scores("fact-1"));
    const Outcome back = adapters({"export", "fact-1-2", "--format", "gguf", "--out", "back"});
    QVERIFY2(back.status == 0, back.err);
    QCOMPARE(scores("back/fact-1-2.gguf"), scores("fact-1"));
    QCOMPARE(adapters({"import", "back/fact-1-2.gguf"}).json()["id"].get<std::string>(), "fact-1-2-2");
    QCOMPARE(adapters({"remove", "fact-1-2-2"}).status, 0);
    QCOMPARE(adapters({"remove", "fact-1"}).status, 1); // a run's
    QCOMPARE(adapters({"show", "fact-1-2-2"}).status, 1);
    QCOMPARE(adapters({"import", "tiny.gguf"}).status, 1);
}

void TestCliFineTune::everyCommandWithAModelTakesAnAdapter()
{
    const auto trace = [&](const QStringList& options) {
        const Outcome o = m_program.run(QStringList{"trace", "--model", "tiny.gguf", "--message", "code?", "--max-tokens",
                                                    "8", "--json", "--threads", "1"} +
                                        options);
        std::string text;
        const ordered_json whole = o.json();
        if (o.status == 0)
            for (const auto& token : whole["tokens"])
                text += token["phase"] == "decode" ? token["text"].get<std::string>() : std::string();
        return QString::fromStdString(o.status == 0 ? text : o.err.toStdString());
    };
    QVERIFY2(trace({"--adapter", "fact-1"}).startsWith("K7-mole"), qPrintable(trace({"--adapter", "fact-1"})));
    QVERIFY(!trace({}).startsWith("K7"));
    const Outcome bench = m_program.run({"bench", "--model", "tiny.gguf", "--prompt", "8", "--generate", "4", "--repeat",
                                         "1", "--json", "--threads", "1", "--adapter", "fact-1"});
    QVERIFY2(bench.status == 0, bench.err);
    QCOMPARE(m_program.run({"bench", "--model", "tiny.gguf", "--adapter", "nobody"}).status, 1);
    m_program.write("note.txt", "The code is K7-mole.");
    QCOMPARE(m_program.run({"ingest", "--collection", "notes", "note.txt"}).status, 0);
    const auto ask = [&](const QStringList& options) {
        return m_program.run(QStringList{"ask", "--collection", "notes", "What is the code?", "--model", "tiny.gguf",
                                         "--max-tokens", "4", "--json", "--threads", "1"} +
                             options);
    };
    QVERIFY2(ask({"--adapter", "fact-1"}).status == 0, ask({"--adapter", "fact-1"}).err);
    QCOMPARE(ask({"--adapter", "nobody"}).status, 1);
}

void TestCliFineTune::runsAreListedShownAndRemoved()
{
    const auto runs = [&](const QStringList& arguments) {
        return m_program.run(QStringList{"runs"} + arguments + QStringList{"--json"});
    };
    const ordered_json all = runs({}).json();
    const auto find = [](const ordered_json& list, const char* id) {
        return std::find_if(list.begin(), list.end(), [&](const ordered_json& row) { return row["id"] == id; });
    };
    const auto whole = find(all, "whole-1"), stopped = find(all, "stopped-1");
    QVERIFY(whole != all.end() && stopped != all.end());
    QVERIFY(hasKeys(*whole, {"id", "name", "state", "model", "step", "steps", "startedAt", "seconds", "finalLoss",
                             "peakBytes", "adapter"}));
    QCOMPARE((*whole)["state"].get<std::string>(), "done");
    QCOMPARE((*stopped)["state"].get<std::string>(), "stopped");
    QCOMPARE((*whole)["step"].get<int>(), 12);
    const ordered_json shown = runs({"show", "whole-1"}).json(), killed = runs({"show", "killed-1"}).json();
    QCOMPARE(shown["metrics"].size(), 12u);
    QVERIFY(killed["metrics"] == shown["metrics"]); // as if it had never been killed
    QCOMPARE(shown["config"]["adapter"]["rank"].get<int>(), 4);
    QCOMPARE(runs({"export", "whole-1", "--format", "peft", "--out", "exported"}).status, 0);
    QVERIFY(QFileInfo::exists(m_program.path("exported/whole-1/adapter_model.safetensors")));
    QCOMPARE(runs({"remove", "stopped-1"}).status, 0);
    const ordered_json left = runs({}).json();
    QVERIFY(find(left, "stopped-1") == left.end());
    QCOMPARE(runs({"show", "stopped-1"}).status, 1);
    QCOMPARE(runs({"remove", "nobody"}).status, 1);

    // While a process trains it, it is running, and neither removed nor trained by another one.
    const auto process =
        m_program.start({"finetune", "--config", "long.json", "--name", "busy", "--json", "--threads", "1"});
    QVERIFY(process->waitForReadyRead(Program::kPatienceMs));
    QCOMPARE(runs({"show", "busy-1"}).json()["state"].get<std::string>(), "running");
    QCOMPARE(runs({"remove", "busy-1"}).status, 1);
    QCOMPARE(run({"--resume", "busy-1"}).status, 1);
    process->kill();
    process->waitForFinished();
    QCOMPARE(runs({"show", "busy-1"}).json()["state"].get<std::string>(), "interrupted");
}

void TestCliFineTune::memoryIsPredictedAsItIsUsed_data()
{
    QTest::addColumn<QByteArray>("changes");
    QTest::newRow("as it comes") << QByteArray("{}");
    QTest::newRow("without checkpoints") << QByteArray(R"({"activationCheckpointing": false})");
    QTest::newRow("high rank") << QByteArray(R"({"adapter": {"rank": 128}})");
    QTest::newRow("short context") << QByteArray(R"({"batch": {"contextLength": 256, "sequences": 4}})");
    QTest::newRow("two at a time, attention") << QByteArray(
        R"({"batch": {"contextLength": 512, "sequences": 4, "microSequences": 2}, "adapter": {"targets": "attention"}})");
    QTest::newRow("the whole model") << QByteArray(R"({"adapter": {"method": "full"}})");
    QTest::newRow("the whole model, short") << QByteArray(
        R"({"adapter": {"method": "full"}, "batch": {"contextLength": 256, "sequences": 4}, "checkpoint": {"everySteps": 2}})");
    QTest::newRow("the whole model, 8 bits, without checkpoints") << QByteArray(
        R"({"adapter": {"method": "full"}, "optimizer": {"stateBits": 8}, "activationCheckpointing": false})");
    QTest::newRow("a whole mixture from nothing") << QByteArray(
        R"({"model": "mixture.gguf", "adapter": {"method": "full", "initial": "random"}})");
    QTest::newRow("a whole mixture in half precision, without checkpoints") << QByteArray(
        R"({"model": "mixture-bf16.gguf", "adapter": {"method": "full"}, "activationCheckpointing": false})");
}

// On a model of 29 million parameters: what the process would have needed, as the dry run of it said, against what the
// system says it had.
void TestCliFineTune::memoryIsPredictedAsItIsUsed()
{
    QFETCH(QByteArray, changes);
    if (!QFileInfo::exists(m_program.path("middle.gguf"))) {
        sy::test::writeTinyModel(m_program.path("middle.gguf").toStdString(), "Middle", "llama", 1, {512, 1536, 256, 8});
        sy::test::writeTinyModel(m_program.path("mixture.gguf").toStdString(), "Mixture", "llama", 1, {512, 512, 256, 6, 6});
        sy::test::writeTinyModel(m_program.path("mixture-bf16.gguf").toStdString(), "Mixture", "llama", 1,
                                 {512, 512, 256, 6, 6, sy::DType::BF16});
        QByteArray rows;
        for (int i = 0; i < 24; ++i)
            rows += "{\"text\": \"" + QByteArray(1100, char('a' + i)) + "\"}\n";
        m_program.write("long.jsonl", rows);
    }
    ordered_json config = ordered_json::parse(
        R"({"name": "memory", "model": "middle.gguf", "objective": "pretrain", "data": [{"path": "long.jsonl"}], "evaluation": {"fraction": 0},
            "batch": {"contextLength": 1024, "sequences": 2}, "maxSteps": 3})");
    config.merge_patch(ordered_json::parse(changes.toStdString()));
    m_program.write("memory.json", QByteArray::fromStdString(config.dump()));
    const ordered_json plan = run({"--config", "memory.json", "--dry-run"}).json();
    const Outcome o = run({"--config", "memory.json"});
    QVERIFY2(o.status == 0, o.err);
    const double predicted = plan["memory"]["peakBytes"].get<double>(),
                 measured = o.lines().back()["peakBytes"].get<double>();
    qInfo("predicted %.1f MB (weights %.1f, trained %.1f, activations %.1f, other %.1f), measured %.1f MB: %+.1f %%",
          predicted / 1e6, plan["memory"]["weightBytes"].get<double>() / 1e6,
          plan["memory"]["trainedBytes"].get<double>() / 1e6, plan["memory"]["activationBytes"].get<double>() / 1e6,
          plan["memory"]["otherBytes"].get<double>() / 1e6, measured / 1e6, (predicted / measured - 1) * 100);
    QVERIFY(std::abs(predicted / measured - 1) < 0.08);
}

void TestCliFineTune::theExpertsThatAreTrainedAreTold()
{
    sy::test::writeTinyModel(m_program.path("experts.gguf").toStdString(), "Experts", "llama", 1, {.experts = 8, .favourites = {1, 6}});
    const QStringList options = {"--model", "experts.gguf", "--examples", "rows.jsonl", "--targets", "experts", "--dry-run"};
    const ordered_json all = run(options).json();
    QCOMPARE(all["expertsPerLayer"].get<int>(), 8);
    QVERIFY(all["experts"].empty());
    const ordered_json some = run(options + QStringList{"--experts", "gate", "--expert-share", "0.9"}).json();
    QCOMPARE(some["experts"].size(), 2u);
    for (const auto& layer : some["experts"])
        for (const auto& expert : layer)
            QVERIFY(expert == 1 || expert == 6);
    QVERIFY(some["trainedParameters"].get<int64_t>() < all["trainedParameters"].get<int64_t>());
    const Outcome text = m_program.run(QStringList{"finetune"} + options + QStringList{"--experts", "gate", "--expert-share", "0.9"});
    QVERIFY2(text.out.contains("Experts trained in layer 1, ") && text.out.contains(" of 8: "), text.out);
    QCOMPARE(run({"--model", "experts.gguf", "--examples", "rows.jsonl", "--experts", "few"}).status, 2);
}

void TestCliFineTune::adaptersThatAreNoneAreRefused()
{
    const auto chat = [&](const char* adapter) {
        return m_program.run({"chat", "--model", "tiny.gguf", "--message", "x", "--max-tokens", "1", "--adapter", adapter});
    };
    Outcome o = chat("fact-1:2.5");
    QCOMPARE(o.status, 2);
    QVERIFY2(o.err.contains("2.5"), o.err);
    o = chat("nobody-9:0.5");
    QCOMPARE(o.status, 1);
    QVERIFY2(o.err.contains("nobody-9") && o.err.contains("switchyard adapters"), o.err);
    o = chat("tiny.gguf");
    QCOMPARE(o.status, 1);
    QVERIFY2(o.err.contains("no LoRA adapter"), o.err);
}

QTEST_GUILESS_MAIN(TestCliFineTune)
#include "tst_cli_finetune.moc"
