// SPDX-License-Identifier: GPL-3.0-or-later
// `trace`, and the options that choose how a model is computed, held against the JSON keys of the contract.
#include "tests/app/cli/program.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

using sy::test::hasKeys;
using sy::test::Outcome;
using sy::test::Program;
using nlohmann::ordered_json;

class TestCliTrace : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { sy::test::writeTinyModel(model().toStdString(), "Tiny Talker"); }

    void aTraceHasTheKeysOfTheContract()
    {
        const Outcome outcome = run({"trace", "--model", model(), "--message", "Hello", "--max-tokens", "3"});
        QVERIFY2(outcome.status == 0, outcome.err);
        const ordered_json trace = outcome.json();
        QVERIFY2(hasKeys(trace, {"model", "tokens", "routing"}), outcome.out);
        QCOMPARE(trace["model"].get<std::string>(), std::string("Tiny Talker"));
        QVERIFY(trace["routing"].empty());
        size_t nDecoded = 0;
        std::string prompt;
        for (const auto& token : trace["tokens"]) {
            QVERIFY(hasKeys(token, {"id", "text", "phase", "ms", "spans"}));
            const bool isDecoded = token["phase"] == "decode";
            QVERIFY(isDecoded || token["phase"] == "prefill");
            nDecoded += isDecoded;
            if (!isDecoded)
                prompt += token["text"].get<std::string>();
        }
        QVERIFY(nDecoded >= 1 && nDecoded <= 3);
        QCOMPARE(prompt, std::string("<|start|>user\nHello<|end|><|start|>assistant\n"));
        QVERIFY(!trace["tokens"][0]["spans"].empty());
        for (const auto& span : trace["tokens"][0]["spans"])
            QVERIFY(hasKeys(span, {"name", "layer", "startUs", "us"}));
    }

    void theTraceGoesIntoAFile()
    {
        const QString out = m_program.path("trace.json");
        const Outcome outcome = run({"trace", "--model", model(), "--message", "Hello", "--max-tokens", "3", "--out", out});
        QVERIFY2(outcome.status == 0, outcome.err);
        QVERIFY(hasKeys(outcome.json(), {"out", "promptTokens", "generatedTokens"}));
        const auto trace = ordered_json::parse(sy::test::readFile(out.toStdString()));
        QCOMPARE(trace["tokens"].size(), outcome.json()["promptTokens"].get<size_t>() + outcome.json()["generatedTokens"].get<size_t>());

        const Outcome plain = m_program.run({"trace", "--model", model(), "--message", "Hello", "--max-tokens", "3", "--threads", "1"});
        QVERIFY2(plain.out.contains("Prefill") && plain.out.contains("attention"), plain.out);
    }

    void expertsAreTraced()
    {
        const auto path = sy::test::fixturePath("models/qwen3moe.gguf");
        if (!std::filesystem::exists(path))
            QSKIP("the golden models are not there");
        m_program.write("ids.txt", "1 2 3 4 5\n6");
        const QStringList arguments{"trace", "--model", QString::fromStdString(path.string()), "--tokens-file", m_program.path("ids.txt"),
                                    "--max-tokens", "2"};
        const Outcome outcome = run(arguments);
        QVERIFY2(outcome.status == 0, outcome.err);
        const ordered_json trace = outcome.json();
        QVERIFY(!trace["routing"].empty());
        size_t nExperts = 0, nFewer = 0;
        for (const auto& row : trace["routing"]) {
            QVERIFY(hasKeys(row, {"layer", "token", "experts", "weights"}));
            QCOMPARE(row["experts"].size(), row["weights"].size());
            QVERIFY(row["token"].get<size_t>() < trace["tokens"].size());
            nExperts += row["experts"].size();
        }
        const ordered_json fewer = run(arguments + QStringList{"--expert-mass", "0.4"}).json();
        for (const auto& row : fewer["routing"])
            nFewer += row["experts"].size();
        QVERIFY(nFewer > 0 && nFewer < nExperts);
        QVERIFY(m_program.run(arguments + QStringList{"--threads", "1"}).out.contains("experts used"));
    }

    void shorterKeysChangeTheLogitsALittle()
    {
        const auto logits = [&](const QString& type) {
            return run({"logits", "--model", model(), "--tokens", "1 2 3 4 5 6 7 8 9", "--out", "-", "--activations", "f32", "--kv-type", type}).out;
        };
        const QByteArray automatic = logits("auto");
        QVERIFY(!automatic.isEmpty());
        QCOMPARE(logits("f32"), automatic);
        QVERIFY(logits("q8_0") != automatic);
    }

    void infoShowsWhatEachTypeTakes()
    {
        const auto memory = run({"info", model()}).json()["memory"];
        QVERIFY(hasKeys(memory, {"kvBytesPerTokenOf"}));
        const auto& of = memory["kvBytesPerTokenOf"];
        QVERIFY(of["f16"] == memory["kvBytesPerToken"]);
        QCOMPARE(of["f32"].get<int>(), 2 * of["f16"].get<int>());
        QVERIFY(of.contains("q8_0"));
        QVERIFY(m_program.run({"info", model()}).out.contains("KV cache q8_0"));
    }

    void benchAndPerplexityTakeTheOptions()
    {
        const QStringList options{"--model", model(), "--kv-type", "q8_0", "--expert-mass", "0.8"};
        QCOMPARE(run(QStringList{"bench", "--prompt", "8", "--generate", "2", "--repeat", "1"} + options).status, 0);
        m_program.write("text.txt", "The quick brown fox jumps over the lazy dog.");
        QCOMPARE(run(QStringList{"perplexity", "--file", m_program.path("text.txt"), "--context", "16"} + options).status, 0);
        QCOMPARE(run(QStringList{"chat", "--message", "x", "--max-tokens", "1"} + options).status, 0);
    }

    void wrongUsageEndsWithTwo_data()
    {
        QTest::addColumn<QStringList>("arguments");
        const auto row = [](const QStringList& arguments) { QTest::newRow(qPrintable(arguments.join(' '))) << arguments; };
        row({"trace"});
        row({"trace", "--message", "a", "--tokens-file", "b"});
        row({"chat", "--message", "x", "--kv-type", "q4_0"});
        row({"perplexity", "--file", "x", "--expert-mass", "0"});
        row({"bench", "--expert-mass", "1.5"});
    }

    void wrongUsageEndsWithTwo()
    {
        QFETCH(QStringList, arguments);
        const Outcome outcome = m_program.run(arguments);
        QVERIFY2(outcome.status == 2, outcome.err);
        QVERIFY(outcome.out.isEmpty() && !outcome.err.isEmpty());
    }

private:
    QString model() const { return m_program.path("tiny.gguf"); }
    Outcome run(const QStringList& arguments) const { return m_program.run(arguments + QStringList{"--json", "--threads", "1"}); }

    Program m_program;
};

QTEST_GUILESS_MAIN(TestCliTrace)
#include "tst_cli_trace.moc"
