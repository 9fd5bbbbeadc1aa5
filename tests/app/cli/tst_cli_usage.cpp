// SPDX-License-Identifier: GPL-3.0-or-later
// What holds for every command: help, exit statuses, purity of stdout.
#include "tests/app/cli/program.h"

using sy::test::Outcome;
using sy::test::Program;

class TestCliUsage : public QObject {
    Q_OBJECT

private slots:
    void helpListsEveryCommand();
    void helpOfACommandStandsAlone_data();
    void helpOfACommandStandsAlone();
    void wrongUsageEndsWithTwo_data();
    void wrongUsageEndsWithTwo();
    void aFailureEndsWithOneAndSaysWhatToDo_data();
    void aFailureEndsWithOneAndSaysWhatToDo();
    void aDownloadThatFailsPointsToTheNetwork();
    void commonOptionsGoBeforeAndAfterTheCommand();
    void theVersionIsSaid();
    void theDataFolderIsMadeWhereAsked();
    void doctorReports();
    void anUnreadyDeviceIsSaidPlainly();

private:
    Program m_program;
};

void TestCliUsage::helpListsEveryCommand()
{
    const Outcome help = m_program.run({"--help"});
    QCOMPARE(help.status, 0);
    for (const char* command : {"info", "models", "tokenize", "template", "logits", "embed", "perplexity", "chat", "ingest", "documents",
                                "extract", "search", "ask", "trace", "bench", "doctor", "finetune", "adapters"})
        QVERIFY2(help.out.contains(QByteArray("\n  ") + command + " "), command);
    QVERIFY(help.err.isEmpty());
}

void TestCliUsage::helpOfACommandStandsAlone_data()
{
    QTest::addColumn<QStringList>("options");
    const auto row = [](const char* command, const QStringList& options) { QTest::newRow(command) << options; };
    row("info", {"MODEL", "--tensors", "--context"});
    row("models", {"import", "remove", "fetch", "verify"});
    row("tokenize", {"--model", "--jsonl", "--special", "--decode"});
    row("template", {"--model", "--template", "--messages", "--bos", "--eos", "--now"});
    row("logits", {"--model", "--tokens", "--tokens-file", "--out", "--chunk", "--activations", "--adapter", "512", "fast"});
    row("embed", {"--model", "--normalize"});
    row("perplexity", {"--model", "--file", "--context", "--adapter", "512"});
    row("chat", {"--model", "--message", "--system", "--max-tokens", "--temperature", "--top-k", "--top-p", "--min-p", "--repeat-penalty",
                 "--seed", "--stop", "--context", "--adapter", "--draft", "draftedTokens", "0.7", "40", "0.95", "0.05"});
    row("adapters", {"show", "export"});
    row("ingest", {"--collection", "--recursive", "--watch", "--embedder", "--records"});
    row("documents", {"--collection", "remove"});
    row("extract", {"FILE", "--password"});
    row("search", {"--collection", "--queries", "--mode", "--top", "--trec", "hybrid", "10"});
    row("ask", {"--collection", "--model", "--top", "--temperature", "--draft", "6"});
    row("trace", {"--model", "--message", "--tokens-file", "--max-tokens", "--out", "--expert-mass", "--kv-type", "32"});
    row("bench", {"--model", "--prompt", "--generate", "--depth", "--batch", "--repeat", "--embed", "--file", "512", "64", "3"});
    row("doctor", {});
}

void TestCliUsage::helpOfACommandStandsAlone()
{
    QFETCH(QStringList, options);
    const QString command = QTest::currentDataTag();
    const Outcome help = m_program.run({command, "--help"});
    QCOMPARE(help.status, 0);
    const QString text = QString::fromUtf8(help.out);
    for (const QString& option : options + QStringList{"--data", "--threads", "--device", "--json", "--quiet"})
        QVERIFY2(text.contains(option), qPrintable(option + " is missing in\n" + text));
    QVERIFY2(text.contains("Example:\n  ") && text.contains("switchyard " + command), "there is no example");
}

void TestCliUsage::wrongUsageEndsWithTwo_data()
{
    QTest::addColumn<QStringList>("arguments");
    const auto row = [](const QStringList& arguments) { QTest::newRow(qPrintable(arguments.join(' '))) << arguments; };
    row({"chta"});
    row({"--bogus"});
    row({"--bogus", "doctor"});
    row({"doctor", "--bogus"});
    row({"doctor", "surplus"});
    row({"info"});
    row({"info", "a", "b"});
    row({"models", "import"});
    row({"models", "frobnicate"});
    row({"logits", "--tokens", "1 2"});
    row({"logits", "--out", "x", "--tokens", "1", "--tokens-file", "y"});
    row({"logits", "--out", "x"});
    row({"logits", "--out", "x", "--tokens", "one two"});
    row({"logits", "--out", "x", "--tokens", "1", "--activations", "int4"});
    row({"logits", "--out", "x", "--tokens", "1", "--chunk", "0"});
    row({"template", "--model", "a", "--template", "b"});
    row({"template", "--template", "b", "--now", "yesterday"});
    row({"perplexity"});
    row({"chat", "--message", "x", "--temperature", "hot"});
    row({"chat", "--message", "x", "--top-p", "1.5"});
    row({"chat", "--message", "x", "--seed", "-3"});
    row({"ingest", "--collection", "c"});
    row({"ingest", "a"});
    row({"documents"});
    row({"search", "--collection", "c"});
    row({"search", "--collection", "c", "q", "--queries", "f"});
    row({"search", "--collection", "c", "q", "--mode", "magic"});
    row({"search", "--collection", "c", "q", "--top", "0"});
    row({"ask", "--collection", "c"});
    row({"bench", "--repeat", "0"});
    row({"--threads", "0", "doctor"});
    row({"doctor", "--threads", "many"});
    row({"doctor", "--device", "gpu"});
    row({"doctor", "--device", "cuda:x"});
}

void TestCliUsage::wrongUsageEndsWithTwo()
{
    QFETCH(QStringList, arguments);
    const Outcome outcome = m_program.run(arguments);
    QVERIFY2(outcome.status == 2, QByteArray::number(outcome.status) + " " + outcome.err);
    QVERIFY2(outcome.out.isEmpty(), outcome.out);
    QVERIFY(!outcome.err.isEmpty());
}

void TestCliUsage::aFailureEndsWithOneAndSaysWhatToDo_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<QString>("said");
    QTest::newRow("info") << QStringList{"info", "nowhere.gguf"} << "nowhere.gguf";
    QTest::newRow("info of text") << QStringList{"info", "text.gguf"} << "text.gguf";
    QTest::newRow("tokenize") << QStringList{"tokenize", "--model", "nowhere.gguf", "x"} << "nowhere.gguf";
    QTest::newRow("template") << QStringList{"template", "--template", "nowhere.jinja"} << "nowhere.jinja";
    QTest::newRow("chat without models") << QStringList{"chat", "--message", "x"} << "models fetch";
    QTest::newRow("embed") << QStringList{"embed", "--model", "text.gguf"} << "text.gguf";
    QTest::newRow("perplexity") << QStringList{"perplexity", "--model", "text.gguf", "--file", "nowhere.txt"} << "nowhere.txt";
    QTest::newRow("import") << QStringList{"models", "import", "nowhere.gguf"} << "nowhere.gguf";
    QTest::newRow("import of text") << QStringList{"models", "import", "text.gguf"} << "text.gguf";
    QTest::newRow("remove") << QStringList{"models", "remove", "nobody"} << "nobody";
    QTest::newRow("verify") << QStringList{"models", "verify", "nobody"} << "nobody";
    QTest::newRow("fetch") << QStringList{"models", "fetch", "nobody"} << "multilingual-e5-small";
    QTest::newRow("ingest") << QStringList{"ingest", "--collection", "c", "nowhere"} << "nowhere";
    QTest::newRow("documents") << QStringList{"documents", "--collection", "nobody"} << "nobody";
    QTest::newRow("search") << QStringList{"search", "--collection", "nobody", "q"} << "nobody";
    QTest::newRow("extract") << QStringList{"extract", "nowhere.pdf"} << "nowhere.pdf";
    QTest::newRow("bench") << QStringList{"bench", "--model", "nowhere.gguf"} << "nowhere.gguf";
    QTest::newRow("data folder") << QStringList{"models", "--data", "/proc/nowhere"} << "/proc/nowhere";
}

void TestCliUsage::aFailureEndsWithOneAndSaysWhatToDo()
{
    QFETCH(QStringList, arguments);
    QFETCH(QString, said);
    m_program.write("text.gguf", "this is no model");
    for (const bool isJson : {false, true}) {
        const Outcome outcome = m_program.run(isJson ? arguments + QStringList{"--json"} : arguments);
        QVERIFY2(outcome.status == 1, QByteArray::number(outcome.status) + " " + outcome.err);
        QVERIFY2(outcome.out.isEmpty(), outcome.out);
        QVERIFY2(outcome.err.startsWith("switchyard: "), outcome.err);
        QVERIFY2(outcome.err.contains(said.toUtf8()), outcome.err);
        QCOMPARE(outcome.err.trimmed().count('\n'), 1); // a sentence and a remedy
        QVERIFY2(!outcome.err.contains('\r'), "a progress bar without a terminal");
    }
}

void TestCliUsage::aDownloadThatFailsPointsToTheNetwork()
{
    qputenv("PIP_NO_INDEX", "1"); // there is nothing to be had anywhere
    qputenv("PIP_FIND_LINKS", m_program.path("nowhere").toUtf8());
    const Outcome outcome = m_program.run({"models", "fetch", "multilingual-e5-small"});
    qunsetenv("PIP_NO_INDEX");
    qunsetenv("PIP_FIND_LINKS");
    QCOMPARE(outcome.status, 1);
    QVERIFY2(outcome.err.contains("network connection"), outcome.err);
    QVERIFY2(!outcome.err.contains("disk has room"), outcome.err);
}

void TestCliUsage::commonOptionsGoBeforeAndAfterTheCommand()
{
    for (const QStringList& arguments : {QStringList{"--json", "--data", m_program.path("d"), "models"},
                                         QStringList{"models", "--json", "--data", m_program.path("d")},
                                         QStringList{"--data=" + m_program.path("d"), "models", "list", "--json"}}) {
        const Outcome outcome = m_program.run(arguments);
        QVERIFY2(outcome.status == 0, outcome.err);
        QCOMPARE(outcome.out.trimmed(), QByteArray("[]"));
    }
}

void TestCliUsage::theVersionIsSaid()
{
    const Outcome outcome = m_program.run({"--version"});
    QCOMPARE(outcome.status, 0);
    QVERIFY2(outcome.out.startsWith("switchyard 0."), outcome.out);
}

void TestCliUsage::theDataFolderIsMadeWhereAsked()
{
    QCOMPARE(m_program.run({"models", "--data", m_program.path("made/here")}).status, 0);
    QVERIFY(QDir(m_program.path("made/here/models")).exists());
    QCOMPARE(m_program.run({"models"}).status, 0);
    QVERIFY2(QDir(m_program.path("share/Switchyard")).exists(), "the default is $XDG_DATA_HOME/Switchyard");
}

void TestCliUsage::doctorReports()
{
    const Outcome json = m_program.run({"doctor", "--json", "--threads", "1"});
    QCOMPARE(json.status, 0);
    QVERIFY(sy::test::hasKeys(json.json(), {"good", "checks"}));
    QVERIFY(json.json()["checks"].size() >= 5);
    for (const auto& check : json.json()["checks"]) {
        QVERIFY(sy::test::hasKeys(check, {"topic", "value", "good", "remedy"}));
        QVERIFY2(check["good"].get<bool>() || !check["remedy"].get<std::string>().empty(), check.dump().c_str());
    }
    const Outcome text = m_program.run({"doctor"});
    QCOMPARE(text.status, 0);
    QVERIFY2(text.out.contains("processor") && text.out.contains("data folder"), text.out);
}

void TestCliUsage::anUnreadyDeviceIsSaidPlainly()
{
    const Outcome outcome = m_program.run({"models", "--device", "cuda:0"});
    QCOMPARE(outcome.status, 1);
    QVERIFY2(outcome.err.contains("cuda:0"), outcome.err);
}

QTEST_GUILESS_MAIN(TestCliUsage)
#include "tst_cli_usage.moc"
