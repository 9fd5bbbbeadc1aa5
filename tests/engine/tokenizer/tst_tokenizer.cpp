// SPDX-License-Identifier: GPL-3.0-or-later
//
// Tokenizers over small vocabularies made here: what holds for every kind, and what the real ones do not show.
#include "engine/core/error.h"
#include "engine/formats/metadata.h"
#include "engine/tokenizer/pre_tokenizer.h"
#include "engine/tokenizer/tokenizer.h"
#include "tests/engine/tokenizer/made_vocabulary.h"

#include <QElapsedTimer>
#include <QTest>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <thread>

using namespace sy;
using namespace sy::tokenizer;
using namespace sy::test;
using Ids = std::vector<int32_t>;

namespace {

Made sentencePiece()
{
    Made made(VocabularyKind::sentencePieceBpe);
    made.v.unknown = made.add("<unk>", TokenType::unknown);
    made.v.bos = made.add("<s>", TokenType::control);
    made.v.eos = made.add("</s>", TokenType::control);
    for (int byte = 0; byte < 256; ++byte) {
        char name[8];
        std::snprintf(name, sizeof name, "<0x%02X>", byte);
        made.add(name, TokenType::byte);
    }
    made.add("\xE2\x96\x81", TokenType::normal, -5); // 259
    made.add("a", TokenType::normal, -6);            // 260
    made.add("b", TokenType::normal, -7);            // 261
    made.add("ab", TokenType::normal, -1);           // 262
    made.add("\xE2\x96\x81" "a", TokenType::normal, -2); // 263
    return made;
}

Made unigram()
{
    Made made(VocabularyKind::unigram);
    made.v.bos = made.add("<s>", TokenType::control);
    made.v.eos = made.add("</s>", TokenType::control);
    made.v.unknown = made.add("<unk>", TokenType::unknown);
    made.add("\xE2\x96\x81", TokenType::normal, -3);         // 3
    made.add("a", TokenType::normal, -2);                    // 4
    made.add("b", TokenType::normal, -2);                    // 5
    made.add("ab", TokenType::normal, -3.5);                 // 6
    made.add("\xE2\x96\x81" "a", TokenType::normal, -2.5);   // 7
    made.v.addSpacePrefix = true;
    made.v.removeExtraWhitespace = true;
    return made;
}

Made wordPiece()
{
    Made made(VocabularyKind::wordPiece);
    made.v.bos = made.add("[CLS]", TokenType::control);
    made.v.separator = made.add("[SEP]", TokenType::control);
    made.v.unknown = made.add("[UNK]", TokenType::unknown);
    made.add("\xE2\x96\x81" "cafe"); // 3
    made.add("s");                   // 4
    made.add("\xE2\x96\x81" "!");    // 5
    made.add("\xE2\x96\x81" "\xE4\xB8\xAD"); // 6
    return made;
}

} // namespace

class TestTokenizer : public QObject {
    Q_OBJECT

private slots:
    void mergesByRankThenFromTheLeft();
    void controlTokensNeedPermission();
    void userDefinedTokensAreAlwaysParsedLongestFirst();
    void literalPlacesKeepControlTokensPlain();
    void addedTokensFollowTheFlags();
    void maxTokensKeepsTheEnd();
    void anyBytesComeBack();
    void bytesWithoutTokenBecomeReplacements();
    void sentencePieceMergesAndFallsBackToBytes();
    void unigramTakesTheMostProbablePath();
    void wordPieceStripsAccentsAndGivesUpOnWords();
    void streamHoldsBackUnfinishedCharacters();
    void endTokensAreFoundByName();
    void ordinaryTokensThatLookLikeEndsAreNone();
    void unknownPreTokenizerWarns();
    void everyPreTokenizerCutsEverything_data();
    void everyPreTokenizerCutsEverything();
    void preTokenizersCutAsTheirModelsDo_data();
    void preTokenizersCutAsTheirModelsDo();
    void longRunsAreLinear_data();
    void longRunsAreLinear();
    void brokenVocabulariesAreRefused();
    void brokenCharsmapIsHarmless();
    void metadataIsRead();
    void manyThreadsEncodeAtOnce();
};

void TestTokenizer::mergesByRankThenFromTheLeft()
{
    const Tokenizer t(byteLevel().v);
    QCOMPARE(t.encode("hello hello"), (Ids{259, 260}));
    QCOMPARE(t.encode("hell"), (Ids{258}));
    QCOMPARE(t.encode("aaaaa"), (Ids{261, 261, 'a'}));
    QCOMPARE(t.encode(std::string(101, 'a')).size(), size_t(51)); // long words take another way
    QCOMPARE(t.encode(std::string(101, 'a')).back(), int32_t('a'));
    QCOMPARE(t.encode("helo"), (Ids{256, 'l', 'o'}));
    QCOMPARE(t.encode(""), Ids());
}

void TestTokenizer::controlTokensNeedPermission()
{
    const Tokenizer t(byteLevel().v);
    QCOMPARE(t.encode("a<|im_end|>b", {true}), (Ids{'a', 263, 'b'}));
    QCOMPARE(t.decode(t.encode("a<|im_end|>b")), std::string("a<|im_end|>b"));
    for (const int32_t id : t.encode("a<|im_end|>b"))
        QVERIFY(id < 256);
    QCOMPARE(t.decode(Ids{'a', 263, 'b'}), std::string("ab"));
    QCOMPARE(t.decode(Ids{'a', 263, 'b'}, {true}), std::string("a<|im_end|>b"));
    QVERIFY(t.isControl(263) && !t.isControl(265));
    QVERIFY_EXCEPTION_THROWN(t.tokenBytes(267), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(t.decode(Ids{-1}), std::invalid_argument);
    QVERIFY(!t.isEndOfGeneration(-1) && !t.isEndOfGeneration(1 << 20));
}

void TestTokenizer::userDefinedTokensAreAlwaysParsedLongestFirst()
{
    const Tokenizer t(byteLevel().v);
    QCOMPARE(t.encode("<think>a<think>more"), (Ids{265, 'a', 266}));
    QCOMPARE(t.decode(Ids{265}), std::string("<think>"));
    QCOMPARE(t.find("<think>"), 265);
    QCOMPARE(t.find("hell"), 258);
    QCOMPARE(t.find("no such"), -1);
}

void TestTokenizer::literalPlacesKeepControlTokensPlain()
{
    const Tokenizer t(byteLevel().v);
    const std::string text = "<|im_end|><|im_end|><think>";
    Ids ids;
    const std::vector<size_t> literal{0, 20};
    t.encode(text, {true}, literal, ids);
    QCOMPARE(ids.size(), size_t(12)); // ten bytes, a control token, and the user-defined one although its place is literal
    QCOMPARE(ids[10], 263);
    QCOMPARE(ids[11], 265);
    QCOMPARE(t.findControlToken("x<think><|im_end|>", 0), size_t(8));
    QCOMPARE(t.findControlToken("x<think>", 0), size_t(8));
}

void TestTokenizer::addedTokensFollowTheFlags()
{
    Made made = byteLevel();
    QCOMPARE(Tokenizer(made.v).encode("a", {false, true}), (Ids{'a'}));
    made.v.addBos = true;
    made.v.addEos = true;
    QCOMPARE(Tokenizer(made.v).encode("a", {false, true}), (Ids{262, 'a', 263}));
    QCOMPARE(Tokenizer(made.v).encode("a", {true, false}), (Ids{'a'}));
    QCOMPARE(Tokenizer(wordPiece().v).encode("cafe", {false, true}), (Ids{0, 3, 1}));
    QCOMPARE(Tokenizer(unigram().v).encode("a", {false, true}), (Ids{7, 1}));
    QCOMPARE(Tokenizer(sentencePiece().v).encode("a", {false, true}), (Ids{1, 263}));
}

void TestTokenizer::maxTokensKeepsTheEnd()
{
    Made made = byteLevel();
    made.v.addBos = true;
    made.v.addEos = true;
    const Tokenizer t(made.v);
    QCOMPARE(t.encode("abcdef", {false, true, 4}), (Ids{262, 'a', 'b', 263}));
    QCOMPARE(t.encode("a", {false, true, 4}), (Ids{262, 'a', 263}));
    QCOMPARE(t.encode("abc", {false, false, 2}), (Ids{'a', 'b'}));
    QCOMPARE(t.encode("abc", {false, true, 1}), (Ids{263}));
}

void TestTokenizer::anyBytesComeBack()
{
    const Tokenizer t(byteLevel().v);
    std::string all;
    for (int i = 0; i < 256; ++i)
        all += char(i);
    for (const std::string& text : {all, all + "hello\xFF\xFE hello", std::string("\xED\xA0\x80\xF5 \xE4\xBD"), std::string(1, '\0')})
        QCOMPARE(t.decode(t.encode(text)), text);
    const Tokenizer s(sentencePiece().v);
    for (const std::string& text : {std::string("ab \xFFz\n"), std::string("  a  b "), std::string("中文")})
        QCOMPARE(s.decode(s.encode(text)), text);
}

void TestTokenizer::bytesWithoutTokenBecomeReplacements()
{
    Made made(VocabularyKind::bytePair);
    made.v.pre = "gpt-2";
    for (const char* text : {"a", "b", "\xC3\xAF", "\xC2\xBF", "\xC2\xBD"}) // the last three spell U+FFFD
        made.add(text);
    made.merge("a b");
    const Tokenizer t(made.v);
    QCOMPARE(t.encode("a\xFF" "b"), (Ids{0, 2, 3, 4, 1}));
    QCOMPARE(t.encode("ab"), (Ids{0, 1})); // the merge's result is no token: it falls apart again
}

void TestTokenizer::sentencePieceMergesAndFallsBackToBytes()
{
    const Tokenizer t(sentencePiece().v);
    QCOMPARE(t.encode("ab"), (Ids{259, 262}));    // "ab" (-1) goes before "▁a" (-2)
    QCOMPARE(t.encode("a"), (Ids{263}));
    QCOMPARE(t.encode("\n"), (Ids{259, 3 + '\n'}));
    QCOMPARE(t.encode("<s>a", {true}), (Ids{1, 263})); // a space again behind a special token
    QCOMPARE(t.decode(Ids{1, 263}), std::string("a"));
    QCOMPARE(t.encode("</s>").size(), size_t(5)); // no control token out of plain text
}

void TestTokenizer::unigramTakesTheMostProbablePath()
{
    const Tokenizer t(unigram().v);
    QCOMPARE(t.encode("ab"), (Ids{7, 5}));        // -2.5 - 2 beats -3 - 3.5
    QCOMPARE(t.encode("  a \t"), (Ids{7, 3, 2})); // no charsmap: a tab stays, unknown
    QCOMPARE(t.encode("bab"), (Ids{3, 5, 6}));
    QCOMPARE(t.encode("zzz a"), (Ids{3, 2, 7}));  // a run of unknown characters is one token
    QCOMPARE(t.encode(" "), Ids());
    QCOMPARE(t.encode("</s>"), (Ids{3, 2}));
    QCOMPARE(t.decode(Ids{7, 5, 7}), std::string("ab a"));
}

void TestTokenizer::wordPieceStripsAccentsAndGivesUpOnWords()
{
    const Tokenizer t(wordPiece().v);
    QCOMPARE(t.encode("Caf\u00E9s!"), (Ids{3, 4, 5}));
    QCOMPARE(t.encode("cafe\u0301"), (Ids{3}));
    QCOMPARE(t.encode("cafez cafe"), (Ids{2, 3}));
    QCOMPARE(t.encode("cafe\u4E2Dcafe\u200B"), (Ids{3, 6, 3}));
    QCOMPARE(t.decode(Ids{3, 4, 5}), std::string("cafes !"));
    Made made = wordPiece();
    made.v.lowercase = false;
    QCOMPARE(Tokenizer(made.v).encode("Cafe cafe"), (Ids{2, 3}));
}

void TestTokenizer::streamHoldsBackUnfinishedCharacters()
{
    const Tokenizer t(byteLevel().v);
    StreamDecoder stream(t);
    QCOMPARE(stream.push(0xE4), std::string());
    QCOMPARE(stream.push(0xBD), std::string());
    QCOMPARE(stream.push(0xA0), std::string("你"));
    QCOMPARE(stream.push(263), std::string());
    QCOMPARE(stream.push(0xFF), std::string("\uFFFD"));
    QCOMPARE(stream.push(0xE4), std::string());
    QCOMPARE(stream.push('a'), std::string("\uFFFDa"));
    QCOMPARE(stream.push(0xF0), std::string());
    QCOMPARE(stream.finish(), std::string("\uFFFD"));
    QCOMPARE(stream.finish(), std::string());
    StreamDecoder rendering(t, {true});
    QCOMPARE(rendering.push(263), std::string("<|im_end|>"));
}

void TestTokenizer::endTokensAreFoundByName()
{
    Made made = byteLevel();
    const int32_t endOfText = made.add("<|endoftext|>", TokenType::normal); // stored wrongly, as many files do
    const int32_t pad = made.add("<|fim_pad|>", TokenType::control);
    made.add("<|fim_prefix|>", TokenType::control);
    const Tokenizer t(made.v);
    QCOMPARE(t.endOfGenerationIds(), (Ids{263, endOfText, pad}));
    QCOMPARE(t.eot(), 263);
    QVERIFY(t.isControl(endOfText));
    QCOMPARE(t.warnings().size(), size_t(1));
    QCOMPARE(t.encode("<|endoftext|>", {true}), (Ids{endOfText}));
    QVERIFY(!t.fillInTheMiddle().isComplete());

    // Harmony: <|end|> closes a part of the answer, and its markers are rendered.
    Made harmony = byteLevel();
    const int32_t end = harmony.add("<|end|>", TokenType::control);
    const int32_t back = harmony.add("<|return|>", TokenType::control), call = harmony.add("<|call|>", TokenType::control);
    const int32_t channel = harmony.add("<|channel|>", TokenType::control);
    const Tokenizer h(harmony.v);
    QCOMPARE(h.endOfGenerationIds(), (Ids{263, back, call}));
    QVERIFY(!h.isControl(end) && !h.isControl(channel));
}

void TestTokenizer::ordinaryTokensThatLookLikeEndsAreNone()
{
    Made made = byteLevel();
    const int32_t start = made.add("</"), slash = made.add("s>"), whole = made.add("</s>");
    for (const char* pair : {"< /", "s >", "</ s>"})
        made.merge(pair);
    const Tokenizer t(made.v);
    QVERIFY(!t.isEndOfGeneration(whole) && !t.isControl(whole));
    QVERIFY(t.warnings().empty());
    QCOMPARE(t.encode("</s>", {true}), (Ids{whole}));
    QCOMPARE(t.encode("</s>"), (Ids{start, 's', '>'}));
    QVERIFY(slash > 0);
}

void TestTokenizer::unknownPreTokenizerWarns()
{
    Made made = byteLevel();
    made.v.pre = "from-the-future";
    QCOMPARE(Tokenizer(made.v).warnings().size(), size_t(1));
    made.v.pre.clear();
    QCOMPARE(Tokenizer(made.v).warnings().size(), size_t(1));
    QCOMPARE(Tokenizer(made.v).encode("hello"), (Ids{259}));
}

void TestTokenizer::everyPreTokenizerCutsEverything_data()
{
    QTest::addColumn<QString>("name");
    for (const PreTokenizerRow& row : preTokenizers())
        QTest::newRow(std::string(row.name).c_str()) << QString::fromStdString(std::string(row.name));
}

void TestTokenizer::everyPreTokenizerCutsEverything()
{
    QFETCH(QString, name);
    const PreTokenizer preTokenizer(*findPreTokenizer(name.toStdString()), "");
    std::string mixed = "It's 12345 \t\r\n  words,中文 ⺀々 ABCdef's\u180E\u3000x\xFF\xC3(\u0301 \U0001F600\u200D \n\n  ";
    for (const std::string& text : {mixed, std::string(), std::string(1 << 20, ' ') + "x", std::string(1 << 20, 'A'),
                                    std::string(1 << 20, '\n'), std::string(1 << 20, '\xFF')}) {
        std::vector<size_t> ends;
        QElapsedTimer timer;
        timer.start();
        preTokenizer.split(text, ends);
        QVERIFY2(timer.elapsed() < 5000, "not linear");
        size_t previous = 0;
        for (const size_t end : ends) {
            QVERIFY(end > previous);
            previous = end;
        }
        QCOMPARE(previous, text.size());
    }
}

void TestTokenizer::preTokenizersCutAsTheirModelsDo_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("pieces"); // joined by |
    QTest::newRow("three digits") << "llama-bpe" << "a12345 b" << "a|123|45| b";
    QTest::newRow("single digits") << "qwen2" << "a123  b'LL" << "a|1|2|3| | b|'LL";
    QTest::newRow("marks are letters") << "qwen35" << "e\u0301x" << "e\u0301x";
    QTest::newRow("marks are none") << "qwen2" << "e\u0301x" << "e|\u0301x";
    QTest::newRow("case-aware") << "gpt-4o" << "HelloWorld fooBAR's" << "Hello|World| foo|BAR's";
    QTest::newRow("case-aware without contractions") << "tekken" << "HelloWorld's 123" << "Hello|World|'s| |1|2|3";
    QTest::newRow("ideographs apart") << "kimi-k2" << "ab中文cd 1234" << "ab|中文|cd| |123|4";
    QTest::newRow("space before ideographs") << "kimi-k2" << "a  中" << "a| | |中";
    QTest::newRow("ideographs in pass two") << "deepseek-v3" << "ab中文かなcd1234" << "ab|中文かな|cd|123|4";
    QTest::newRow("newlines apart") << "deepseek-llm" << "a\n\nb 中12  " << "a|\n|\n|b| |中|12|  ";
    QTest::newRow("glm") << "glm4" << "1234 x" << "123|4| x";
    QTest::newRow("not white space any more") << "gpt-2" << "a\u180E b" << "a|\u180E| b";
}

void TestTokenizer::preTokenizersCutAsTheirModelsDo()
{
    QFETCH(QString, name);
    QFETCH(QString, text);
    QFETCH(QString, pieces);
    std::vector<size_t> ends;
    const std::string bytes = text.toStdString();
    PreTokenizer(*findPreTokenizer(name.toStdString()), "").split(bytes, ends);
    std::string joined;
    size_t begin = 0;
    for (const size_t end : ends) {
        if (begin > 0)
            joined += '|';
        joined.append(bytes, begin, end - begin);
        begin = end;
    }
    QCOMPARE(QString::fromStdString(joined), pieces);
}

void TestTokenizer::longRunsAreLinear_data()
{
    QTest::addColumn<int>("kind");
    QTest::newRow("byte pairs") << 0;
    QTest::newRow("SentencePiece") << 1;
    QTest::newRow("unigram") << 2;
    QTest::newRow("WordPiece") << 3;
}

void TestTokenizer::longRunsAreLinear()
{
    QFETCH(int, kind);
    const Tokenizer t(kind == 0 ? byteLevel().v : kind == 1 ? sentencePiece().v : kind == 2 ? unigram().v : wordPiece().v);
    for (const char c : {'a', ' ', '\n', '<', '\xFF', '0'}) {
        QElapsedTimer timer;
        timer.start();
        t.encode(std::string(1 << 20, c), {true, true});
        QVERIFY2(timer.elapsed() < 8000, "a megabyte of one character"); // well below 1 s without sanitizers
    }
}

void TestTokenizer::brokenVocabulariesAreRefused()
{
    Made made = byteLevel();
    made.v.types.pop_back();
    QVERIFY_EXCEPTION_THROWN(Tokenizer{made.v}, BadFile);
    made = byteLevel();
    made.merge("nospace");
    QVERIFY_EXCEPTION_THROWN(Tokenizer{made.v}, BadFile);
    made = unigram();
    made.v.scores.clear();
    QVERIFY_EXCEPTION_THROWN(Tokenizer{made.v}, BadFile);
    made = unigram();
    made.v.scores[4] = std::numeric_limits<float>::quiet_NaN();
    QVERIFY_EXCEPTION_THROWN(Tokenizer{made.v}, BadFile);
    made = unigram();
    made.v.unknown = 99;
    QVERIFY_EXCEPTION_THROWN(Tokenizer{made.v}, BadFile);
    made = byteLevel();
    made.v.eos = 1'000'000;
    const Tokenizer t(made.v);
    QCOMPARE(t.eos(), -1);
    QCOMPARE(t.warnings().size(), size_t(1));
}

void TestTokenizer::brokenCharsmapIsHarmless()
{
    Made made = unigram();
    for (const std::string& blob : {std::string("\x01"), std::string("\xFF\xFF\xFF\xFF"), std::string("\x02\0\0\0ab", 6),
                                    std::string("\0\0\0\0no end", 10)}) {
        made.v.charsmap = blob;
        QVERIFY_EXCEPTION_THROWN(Tokenizer{made.v}, BadFile);
    }
    // Offsets and values that point outside: rules that never match.
    std::string wild("\x10\0\0\0", 4);
    for (const uint32_t unit : {0xFFFFFFFFU, 0x000001FFU, 0x7FFFFF61U, 0x00000761U})
        wild.append(reinterpret_cast<const char*>(&unit), 4);
    wild += std::string("x\0", 2);
    made.v.charsmap = wild;
    const Tokenizer t(made.v);
    t.encode("abc\xFF \xE4\xBD\xA0");
    QCOMPARE(t.encode("b"), (Ids{3, 5}));
}

void TestTokenizer::metadataIsRead()
{
    formats::Metadata metadata("model.gguf");
    QVERIFY_EXCEPTION_THROWN(readVocabulary(metadata), BadFile);
    metadata.setString("tokenizer.ggml.model", "rwkv");
    QVERIFY_EXCEPTION_THROWN(readVocabulary(metadata), Unsupported);
    metadata.setString("tokenizer.ggml.model", "bert");
    QVERIFY_EXCEPTION_THROWN(readVocabulary(metadata), BadFile);
    const std::vector<std::string> tokens{"[UNK]", "[CLS]", "[SEP]", "\xE2\x96\x81" "a"};
    metadata.setStrings("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
    metadata.setIntegers("tokenizer.ggml.token_type", std::vector<int32_t>{2, 3, 3, 1});
    metadata.setInteger("tokenizer.ggml.unknown_token_id", 0);
    metadata.setInteger("tokenizer.ggml.cls_token_id", 1);
    metadata.setInteger("tokenizer.ggml.seperator_token_id", 2);
    const Vocabulary v = readVocabulary(metadata);
    QCOMPARE(v.bos, 1);
    QCOMPARE(v.separator, 2);
    QCOMPARE(v.mask, -1); // the default lies outside this vocabulary
    metadata = formats::Metadata();
    QCOMPARE(Tokenizer(v).encode("A", {false, true}), (Ids{1, 3, 2})); // the views outlive the metadata
}

void TestTokenizer::manyThreadsEncodeAtOnce()
{
    const Tokenizer t(byteLevel().v);
    const std::string text = "hello hell he aaa hello";
    const Ids expected = Tokenizer(byteLevel().v).encode(text);
    std::atomic<int> nWrong = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (int n = 0; n < 500; ++n)
                    nWrong += t.encode(text) != expected;
            });
    }
    QCOMPARE(nWrong.load(), 0);
}

QTEST_APPLESS_MAIN(TestTokenizer)
#include "tst_tokenizer.moc"
