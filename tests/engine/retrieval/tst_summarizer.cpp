// SPDX-License-Identifier: GPL-3.0-or-later
// Summaries of documents: what is read for them, in how many prompts, and where a topic is no document.
#include "engine/retrieval/summarizer.h"

#include "engine/core/error.h"
#include "engine/documents/format_table.h"
#include "engine/retrieval/ingest.h"
#include "fake_embedder.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>

using namespace sy::retrieval;
namespace fs = std::filesystem;

class TestSummarizer : public QObject {
    Q_OBJECT

private slots:
    void initTestCase()
    {
        const fs::path folder(m_folder.path().toStdString());
        m_file = folder / "c.db";
        m_ferry = folder / "ferry-handbook.md";
        m_rice = folder / "rice.md";
        m_long = folder / "chronicle.txt";
        std::ofstream(m_ferry) << "# Ferry handbook\n\n## Boats\n\nThe ferry to Lindau was built in 1927. It carries ninety passengers.\n\n"
                                  "## Winter\n\nIn winter the boats stay in Bregenz for repairs.\n";
        std::ofstream(m_rice) << "# Rice\n\nRice is cooked with saffron in Milan. The pot is stirred for eighteen minutes.\n";
        std::ofstream out(m_long);
        for (int i = 0; i < 400; ++i)
            out << "In year " << i << " the tower number " << i * 7 << " was painted by the guild of painters and nobody complained about it.\n\n";
        out.close();
        const fs::path paths[] = {m_ferry, m_rice};
        ingest(m_file, paths, {.embedder = &m_embedder}, read);
    }

    void init()
    {
        m_searcher = std::make_unique<Searcher>(m_file);
        m_prompts.clear();
        m_purposes.clear();
        m_reply = "The handbook is about the ferry to Lindau, which carries ninety passengers. In winter the boats stay in Bregenz.";
    }

    void aNamedDocumentIsReadWhole()
    {
        const AnswerOutcome outcome = ask("Summarize the ferry handbook");
        QVERIFY(!outcome.isRefused);
        QCOMPARE(m_purposes, std::vector<Purpose>{Purpose::answer});
        const std::string& prompt = m_prompts[0][1].content;
        for (const char* part : {"built in 1927", "ninety passengers", "stay in Bregenz", "Request: Summarize the ferry handbook"})
            QVERIFY2(prompt.find(part) != std::string::npos, part);
        QVERIFY(prompt.find("saffron") == std::string::npos);
        QVERIFY(!outcome.cited.empty()); // sentence by sentence, like an answer
        for (const int i : outcome.cited)
            QCOMPARE(outcome.shown[size_t(i)].hit.path, m_ferry.string());
    }

    void thisDocumentIsTheOneTalkedAbout()
    {
        m_reply = "Rice is cooked with saffron in Milan.";
        const AnswerOutcome outcome = ask("What is this document about?", m_rice.string());
        QCOMPARE(outcome.shown.size(), size_t(1));
        QCOMPARE(outcome.shown[0].hit.path, m_rice.string());
        QCOMPARE(outcome.text, std::string("Rice is cooked with saffron in Milan. [1]"));
    }

    void ofSeveralDocumentsTheBeginningsAreRead()
    {
        ask("Give me an overview of the documents");
        QCOMPARE(m_purposes, std::vector<Purpose>{Purpose::answer});
        const std::string& prompt = m_prompts[0][1].content;
        QVERIFY(prompt.find("[1] ") != std::string::npos && prompt.find("[2] ") != std::string::npos && prompt.find("[3] ") == std::string::npos);
        QVERIFY(prompt.find("ferry to Lindau") != std::string::npos && prompt.find("saffron") != std::string::npos);
        QVERIFY(prompt.find("one sentence for each passage") != std::string::npos);
    }

    void aLongDocumentIsReadInParts()
    {
        const fs::path file = fs::path(m_folder.path().toStdString()) / "long.db";
        const fs::path paths[] = {m_long};
        ingest(file, paths, {}, read);
        m_searcher = std::make_unique<Searcher>(file);
        m_reply = "The guild painted towers.";
        std::vector<std::pair<int, int>> parts;
        m_events.onPart = [&](int part, int nParts) { parts.emplace_back(part, nParts); };
        const AnswerOutcome outcome = ask("Summarize the document", {}, 2400);
        m_events = {};
        QVERIFY(m_purposes.size() > 3);
        for (size_t i = 0; i < m_purposes.size(); ++i) {
            QCOMPARE(m_purposes[i], i + 1 < m_purposes.size() ? Purpose::part : Purpose::answer);
            QCOMPARE(parts[i], std::pair(int(i), int(m_purposes.size())));
            QVERIFY(m_prompts[i][1].content.size() < 4 * 2400);
        }
        QVERIFY(m_prompts.front()[1].content.find("In year 0 ") != std::string::npos);
        QVERIFY(m_prompts[m_prompts.size() - 2][1].content.find("In year 399 ") != std::string::npos); // to the end
        QVERIFY(m_prompts.back()[1].content.find("The guild painted towers.") != std::string::npos);
        QVERIFY(outcome.text.find("rests on") == std::string::npos);

        init();
        m_searcher = std::make_unique<Searcher>(file);
        const AnswerOutcome even = ask("Summarize the document", {}, 400);
        QVERIFY(m_purposes.size() >= 11 && m_purposes.size() <= 13); // twelve parts at most, and the whole
        QVERIFY2(even.text.find("passages, evenly chosen.") != std::string::npos, even.text.c_str());
        QVERIFY(m_prompts[m_prompts.size() - 2][1].content.find("In year 3") != std::string::npos);
    }

    void aTopicIsLookedFor()
    {
        m_reply = "Rice is cooked with saffron in Milan.";
        const AnswerOutcome outcome = ask("Give me a summary of saffron rice in Milan");
        QCOMPARE(outcome.queryUsed, std::string("saffron rice Milan"));
        QCOMPARE(m_purposes.back(), Purpose::answer);
        QVERIFY(m_prompts.back()[1].content.find("Question: Give me a summary of saffron rice in Milan") != std::string::npos);
        QVERIFY(ask("Summarize the history of telephone exchanges").isRefused);
    }

    void cancellingInAPartThrows()
    {
        std::stop_source stop;
        stop.request_stop();
        QVERIFY_THROWS_EXCEPTION(sy::Cancelled, ask("Summarize the ferry handbook", {}, 40, stop.get_token()));
    }

private:
    AnswerOutcome ask(const std::string& question, const std::string& lastDocument = {}, int budget = 2400, std::stop_token stop = {})
    {
        const Generate generate = [&](const std::vector<Turn>& prompt, int64_t, Purpose purpose, const std::function<bool(std::string_view, double)>& onText,
                                      std::stop_token stopGenerating) {
            m_prompts.push_back(prompt);
            m_purposes.push_back(purpose);
            Generated generated{.text = m_reply, .isCancelled = stopGenerating.stop_requested()};
            if (!generated.isCancelled)
                onText(m_reply, -0.1);
            return generated;
        };
        return answer(*m_searcher, &m_embedder, generate, {.question = question, .lastDocument = lastDocument, .summaryBudget = budget}, m_events, stop);
    }

    static sy::documents::Document read(const std::string& path, const std::string& password, std::stop_token)
    {
        return sy::documents::readDocument(path, password);
    }

    QTemporaryDir m_folder;
    fs::path m_file, m_ferry, m_rice, m_long;
    sy::test::FakeEmbedder m_embedder{"fake", 1024};
    std::unique_ptr<Searcher> m_searcher;
    std::vector<std::vector<Turn>> m_prompts;
    std::vector<Purpose> m_purposes;
    AnswerEvents m_events;
    std::string m_reply;
};

QTEST_APPLESS_MAIN(TestSummarizer)
#include "tst_summarizer.moc"
