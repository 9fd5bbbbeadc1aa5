// SPDX-License-Identifier: GPL-3.0-or-later
// tokenizer.json: a folder's tokenizer against its golden, and vocabularies of every kind, written as tokenizer.json here, against the
// ids that other implementations gave for the same vocabularies.
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/tokenizer/chat_prompt.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/tokenizer_folder.h"
#include "engine/tokenizer/tokenizer_json.h"
#include "tests/fixtures.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>

#include <fstream>
#include <map>
#include <sstream>
#include <unordered_map>

using namespace sy;
using nlohmann::json;
using tokenizer::Tokenizer;

namespace {

std::string base64(std::string_view bytes)
{
    return QByteArray(bytes.data(), qsizetype(bytes.size())).toBase64().toStdString();
}

json added(int64_t id, std::string_view content, bool isSpecial)
{
    return {{"id", id},           {"content", content}, {"special", isSpecial},  {"normalized", false},
            {"lstrip", false}, {"rstrip", false},     {"single_word", false}};
}

json split(const char* expression)
{
    return {{"type", "Split"}, {"pattern", {{"Regex", expression}}}, {"behavior", "Isolated"}, {"invert", false}};
}

json byteLevel(bool usesRegex)
{
    return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", usesRegex}};
}

json around(std::initializer_list<const char*> before, std::initializer_list<const char*> after)
{
    json single = json::array();
    for (const char* token : before)
        single.push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
    single.push_back({{"Sequence", {{"id", "A"}, {"type_id", 0}}}});
    for (const char* token : after)
        single.push_back({{"SpecialToken", {{"id", token}, {"type_id", 0}}}});
    return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", json::array()}};
}

/// A GGUF vocabulary in the other format. Its tokens as a map, or for a unigram a list with scores.
class Converted {
public:
    explicit Converted(const char* name)
        : m_file(formats::GgufFile::open(test::fixturePath(std::string("tokenizers/") + name + ".gguf"))),
          m_tokens(m_file.strings("tokenizer.ggml.tokens")), m_types(m_file.metadata().integers("tokenizer.ggml.token_type"))
    {
        m_json["added_tokens"] = json::array();
        for (size_t id = 0; id < m_tokens.size(); ++id)
            if (m_types[id] == 3 || m_types[id] == 4)
                m_json["added_tokens"].push_back(added(int64_t(id), m_tokens[id], m_types[id] == 3));
    }

    json bytePair(json preTokenizer, bool usesWholeWords)
    {
        m_json["pre_tokenizer"] = std::move(preTokenizer);
        json& model = m_json["model"] = {{"type", "BPE"}, {"ignore_merges", usesWholeWords}, {"byte_fallback", false}};
        model["merges"] = m_file.strings("tokenizer.ggml.merges");
        model["vocab"] = vocabulary();
        return m_json;
    }

    // As the library that makes such files does it: every way to make a piece of two pieces, best piece first.
    json sentencePiece()
    {
        const auto scores = m_file.metadata().reals("tokenizer.ggml.scores");
        std::unordered_map<std::string_view, size_t> ids;
        for (size_t id = 0; id < m_tokens.size(); ++id)
            ids.emplace(m_tokens[id], id);
        std::vector<std::tuple<float, size_t, size_t, std::string>> merges;
        for (size_t id = 0; id < m_tokens.size(); ++id)
            for (size_t at = 1; at < m_tokens[id].size(); ++at) {
                const auto left = ids.find(m_tokens[id].substr(0, at)), right = ids.find(m_tokens[id].substr(at));
                if (m_types[id] == 1 && left != ids.end() && right != ids.end())
                    merges.emplace_back(-scores[id], left->second, right->second, std::string(left->first) + " " + std::string(right->first));
            }
        std::ranges::sort(merges);
        json& model = m_json["model"] = {{"type", "BPE"}, {"byte_fallback", true}, {"unk_token", "<unk>"}, {"fuse_unk", true}};
        for (const auto& merge : merges)
            model["merges"].push_back(std::get<3>(merge));
        model["vocab"] = vocabulary();
        m_json["normalizer"] = {{"type", "Sequence"},
                                {"normalizers",
                                 {{{"type", "Prepend"}, {"prepend", "▁"}},
                                  {{"type", "Replace"}, {"pattern", {{"String", " "}}}, {"content", "▁"}}}}};
        m_json["post_processor"] = around({"<s>"}, {});
        return m_json;
    }

    json unigram()
    {
        const auto scores = m_file.metadata().reals("tokenizer.ggml.scores");
        json& model = m_json["model"] = {{"type", "Unigram"}, {"unk_id", 3}, {"vocab", json::array()}};
        for (size_t id = 0; id < m_tokens.size(); ++id)
            model["vocab"].push_back({m_tokens[id], scores[id]});
        const auto* charsmap = m_file.metadata().find("tokenizer.ggml.precompiled_charsmap");
        const std::string_view bytes(reinterpret_cast<const char*>(charsmap->bytes.data()), charsmap->bytes.size());
        m_json["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", base64(bytes)}};
        m_json["pre_tokenizer"] = {{"type", "Sequence"},
                                   {"pretokenizers",
                                    {{{"type", "WhitespaceSplit"}},
                                     {{"type", "Metaspace"}, {"replacement", "▁"}, {"add_prefix_space", true}}}}};
        m_json["post_processor"] = around({"<s>"}, {"</s>"});
        return m_json;
    }

    json wordPiece()
    {
        json& model = m_json["model"] = {{"type", "WordPiece"}, {"unk_token", "[UNK]"}, {"continuing_subword_prefix", "##"},
                                         {"max_input_chars_per_word", 100}};
        for (size_t id = 0; id < m_tokens.size(); ++id) {
            const std::string token(m_tokens[id]);
            const bool isNamed = token.starts_with("[") && token.ends_with("]") && token.size() > 2;
            model["vocab"][token.starts_with("▁") ? token.substr(3) : isNamed ? token : "##" + token] = id;
        }
        m_json["normalizer"] = {{"type", "BertNormalizer"}, {"clean_text", true}, {"handle_chinese_chars", true},
                                {"strip_accents", nullptr}, {"lowercase", true}};
        m_json["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
        m_json["post_processor"] = {{"type", "BertProcessing"}, {"sep", {"[SEP]", 102}}, {"cls", {"[CLS]", 101}}};
        return m_json;
    }

private:
    json vocabulary() const
    {
        json map = json::object();
        for (size_t id = 0; id < m_tokens.size(); ++id)
            map[std::string(m_tokens[id])] = id;
        return map;
    }

    formats::GgufFile m_file;
    std::vector<std::string_view> m_tokens;
    std::vector<int64_t> m_types;
    json m_json;
};

constexpr const char* kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr const char* kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

json converted(const std::string& name)
{
    Converted file(name.c_str());
    const auto sequence = [](json parts) { return json{{"type", "Sequence"}, {"pretokenizers", std::move(parts)}}; };
    if (name == "gpt-2")
        return file.bytePair(byteLevel(true), false);
    if (name == "qwen2")
        return file.bytePair(sequence({split(kQwen2), byteLevel(false)}), false);
    if (name == "llama-bpe") {
        json tokenizer = file.bytePair(sequence({split(kLlama3), byteLevel(false)}), true);
        tokenizer["post_processor"] = {{"type", "Sequence"}, {"processors", {byteLevel(true), around({"<|begin_of_text|>"}, {})}}};
        return tokenizer;
    }
    if (name == "llama-spm")
        return file.sentencePiece();
    return name == "bert-bge" ? file.wordPiece() : file.unigram();
}

/// As a file has it: numbers that are not negative are unsigned.
tokenizer::Vocabulary read(const json& file, const std::string& path)
{
    return tokenizer::readTokenizerJson(json::parse(file.dump()), path);
}

json small() // 256 bytes are not needed for ASCII
{
    json vocabulary = json::object();
    int id = 0;
    for (const char* token : {"a", "b", "c", "Ġ", "ab", "é", "é"})
        vocabulary[token] = id++;
    return {{"added_tokens", {added(id, "<s>", true)}},
            {"pre_tokenizer", byteLevel(true)},
            {"model", {{"type", "BPE"}, {"vocab", vocabulary}, {"merges", {"a b"}}}}};
}

void write(const QTemporaryDir& dir, const char* name, const std::string& text)
{
    std::ofstream(dir.filePath(name).toStdString(), std::ios::binary) << text;
}

QByteArray shown(const std::vector<int32_t>& ids)
{
    return QByteArray::fromStdString(json(ids).dump());
}

} // namespace

class TestTokenizerJson : public QObject {
    Q_OBJECT

private slots:
    void theFoldersTokenizerAgreesWithItsGolden();
    void everyKindGivesTheIdsOfOtherImplementations_data();
    void everyKindGivesTheIdsOfOtherImplementations();
    void textIsNormalizedBetweenSpecialTokens();
    void severalTokensMayStandAroundAText();
    void aSpacePrefixMayBelongToTheStartOnly();
    void whatIsNotComputedIsRefusedByName_data();
    void whatIsNotComputedIsRefusedByName();
    void liesAreRefused_data();
    void liesAreRefused();
    void anExpressionThatBacktracksGivesUp();
    void templatesComeFromTheirOwnFileFirst();
    void aFolderWithoutTokenizerHasNone();
};

void TestTokenizerJson::theFoldersTokenizerAgreesWithItsGolden()
{
    const auto folder = test::fixturePath("hf/llama3-rope");
    if (!std::filesystem::exists(folder))
        QSKIP("hf/ of the fixtures is absent");
    const json golden = json::parse(test::readFile(test::fixturePath("hf/llama3-rope.tokenizer.json")));
    auto text = tokenizer::readTokenizerFolder(folder, 320);
    QVERIFY(text);
    const auto chatTemplate = tokenizer::ChatTemplate::parse(text->chatTemplate);
    const Tokenizer tokenizer(std::move(text->vocabulary));
    QCOMPARE(tokenizer.size(), 320);
    for (const json& row : golden["cases"]) {
        const std::string words = row["text"];
        QCOMPARE(shown(tokenizer.encode(words, {true, true})), shown(row["ids"]));
        QCOMPARE(shown(tokenizer.encode(words, {true, false})), shown(row["ids_without_special"]));
        QCOMPARE(tokenizer.decode(row["ids_without_special"].get<std::vector<int32_t>>(), {true}), row["decoded"].get<std::string>());
    }
    for (const json& row : golden["chat"]) {
        const nlohmann::ordered_json messages = row["messages"];
        tokenizer::TemplateOptions options{std::string(tokenizer.tokenBytes(tokenizer.bos())), std::string(tokenizer.tokenBytes(tokenizer.eos()))};
        const nlohmann::ordered_json variables{{"messages", messages}, {"add_generation_prompt", row["add_generation_prompt"]}};
        const std::string rendered = chatTemplate.render(variables, options);
        QCOMPARE(rendered, row["text"].get<std::string>());
        QCOMPARE(shown(tokenizer.encode(rendered, {true, false})), shown(row["ids"]));
    }
    QCOMPARE(tokenizer.bos(), 297);
    QCOMPARE(tokenizer.eos(), 299);
    QVERIFY(tokenizer.isEndOfGeneration(298) && tokenizer.isEndOfGeneration(299) && !tokenizer.isEndOfGeneration(297));
    QVERIFY(tokenizer.warnings().empty());
    QCOMPARE(tokenizer.tokenBytes(310), std::string_view()); // a row of the embedding without a token
}

void TestTokenizerJson::everyKindGivesTheIdsOfOtherImplementations_data()
{
    QTest::addColumn<QString>("name");
    for (const char* name : {"gpt-2", "qwen2", "llama-bpe", "llama-spm", "nomic-bert-moe", "bert-bge"})
        QTest::newRow(name) << name;
}

void TestTokenizerJson::everyKindGivesTheIdsOfOtherImplementations()
{
    QFETCH(QString, name);
    const std::string base = "tokenizers/" + name.toStdString();
    if (!std::filesystem::exists(test::fixturePath(base + ".gguf")))
        QSKIP("tokenizers/ of the fixtures is absent");
    tokenizer::Vocabulary vocabulary = read(converted(name.toStdString()), "tokenizer.json");
    vocabulary.accentStripping = tokenizer::AccentStripping::asGguf; // what the ids were made with
    const Tokenizer tokenizer(std::move(vocabulary));
    std::istringstream in(test::readFile(test::fixturePath(base + ".jsonl")));
    int nFailed = 0, nRows = 0;
    for (std::string line; std::getline(in, line); ++nRows) {
        const json row = json::parse(line);
        const std::string text = row["text"];
        const auto ids = tokenizer.encode(text), special = tokenizer.encode(text, {true, true});
        for (const auto& [got, key] : {std::pair(ids, "ids"), std::pair(special, "ids_with_special")}) {
            if (got == row[key].get<std::vector<int32_t>>())
                continue;
            if (++nFailed <= 5)
                qWarning("%s of %s\n  got      %s\n  expected %s", key, json(text).dump().c_str(), shown(got).data(),
                         row[key].dump().c_str());
        }
    }
    QVERIFY(nRows > 100);
    QCOMPARE(nFailed, 0);
}

void TestTokenizerJson::textIsNormalizedBetweenSpecialTokens()
{
    json file = small();
    file["model"]["vocab"] = {{"Ã", 0}, {"©", 1}, {"e", 2}, {"Ì", 3}, {"ģ", 4}};
    file["model"]["merges"] = json::array();
    file["added_tokens"] = {added(5, "e\u0301", false)};
    const std::string decomposed = "e\u0301";
    file["normalizer"] = {{"type", "NFC"}};
    const Tokenizer composing(read(file, "t"));
    QCOMPARE(shown(composing.encode("é")), shown({0, 1}));
    QCOMPARE(shown(composing.encode(decomposed)), shown({5})); // an added token is found in the text as it is
    file["added_tokens"] = json::array();
    QCOMPARE(shown(Tokenizer(read(file, "t")).encode(decomposed)), shown({0, 1}));
    file.erase("normalizer");
    QCOMPARE(shown(Tokenizer(read(file, "t")).encode(decomposed)), shown({2, 3, 4}));
}

void TestTokenizerJson::severalTokensMayStandAroundAText()
{
    json file = small();
    file["added_tokens"].push_back(added(8, "<t>", true));
    file["post_processor"] = around({"<s>", "<t>"}, {"<t>", "<s>"});
    const Tokenizer tokenizer(read(file, "t"));
    QCOMPARE(shown(tokenizer.encode("ab", {true, true})), shown({7, 8, 4, 8, 7}));
    QCOMPARE(shown(tokenizer.encode("cccc", {true, true, 5})), shown({7, 8, 2, 8, 7}));
    for (const size_t most : {1, 2, 3, 4})
        QVERIFY(tokenizer.encode("cccc", {true, true, most}).size() <= most);
}

void TestTokenizerJson::aSpacePrefixMayBelongToTheStartOnly()
{
    json file = small();
    file["model"] = {{"type", "BPE"}, {"byte_fallback", true}, {"vocab", {{"▁", 0}, {"a", 1}, {"▁a", 2}, {"b", 3}}}, {"merges", {"▁ a"}}};
    file["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "first"}, {"split", false}};
    QCOMPARE(shown(Tokenizer(read(file, "t")).encode("a<s>a", {true, false})), shown({2, 7, 1}));
    file["pre_tokenizer"]["prepend_scheme"] = "always";
    QCOMPARE(shown(Tokenizer(read(file, "t")).encode("a<s>a", {true, false})), shown({2, 7, 2}));
    file["pre_tokenizer"]["prepend_scheme"] = "never";
    QCOMPARE(shown(Tokenizer(read(file, "t")).encode("a<s>a", {true, false})), shown({1, 7, 1}));
}

void TestTokenizerJson::whatIsNotComputedIsRefusedByName_data()
{
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QString>("value");
    QTest::addColumn<QString>("word");
    QTest::newRow("model") << "/model/type" << R"("WordLevel")" << "WordLevel";
    QTest::newRow("pre-tokenizer") << "/pre_tokenizer/type" << R"("Whitespace")" << "Whitespace";
    QTest::newRow("normalizer") << "/normalizer" << R"({"type": "Nmt"})" << "Nmt";
    QTest::newRow("post-processor") << "/post_processor" << R"({"type": "Odd"})" << "Odd";
    QTest::newRow("behavior") << "/pre_tokenizer" << R"({"type":"Split","pattern":{"Regex":"a"},"behavior":"MergedWithNext"})" << "MergedWithNext";
    QTest::newRow("no byte level") << "/pre_tokenizer" << "null" << "byte-level";
    QTest::newRow("suffix") << "/model/end_of_word_suffix" << R"("</w>")" << "end_of_word_suffix";
}

void TestTokenizerJson::whatIsNotComputedIsRefusedByName()
{
    QFETCH(QString, pointer);
    QFETCH(QString, value);
    QFETCH(QString, word);
    json file = small();
    file[json::json_pointer(pointer.toStdString())] = json::parse(value.toStdString());
    try {
        read(file, "tokenizer.json");
        QFAIL("it was accepted");
    } catch (const Unsupported& error) {
        QVERIFY2(QString(error.what()).contains(word), error.what());
    }
}

void TestTokenizerJson::liesAreRefused_data()
{
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QString>("value");
    QTest::newRow("no model") << "/model" << "null";
    QTest::newRow("model is a list") << "/model" << "[]";
    QTest::newRow("vocabulary is a list") << "/model/vocab" << "[1]";
    QTest::newRow("negative id") << "/model/vocab/a" << "-1";
    QTest::newRow("id far away") << "/model/vocab/a" << "4000000000";
    QTest::newRow("fractional id") << "/model/vocab/a" << "0.5";
    QTest::newRow("two of one id") << "/model/vocab/a" << "1";
    QTest::newRow("merge of one") << "/model/merges" << R"(["ab"])";
    QTest::newRow("merge of three") << "/model/merges" << R"([["a", "b", "c"]])";
    QTest::newRow("merge is a number") << "/model/merges" << "[1]";
    QTest::newRow("added token without id") << "/added_tokens/0/id" << "null";
    QTest::newRow("added token far away") << "/added_tokens/0/id" << "99999999";
    QTest::newRow("added token without text") << "/added_tokens/0/content" << R"("")";
    QTest::newRow("no such token around") << "/post_processor" << R"({"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<x>"}},{"Sequence":{"id":"A"}}]})";
    QTest::newRow("template without text") << "/post_processor" << R"({"type":"TemplateProcessing","single":[]})";
    QTest::newRow("expression that is none") << "/pre_tokenizer" << R"({"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"(a"},"behavior":"Isolated"},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]})";
    QTest::newRow("steps are text") << "/pre_tokenizer" << R"({"type":"Sequence","pretokenizers":"ByteLevel"})";
}

void TestTokenizerJson::liesAreRefused()
{
    QFETCH(QString, pointer);
    QFETCH(QString, value);
    json file = small();
    file[json::json_pointer(pointer.toStdString())] = json::parse(value.toStdString());
    try {
        const Tokenizer tokenizer(read(file, "tokenizer.json"));
        QFAIL("it was accepted");
    } catch (const BadFile& error) {
        QVERIFY2(QString(error.what()).startsWith("tokenizer.json: "), error.what());
    }
}

// A stranger's expression may try every way to fail: it must give up, not run for ever.
void TestTokenizerJson::anExpressionThatBacktracksGivesUp()
{
    json file = small();
    file["pre_tokenizer"] = {{"type", "Sequence"}, {"pretokenizers", {split("(a+)+c"), byteLevel(false)}}};
    const Tokenizer tokenizer(read(file, "t"));
    QVERIFY(!tokenizer.encode(std::string(64, 'a') + "b").empty());
}

void TestTokenizerJson::templatesComeFromTheirOwnFileFirst()
{
    const QTemporaryDir dir;
    write(dir, "tokenizer.json", small().dump());
    write(dir, "tokenizer_config.json", R"({"chat_template": "old", "eos_token": {"content": "<s>"}, "bos_token": null})");
    write(dir, "config.json", R"({"eos_token_id": 3})");
    auto text = tokenizer::readTokenizerFolder(dir.path().toStdString(), 0);
    QCOMPARE(text->chatTemplate, std::string("old"));
    QCOMPARE(text->vocabulary.eos, 7);
    QCOMPARE(text->vocabulary.bos, -1);
    QVERIFY(Tokenizer(std::move(text->vocabulary)).isEndOfGeneration(3));
    write(dir, "tokenizer_config.json", R"({"chat_template": [{"name": "tool", "template": "t"}, {"name": "default", "template": "d"}]})");
    QCOMPARE(tokenizer::readTokenizerFolder(dir.path().toStdString(), 0)->chatTemplate, std::string("d"));
    write(dir, "chat_template.jinja", "own file");
    QCOMPARE(tokenizer::readTokenizerFolder(dir.path().toStdString(), 0)->chatTemplate, std::string("own file"));
}

void TestTokenizerJson::aFolderWithoutTokenizerHasNone()
{
    const QTemporaryDir dir;
    QVERIFY(!tokenizer::readTokenizerFolder(dir.path().toStdString(), 0));
    write(dir, "tiktoken.model", "x");
    QVERIFY_THROWS_EXCEPTION(Unsupported, tokenizer::readTokenizerFolder(dir.path().toStdString(), 0));
}

QTEST_APPLESS_MAIN(TestTokenizerJson)
#include "tst_tokenizer_json.moc"
