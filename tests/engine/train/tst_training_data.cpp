// SPDX-License-Identifier: GPL-3.0-or-later
// Configurations and rows: what is understood, what is trained of it, what is refused and in which words.
#include "../../tiny_model.h"
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/tokenizer/vocabulary_keys.h"
#include "engine/train/dataset.h"
#include "engine/train/run_config.h"

#include <QTemporaryDir>
#include <QtTest>

#include <fstream>
#include <set>

using namespace sy;

namespace {

constexpr const char* kTemplate = "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
                                  "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}";
// Leaves the thoughts of earlier answers out.
constexpr const char* kForgetful =
    "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content if loop.last else m.content.split('/')[-1] }}<|end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant\n{% endif %}";

struct Texts {
    QTemporaryDir dir;
    std::unique_ptr<tokenizer::Tokenizer> tokenizer;
    std::unique_ptr<tokenizer::ChatTemplate> chatTemplate;

    explicit Texts(const char* source = kTemplate)
    {
        const std::filesystem::path path = dir.filePath("m.gguf").toStdString();
        test::writeTinyModel(path);
        const auto file = formats::GgufFile::open(path);
        tokenizer = std::make_unique<tokenizer::Tokenizer>(tokenizer::readVocabulary(file.metadata()));
        chatTemplate = std::make_unique<tokenizer::ChatTemplate>(tokenizer::ChatTemplate::parse(source));
    }
    train::TextEncoder encoder() const { return {tokenizer.get(), chatTemplate.get()}; }

    std::string trained(const train::TrainingText& text) const
    {
        std::vector<int32_t> ids;
        for (size_t i = 0; i < text.tokens.size(); ++i)
            if (text.isTrained[i])
                ids.push_back(text.tokens[i]);
        return tokenizer->decode(ids, {.renderSpecial = true});
    }
    std::string whole(const train::TrainingText& text) const
    {
        return tokenizer->decode(text.tokens, {.renderSpecial = true});
    }

    train::Dataset read(const std::string& content, train::DataFormat format = train::DataFormat::automatic,
                        int64_t context = 1000, double heldOut = 0) const
    {
        const std::string path = dir.filePath("rows.jsonl").toStdString();
        std::ofstream(path, std::ios::binary) << content;
        return train::readDataset({{path, format}}, encoder(), {test::kTinyVocabulary, context, heldOut});
    }
    train::Dataset readFile(const QString& name, const QByteArray& content, std::map<std::string, std::string> mapping = {},
                            const train::DatasetOptions& options = {test::kTinyVocabulary, 1000}) const
    {
        const std::string path = dir.filePath(name).toStdString();
        std::ofstream(path, std::ios::binary) << content.toStdString();
        return train::readDataset({{path, train::DataFormat::automatic, std::move(mapping)}}, encoder(), options);
    }
    std::string refusal(const std::string& content, train::DataFormat format = train::DataFormat::automatic,
                        int64_t context = 1000) const
    {
        try {
            read(content, format, context);
        } catch (const Error& error) {
            return error.what();
        }
        return "accepted";
    }
};

nlohmann::ordered_json conversation(std::initializer_list<std::pair<const char*, const char*>> turns)
{
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& [role, content] : turns)
        list.push_back({{"role", role}, {"content", content}});
    return list;
}

std::string configError(const std::string& text)
{
    try {
        train::parseRunConfig(text, "run.json");
    } catch (const BadFile& error) {
        return error.problem;
    }
    return "accepted";
}

} // namespace

class TestTrainingData : public QObject {
    Q_OBJECT

private slots:
    void aConfigurationKeepsWhatItSaysAndFillsInTheRest()
    {
        const auto defaults = train::parseRunConfig("{}", "run.json");
        QCOMPARE(defaults.adapter.rank, 16);
        QCOMPARE(defaults.optimizer.learningRate, 2e-4);
        const auto config = train::parseRunConfig(
            R"({"name": "n", "model": "m.gguf", "objective": "sft", "data": [{"path": "a.jsonl"}, {"path": "b.json", "format": "alpaca"}],
                "adapter": {"method": "lora+", "rank": 8, "targets": ["blk.*.attn_q"], "rankPattern": {"blk.0.*": 2}, "alphaPattern": {"blk.0.*": 0.5}},
                "optimizer": {"schedule": "linear", "learningRate": 1e-3}, "batch": {"packing": false}, "maxSteps": 7, "seed": 1})",
            "run.json");
        QCOMPARE(config.data[1].format, train::DataFormat::alpaca);
        QCOMPARE(config.adapter.method, train::RunConfig::Adapter::Method::loraPlus);
        QCOMPARE(config.adapter.rankPattern.at(0).second, 2);
        QCOMPARE(config.adapter.alphaPattern.at(0).second, 0.5);
        QCOMPARE(*config.maxSteps, 7);
        QVERIFY(!config.batch.packing);
        const std::string written = train::toJson(config).dump();
        QCOMPARE(train::toJson(train::parseRunConfig(written, "again")).dump(), written);
    }

    void settingsThatDoNotExistAreNamed_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("expected");
        QTest::newRow("top") << R"({"learning_rate": 1})"
                             << "there is no setting \"learning_rate\"";
        QTest::newRow("nested") << R"({"optimizer": {"momentum": 1}})"
                                << "there is no setting \"optimizer.momentum\"";
        QTest::newRow("in a list") << R"({"data": [{"path": "x", "colour": 1}]})"
                                   << "there is no setting \"data[0].colour\"";
        QTest::newRow("range") << R"({"adapter": {"rank": 0}})"
                               << "adapter.rank is no whole number from 1 to 4096";
        QTest::newRow("fraction") << R"({"epochs": 1.5})"
                                  << "epochs is no whole number from 1 to 1048576";
        QTest::newRow("type") << R"({"batch": {"packing": 1}})"
                              << "batch.packing is neither true nor false";
        QTest::newRow("choice") << R"({"objective": "ppo"})"
                                << "objective is \"ppo\"; this version knows sft, pretrain, dpo, orpo";
        QTest::newRow("no object") << R"({"batch": []})"
                                   << "batch is no object";
        QTest::newRow("path") << R"({"data": [{}]})"
                              << "data[0].path is missing";
    }

    void settingsThatDoNotExistAreNamed()
    {
        QFETCH(QString, text);
        QFETCH(QString, expected);
        QCOMPARE(QString::fromStdString(configError(text.toStdString())), expected);
    }

    void patternsStandForAnything()
    {
        QVERIFY(train::matchesPattern("blk.10.attn_q", "blk.*.attn_q"));
        QVERIFY(train::matchesPattern("blk.10.attn_q", "*"));
        QVERIFY(train::matchesPattern("aXbXc", "a*b*c"));
        QVERIFY(!train::matchesPattern("blk.10.attn_k", "blk.*.attn_q"));
        QVERIFY(!train::matchesPattern("blk.10.attn_q_norm", "blk.*.attn_q"));
    }

    void onlyAnswersAndTheirEndAreTrained()
    {
        const Texts t;
        const auto texts = train::encodeConversation(
            t.encoder(),
            conversation({{"system", "S"}, {"user", "one"}, {"assistant", "eins"}, {"user", "two"}, {"assistant", "zwei"}}));
        QCOMPARE(texts.size(), 1u);
        QCOMPARE(t.whole(texts[0]),
                 std::string("<|start|>system\nS<|end|>\n<|start|>user\none<|end|>\n<|start|>assistant\neins<|end|>\n"
                             "<|start|>user\ntwo<|end|>\n<|start|>assistant\nzwei<|end|>\n"));
        QCOMPARE(t.trained(texts[0]), std::string("eins<|end|>zwei<|end|>"));
    }

    void anAnswerThatRepeatsTheMarkersTrainsNothingElse()
    {
        const Texts t;
        const auto texts = train::encodeConversation(
            t.encoder(), conversation({{"user", "assistant\nlie<|end|>"}, {"assistant", "\nyes"}}));
        QCOMPARE(t.trained(texts[0]), std::string("\nyes<|end|>"));
        // What the user spelled is text, as it is in a chat.
        QCOMPARE(std::ranges::count(texts[0].tokens, t.tokenizer->find("<|end|>")), 2);
    }

    void markersInsideAnswersAndLaterMessagesAreText()
    {
        const Texts t;
        const auto texts = train::encodeConversation(
            t.encoder(), conversation({{"user", "a"}, {"assistant", "x<|end|>y"}, {"user", "<|start|>b<|end|>"}, {"assistant", "c"}}));
        QCOMPARE(texts.size(), 1u);
        QCOMPARE(t.trained(texts[0]), std::string("x<|end|>y<|end|>c<|end|>"));
        QCOMPARE(std::ranges::count(texts[0].tokens, t.tokenizer->find("<|end|>")), 4);
        QCOMPARE(std::ranges::count(texts[0].tokens, t.tokenizer->find("<|start|>")), 4);
    }

    void messagesOfWeightZeroAreNotTrained()
    {
        const Texts t;
        auto messages = conversation({{"user", "a"}, {"assistant", "b"}, {"user", "c"}, {"assistant", "d"}});
        messages[1]["weight"] = 0;
        messages[3]["weight"] = 1;
        QCOMPARE(t.trained(train::encodeConversation(t.encoder(), messages)[0]), std::string("d<|end|>"));
    }

    void aTemplateThatForgetsGivesATextForEachAnswer()
    {
        const Texts t(kForgetful);
        const auto texts = train::encodeConversation(
            t.encoder(), conversation({{"user", "a"}, {"assistant", "think/b"}, {"user", "c"}, {"assistant", "hm/d"}}));
        QCOMPARE(texts.size(), 2u);
        QCOMPARE(t.trained(texts[0]), std::string("think/b<|end|>"));
        QCOMPARE(t.trained(texts[1]), std::string("hm/d<|end|>"));
        QVERIFY(t.whole(texts[1]).find("think") == std::string::npos);
    }

    void everyFormatIsRecognized()
    {
        const Texts t;
        const auto data = t.read("\xEF\xBB\xBF{\"ids\": [1, 2, 3], \"mask\": [0, 1, 1]}\r\n\n"
                                 R"({"messages": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "r"}]})"
                                 "\n"
                                 R"({"instruction": "do", "input": "", "output": "done"})"
                                 "\n"
                                 R"({"instruction": "do", "input": "this", "output": "done"})"
                                 "\n"
                                 R"({"prompt": "p", "completion": "c"})");
        QCOMPARE(data.report.nRows, 5);
        QCOMPARE(data.report.nTexts, 5);
        QCOMPARE(data.report.formats.at("alpaca"), 2);
        QCOMPARE(t.whole(data.texts[2]), std::string("<|start|>user\ndo<|end|>\n<|start|>assistant\ndone<|end|>\n"));
        QVERIFY(t.whole(data.texts[3]).find("do\n\nthis") != std::string::npos);
        QCOMPARE(data.report.nWithoutEnd, 0);
        const auto list = t.read(R"([{"prompt": "p", "completion": "c"},
                                     {"prompt": "p", "completion": "e"}])");
        QCOMPARE(list.report.nTexts, 2);
        QVERIFY(list.sha256 != data.sha256);
        QCOMPARE(t.read(R"([{"prompt": "p", "completion": "c"}, {"prompt": "p", "completion": "e"}])").sha256, list.sha256);
    }

    void theFormatsOfOthersAreRead_data()
    {
        QTest::addColumn<QString>("file");
        QTest::addColumn<QString>("content");
        QTest::addColumn<QString>("format");
        const QString conversation =
            R"([{"from": "system", "value": "S"}, {"from": "human", "value": "q"}, {"from": "gpt", "value": "a"}])";
        QTest::newRow("sharegpt") << "a.jsonl"
                                  << "{\"conversations\": " + conversation + "}"
                                  << "sharegpt";
        QTest::newRow("sharegpt, system apart")
            << "a.json"
            << R"([{"system": "S", "conversations": [{"from": "user", "value": "q"}, {"from": "assistant", "value": "a"}]}])"
            << "sharegpt";
        QTest::newRow("an object with a list")
            << "a.json"
            << "{\n \"version\": 2,\n \"rows\": [\n {\"conversations\": " + conversation + "}\n]}"
            << "sharegpt";
        QTest::newRow("a list over lines") << "a.json"
                                           << "\n[\n{\"instruction\": \"q\",\n\"output\": \"a\", \"system\": \"S\"}\n]"
                                           << "alpaca";
        QTest::newRow("parts of content")
            << "a.jsonl"
            << R"({"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "q"}]}, {"role": "assistant", "content": "a"}]})"
            << "messages";
        QTest::newRow("table") << "a.csv"
                               << "\xEF\xBB\xBFsystem,instruction,output\r\nS,q,a\r\n"
                               << "alpaca";
        QTest::newRow("semicolons and quotes") << "a.csv"
                                               << "output;\"instruction\";system\n\"a\";q;S"
                                               << "alpaca";
        QTest::newRow("tabs") << "a.tsv"
                              << "output\tinstruction\tsystem\na\tq\tS\n\n"
                              << "alpaca";
    }

    void theFormatsOfOthersAreRead()
    {
        QFETCH(QString, file);
        QFETCH(QString, content);
        QFETCH(QString, format);
        const Texts t;
        const auto data = t.readFile(file, content.toUtf8());
        QCOMPARE(data.report.nRows, 1);
        QCOMPARE(data.report.formats.at(format.toStdString()), 1);
        QCOMPARE(t.whole(data.texts[0]),
                 std::string("<|start|>system\nS<|end|>\n<|start|>user\nq<|end|>\n<|start|>assistant\na<|end|>\n"));
        QCOMPARE(t.trained(data.texts[0]), std::string("a<|end|>"));
    }

    void tablesKeepQuotesAndLineBreaksAndKnowTheirLines()
    {
        const Texts t;
        const auto data = t.readFile("a.csv", "question,answer\n\"say \"\"hi\"\",\nplease\",\"hi, you\"\nq,r\n");
        QCOMPARE(data.texts.size(), 2u);
        QVERIFY(t.whole(data.texts[0]).find("say \"hi\",\nplease<|end|>") != std::string::npos);
        QCOMPARE(t.trained(data.texts[0]), std::string("hi, you<|end|>"));
        QCOMPARE(data.preview[1].row, 4); // the line where it begins
        const auto refusal = [&](const QByteArray& content) {
            try {
                t.readFile("a.csv", content);
            } catch (const BadFile& error) {
                return QString::fromStdString(error.what());
            }
            return QString("accepted");
        };
        QVERIFY2(refusal("prompt,completion\na,b\n\na,b,c\n").contains("row 4 has 3 columns, which is not"),
                 qPrintable(refusal("prompt,completion\na,b\n\na,b,c\n")));
        QVERIFY(refusal("prompt,completion\na,\"b\n").contains("row 2 has a quote that does not end"));
        // GB18030, as spreadsheets of China write it.
        QCOMPARE(t.trained(t.readFile("a.csv",
                                      QByteArray("question,answer\n\xC4\xE3\xBA\xC3\xA3\xBF\xCA\xC0\xBD\xE7\xBA\xCD\xC6\xBD,"
                                                 "\xC4\xE3\xBA\xC3\xCA\xC0\xBD\xE7\xB5\xC4\xC8\xCB\xC3\xF1\n"))
                               .texts[0]),
                 std::string("你好世界的人民<|end|>"));
    }

    void columnsAreMapped()
    {
        const Texts t;
        // Two names change places.
        const auto swapped =
            t.readFile("b.csv", "completion,prompt\nq,a\n", {{"prompt", "completion"}, {"completion", "prompt"}});
        const auto straight = t.readFile("c.csv", "prompt,completion\nq,a\n");
        QCOMPARE(swapped.sha256, straight.sha256);
        const auto data = t.readFile("a.csv", "Frage,Antwort\nq,a\n", {{"prompt", "Frage"}, {"completion", "Antwort"}});
        QCOMPARE(t.trained(data.texts[0]), std::string("a<|end|>"));
        try {
            t.readFile("a.csv", "Frage,Antwort\nq,a\n", {{"prompt", "Question"}, {"completion", "Antwort"}});
            QFAIL("accepted");
        } catch (const BadFile& error) {
            QVERIFY2(QString(error.what()).contains("row 2 has no column \"Question\""), error.what());
        }
    }

    void plainTextIsLearnedWholeInPieces()
    {
        const Texts t;
        train::DatasetOptions options{test::kTinyVocabulary, 5};
        options.objective = train::Objective::pretrain;
        const auto data = t.readFile("a.txt", "abcdefghij", {}, options);
        // Ten letters and the end in pieces of five, each beginning with the last one of the piece before.
        QCOMPARE(data.texts.size(), 3u);
        QCOMPARE(t.whole(data.texts[0]), std::string("abcde"));
        QCOMPARE(t.whole(data.texts[1]), std::string("efghi"));
        QCOMPARE(t.whole(data.texts[2]), std::string("ij<|end|>"));
        QCOMPARE(data.report.nTrainedTokens, 10);
        const auto rows = t.readFile("a.jsonl", "{\"text\": \"ab\"}\n{\"text\": \"c\"}", {}, options);
        QCOMPARE(rows.texts.size(), 2u);
        options.contextLength = 100;
        const auto chat = t.readFile("a.jsonl", R"({"prompt": "p", "completion": "c"})", {}, options);
        QCOMPARE(chat.texts[0].nLabels(), int64_t(chat.texts[0].tokens.size()) - 1);
    }

    void preferencesArePairsOfWhichTheAnswersCount()
    {
        const Texts t;
        train::DatasetOptions options{test::kTinyVocabulary, 100};
        options.objective = train::Objective::dpo;
        const QByteArray rows =
            R"({"prompt": "q", "chosen": "good", "rejected": "bad"})"
            "\n"
            R"({"chosen": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "r"}, {"role": "assistant", "content": "yes"}],
                "rejected": [{"role": "user", "content": "q"}, {"role": "assistant", "content": "x"}, {"role": "user", "content": "r"}, {"role": "assistant", "content": "no"}]})";
        auto twoLines = rows;
        twoLines.replace("\n                ", " ");
        const auto data =
            t.readFile("a.jsonl",
                       twoLines + "\n" + R"({"prompt": "q", "chosen": "same", "rejected": "same"})" +
                           "\n{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"" + QByteArray(200, 'z') + "\"}",
                       {}, options);
        QCOMPARE(data.textsPerExample, 2);
        QCOMPARE(data.texts.size(), 4u);
        QCOMPARE(t.trained(data.texts[0]), std::string("good<|end|>"));
        QCOMPARE(t.trained(data.texts[1]), std::string("bad<|end|>"));
        QCOMPARE(t.trained(data.texts[2]), std::string("yes<|end|>"));
        QCOMPARE(t.trained(data.texts[3]), std::string("no<|end|>"));
        QCOMPARE(data.report.nWithoutLabels, 2); // nothing to prefer
        QCOMPARE(data.report.nTooLong, 2);       // one is, so the other teaches nothing
        QVERIFY_THROWS_EXCEPTION(BadFile, t.readFile("a.jsonl", R"({"prompt": "q", "completion": "a"})", {}, options));
        QVERIFY_THROWS_EXCEPTION(BadFile, t.readFile("a.jsonl", R"({"prompt": "q", "chosen": "a", "rejected": "b"})"));
        options.heldOutFraction = 0.5; // pairs stay together
        QByteArray many;
        for (int i = 0; i < 30; ++i)
            many += "{\"prompt\": \"" + QByteArray::number(i) + "\", \"chosen\": \"a\", \"rejected\": \"b\"}\n";
        const auto split = t.readFile("a.jsonl", many, {}, options);
        QVERIFY(split.heldOut.size() > 10 && split.heldOut.size() % 2 == 0);
        for (size_t i = 0; i < split.texts.size(); i += 2) {
            QCOMPARE(t.trained(split.texts[i]), std::string("a<|end|>"));
            QCOMPARE(t.trained(split.texts[i + 1]), std::string("b<|end|>"));
        }
    }

    void personalDataIsCounted()
    {
        const auto found = train::findPersonalData("Write to ann.lee@example.org or a@b. Call 13812345678, +49 (30) "
                                                   "1234-5678 or 138123456789. 身份证11010519491231002X，"
                                                   "not 110105194912310021; 440524188001010014 is one, 12345678901234567 "
                                                   "and x13812345678 are none. 电话13912345678。");
        QCOMPARE(found.nMails, 1);
        QCOMPARE(found.nPhones, 3);
        QCOMPARE(found.nIdentities, 1); // the year 1880 is none of a living person's
        const Texts t;
        const auto data = t.read(R"({"prompt": "13812345678", "completion": "me@example.com"})");
        QCOMPARE(data.report.personal.nPhones, 1);
        QCOMPARE(data.report.personal.nMails, 1);
    }

    void textsThatAreTooLongOrTeachNothingAreCounted()
    {
        const Texts t;
        const auto data = t.read(R"({"ids": [1, 2, 3, 4], "mask": [0, 1, 1, 1]})"
                                 "\n"
                                 R"({"ids": [1, 2, 3], "mask": [1, 0, 0]})"
                                 "\n"
                                 R"({"ids": [1, 2], "mask": [0, 1]})",
                                 train::DataFormat::tokens, 3);
        QCOMPARE(data.report.nTexts, 1);
        QCOMPARE(data.report.nTooLong, 1);
        QCOMPARE(data.report.nWithoutLabels, 1);
        QCOMPARE(data.report.longestTokens, 4);
        QCOMPARE(data.report.nTrainedTokens, 1);
    }

    void rowsAreHeldOutByTheirContentWhereverTheyAre()
    {
        const Texts t;
        std::vector<std::string> rows;
        for (int i = 0; i < 200; ++i)
            rows.push_back("{\"ids\": [" + std::to_string(i % 250) + ", " + std::to_string(i / 7) +
                           "], \"mask\": [0, 1]}\n");
        const auto read = [&](size_t n, bool isReversed, double fraction) {
            std::string all;
            for (size_t i = 0; i < n; ++i)
                all += rows[isReversed ? n - 1 - i : i];
            return t.read(all, train::DataFormat::tokens, 100, fraction);
        };
        const auto heldOut = [](const train::Dataset& data) {
            std::set<std::vector<int32_t>> texts;
            for (const train::TrainingText& text : data.heldOut)
                texts.insert(text.tokens);
            return texts;
        };
        const train::Dataset data = read(200, false, 0.2);
        QCOMPARE(data.report.nHeldOut, int64_t(data.heldOut.size()));
        QCOMPARE(data.texts.size() + data.heldOut.size(), 200u);
        QVERIFY(data.heldOut.size() > 20 && data.heldOut.size() < 60);
        QVERIFY(heldOut(read(200, true, 0.2)) == heldOut(data));
        const auto some = heldOut(read(150, false, 0.2)), all = heldOut(data);
        QVERIFY(std::ranges::includes(all, some));
        QVERIFY(std::ranges::includes(all, heldOut(read(200, false, 0.1)))); // a smaller share is part of a larger one
        QVERIFY(data.sha256 != read(200, false, 0).sha256);
        QCOMPARE(read(4, false, 0.2).report.nHeldOut, 0);
        for (const train::TextOutcome& outcome : data.preview)
            QCOMPARE(outcome.kind == train::TextOutcome::Kind::heldOut, all.contains(outcome.text.tokens));
        QCOMPARE(data.preview.size(), 50u);
        QCOMPARE(data.report.nDuplicates, 0);
        QCOMPARE(t.read(rows[0] + rows[1] + rows[0]).report.nDuplicates, 1);

        const std::string path = t.dir.filePath("held.jsonl").toStdString(),
                          other = t.dir.filePath("rows.jsonl").toStdString();
        std::ofstream(path) << rows[3] << rows[4];
        std::ofstream(other) << rows[0] << rows[1];
        const auto apart = train::readDataset({{other, {}}}, t.encoder(), {test::kTinyVocabulary, 100, 0.5, path});
        QCOMPARE(apart.texts.size(), 2u);
        QCOMPARE(apart.heldOut.size(), 2u);
        QCOMPARE(apart.heldOut[0].tokens, (std::vector<int32_t>{3, 0}));
    }

    void badRowsAreRefusedByNumber_data()
    {
        QTest::addColumn<QString>("rows");
        QTest::addColumn<QString>("expected");
        const QString good = R"({"ids": [1, 2], "mask": [0, 1]})"
                             "\n";
        QTest::newRow("no JSON") << good + "{\"ids\": [1,"
                                 << "row 2";
        QTest::newRow("no object") << good + "[1]"
                                   << "row 2 is no object";
        QTest::newRow("unknown") << good + R"({"q": 1, "a": 2})"
                                 << "row 2 is of no known format; its keys are a, q";
        QTest::newRow("outside") << good + R"({"ids": [259], "mask": [1]})"
                                 << "row 2 has 259 in \"ids\", expected 0 to 258";
        QTest::newRow("negative") << R"({"ids": [-1], "mask": [1]})"
                                  << "row 1 has -1";
        QTest::newRow("mask") << R"({"ids": [1, 2], "mask": [1]})"
                              << "row 1 has 2 ids and a mask of 1";
        QTest::newRow("content") << R"({"messages": [{"role": "user", "content": null}]})"
                                 << "row 1 has a message without a role and a text";
        QTest::newRow("output") << R"({"instruction": "x", "output": 3})"
                                << "row 1 has no text \"output\"";
        QTest::newRow("nothing trained") << R"({"ids": [1, 2], "mask": [0, 0]})"
                                         << "nothing would be learned";
        QTest::newRow("empty") << ""
                               << "nothing would be learned";
    }

    void badRowsAreRefusedByNumber()
    {
        QFETCH(QString, rows);
        QFETCH(QString, expected);
        const Texts t;
        const std::string refusal = t.refusal(rows.toStdString());
        QVERIFY2(QString::fromStdString(refusal).contains(expected), refusal.c_str());
    }

    void conversationsNeedATemplate()
    {
        const Texts t;
        const std::string path = t.dir.filePath("rows.jsonl").toStdString();
        std::ofstream(path) << R"({"prompt": "p", "completion": "c"})";
        QVERIFY_THROWS_EXCEPTION(Unsupported, train::readDataset({{path, {}}}, {t.tokenizer.get(), nullptr}, {259, 100}));
        QVERIFY_THROWS_EXCEPTION(StorageFailure, train::readDataset({{"/nowhere", {}}}, t.encoder(), {259, 100}));
    }
};

QTEST_APPLESS_MAIN(TestTrainingData)
#include "tst_training_data.moc"
