// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/porter_stem.h"

#include "engine/store/database.h"

#include <QTemporaryDir>
#include <QTest>

#include <random>
#include <vector>

using namespace sy::store;

namespace {

std::string stemmed(std::string word)
{
    porterStem(word);
    return word;
}

/// What SQLite's own Porter tokenizer, an independent implementation of the same paper, makes of the words.
std::vector<std::string> stemsBySqlite(const std::vector<std::string>& words)
{
    QTemporaryDir folder;
    Database db(folder.filePath("a.db").toStdString());
    db.execute("CREATE VIRTUAL TABLE t USING fts5(x, tokenize='porter'); CREATE VIRTUAL TABLE v USING fts5vocab(t, 'instance');");
    Transaction transaction(db);
    Statement insert(db, "INSERT INTO t(rowid, x) VALUES(?, ?)");
    for (size_t i = 0; i < words.size(); ++i)
        insert.run(int64_t(i), words[i]);
    transaction.commit();
    std::vector<std::string> stems(words.size());
    Statement query(db, "SELECT doc, term FROM v");
    while (query.step())
        stems[size_t(query.integer(0))] = query.text(1);
    return stems;
}

} // namespace

class TestPorterStem : public QObject {
    Q_OBJECT

private slots:
    void examplesOfThePaper_data()
    {
        QTest::addColumn<QString>("stem");
        const char* rows[][2] = {
            {"caresses", "caress"}, {"ponies", "poni"}, {"ties", "ti"}, {"cats", "cat"}, {"feed", "feed"}, {"agreed", "agre"},
            {"plastered", "plaster"}, {"bled", "bled"}, {"motoring", "motor"}, {"sing", "sing"}, {"conflated", "conflat"},
            {"troubled", "troubl"}, {"sized", "size"}, {"hopping", "hop"}, {"falling", "fall"}, {"hissing", "hiss"}, {"fizzed", "fizz"},
            {"failing", "fail"}, {"filing", "file"}, {"happy", "happi"}, {"sky", "sky"}, {"relational", "relat"}, {"conditional", "condit"},
            {"rational", "ration"}, {"valenci", "valenc"}, {"digitizer", "digit"}, {"radicalli", "radic"}, {"vietnamization", "vietnam"},
            {"predication", "predic"}, {"operator", "oper"}, {"feudalism", "feudal"}, {"decisiveness", "decis"}, {"hopefulness", "hope"},
            {"callousness", "callous"}, {"formaliti", "formal"}, {"sensibiliti", "sensibl"}, {"triplicate", "triplic"},
            {"formative", "form"}, {"electrical", "electr"}, {"goodness", "good"}, {"revival", "reviv"}, {"inference", "infer"},
            {"airliner", "airlin"}, {"adjustable", "adjust"}, {"irritant", "irrit"}, {"replacement", "replac"}, {"adoption", "adopt"},
            {"homologou", "homolog"}, {"communism", "commun"}, {"activate", "activ"}, {"effective", "effect"}, {"probate", "probat"},
            {"rate", "rate"}, {"cease", "ceas"}, {"controll", "control"}, {"roll", "roll"}, {"is", "is"}, {"a", "a"}, {"ion", "ion"},
        };
        for (const auto& row : rows)
            QTest::newRow(row[0]) << row[1];
    }

    void examplesOfThePaper()
    {
        QTEST(QString::fromStdString(stemmed(QTest::currentDataTag())), "stem");
    }

    void agreesWithSqliteOnWordsMadeOfSuffixes()
    {
        const char* stems[] = {"cry", "oper", "gener", "hop", "fall", "conn", "relat", "be", "arg", "univers", "tro", "wil", "fix", "snow"};
        const char* suffixes[] = {"", "s", "es", "ed", "ing", "e", "y", "ation", "ational", "izer", "ization", "iveness", "fulness", "ousli",
                                  "alism", "biliti", "icate", "ative", "ement", "ment", "ent", "ion", "tion", "sion", "ll", "ate", "ies", "eed"};
        std::vector<std::string> words;
        for (const char* stem : stems)
            for (const char* first : suffixes)
                for (const char* second : suffixes)
                    words.push_back(std::string(stem) + first + second);
        std::minstd_rand random(7);
        for (int i = 0; i < 4000; ++i) {
            std::string word;
            for (int n = 3 + int(random() % 9); n > 0; --n)
                word += "aeioubcdlmnrstzg"[random() % 16]; // no yy: SQLite counts its second y as a consonant
            words.push_back(word);
        }
        const auto expected = stemsBySqlite(words);
        for (size_t i = 0; i < words.size(); ++i)
            QVERIFY2(stemmed(words[i]) == expected[i], (words[i] + ": " + stemmed(words[i]) + ", SQLite " + expected[i]).c_str());
    }
};

QTEST_APPLESS_MAIN(TestPorterStem)
#include "tst_porter_stem.moc"
