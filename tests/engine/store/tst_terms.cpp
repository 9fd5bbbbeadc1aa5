// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/terms.h"

#include "engine/store/database.h"
#include "engine/store/fts_tokenizer.h"

#include <QTemporaryDir>
#include <QTest>

#include <vector>

using namespace sy::store;

namespace {

QString joined(std::string_view text, TermMode mode)
{
    QStringList out;
    for (const std::string& term : termsOf(text, mode))
        out << QString::fromStdString(term);
    return out.join(u'|');
}

} // namespace

class TestTerms : public QObject {
    Q_OBJECT

private slots:
    void textIsSplitAndFolded_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("document");
        QTest::addColumn<QString>("query");
        QTest::newRow("words are stemmed") << "Running dogs" << "run|dog" << "run|dog";
        QTest::newRow("pairs and singles") << "数据库" << "数据|数|据库|据|库" << "数据|据库";
        QTest::newRow("a run of one") << "库" << "库" << "库";
        QTest::newRow("mixed without a space") << "用GPU训练" << "用|gpu|训练|训|练" << "用|gpu|训练";
        QTest::newRow("full width") << "ＧＰＵ　２０２４年" << "gpu|2024|年" << "gpu|2024|年";
        QTest::newRow("diacritics") << "Café naïve Žižek" << "cafe|naiv|zizek" << "cafe|naiv|zizek";
        QTest::newRow("decomposed accent") << QString::fromUtf16(u"Cafe\u0301") << "cafe" << "cafe";
        QTest::newRow("ligature") << QString::fromUtf16(u"e\uFB03cient") << "effici" << "effici";
        QTest::newRow("sharp s") << "Straße" << "strass" << "strass";
        QTest::newRow("digits keep a word unstemmed") << "x86s h200" << "x86s|h200" << "x86s|h200";
        QTest::newRow("cyrillic") << "МОСКВА Ёлка" << "москва|елка" << "москва|елка";
        QTest::newRow("half-width kana with voice mark") << "ｶﾞｷﾞ" << "ガギ|ガ|ギ" << "ガギ";
        QTest::newRow("voiced kana stay apart from unvoiced") << "ガキ" << "ガキ|ガ|キ" << "ガキ";
        QTest::newRow("hangul syllables") << "한국어" << "한국|한|국어|국|어" << "한국|국어";
        QTest::newRow("compatibility ideograph") << QString::fromUtf16(u"\uF900\u8C48") << "豈豈|豈|豈" << "豈豈";
        QTest::newRow("punctuation parts runs") << "甲、乙" << "甲|乙" << "甲|乙";
        QTest::newRow("nothing") << " ,。!\n" << "" << "";
    }

    void textIsSplitAndFolded()
    {
        QFETCH(QString, text);
        QTEST(joined(text.toStdString(), TermMode::document), "document");
        QTEST(joined(text.toStdString(), TermMode::query), "query");
    }

    void offsetsAreThoseOfTheSource()
    {
        const std::string text = "Ｇo 数据 ﬁn";
        std::vector<std::string> sources;
        forEachTerm(text, TermMode::document, [&](const Term& t) { sources.push_back(text.substr(t.start, t.end - t.start)); });
        QCOMPARE(sources, (std::vector<std::string>{"Ｇo", "数据", "数", "据", "ﬁn"}));
    }

    void invalidBytesPartWordsAndNothingElse()
    {
        QCOMPARE(joined(std::string("ab\xFF\xC3 cd\xE6\x95"), TermMode::document), QString("ab|cd"));
    }

    void aVeryLongWordIsCutNotDropped()
    {
        const auto terms = termsOf(std::string(100'000, '7'), TermMode::document);
        QCOMPARE(terms.size(), size_t(1));
        QVERIFY(terms[0].size() <= 64 && terms[0].size() >= 60);
    }

    void ftsFindsAndMarksTheOriginalText()
    {
        QTemporaryDir folder;
        Database db(folder.filePath("a.db").toStdString());
        db.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='switchyard')");
        Statement(db, "INSERT INTO t VALUES(?)").run("我们使用数据库保存 Ｃafés。");
        const auto highlighted = [&](const std::string& query) {
            Statement s(db, "SELECT highlight(t, 0, '[', ']') FROM t WHERE t MATCH ?");
            s.bind(1, quotedForMatch(query));
            return s.step() ? QString::fromStdString(s.text(0)) : QString("none");
        };
        QCOMPARE(highlighted("数据库"), QString("我们使用[数据库]保存 Ｃafés。"));
        QVERIFY(highlighted("库").contains("[库")); // FTS5 marks the pair that begins there
        QCOMPARE(highlighted("CAFE"), QString("我们使用数据库保存 [Ｃafés]。"));
        QCOMPARE(highlighted("据数"), QString("none"));
        QCOMPARE(highlighted("数库"), QString("none")); // a phrase is the run as written
        QCOMPARE(highlighted("x\" OR \"数据"), QString("none")); // user text is no syntax
    }
};

QTEST_APPLESS_MAIN(TestTerms)
#include "tst_terms.moc"
