// SPDX-License-Identifier: GPL-3.0-or-later
// Answers of a whole, tiny model, real attention and real products: schemas, guessing ahead, contexts that come back from the disk.
#include "engine/api/loaded_model.h"
#include "engine/core/error.h"
#include "tests/engine/api/answer.h"
#include "tests/engine/generate/schema_check.h"
#include "tests/tiny_model.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <thread>

using namespace sy;
using namespace sy::api;
using sy::test::Answer;
using sy::test::answer;
using sy::test::Json;

namespace {

GenerationRequest request(const std::string& text, uint64_t seed, double temperature, int64_t maxTokens)
{
    GenerationRequest r;
    r.rawPrompt = text;
    r.sampling.seed = seed;
    r.sampling.temperature = temperature;
    r.sampling.topK = 3;
    r.maxTokens = maxTokens;
    return r;
}

const std::string kDocument = [] {
    std::string text;
    for (int i = 0; i < 12; ++i)
        text += "The pump P-" + std::to_string(100 + i % 4) + " is checked every month. Its seal is replaced when it leaks.\n";
    return text;
}();

} // namespace

class TestGeneration : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::filesystem::path m_model, m_file;
    std::shared_ptr<Processor> m_processor = std::make_shared<Processor>(2);

    std::shared_ptr<LoadedModel> open() { return openModel(m_processor, m_model, {}, {}); }

private slots:
    void initTestCase()
    {
        m_model = std::filesystem::path(m_folder.path().toStdString()) / "tiny.gguf";
        m_file = std::filesystem::path(m_folder.path().toStdString()) / "chat.kv";
        sy::test::writeTinyModel(m_model);
    }

    void anAnswerSatisfiesItsSchema()
    {
        const auto model = open();
        const std::string schema = R"({"type":"object","properties":{"title":{"type":"string","minLength":1,"maxLength":20},
            "pages":{"type":"array","items":{"type":"integer","minimum":1,"maximum":400},"maxItems":4},"found":{"type":"boolean"}},
            "required":["title","pages","found"],"additionalProperties":false})";
        const Json root = Json::parse(schema);
        for (uint64_t seed = 0; seed < 20; ++seed) {
            GenerationRequest r = request(kDocument.substr(0, 200), seed, seed % 2 ? 1.0 : 0.0, 0);
            r.sampling.topK = 0;
            r.schema = schema;
            const Answer a = answer(*model, r);
            QCOMPARE(a.result.finish, Finish::stop);
            Json value;
            try {
                value = Json::parse(a.result.text);
            } catch (const Json::exception& error) {
                QFAIL((a.result.text + ": " + error.what()).c_str());
            }
            QVERIFY2(sy::test::satisfies(value, root, root), a.result.text.c_str());
        }
        GenerationRequest bad = request("x", 1, 0, 5);
        bad.schema = R"({"not":{}})";
        QVERIFY_EXCEPTION_THROWN(answer(*model, bad), Unsupported);
        QVERIFY_EXCEPTION_THROWN(checkSchema("{", "file.json"), BadFile);
    }

    void theTextIsTheSameWithAndWithoutGuessingAlone_data()
    {
        QTest::addColumn<double>("temperature");
        QTest::newRow("greedy") << 0.0;
        QTest::newRow("drawn") << 0.6;
    }

    // The first answer is computed alone and without guesses; the others with them, in steps shared with each other and with prompts that
    // are read in pieces.
    void theTextIsTheSameWithAndWithoutGuessingAlone()
    {
        QFETCH(double, temperature);
        constexpr int kRequests = 6;
        std::vector<Answer> plain(kRequests), guessing(kRequests);
        for (int i = 0; i < kRequests; ++i) {
            GenerationRequest r = request(kDocument.substr(size_t(i) * 31), uint64_t(i), temperature, 120);
            r.guessesAhead = false;
            plain[size_t(i)] = answer(*open(), r);
            QCOMPARE(plain[size_t(i)].result.guessedTokens, int64_t(0));
        }
        const auto model = open();
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < kRequests; ++i)
                threads.emplace_back([&, i] {
                    guessing[size_t(i)] = answer(*model, request(kDocument.substr(size_t(i) * 31), uint64_t(i), temperature, 120));
                });
        }
        int64_t nGuessed = 0, nTrue = 0;
        for (int i = 0; i < kRequests; ++i) {
            QCOMPARE(guessing[size_t(i)].ids, plain[size_t(i)].ids);
            nGuessed += guessing[size_t(i)].result.guessedTokens;
            nTrue += guessing[size_t(i)].result.trueGuesses;
        }
        qInfo("%d of %d guesses came true", int(nTrue), int(nGuessed));
    }

    void aSecondQuestionAboutADocumentSkipsIt()
    {
        const auto model = open();
        QCOMPARE(answer(*model, request(kDocument + "When?", 1, 0, 5)).result.cachedTokens, int64_t(0));
        const auto second = answer(*model, request(kDocument + "Why?", 1, 0, 5)).result;
        QCOMPARE(second.cachedTokens % 32, int64_t(0));
        QVERIFY(second.cachedTokens > int64_t(kDocument.size()) - 64);
    }

    void aSavedContextGoesOnWithoutReadingThePrompt()
    {
        std::vector<ChatMessage> messages{{"user", kDocument}};
        GenerationRequest first;
        first.sampling.temperature = 0;
        first.maxTokens = 40;
        first.messages = messages;
        int64_t nSaved = 0;
        {
            const auto model = open();
            messages.push_back({"assistant", answer(*model, first).result.text});
            nSaved = model->saveContext(messages, m_file);
            QVERIFY(nSaved >= int64_t(kDocument.size()) / 32 * 32);
        }
        GenerationRequest next = first;
        next.messages = messages;
        next.messages.push_back({"user", "And then?"});
        const Answer cold = answer(*open(), next);
        QCOMPARE(cold.result.cachedTokens, int64_t(0));
        const auto model = open();
        QCOMPARE(model->restoreContext(m_file), nSaved);
        const Answer warm = answer(*model, next);
        QCOMPARE(warm.result.cachedTokens, nSaved);
        QCOMPARE(warm.ids, cold.ids);

        // Of another model, or damaged: as if it were not there.
        const auto other = std::filesystem::path(m_folder.path().toStdString()) / "other.gguf";
        sy::test::writeTinyModel(other, "Tiny", "llama", 2);
        QCOMPARE(openModel(m_processor, other, {}, {})->restoreContext(m_file), int64_t(0));
        QFile file(QString::fromStdString(m_file.string()));
        QVERIFY(file.open(QIODevice::ReadWrite) && file.seek(file.size() / 2) && file.write("?!") == 2);
        file.close();
        const auto unharmed = open();
        QCOMPARE(unharmed->restoreContext(m_file), int64_t(0));
        QCOMPARE(unharmed->restoreContext(m_file.string() + ".none"), int64_t(0));
        QCOMPARE(answer(*unharmed, next).ids, cold.ids);
    }
};

QTEST_GUILESS_MAIN(TestGeneration)
#include "tst_generation.moc"
