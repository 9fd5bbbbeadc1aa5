// SPDX-License-Identifier: GPL-3.0-or-later
// tokenizer.model and vocab.txt: vocabularies of every kind, written in these formats here, against the ids that other implementations
// gave for the same vocabularies.
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/tokenizer/sentence_piece_model.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/tokenizer_folder.h"
#include "engine/tokenizer/word_piece_list.h"
#include "tests/fixtures.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>

#include <cstring>
#include <fstream>
#include <sstream>

using namespace sy;
using nlohmann::json;
using tokenizer::Tokenizer;

namespace {

/// Writes protocol buffers.
struct Proto {
    std::string bytes;

    void varint(uint64_t value)
    {
        for (; value >= 0x80; value >>= 7)
            bytes += char(value | 0x80);
        bytes += char(value);
    }
    Proto& integer(uint32_t number, uint64_t value)
    {
        varint(number << 3);
        varint(value);
        return *this;
    }
    Proto& real(uint32_t number, float value)
    {
        varint(number << 3 | 5);
        char raw[4];
        std::memcpy(raw, &value, 4);
        bytes.append(raw, 4);
        return *this;
    }
    Proto& message(uint32_t number, std::string_view contents)
    {
        varint(number << 3 | 2);
        varint(contents.size());
        bytes += contents;
        return *this;
    }
};

std::string piece(std::string_view text, float score, int64_t type)
{
    Proto p;
    p.message(1, text).real(2, score);
    if (type != 1)
        p.integer(3, uint64_t(type));
    return p.bytes;
}

struct Model {
    std::string trainer, normalizer;
    std::vector<std::string> pieces;

    std::string bytes() const
    {
        Proto model;
        for (const std::string& p : pieces)
            model.message(1, p);
        model.message(2, trainer).message(3, normalizer);
        model.message(4, "a self test that nobody reads");
        return model.bytes;
    }
};

/// Of four pieces and a byte.
Model small()
{
    Model m;
    m.trainer = Proto().integer(3, 2).integer(35, 1).message(7, "en").bytes;
    m.normalizer = Proto().message(1, "identity").integer(4, 0).bytes;
    m.pieces = {piece("<unk>", 0, 2), piece("<s>", 0, 3),  piece("</s>", 0, 3),
                piece("<0x21>", 0, 6), piece("a", -2, 1), piece("▁", -3, 1), piece("▁a", -1, 1)};
    return m;
}

void write(const QTemporaryDir& dir, const char* name, const std::string& text)
{
    std::ofstream(dir.filePath(name).toStdString(), std::ios::binary) << text;
}

QByteArray shown(const std::vector<int32_t>& ids)
{
    return QByteArray::fromStdString(json(ids).dump());
}

/// A GGUF vocabulary as the files of a folder.
void writeFolder(const QTemporaryDir& dir, const std::string& name)
{
    const auto file = formats::GgufFile::open(test::fixturePath("tokenizers/" + name + ".gguf"));
    const auto tokens = file.strings("tokenizer.ggml.tokens");
    if (name == "bert-bge") {
        std::string list;
        for (const std::string_view token : tokens) {
            const bool isNamed = token.starts_with("[") && token.ends_with("]") && token.size() > 2;
            list += token.starts_with("▁") ? std::string(token.substr(3)) : isNamed ? std::string(token) : "##" + std::string(token);
            list += '\n';
        }
        write(dir, "vocab.txt", list);
        write(dir, "tokenizer_config.json", json{{"do_lower_case", true}, {"strip_accents", nullptr}}.dump());
        return;
    }
    const auto types = file.metadata().integers("tokenizer.ggml.token_type");
    const auto scores = file.metadata().reals("tokenizer.ggml.scores");
    const bool isUnigram = name != "llama-spm";
    Model model;
    for (size_t id = 0; id < tokens.size(); ++id)
        model.pieces.push_back(piece(tokens[id], scores[id], types[id]));
    json config;
    if (isUnigram) {
        const auto* charsmap = file.metadata().find("tokenizer.ggml.precompiled_charsmap");
        model.trainer = Proto().integer(3, 1).integer(40, 3).integer(41, 0).integer(42, 2).bytes;
        model.normalizer = Proto().message(2, {reinterpret_cast<const char*>(charsmap->bytes.data()), charsmap->bytes.size()}).bytes;
        config = {{"add_bos_token", true}, {"add_eos_token", true}};
        for (size_t id = 0; id < tokens.size(); ++id)
            if (tokens[id] == "<mask>")
                config["added_tokens_decoder"][std::to_string(id)] = {{"content", "<mask>"}, {"special", true}, {"lstrip", true}};
    } else {
        model.trainer = Proto().integer(3, 2).integer(35, 1).integer(40, 0).integer(41, 1).integer(42, 2).integer(43, uint64_t(-1)).bytes;
        model.normalizer = Proto().message(1, "identity").integer(3, 1).integer(4, 0).bytes;
        config = {{"tokenizer_class", "LlamaTokenizer"}, {"add_bos_token", true}, {"bos_token", "<s>"}, {"eos_token", {{"content", "</s>"}}}};
    }
    write(dir, isUnigram ? "spiece.model" : "tokenizer.model", model.bytes());
    write(dir, "tokenizer_config.json", config.dump());
}

} // namespace

class TestTokenizerFiles : public QObject {
    Q_OBJECT

private slots:
    void everyKindGivesTheIdsOfOtherImplementations_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"llama-spm", "nomic-bert-moe", "bert-bge"})
            QTest::newRow(name) << name;
    }

    void everyKindGivesTheIdsOfOtherImplementations()
    {
        QFETCH(QString, name);
        const std::string base = "tokenizers/" + name.toStdString();
        if (!std::filesystem::exists(test::fixturePath(base + ".gguf")))
            QSKIP("tokenizers/ of the fixtures is absent");
        const QTemporaryDir dir;
        writeFolder(dir, name.toStdString());
        auto text = tokenizer::readTokenizerFolder(dir.path().toStdString(), 0);
        QVERIFY(text);
        text->vocabulary.accentStripping = tokenizer::AccentStripping::asGguf; // what the ids were made with
        const Tokenizer tokenizer(std::move(text->vocabulary));
        std::istringstream in(test::readFile(test::fixturePath(base + ".jsonl")));
        int nFailed = 0, nRows = 0;
        for (std::string line; std::getline(in, line); ++nRows) {
            const json row = json::parse(line);
            const std::string words = row["text"];
            const auto ids = tokenizer.encode(words), special = tokenizer.encode(words, {true, true});
            for (const auto& [got, key] : {std::pair(ids, "ids"), std::pair(special, "ids_with_special")}) {
                if (got != row[key].get<std::vector<int32_t>>() && ++nFailed <= 5)
                    qWarning("%s of %s\n  got      %s\n  expected %s", key, json(words).dump().c_str(), shown(got).data(),
                             row[key].dump().c_str());
            }
        }
        QVERIFY(nRows > 100);
        QCOMPARE(nFailed, 0);
    }

    void theFilesBesideSayTheRest()
    {
        const QTemporaryDir dir;
        write(dir, "tokenizer.model", small().bytes());
        write(dir, "generation_config.json", R"({"eos_token_id": 7})");
        const auto ids = [&](const json& config, std::string_view text, int64_t nRows = 10) {
            write(dir, "tokenizer_config.json", config.dump());
            const Tokenizer tokenizer(std::move(tokenizer::readTokenizerFolder(dir.path().toStdString(), nRows)->vocabulary));
            return shown(tokenizer.encode(text, {true, true}));
        };
        QCOMPARE(ids(json::object(), "a!"), shown({1, 6, 3})); // Llama's class begins with BOS
        QCOMPARE(ids({{"add_bos_token", false}, {"add_eos_token", true}}, "a"), shown({6, 2}));
        const json added{{"7", {{"content", "<|x|>"}, {"special", true}}}, {"8", {{"content", "word"}, {"special", false}}}};
        QCOMPARE(ids({{"added_tokens_decoder", added}}, "a<|x|>aword"), shown({1, 6, 7, 6, 8}));
        QCOMPARE(ids({{"added_tokens_decoder", added}, {"legacy", false}}, "a<|x|>aword"), shown({1, 6, 7, 4, 8}));
        write(dir, "added_tokens.json", R"({"<|y|>": 9})");
        QCOMPARE(ids(json::object(), "a<|y|>"), shown({1, 6, 9}));
        const Tokenizer tokenizer(std::move(tokenizer::readTokenizerFolder(dir.path().toStdString(), 10)->vocabulary));
        QCOMPARE(tokenizer.size(), 10);
        QVERIFY(tokenizer.isEndOfGeneration(7));
        QCOMPARE(tokenizer.tokenBytes(9), std::string_view("<|y|>"));
        QVERIFY_THROWS_EXCEPTION(BadFile, ids(json::object(), "a", 9)); // <|y|> has no row in the model
    }

    void casesOfAWordListFollowItsConfig()
    {
        const QTemporaryDir dir;
        write(dir, "vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nA\r\na\r\n##b\r\n");
        const auto ids = [&](const json& config, std::string_view text) {
            write(dir, "tokenizer_config.json", config.dump());
            const Tokenizer tokenizer(std::move(tokenizer::readTokenizerFolder(dir.path().toStdString(), 0)->vocabulary));
            return shown(tokenizer.encode(text, {true, true}));
        };
        QCOMPARE(ids(json::object(), "Ab ab x"), shown({2, 5, 6, 5, 6, 1, 3}));
        QCOMPARE(ids({{"do_lower_case", false}}, "Ab ab"), shown({2, 4, 6, 5, 6, 3}));
    }

    void whatIsNotComputedIsRefusedByName_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        const auto row = [](const char* name, const std::function<void(Model&)>& change) {
            Model model = small();
            change(model);
            QTest::newRow(name) << QByteArray::fromStdString(model.bytes());
        };
        row("words", [](Model& m) { m.trainer = Proto().integer(3, 3).bytes; });
        row("characters", [](Model& m) { m.trainer = Proto().integer(3, 4).bytes; });
        row("unigram with bytes", [](Model& m) { m.trainer = Proto().integer(35, 1).bytes; });
        row("BPE that normalizes", [](Model& m) { m.normalizer = Proto().message(2, "rules").integer(4, 0).bytes; });
        row("BPE that joins spaces", [](Model& m) { m.normalizer.clear(); });
        QTest::newRow("tiktoken") << QByteArray("IQ== 0\nIg== 1\n");
    }

    void whatIsNotComputedIsRefusedByName()
    {
        QFETCH(QByteArray, bytes);
        QVERIFY_THROWS_EXCEPTION(Unsupported, tokenizer::readSentencePieceModel(bytes.toStdString(), "tokenizer.model"));
    }

    void liesAreRefused_data()
    {
        QTest::addColumn<QByteArray>("bytes");
        const auto row = [](const char* name, const std::string& bytes) { QTest::newRow(name) << QByteArray::fromStdString(bytes); };
        const std::string good = small().bytes();
        row("nothing", "");
        row("no pieces", Proto().message(2, small().trainer).bytes);
        row("text", "tokens\n");
        row("a length past the end", Proto().message(1, "x").bytes + std::string("\x0a\xff\xff\xff\x7f", 5));
        row("a number of eleven bytes", std::string("\x08") + std::string(11, '\xff'));
        row("field 0", std::string("\x00\x01", 2));
        row("a group", std::string("\x0b", 1));
        row("a type of piece that is none", Proto().message(1, piece("a", 0, 9)).bytes);
        row("a kind of model that is none", good + Proto().message(2, Proto().integer(3, 77).bytes).bytes);
        row("cut in a float", Proto().message(1, Proto().message(1, "a").real(2, 1).bytes.substr(0, 6)).bytes);
    }

    void liesAreRefused()
    {
        QFETCH(QByteArray, bytes);
        QVERIFY_THROWS_EXCEPTION(BadFile, tokenizer::readSentencePieceModel(bytes.toStdString(), "tokenizer.model"));
    }

    void aCutFileIsRefusedOrHasFewerPieces()
    {
        const std::string good = small().bytes();
        QCOMPARE(tokenizer::readSentencePieceModel(good, "m").tokens.size(), size_t(7));
        for (size_t n = 0; n < good.size(); ++n) {
            try {
                QVERIFY(tokenizer::readSentencePieceModel(good.substr(0, n), "m").tokens.size() <= 7);
            } catch (const Error&) {
            }
        }
        QVERIFY_THROWS_EXCEPTION(BadFile, tokenizer::readWordPieceList("a\nb\n", "vocab.txt"));
        QVERIFY_THROWS_EXCEPTION(BadFile, tokenizer::readWordPieceList(std::string("[UNK]\na\0b\n", 10), "vocab.txt"));
    }
};

QTEST_APPLESS_MAIN(TestTokenizerFiles)
#include "tst_tokenizer_files.moc"
