// SPDX-License-Identifier: GPL-3.0-or-later
// The whole path as a user walks it, on the starter models: the sample documents are ingested, questions in both languages asked,
// and each answer has to cite the page it stands on; what the documents do not say is refused. Skips without the models.
#include "tests/app/cli/program.h"
#include "tests/fixtures.h"

using sy::test::Outcome;
using sy::test::Program;
using nlohmann::ordered_json;

class TestCliAnswers : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void anAnswerCitesItsPage_data();
    void anAnswerCitesItsPage();
    void whatTheDocumentsDoNotSayIsRefused_data();
    void whatTheDocumentsDoNotSayIsRefused();

private:
    ordered_json ask(const QString& question) const
    {
        const Outcome outcome =
            m_program.run({"ask", "--collection", "Samples", "--model", m_chat, question, "--temperature", "0", "--json"});
        return outcome.status == 0 ? outcome.json() : ordered_json(outcome.err.toStdString());
    }

    Program m_program;
    QString m_chat;
};

void TestCliAnswers::initTestCase()
{
    const auto chat = sy::test::testModelPath("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf");
    const auto embedder = sy::test::testModelPath("multilingual-e5-small-q4_0.gguf");
    if (chat.empty() || embedder.empty())
        QSKIP("the starter models are not here (SWITCHYARD_TEST_MODELS)");
    m_chat = QString::fromStdString(chat.string());
    const Outcome imported = m_program.run({"models", "import", QString::fromStdString(embedder.string())});
    QVERIFY2(imported.status == 0, imported.err);
    const Outcome ingested = m_program.run({"ingest", "--collection", "Samples", "--no-recursive", QStringLiteral(SY_SOURCE_DIR "/resources/samples"), "--json"});
    QVERIFY2(ingested.status == 0, ingested.err);
    QCOMPARE(ingested.lines().back()["documents"].get<int>(), 8);
}

void TestCliAnswers::anAnswerCitesItsPage_data()
{
    QTest::addColumn<QString>("question");
    QTest::addColumn<QString>("document");
    QTest::addColumn<int>("page");
    std::ifstream file(SY_SOURCE_DIR "/resources/samples/questions.json");
    for (const auto& row : ordered_json::parse(file))
        QTest::newRow(row["id"].get<std::string>().c_str()) << QString::fromStdString(row["question"]) << QString::fromStdString(row["document"])
                                                            << row["page"].get<int>();
}

void TestCliAnswers::anAnswerCitesItsPage()
{
    QFETCH(QString, question);
    QFETCH(QString, document);
    QFETCH(int, page);
    const ordered_json answer = ask(question);
    QVERIFY2(answer.is_object(), answer.dump().c_str());
    QVERIFY2(!answer["citations"].empty(), answer.dump().c_str());
    const auto& first = answer["citations"][0];
    QVERIFY2(QString::fromStdString(first["document"]).endsWith("/" + document) && first["page"].get<int>() == page, answer.dump().c_str());
    QVERIFY(first["quoteFound"].get<bool>());
}

void TestCliAnswers::whatTheDocumentsDoNotSayIsRefused_data()
{
    QTest::addColumn<QString>("question");
    QTest::newRow("en, another subject") << "Which team won the football world cup in 1998?";
    QTest::newRow("en, near by") << "Who painted the ceiling of the ferry terminal?";
    QTest::newRow("zh, another subject") << "《红楼梦》的作者是谁？";
    QTest::newRow("zh, near by") << "松岗科考站的飞机跑道有多长？";
}

void TestCliAnswers::whatTheDocumentsDoNotSayIsRefused()
{
    QFETCH(QString, question);
    const ordered_json answer = ask(question);
    QVERIFY2(answer.is_object(), answer.dump().c_str());
    QVERIFY2(answer["refused"].get<bool>() && answer["citations"].empty(), answer.dump().c_str());
}

QTEST_GUILESS_MAIN(TestCliAnswers)
#include "tst_cli_answers.moc"
