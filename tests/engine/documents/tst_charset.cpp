// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"
#include "engine/documents/charset.h"
#include "tests/charset_bytes.h"

#include <QtTest>
#include <stdexcept>

using namespace sy::documents;
using sy::test::encoded;

namespace {

const std::string kChinese =
    "第三章 "
    "设备维护。值班人员应当每日检查水泵的压力与温度，并把读数写入记录簿；如压力低于规定的数值，应立即停机并报告站长。";
const std::string kTraditional =
    "第三章 "
    "設備維護。值班人員應當每日檢查水泵的壓力與溫度，並把讀數寫入記錄簿；如壓力低於規定的數值，應立即停機並報告站長。";
const std::string kJapanese =
    "第三章　設備の保守。当直の係員は毎日ポンプの圧力と温度を確認し、その値を記録簿に書き込まなければならない。";
const std::string kKorean = "제3장 설비 관리. 당직 직원은 매일 펌프의 압력과 온도를 확인하고 그 값을 기록부에 적어야 "
                            "합니다. 압력이 낮으면 보고합니다.";
const std::string kRussian = "Глава третья. Дежурный ежедневно проверяет давление и температуру насоса и записывает "
                             "показания в журнал. При падении давления он останавливает насос.";
const std::string kFrench = "Chapitre trois. L'opérateur vérifie chaque jour la pression et la température de la pompe, "
                            "puis note les valeurs relevées à côté du relevé précédent. Déjà prêt, l'élève naïf fête Noël.";
const std::string kGerman = "Kapitel drei. Das Personal prüft täglich den Druck und die Temperatur der Pumpe. Über größere "
                            "Änderungen muss es die Leitung sofort verständigen; spätestens jedoch früh am nächsten Tag.";

} // namespace

class CharsetTest : public QObject {
    Q_OBJECT
private slots:
    void textComesBackFromEveryCharset_data()
    {
        QTest::addColumn<QByteArray>("charset");
        QTest::addColumn<QByteArray>("text");
        auto row = [](const char* charset, const std::string& text) {
            QTest::newRow(charset) << QByteArray(charset) << QByteArray::fromStdString(text);
        };
        row("UTF-8", kChinese);
        row("GB18030", kChinese);
        row("GBK", kChinese);
        row("BIG5", kTraditional);
        row("SHIFT_JIS", kJapanese);
        row("EUC-JP", kJapanese);
        row("ISO-2022-JP", kJapanese);
        row("EUC-KR", kKorean);
        row("ISO-2022-KR", kKorean);
        row("KOI8-R", kRussian);
        row("CP866", kRussian);
        row("WINDOWS-1251", kRussian);
        row("ISO-8859-5", kRussian);
        row("ISO-8859-1", kFrench);
        row("WINDOWS-1252", kGerman);
        row("UTF-16LE", kFrench);
        row("UTF-16BE", kGerman);
        row("UTF-32LE", kRussian);
        row("UTF-16", kChinese); // with a mark
        row("UTF-32", kChinese);
    }
    void textComesBackFromEveryCharset()
    {
        QFETCH(QByteArray, charset);
        QFETCH(QByteArray, text);
        std::string long_ = text.toStdString();
        for (int i = 0; i < 3; ++i)
            long_ += "\n" + text.toStdString();
        const std::string bytes = encoded(long_, charset.constData());
        const CharsetGuess guess = guessCharset(bytes);
        QVERIFY2(!guess.charset.empty(), guess.problem.c_str());
        const std::string back =
            decodeText(std::string_view(bytes).substr(static_cast<size_t>(guess.bomBytes)), guess.charset).utf8;
        QVERIFY2(back == long_, (guess.charset + ": " + back.substr(0, 200)).c_str());
    }

    void piecesOfAnySizeAreTheSameText_data() { textComesBackFromEveryCharset_data(); }
    void piecesOfAnySizeAreTheSameText()
    {
        QFETCH(QByteArray, charset);
        QFETCH(QByteArray, text);
        // Damaged at the end and, in UTF-8, in the middle, where a sequence breaks off.
        const std::string bytes =
            encoded(text.toStdString() + "\n" + text.toStdString(), charset.constData()) + "\xe4\xbd" + "a\xe4\xbd";
        const std::string damaged = bytes + (charset == "UTF-8" ? bytes : std::string());
        const CharsetGuess whole = guessCharset(damaged);
        const Decoded decoded = decodeText(damaged, charset.toStdString());
        for (size_t size = 1; size < damaged.size(); size += size < 9 ? 1 : 37) {
            CharsetGuesser guesser;
            TextDecoder decoder(charset.toStdString());
            std::string utf8;
            for (size_t at = 0; at < damaged.size(); at += size) {
                guesser.add(std::string_view(damaged).substr(at, size));
                decoder.add(std::string_view(damaged).substr(at, size), utf8);
            }
            decoder.finish(utf8);
            const CharsetGuess guess = guesser.guess();
            QCOMPARE(guess.charset, whole.charset);
            QCOMPARE(guess.bomBytes, whole.bomBytes);
            QCOMPARE(guess.nBadBytes, whole.nBadBytes);
            QCOMPARE(guess.problem, whole.problem);
            QVERIFY2(utf8 == decoded.utf8, qPrintable(QString("pieces of %1").arg(size)));
            QCOMPARE(decoder.nReplaced(), decoded.nReplaced);
        }
    }

    // Chinese in UTF-16 has hardly a zero byte; line feeds give it away.
    void utf16WithoutAMarkIsFoundInChineseLines()
    {
        std::string lines;
        for (int i = 0; i < 10; ++i)
            lines += kChinese + "\n";
        for (const char* charset : {"UTF-16LE", "UTF-16BE"})
            QCOMPARE(guessCharset(encoded(lines, charset)).charset, std::string(charset));
    }

    void longAsciiBeforeOneAccentIsNoObstacle()
    {
        const std::string text = std::string(400'000, 'a') + "\n" + kRussian + "\n";
        const std::string bytes = encoded(text, "KOI8-R");
        QCOMPARE(guessCharset(bytes).charset, std::string("KOI8-R"));
        CharsetGuesser guesser;
        for (size_t at = 0; at < bytes.size(); at += 1000)
            guesser.add(std::string_view(bytes).substr(at, 1000));
        QCOMPARE(guesser.guess().charset, std::string("KOI8-R"));
    }

    void aDamagedByteLeavesUtf8()
    {
        std::string text = kChinese + kChinese;
        text[30] = '\xff';
        const CharsetGuess guess = guessCharset(text);
        QCOMPARE(guess.charset, std::string("UTF-8"));
        QVERIFY(guess.nBadBytes >= 1 && guess.nBadBytes <= 3);
    }

    void binaryFilesAreRefused()
    {
        std::string random;
        uint32_t state = 7;
        for (int i = 0; i < 5000; ++i) {
            state = state * 1664525 + 1013904223;
            random += static_cast<char>(state >> 24);
        }
        QVERIFY(guessCharset(random).charset.empty());
        QVERIFY(guessCharset(std::string("\x7f"
                                         "ELF\x02\x01\x01\0\0\0\0\0\0\0",
                                         14) +
                             random)
                    .charset.empty());
        QVERIFY(guessCharset("PK\x03\x04" + random).charset.empty());
        QVERIFY(!guessCharset(random).problem.empty());
    }

    void undecodableBytesAreCounted()
    {
        const Decoded decoded = decodeText("ab\xff\xfe", "UTF-8");
        QCOMPARE(decoded.nReplaced, int64_t(2));
        QCOMPARE(decoded.utf8, std::string("ab\xef\xbf\xbd\xef\xbf\xbd"));
        QVERIFY_EXCEPTION_THROWN(decodeText("x", "NO-SUCH-SET"), std::invalid_argument);
    }

    void escapesOfATerminalAreNoCharset()
    {
        QCOMPARE(guessCharset("\x1b[31mred\x1b[0m and \x1b(B plain").charset, std::string("UTF-8"));
    }
};

QTEST_GUILESS_MAIN(CharsetTest)
#include "tst_charset.moc"
