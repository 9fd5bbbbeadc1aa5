// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/answerer.h"

#include "engine/core/error.h"
#include "engine/documents/format_table.h"
#include "engine/retrieval/ingest.h"
#include "fake_embedder.h"

#include <QTemporaryDir>
#include <QTest>

#include <cmath>
#include <fstream>

using namespace sy::retrieval;
namespace fs = std::filesystem;

class TestAnswerer : public QObject {
    Q_OBJECT

private slots:
    void initTestCase()
    {
        m_file = fs::path(m_folder.path().toStdString()) / "c.db";
        const fs::path records = m_file.parent_path() / "r.jsonl";
        std::ofstream(records) << R"({"id": "ferry", "title": "Ferries", "text": "The ferry to Lindau was built in 1927. It leaves every hour."})" "\n"
                               << R"({"id": "rice", "title": "Rice", "text": "Rice is cooked with saffron in Milan."})" "\n"
                               << R"({"id": "stars", "title": "Stars", "text": "The brightest star in the night sky is Sirius."})" "\n"
                               << R"({"id": "tea", "title": "Tea", "text": "Green tea is steamed, black tea is oxidized."})" "\n";
        const fs::path paths[] = {records};
        ingest(m_file, paths, {.areRecords = true, .embedder = &m_embedder},
               [](const std::string& path, const std::string&, std::stop_token) { return sy::documents::readDocument(path); });
    }

    void init()
    {
        m_searcher = std::make_unique<Searcher>(m_file);
        m_prompts.clear();
        m_replies.clear();
        m_purposes.clear();
    }

    void anAnswerCitesTheDocumentItComesFrom()
    {
        m_replies = {"The ferry to Lindau was built in 1927 [3]."};
        bool sourcesCameFirst = false;
        AnswerEvents events;
        events.onSources = [&](const std::vector<SearchHit>& hits, const std::vector<Passage>& shown) {
            sourcesCameFirst = m_prompts.empty() && !hits.empty() && !shown.empty();
        };
        const auto outcome = ask("When was the ferry to Lindau built?", {}, events);
        QVERIFY(sourcesCameFirst);
        QVERIFY(!outcome.isRefused);
        QCOMPARE(outcome.text, std::string("The ferry to Lindau was built in 1927. [1]"));
        QCOMPARE(outcome.cited.size(), size_t(1));
        QCOMPARE(outcome.shown[size_t(outcome.cited[0])].hit.path, std::string("ferry"));
        QVERIFY(outcome.shown.size() <= 3);
        QVERIFY(m_prompts[0][1].content.find("was built in 1927") != std::string::npos);
    }

    void whatIsNotThereIsRefusedWithoutAskingTheModel()
    {
        const auto outcome = ask("Who invented telephone exchanges?");
        QVERIFY(outcome.isRefused);
        QCOMPARE(outcome.text, std::string("The documents do not say."));
        QVERIFY(m_prompts.empty());
        QVERIFY(outcome.cited.empty());
        QVERIFY(!outcome.hits.empty()); // the nearest passages are shown all the same
        QCOMPARE(ask("谁发明了电话？").text, std::string("资料中没有说明。"));
    }

    void theModelsOwnRefusalIsOne()
    {
        m_replies = {"The documents do not say."};
        const auto outcome = ask("When was the ferry to Lindau built?");
        QVERIFY(outcome.isRefused);
        QVERIFY(outcome.sentences.empty());
    }

    void aDoubtfulQuestionIsDecidedByTheModelsOpinion()
    {
        m_opinion = std::log(0.9); // of its "No"
        m_replies = {"No"};
        const auto refused = ask(kDoubtful, {}, {}, {}, nullptr);
        QVERIFY2(refused.opinion.has_value(), std::to_string(refused.score).c_str());
        QVERIFY(std::abs(*refused.opinion + std::log(9.0)) < 1e-9);
        QCOMPARE(m_purposes, std::vector<Purpose>({Purpose::check}));
        QVERIFY(refused.isRefused);

        init();
        m_opinion = std::log(0.95);
        m_replies = {"Yes", "The ferry to Lindau was built in 1927."};
        const auto answered = ask(kDoubtful, {}, {}, {}, nullptr);
        QCOMPARE(m_purposes, std::vector<Purpose>({Purpose::check, Purpose::answer}));
        QVERIFY(!answered.isRefused);
        QVERIFY(answered.score > refused.score);
        // What was read for the opinion is read again for the answer: only the last line differs.
        const std::string &check = m_prompts[0][1].content, &answer = m_prompts[1][1].content;
        QCOMPARE(check.substr(0, check.rfind("\n\n")), answer.substr(0, answer.rfind("\n\n")));
        QCOMPARE(m_prompts[0][0].content, m_prompts[1][0].content);
    }

    void aFollowUpIsRewrittenFirst()
    {
        m_replies = {"When was the ferry to Lindau built?", "It was built in 1927."};
        const auto outcome = ask("And when was it built?", {{"user", "Is there a ferry to Lindau?"}, {"assistant", "Yes."}});
        QCOMPARE(outcome.queryUsed, std::string("When was the ferry to Lindau built?"));
        QCOMPARE(m_prompts.size(), size_t(2));
        QCOMPARE(m_prompts[0].size(), size_t(4)); // rule, worked example, this conversation
        QVERIFY(m_prompts[0][3].content.find("Is there a ferry to Lindau?") != std::string::npos);
        QVERIFY(m_prompts[0][3].content.ends_with("And when was it built?"));
        QVERIFY(m_prompts[1][1].content.find("Question: When was the ferry to Lindau built?") != std::string::npos);
        QVERIFY(!outcome.isRefused);
    }

    void aBadRewritingFallsBackToBothQuestions()
    {
        m_replies = {"I cannot help with that.", "It was built in 1927."};
        const auto outcome = ask("And when was it built?", {{"user", "Is there a ferry to Lindau?"}});
        QCOMPARE(outcome.queryUsed, std::string("Is there a ferry to Lindau? And when was it built?"));
    }

    void cancellingKeepsWhatThereIs()
    {
        std::stop_source stop;
        m_replies = {"The ferry to Lindau was built in 1927. It leaves"};
        AnswerEvents events;
        events.onText = [&](const AnswerText&) { stop.request_stop(); };
        const auto outcome = ask("When was the ferry to Lindau built?", {}, events, stop.get_token());
        QVERIFY(outcome.isCancelled);
        QVERIFY(!outcome.isRefused);
        QVERIFY(!outcome.text.empty());
        std::stop_source before;
        before.request_stop();
        QVERIFY_THROWS_EXCEPTION(sy::Cancelled, ask("When was the ferry built?", {}, {}, before.get_token()));
    }

private:
    AnswerOutcome ask(const std::string& question, std::vector<Turn> history = {}, const AnswerEvents& events = {}, std::stop_token stop = {})
    {
        return ask(question, std::move(history), events, std::move(stop), &m_embedder);
    }

    AnswerOutcome ask(const std::string& question, std::vector<Turn> history, const AnswerEvents& events, std::stop_token stop, Embedder* embedder)
    {
        const Generate generate = [&](const std::vector<Turn>& prompt, int64_t, Purpose purpose, const std::function<bool(std::string_view, double)>& onText,
                                      std::stop_token stopGenerating) {
            m_prompts.push_back(prompt);
            m_purposes.push_back(purpose);
            if (purpose == Purpose::check) {
                const std::string word = m_prompts.size() <= m_replies.size() ? m_replies[m_prompts.size() - 1] : std::string("Yes");
                onText(word, m_opinion);
                return Generated{word};
            }
            const std::string reply = m_prompts.size() <= m_replies.size() ? m_replies[m_prompts.size() - 1] : std::string("x");
            Generated generated;
            for (const char c : reply) {
                if (stopGenerating.stop_requested()) {
                    generated.isCancelled = true;
                    break;
                }
                generated.text += c;
                if (!onText(std::string_view(&c, 1), -0.1))
                    break;
            }
            return generated;
        };
        return answer(*m_searcher, embedder, generate, {.question = question, .history = std::move(history)}, events, stop);
    }

    QTemporaryDir m_folder;
    fs::path m_file;
    sy::test::FakeEmbedder m_embedder{"fake", 1024}; // so wide that different words hardly ever share a direction
    std::unique_ptr<Searcher> m_searcher;
    std::vector<std::vector<Turn>> m_prompts;
    std::vector<std::string> m_replies;
    std::vector<Purpose> m_purposes;
    double m_opinion = 0; // log probability of the word that a check gets
    static constexpr const char* kDoubtful = "When was the harbour of Lindau built?"; // by its words alone
};

QTEST_APPLESS_MAIN(TestAnswerer)
#include "tst_answerer.moc"
