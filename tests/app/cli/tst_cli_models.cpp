// SPDX-License-Identifier: GPL-3.0-or-later
// The commands that work with models, on a tiny one written here, held against the JSON keys of the contract.
#include "tests/app/cli/program.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <cmath>

using sy::test::hasKeys;
using sy::test::Outcome;
using sy::test::Program;
using nlohmann::ordered_json;

class TestCliModels : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void infoHasTheKeysOfTheContract();
    void aModelGoesThroughTheList();
    void aModelIsNamedByPathIdAndName();
    void textBecomesTokensAndBack();
    void linesAreTokenizedOneByOne();
    void specialTokensAreParsedOnlyWhenAsked();
    void idsAreTakenAsNumbersAndAsJson();
    void templatesAreRendered();
    void aTemplateThatRaisesEndsWithItsMessage();
    void logitsAreWrittenAsFloats();
    void logitsDoNotDependOnTheChunk();
    void goldenLogitsComeFromTheCommandLine_data();
    void goldenLogitsComeFromTheCommandLine();
    void aTokenOutsideTheVocabularyIsRefused();
    void perplexityIsThatOfTheLogits();
    void chatStreamsTokensAndASummary();
    void theSameSeedGivesTheSameText();
    void aDraftChangesNoText();
    void linesOfStdinAreAConversation();
    void aMessageComesFromStdin();
    void benchHasTheKeysOfTheContract();
    void interruptedWhileReadingEndsWith130();
    void interruptedWhileWorkingEndsWith130();
    void embeddingNeedsAnEmbeddingModel();
    void aFolderIsUsedLikeAFile();
    void aModelIsQuantized();

private:
    QString model() const { return m_program.path("tiny.gguf"); }
    Outcome run(const QStringList& arguments, const QByteArray& input = {}) const
    {
        return m_program.run(arguments + QStringList{"--json", "--threads", "1"}, input);
    }

    Program m_program;
};

void TestCliModels::initTestCase()
{
    sy::test::writeTinyModel(model().toStdString(), "Tiny Talker");
}

void TestCliModels::infoHasTheKeysOfTheContract()
{
    const Outcome outcome = run({"info", model(), "--tensors"});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto json = outcome.json();
    QVERIFY2(hasKeys(json, {"architecture", "name", "license", "parameters", "activeParameters", "fileBytes", "quantization", "contextLength",
                            "nLayers", "nExperts", "nExpertsUsed", "vocabulary", "memory"}),
             outcome.out);
    QVERIFY(hasKeys(json["memory"], {"weightsBytes", "kvBytesPerToken", "computeBytes"}));
    QCOMPARE(json["architecture"].get<std::string>(), std::string("llama"));
    QCOMPARE(json["vocabulary"].get<int>(), 259);
    QCOMPARE(json["quantization"]["F32"].get<int64_t>(), 4 * json["parameters"].get<int64_t>());
    QCOMPARE(json["tensors"].size(), size_t(21));
    QVERIFY(!run({"info", model()}).json().contains("tensors"));
    QVERIFY(m_program.run({"info", model()}).out.contains("Tiny Talker"));
}

void TestCliModels::aModelGoesThroughTheList()
{
    const auto imported = run({"models", "import", model(), "--copy"}).json();
    QCOMPARE(imported.size(), size_t(1));
    QVERIFY(hasKeys(imported[0], {"id", "name", "path", "bytes", "sha256", "kind"}));
    QCOMPARE(imported[0]["id"].get<std::string>(), std::string("tiny"));
    QCOMPARE(imported[0]["kind"].get<std::string>(), std::string("chat"));
    QVERIFY(imported[0]["path"].get<std::string>() != model().toStdString());
    QVERIFY(run({"models"}).json() == imported);
    const auto verified = run({"models", "verify", "tiny"});
    QCOMPARE(verified.status, 0);
    QVERIFY(verified.json()[0]["intact"].get<bool>());

    QFile file(QString::fromStdString(imported[0]["path"]));
    QVERIFY(file.open(QIODevice::ReadWrite));
    file.seek(file.size() - 1);
    file.write("!");
    file.close();
    const auto changed = run({"models", "verify", "Tiny Talker"});
    QCOMPARE(changed.status, 1);
    QVERIFY2(changed.err.contains("models remove tiny"), changed.err);

    QCOMPARE(run({"models", "remove", "tiny"}).status, 0);
    QCOMPARE(run({"models"}).out.trimmed(), QByteArray("[]"));
    QVERIFY(!file.exists());
}

void TestCliModels::aModelIsNamedByPathIdAndName()
{
    QCOMPARE(run({"models", "import", model()}).status, 0);
    const auto expected = run({"tokenize", "--model", model(), "a"}).out;
    QVERIFY(!expected.isEmpty());
    for (const char* name : {"tiny", "Tiny Talker", "tiny.gguf"})
        QCOMPARE(run({"tokenize", "--model", name, "a"}).out, expected);
    QCOMPARE(run({"tokenize", "a"}).out, expected); // the newest chat model
    run({"models", "remove", "tiny"});
}

void TestCliModels::textBecomesTokensAndBack()
{
    const QString text = QString::fromUtf8("Grüße, 你好 <|end|>\n");
    const auto json = run({"tokenize", "--model", model(), text}).json();
    QVERIFY(hasKeys(json, {"ids", "pieces"}));
    QCOMPARE(json["ids"].size(), size_t(text.toUtf8().size())); // a token a byte
    QCOMPARE(json["pieces"][0].get<std::string>(), std::string("G"));
    const auto back = run({"tokenize", "--model", model(), "--decode", "-"}, QByteArray::fromStdString(ordered_json{{"ids", json["ids"]}}.dump()));
    QCOMPARE(QString::fromStdString(back.json()["text"]), text);
}

void TestCliModels::linesAreTokenizedOneByOne()
{
    const auto lines = run({"tokenize", "--model", model(), "--jsonl"}, "{\"text\": \"ab\"}\n\n{\"text\": \"\"}\r\n{\"text\": \"c\"}").lines();
    QCOMPARE(lines.size(), size_t(3));
    QCOMPARE(lines[0]["ids"].dump(), std::string("[97,98]"));
    QCOMPARE(lines[1]["ids"].size(), size_t(0));
    QCOMPARE(lines[2]["pieces"][0].get<std::string>(), std::string("c"));
    const auto broken = run({"tokenize", "--model", model(), "--jsonl"}, "{\"text\": \"ab\"}\nnonsense\n");
    QCOMPARE(broken.status, 1);
    QVERIFY2(broken.err.contains("nonsense"), broken.err);
    QCOMPARE(broken.lines().size(), size_t(1)); // what was done stays done
    const auto decoded = run({"tokenize", "--model", model(), "--jsonl", "--decode"}, "{\"ids\": [97]}\n{\"ids\": []}\n").lines();
    QCOMPARE(decoded[0]["text"].get<std::string>(), std::string("a"));
    QCOMPARE(decoded[1]["text"].get<std::string>(), std::string());
}

void TestCliModels::specialTokensAreParsedOnlyWhenAsked()
{
    QCOMPARE(run({"tokenize", "--model", model(), "<|end|>"}).json()["ids"].size(), size_t(7));
    QCOMPARE(run({"tokenize", "--model", model(), "--special", "<|end|>"}).json()["ids"].dump(), std::string("[258]"));
}

void TestCliModels::idsAreTakenAsNumbersAndAsJson()
{
    for (const char* ids : {"97 98", "[97, 98]", "{\"ids\": [97, 98]}"})
        QCOMPARE(run({"tokenize", "--model", model(), "--decode", ids}).json()["text"].get<std::string>(), std::string("ab"));
    QCOMPARE(run({"tokenize", "--model", model(), "--decode", "97 x"}).status, 1);
    QCOMPARE(run({"tokenize", "--model", model(), "--decode", "999999"}).status, 1);
}

void TestCliModels::templatesAreRendered()
{
    const QByteArray messages = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"add_generation_prompt\": true}";
    const auto outcome = run({"template", "--model", model(), "--messages", "-"}, messages);
    QVERIFY2(outcome.status == 0, outcome.err);
    QCOMPARE(outcome.json()["text"].get<std::string>(), std::string("<|start|>user\nHi<|end|><|start|>assistant\n"));

    m_program.write("own.jinja", "{{ bos_token }}{{ strftime_now('%Y-%m-%d %H:%M') }}{{ messages | length }}{{ eos_token }}");
    m_program.write("messages.json", messages);
    const auto plain = m_program.run({"template", "--template", m_program.path("own.jinja"), "--messages", m_program.path("messages.json"),
                                      "--bos", "<s>", "--eos", "</s>", "--now", "2026-01-15T09:30"});
    QVERIFY2(plain.status == 0, plain.err);
    QCOMPARE(plain.out, QByteArray("<s>2026-01-15 09:301</s>"));
}

void TestCliModels::aTemplateThatRaisesEndsWithItsMessage()
{
    m_program.write("raise.jinja", "{{ raise_exception('Roles must alternate') }}");
    const auto outcome = run({"template", "--template", m_program.path("raise.jinja")}, "{\"messages\": []}");
    QCOMPARE(outcome.status, 1);
    QVERIFY2(outcome.err.contains("Roles must alternate"), outcome.err);
    QVERIFY(outcome.out.isEmpty());
}

void TestCliModels::logitsAreWrittenAsFloats()
{
    const QString out = m_program.path("logits.f32");
    const auto outcome = run({"logits", "--model", model(), "--tokens", "1 2 3", "--out", out, "--activations", "f32"});
    QVERIFY2(outcome.status == 0, outcome.err);
    QVERIFY((outcome.json() == ordered_json{{"positions", 3}, {"vocabulary", 259}}));
    const auto values = sy::test::readFloats(out.toStdString());
    QCOMPARE(values.size(), size_t(3 * 259));
    for (const float value : values)
        QVERIFY(std::isfinite(value));
    const auto piped = run({"logits", "--model", model(), "--tokens-file", "-", "--out", "-", "--activations", "f32"}, "1\n2\t3\n");
    QCOMPARE(piped.out.size(), qsizetype(3 * 259 * 4));
    QCOMPARE(std::memcmp(piped.out.constData(), values.data(), size_t(piped.out.size())), 0);
}

void TestCliModels::logitsDoNotDependOnTheChunk()
{
    QByteArray whole;
    for (const char* chunk : {"512", "1", "3"}) {
        const auto outcome = run({"logits", "--model", model(), "--tokens", "5 6 7 8 9 10 11", "--out", "-", "--chunk", chunk});
        QVERIFY2(outcome.status == 0, outcome.err);
        if (whole.isEmpty())
            whole = outcome.out;
        QVERIFY2(outcome.out == whole, chunk);
    }
}

void TestCliModels::goldenLogitsComeFromTheCommandLine_data()
{
    QTest::addColumn<QString>("name");
    for (const char* name : {"llama", "qwen2", "qwen3"})
        QTest::newRow(name) << QString(name);
}

void TestCliModels::goldenLogitsComeFromTheCommandLine()
{
    QFETCH(QString, name);
    const auto file = sy::test::fixturePath("models/" + name.toStdString() + ".gguf");
    if (!std::filesystem::exists(file))
        QSKIP("the golden models are not on this machine (SWITCHYARD_FIXTURES)");
    QString tokens;
    uint32_t x = 7;
    for (int i = 0; i < 40; ++i) {
        x = x * 1664525u + 1013904223u;
        tokens += QString::number((x >> 8) % 256) + ' ';
    }
    const auto outcome =
        run({"logits", "--model", QString::fromStdString(file.string()), "--tokens", tokens, "--out", m_program.path("golden.f32"),
             "--activations", "f32"});
    QVERIFY2(outcome.status == 0, outcome.err);
    QCOMPARE(outcome.json()["positions"].get<int>(), 40);
    const auto got = sy::test::readFloats(m_program.path("golden.f32").toStdString());
    const auto expected = sy::test::readFloats(sy::test::fixturePath("models/" + name.toStdString() + ".expected.f32"));
    QCOMPARE(got.size(), expected.size());
    double difference = 0, size = 0;
    for (size_t i = 0; i < got.size(); ++i) {
        difference += (double(got[i]) - expected[i]) * (double(got[i]) - expected[i]);
        size += double(expected[i]) * expected[i];
    }
    QVERIFY2(difference / size < 1e-9, QByteArray::number(difference / size));
}

void TestCliModels::aTokenOutsideTheVocabularyIsRefused()
{
    const auto outcome = run({"logits", "--model", model(), "--tokens", "1 259", "--out", m_program.path("none.f32")});
    QCOMPARE(outcome.status, 2);
    QVERIFY2(outcome.err.contains("259"), outcome.err);
    QVERIFY(!QFile::exists(m_program.path("none.f32")));
}

void TestCliModels::perplexityIsThatOfTheLogits()
{
    const QByteArray text = "The quick brown fox jumps over the lazy dog, again.";
    m_program.write("text.txt", text);
    const auto outcome = run({"perplexity", "--model", model(), "--file", m_program.path("text.txt"), "--context", "16", "--activations", "f32"});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto json = outcome.json();
    QVERIFY(hasKeys(json, {"perplexity", "meanNll", "nTokens"}));
    QVERIFY(std::abs(std::exp(json["meanNll"].get<double>()) / json["perplexity"].get<double>() - 1) < 1e-9);

    // Windows of 16 bytes, each from an empty cache, the first token of each not scored.
    double nll = 0;
    int nTokens = 0;
    for (qsizetype at = 0; at + 2 <= text.size(); at += 16) {
        const QByteArray window = text.mid(at, 16);
        if (window.size() < 16)
            break; // whether a short last window counts is the engine's choice, checked below
        QString ids;
        for (const char c : window)
            ids += QString::number(static_cast<unsigned char>(c)) + ' ';
        const auto logits = run({"logits", "--model", model(), "--tokens", ids, "--out", "-", "--activations", "f32"}).out;
        QCOMPARE(logits.size(), qsizetype(window.size() * 259 * 4));
        const auto* rows = reinterpret_cast<const float*>(logits.constData());
        for (qsizetype i = 0; i + 1 < window.size(); ++i, ++nTokens) {
            double sum = 0;
            for (int v = 0; v < 259; ++v)
                sum += std::exp(double(rows[i * 259 + v]));
            nll -= double(rows[i * 259 + static_cast<unsigned char>(window[i + 1])]) - std::log(sum);
        }
    }
    const int counted = json["nTokens"].get<int>();
    QVERIFY2(counted == nTokens || counted == nTokens + 2, QByteArray::number(counted)); // 51 bytes: 3 windows, or 3 more
    if (counted == nTokens)
        QVERIFY2(std::abs(nll / nTokens - json["meanNll"].get<double>()) < 1e-5, QByteArray::number(nll / nTokens));
}

void TestCliModels::chatStreamsTokensAndASummary()
{
    const auto outcome = run({"chat", "--model", model(), "--message", "Hello", "--max-tokens", "12", "--seed", "5"});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto lines = outcome.lines();
    QVERIFY(lines.size() >= 2);
    std::string text;
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
        QVERIFY2(hasKeys(lines[i], {"token", "id", "ms", "logprob"}), lines[i].dump().c_str());
        QVERIFY(lines[i]["logprob"].get<double>() <= 0);
        text += lines[i]["token"].get<std::string>();
    }
    const auto& last = lines.back();
    QVERIFY2(hasKeys(last, {"finish", "text", "promptTokens", "cachedTokens", "generatedTokens", "timeToFirstTokenMs", "prefillTokensPerSecond",
                            "decodeTokensPerSecond", "seed"}),
             last.dump().c_str());
    QCOMPARE(last["seed"].get<int>(), 5);
    QVERIFY(last["finish"] == "length" || last["finish"] == "stop");
    QVERIFY(last["text"].get<std::string>().starts_with(text) || text == last["text"].get<std::string>());
    QCOMPARE(last["promptTokens"].get<int>(), 2 + 4 + 1 + 5 + 1 + 9 + 1); // <|start|>user\nHello<|end|><|start|>assistant\n
}

void TestCliModels::theSameSeedGivesTheSameText()
{
    const auto text = [&](const char* seed) {
        return run({"chat", "--model", model(), "--message", "Hello", "--max-tokens", "24", "--seed", seed}).lines().back()["text"];
    };
    QVERIFY(text("7") == text("7"));
    QVERIFY(text("7") != text("8"));
}

void TestCliModels::aDraftChangesNoText()
{
    const QString large = m_program.path("large.gguf"), small = m_program.path("small.gguf"), other = m_program.path("other.gguf");
    sy::test::writeTinyModel(large.toStdString(), "Large", "llama", 1, {.idleLayers = 60, .sharpness = 20});
    sy::test::writeTinyModel(small.toStdString(), "Small", "llama", 1, {.sharpness = 20});
    sy::test::writeTinyModel(other.toStdString(), "Other", "llama", 1, {.otherTokens = true});
    const QStringList chat{"chat", "--model", large, "--message", "Why?", "--max-tokens", "200", "--seed", "5"};
    const auto plain = run(chat + QStringList{"--no-guessing"}).lines().back();
    const auto drafted = run(chat + QStringList{"--draft", small}).lines().back();
    QCOMPARE(drafted["text"].get<std::string>(), plain["text"].get<std::string>());
    QCOMPARE(plain["draftedTokens"].get<int>(), 0);
    QVERIFY(drafted["trueDrafts"].is_number()); // how many depends on what steps take here

    const Outcome refused = run(chat + QStringList{"--draft", other});
    QCOMPARE(refused.status, 1);
    QVERIFY2(refused.err.contains("other.gguf as a draft model for large.gguf") && refused.err.contains("same family"), refused.err);
    const Outcome missing = run(chat + QStringList{"--draft", "nobody"});
    QCOMPARE(missing.status, 1);
    QVERIFY2(missing.err.contains("nobody"), missing.err);
}

void TestCliModels::linesOfStdinAreAConversation()
{
    const auto outcome = run({"chat", "--model", model(), "--max-tokens", "3", "--temperature", "0"}, "One\n\nTwo\n/new\nOne\n/quit\nThree\n");
    QVERIFY2(outcome.status == 0, outcome.err);
    std::vector<ordered_json> answers;
    for (const auto& line : outcome.lines()) {
        if (line.contains("finish"))
            answers.push_back(line);
    }
    QCOMPARE(answers.size(), size_t(3));
    QVERIFY(answers[1]["promptTokens"].get<int>() > answers[0]["promptTokens"].get<int>()); // the first turn is part of it
    QVERIFY(answers[2]["promptTokens"] == answers[0]["promptTokens"]);
    QVERIFY(answers[2]["text"] == answers[0]["text"]);
}

void TestCliModels::aMessageComesFromStdin()
{
    const auto given = run({"chat", "--model", model(), "--message", "Hello", "--max-tokens", "4", "--temperature", "0"});
    const auto piped = run({"chat", "--model", model(), "--message", "-", "--max-tokens", "4", "--temperature", "0"}, "Hello");
    QCOMPARE(piped.status, 0);
    QVERIFY(piped.lines().back()["text"] == given.lines().back()["text"]);
}

void TestCliModels::benchHasTheKeysOfTheContract()
{
    const auto outcome = run({"bench", "--model", model(), "--prompt", "32", "--generate", "4", "--repeat", "2"});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto json = outcome.json();
    QVERIFY2(hasKeys(json, {"prefillTokensPerSecond", "decodeTokensPerSecond", "loadSeconds", "peakBytes", "threads", "cpuLevel", "device"}),
             outcome.out);
    for (const char* speed : {"prefillTokensPerSecond", "decodeTokensPerSecond"}) {
        QVERIFY(hasKeys(json[speed], {"min", "median", "max"}));
        QVERIFY(json[speed]["min"].get<double>() > 0 && json[speed]["min"] <= json[speed]["median"] && json[speed]["median"] <= json[speed]["max"]);
    }
    const auto prefill = run({"bench", "--model", model(), "--prompt", "8", "--generate", "0", "--repeat", "1"}).json();
    QVERIFY(prefill["prefillTokensPerSecond"]["min"].get<double>() > 0 && prefill["decodeTokensPerSecond"].is_null());
    const auto decode = run({"bench", "--model", model(), "--prompt", "0", "--generate", "40", "--repeat", "1"}).json();
    QVERIFY(decode["decodeTokensPerSecond"]["min"].get<double>() > 0 && decode["prefillTokensPerSecond"].is_null());
    QCOMPARE(run({"bench", "--model", model(), "--prompt", "0", "--generate", "0"}).status, 1);
    QCOMPARE(json["threads"].get<int>(), 1);
    QCOMPARE(json["device"].get<std::string>(), std::string("cpu"));

    const auto training = run({"bench", "--train", "--model", model(), "--context", "24", "--rank", "2", "--repeat", "2"});
    QVERIFY2(training.status == 0, training.err);
    const auto trained = training.json();
    QVERIFY2(hasKeys(trained, {"trainTokensPerSecond", "peakBytes"}), training.out);
    const auto speed = trained["trainTokensPerSecond"];
    QVERIFY(speed["min"].get<double>() > 0 && speed["min"] <= speed["median"] && speed["median"] <= speed["max"]);
    QVERIFY(trained["peakBytes"].get<int64_t>() > 0);
}

void TestCliModels::interruptedWhileReadingEndsWith130()
{
    const auto process = m_program.start({"chat", "--model", model(), "--max-tokens", "2", "--json"});
    process->write("Hello\n");
    QTRY_VERIFY_WITH_TIMEOUT((process->waitForReadyRead(50), process->bytesAvailable() > 0), Program::kPatienceMs);
    const Outcome outcome = Program::interrupt(*process); // it waits for the next line
    QVERIFY2(outcome.status == 130, QByteArray::number(outcome.status) + outcome.err);
}

void TestCliModels::interruptedWhileWorkingEndsWith130()
{
    const auto process = m_program.start({"chat", "--model", model(), "--json", "--temperature", "0", "--threads", "1"});
    QByteArray input;
    for (int i = 0; i < 2000; ++i)
        input += "Hello\n/new\n";
    process->write(input);
    QTRY_VERIFY_WITH_TIMEOUT((process->waitForReadyRead(50), process->bytesAvailable() > 0), Program::kPatienceMs);
    const Outcome outcome = Program::interrupt(*process);
    QVERIFY2(outcome.status == 130, QByteArray::number(outcome.status) + outcome.err);
    for (const auto& line : outcome.lines())
        QVERIFY2(line.is_object(), "a line was cut");
}

void TestCliModels::embeddingNeedsAnEmbeddingModel()
{
    const auto outcome = run({"embed", "--model", model()}, "{\"text\": \"x\"}\n");
    QCOMPARE(outcome.status, 1);
    QVERIFY2(outcome.err.contains("embedding"), outcome.err);
}

void TestCliModels::aFolderIsUsedLikeAFile()
{
    const auto folder = sy::test::fixturePath("hf/llama3-rope");
    if (!std::filesystem::exists(folder))
        QSKIP("hf/ of the fixtures is absent");
    const QString path = QString::fromStdString(folder.string());
    const auto facts = run({"info", path}).json();
    QCOMPARE(facts["architecture"].get<std::string>(), std::string("llama"));
    QCOMPARE(facts["vocabulary"].get<int>(), 320);

    std::string ids;
    uint32_t x = 7;
    for (int i = 0; i < 40; ++i) {
        x = x * 1664525 + 1013904223;
        ids += std::to_string((x >> 8) % 256) + " ";
    }
    const QString out = m_program.path("folder.f32");
    const Outcome outcome = run({"logits", "--model", path, "--tokens", QString::fromStdString(ids), "--out", out, "--activations", "f32", "--chunk", "7"});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto got = sy::test::readFloats(out.toStdString()), expected = sy::test::readFloats(folder.string() + ".expected.f32");
    QCOMPARE(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i)
        QVERIFY(std::abs(got[i] - expected[i]) <= 1e-4f);

    for (const QStringList& more : {QStringList{}, QStringList{"--quantization", "q8_0"}}) {
        const Outcome chat = run(QStringList{"chat", "--model", path, "--message", "fox", "--max-tokens", "4", "--temperature", "0"} + more);
        QVERIFY2(chat.status == 0, chat.err);
        QVERIFY(chat.lines().back()["promptTokens"].get<int>() > 3);
    }
    const auto broken = m_program.path("broken");
    std::filesystem::create_directories(broken.toStdString());
    const Outcome refused = run({"info", broken});
    QCOMPARE(refused.status, 1);
    QVERIFY(refused.err.contains("config.json"));
}

void TestCliModels::aModelIsQuantized()
{
    const QString out = m_program.path("small.gguf");
    const Outcome outcome = run({"quantize", model(), out, "--type", "q4_k_m"});
    QVERIFY2(outcome.status == 0, outcome.err);
    const auto json = outcome.json();
    QVERIFY(hasKeys(json, {"inBytes", "outBytes", "seconds", "quantization"}));
    QVERIFY(json["outBytes"].get<int64_t>() < json["inBytes"].get<int64_t>());
    const auto facts = run({"info", out}).json();
    QVERIFY(facts["quantization"].contains("Q5_0")); // rows of 32 take no K type
    QCOMPARE(facts["parameters"].get<int64_t>(), run({"info", model()}).json()["parameters"].get<int64_t>());
    QCOMPARE(run({"quantize", model(), out, "--type", "q9"}).status, 2);
    QCOMPARE(run({"quantize", model(), out, "--type", "q4_k", "--imatrix", model()}).status, 1); // no such matrix
    QCOMPARE(run({"quantize", out, out, "--type", "q8_0"}).status, 1);
}

QTEST_GUILESS_MAIN(TestCliModels)
#include "tst_cli_models.moc"
