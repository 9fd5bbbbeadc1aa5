// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"
#include "engine/formats/charsmap.h"

#include <QTest>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <stdexcept>
#include <utf8proc.h>

using namespace sy;
using namespace sy::formats;

namespace {

// A reader written from the format's description alone.
class Walker {
public:
    explicit Walker(const std::vector<uint8_t>& blob)
    {
        uint32_t trieBytes = 0;
        std::memcpy(&trieBytes, blob.data(), 4);
        m_units.resize(trieBytes / 4);
        std::memcpy(m_units.data(), blob.data() + 4, trieBytes);
        m_texts.assign(blob.begin() + 4 + trieBytes, blob.end());
    }

    std::string replaceAll(const std::string& text) const
    {
        std::string out;
        for (size_t at = 0; at < text.size();) {
            size_t length = 0;
            if (const char* found = longest(text, at, length)) {
                out += found;
                at += length;
            } else {
                const int n = decodeUtf8(text, at).nBytes;
                out += text.substr(at, size_t(n));
                at += size_t(n);
            }
        }
        return out;
    }

private:
    static size_t offsetOf(uint32_t unit) { return size_t(unit >> 10) << (unit & (1u << 9) ? 8 : 0); }

    const char* longest(const std::string& text, size_t at, size_t& length) const
    {
        const char* found = nullptr;
        size_t node = 0;
        for (size_t i = at; i < text.size(); ++i) {
            const auto byte = static_cast<uint8_t>(text[i]);
            const size_t child = node ^ offsetOf(m_units[node]) ^ byte;
            if (child >= m_units.size() || (m_units[child] & 0x800000FFu) != byte)
                return found;
            node = child;
            if (m_units[node] & (1u << 8)) {
                const uint32_t value = m_units[node ^ offsetOf(m_units[node])];
                if (!(value >> 31))
                    qFatal("a value unit without its mark");
                found = m_texts.c_str() + (value & 0x7FFFFFFF);
                length = i + 1 - at;
            }
        }
        return found;
    }

    std::vector<uint32_t> m_units;
    std::string m_texts;
};

std::string normalized(const std::string& text, int options)
{
    utf8proc_uint8_t* raw = nullptr;
    const auto n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), utf8proc_ssize_t(text.size()), &raw,
                                utf8proc_option_t(UTF8PROC_STABLE | options));
    const std::string out(reinterpret_cast<char*>(raw), size_t(n));
    std::free(raw);
    return out;
}

std::string utf8(std::u32string_view text)
{
    return toUtf8(text);
}

// NFKC of single code points that a real map has, in small: full-width ASCII, half-width kana and marks, a ligature, a deletion.
std::vector<CharRule> someSingles()
{
    std::vector<CharRule> out;
    for (char32_t c = 0xFF01; c <= 0xFF9F; ++c)
        out.push_back({utf8(std::u32string(1, c)), normalized(utf8(std::u32string(1, c)), UTF8PROC_COMPOSE | UTF8PROC_COMPAT)});
    out.push_back({utf8(U"\uFB01"), "fi"});
    out.push_back({utf8(U"\u00AD"), ""});
    out.push_back({"\t", " "});
    return out;
}

} // namespace

class TestCharsmap : public QObject {
    Q_OBJECT

private slots:
    void rulesAreFoundLongestFirst();
    void manyRandomRulesAreAllFound();
    void theOrderOfRulesDoesNotMatter();
    void badRulesAreRefused();
    void noRulesAtAllReplaceNothing();
    void decomposedTextComposesAsNfcDoes_data();
    void decomposedTextComposesAsNfcDoes();
    void everyComposedLetterAndSyllableComposes();
};

void TestCharsmap::rulesAreFoundLongestFirst()
{
    const Walker map(buildCharsmap({{"a", "1"}, {"ab", "2"}, {"abcd", "3"}, {"x", ""}, {"\xFF", "last"}, {"\x01", "first"}}));
    QCOMPARE(map.replaceAll("a"), std::string("1"));
    QCOMPARE(map.replaceAll("abc"), std::string("2c"));
    QCOMPARE(map.replaceAll("abcd"), std::string("3"));
    QCOMPARE(map.replaceAll("abcabcd"), std::string("2c3"));
    QCOMPARE(map.replaceAll("xax"), std::string("1"));
    QCOMPARE(map.replaceAll("b"), std::string("b"));
    QCOMPARE(map.replaceAll(""), std::string());
    QCOMPARE(map.replaceAll("\x01\xFF"), std::string("firstlast"));
}

void TestCharsmap::manyRandomRulesAreAllFound()
{
    std::mt19937 random(9);
    std::map<std::string, std::string> rules;
    while (rules.size() < 3000) {
        std::string key;
        for (size_t n = 1 + random() % 4; n > 0; --n)
            key += char(1 + random() % (random() % 2 ? 255 : 6));
        rules[key] = QString("<%1>").arg(random() % 500).toStdString();
    }
    std::vector<CharRule> list;
    for (const auto& [from, to] : rules)
        list.push_back({from, to});
    const Walker map(buildCharsmap(list));
    for (const auto& [from, to] : rules)
        QCOMPARE(map.replaceAll(from), to);
    // And nothing else: a text is replaced as a plain search over the rules replaces it.
    for (int i = 0; i < 2000; ++i) {
        std::string text;
        for (int n = 0; n < 8; ++n)
            text += char(1 + random() % (random() % 2 ? 127 : 6));
        std::string expected;
        for (size_t at = 0; at < text.size();) {
            size_t length = std::min<size_t>(4, text.size() - at);
            while (length > 0 && !rules.contains(text.substr(at, length)))
                --length;
            expected += length ? rules[text.substr(at, length)] : text.substr(at, 1);
            at += length ? length : 1;
        }
        QCOMPARE(map.replaceAll(text), expected);
    }
}

void TestCharsmap::theOrderOfRulesDoesNotMatter()
{
    std::vector<CharRule> rules = compositionRules(someSingles());
    const std::vector<uint8_t> sorted = buildCharsmap(rules);
    std::ranges::reverse(rules);
    QVERIFY(buildCharsmap(rules) == sorted);
}

void TestCharsmap::badRulesAreRefused()
{
    QVERIFY_EXCEPTION_THROWN(buildCharsmap({{"", "x"}}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(buildCharsmap({{std::string("a\0b", 3), "x"}}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(buildCharsmap({{"a", std::string("x\0", 2)}}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(buildCharsmap({{"a", "x"}, {"b", ""}, {"a", "y"}}), std::invalid_argument);
}

void TestCharsmap::noRulesAtAllReplaceNothing()
{
    QCOMPARE(Walker(buildCharsmap({})).replaceAll("text"), std::string("text"));
}

void TestCharsmap::decomposedTextComposesAsNfcDoes_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const char16_t* text, const char16_t* expected) {
        QTest::newRow(name) << QString::fromUtf16(text) << QString::fromUtf16(expected);
    };
    row("acute", u"cafe\u0301", u"caf\u00E9");
    row("two marks", u"Vie\u0323\u0302t", u"Vi\u1EC7t");
    row("two marks the other way round", u"Vie\u0302\u0323t", u"Vi\u1EC7t");
    row("a composed letter and a mark", u"Vi\u00EA\u0323t", u"Vi\u1EC7t");
    row("the other composed letter and a mark", u"Vi\u1EB9\u0302t", u"Vi\u1EC7t");
    row("Hangul L V", u"\u1112\u1161", u"\uD558");
    row("Hangul L V T", u"\u1112\u1161\u11AB", u"\uD55C");
    row("Hangul LV T", u"\uD558\u11AB", u"\uD55C");
    row("kana with a voice mark", u"\u304B\u3099", u"\u304C");
    row("half-width kana with half-width mark", u"\uFF76\uFF9E", u"\u30AC");
    row("half-width kana with combining mark", u"\uFF76\u3099", u"\u30AC");
    row("half-width kana, semi-voiced", u"\uFF8A\uFF9F", u"\u30D1");
    row("half-width kana without mark", u"\uFF76\uFF75", u"\u30AB\u30AA");
    row("full-width letter with a mark", u"\uFF25\u0301", u"\u00C9");
    row("angstrom sign stays as it is", u"\u212B", u"\u212B");
    row("a deletion between changes nothing else", u"a\u00ADb\uFB01", u"abfi");
    row("a letter that Unicode keeps decomposed", u"\u0915\u093C", u"\u0915\u093C");
}

void TestCharsmap::decomposedTextComposesAsNfcDoes()
{
    QFETCH(QString, text);
    QFETCH(QString, expected);
    static const Walker map = [] {
        std::vector<CharRule> rules = someSingles();
        for (CharRule& rule : compositionRules(someSingles()))
            rules.push_back(std::move(rule));
        return Walker(buildCharsmap(rules));
    }();
    QCOMPARE(QString::fromStdString(map.replaceAll(text.toStdString())), expected);
}

void TestCharsmap::everyComposedLetterAndSyllableComposes()
{
    const Walker map(buildCharsmap(compositionRules({})));
    int nComposed = 0;
    for (char32_t c = 1; c <= 0x10FFFF; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        const std::string letter = utf8(std::u32string(1, c));
        const std::string parts = normalized(letter, UTF8PROC_DECOMPOSE);
        if (parts == letter || normalized(parts, UTF8PROC_COMPOSE) != letter)
            continue;
        ++nComposed;
        QCOMPARE(map.replaceAll(parts), letter);
        QCOMPARE(map.replaceAll(letter), letter);
    }
    QVERIFY(nComposed > 12000); // 11172 syllables and more than 900 letters
}

QTEST_APPLESS_MAIN(TestCharsmap)
#include "tst_charsmap.moc"
