// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"

#include <QTest>

using namespace sy;

class TestUtf8 : public QObject {
    Q_OBJECT

private slots:
    void everyCodePointSurvivesTheWayThere();
    void everyPairOfBytesIsJudgedAsTheStandardDoes();
    void brokenSequencesAreReplacedByteByByte_data();
    void brokenSequencesAreReplacedByteByByte();
    void whatCannotBeEncodedBecomesTheReplacementCharacter();
    void incompleteTailsAreHeldBack_data();
    void incompleteTailsAreHeldBack();
    void aStreamCutAnywhereGivesTheSameText();
};

void TestUtf8::everyCodePointSurvivesTheWayThere()
{
    for (char32_t c = 0; c <= 0x10FFFF; ++c) {
        if (c >= 0xD800 && c <= 0xDFFF)
            continue;
        std::string text;
        appendUtf8(text, c);
        const CodePoint decoded = decodeUtf8(text, 0);
        QVERIFY(decoded.isValid && decoded.value == c && decoded.nBytes == int(text.size()));
        QCOMPARE(text.size(), c < 0x80 ? size_t(1) : c < 0x800 ? size_t(2) : c < 0x10000 ? size_t(3) : size_t(4));
    }
}

void TestUtf8::everyPairOfBytesIsJudgedAsTheStandardDoes()
{
    for (int a = 0; a < 256; ++a)
        for (int b = 0; b < 256; ++b) {
            const char bytes[] = {char(a), char(b)};
            const std::string_view text(bytes, 2);
            const bool isTwoByte = a >= 0xC2 && a <= 0xDF && b >= 0x80 && b <= 0xBF;
            QCOMPARE(isValidUtf8(text), (a < 0x80 && b < 0x80) || isTwoByte);
        }
}

void TestUtf8::brokenSequencesAreReplacedByteByByte_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("nReplacements");
    QTest::newRow("lone continuation") << QByteArray("\x80") << 1;
    QTest::newRow("overlong slash") << QByteArray("\xC0\xAF") << 2;
    QTest::newRow("overlong in three") << QByteArray("\xE0\x80\xAF") << 3;
    QTest::newRow("overlong in four") << QByteArray("\xF0\x80\x80\xAF") << 4;
    QTest::newRow("surrogate") << QByteArray("\xED\xA0\x80") << 3;
    QTest::newRow("past the last code point") << QByteArray("\xF4\x90\x80\x80") << 4;
    QTest::newRow("bytes that never occur") << QByteArray("\xFE\xFF\xF5") << 3;
    QTest::newRow("cut after one of two") << QByteArray("\xC3") << 1;
    QTest::newRow("cut after two of three") << QByteArray("\xE4\xB8") << 2;
    QTest::newRow("cut after three of four") << QByteArray("\xF0\x9F\x98") << 3;
    QTest::newRow("start inside a sequence") << QByteArray("\xE4\xC3\xA9") << 1;
}

void TestUtf8::brokenSequencesAreReplacedByteByByte()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, nReplacements);
    const std::string text = (QByteArray("a") + bytes + "z").toStdString();
    QVERIFY(!isValidUtf8(text));
    const std::u32string decoded = toUtf32(text);
    QCOMPARE(int(std::ranges::count(decoded, U'\uFFFD')), nReplacements);
    QCOMPARE(decoded.front(), U'a');
    QCOMPARE(decoded.back(), U'z');
    QCOMPARE(sanitizedUtf8(text), toUtf8(decoded));
    QVERIFY(isValidUtf8(sanitizedUtf8(text)));
}

void TestUtf8::whatCannotBeEncodedBecomesTheReplacementCharacter()
{
    for (const char32_t c : {char32_t(0xD800), char32_t(0xDFFF), char32_t(0x110000), char32_t(0xFFFFFFFF)}) {
        std::string text;
        appendUtf8(text, c);
        QCOMPARE(text, std::string("\xEF\xBF\xBD"));
    }
    QCOMPARE(toUtf8(U"a\u00E9\u4E2D\U0001F600"), std::string("a\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"));
    QCOMPARE(sanitizedUtf8("plain"), std::string("plain"));
}

void TestUtf8::incompleteTailsAreHeldBack_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("tail");
    QTest::newRow("empty") << QByteArray() << 0;
    QTest::newRow("letter") << QByteArray("a") << 0;
    QTest::newRow("complete") << QByteArray("\xE4\xB8\xAD") << 0;
    QTest::newRow("one of two") << QByteArray("a\xC3") << 1;
    QTest::newRow("two of three") << QByteArray("a\xE4\xB8") << 2;
    QTest::newRow("three of four") << QByteArray("a\xF0\x9F\x98") << 3;
    QTest::newRow("one of four, alone") << QByteArray("\xF0") << 1;
    QTest::newRow("only continuations") << QByteArray("\x80\x80\x80\x80") << 0; // never completed by anything
    QTest::newRow("a byte that starts nothing") << QByteArray("a\xFF") << 0;
}

void TestUtf8::incompleteTailsAreHeldBack()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, tail);
    QCOMPARE(int(incompleteUtf8Tail(bytes.toStdString())), tail);
}

void TestUtf8::aStreamCutAnywhereGivesTheSameText()
{
    const std::string text = toUtf8(U"a\u00E9\u4E2D\U0001F600 end\U0010FFFF");
    for (size_t cut = 0; cut <= text.size(); ++cut) {
        std::string pending = text.substr(0, cut);
        const size_t held = incompleteUtf8Tail(pending);
        std::string shown = pending.substr(0, pending.size() - held);
        QVERIFY(isValidUtf8(shown));
        shown += pending.substr(pending.size() - held) + text.substr(cut);
        QCOMPARE(shown, text);
    }
}

QTEST_APPLESS_MAIN(TestUtf8)
#include "tst_utf8.moc"
