// SPDX-License-Identifier: GPL-3.0-or-later
// What `info` says a model takes is what the process that fills its context has taken at its peak.
#include "tests/app/cli/program.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

using sy::test::Outcome;
using sy::test::Program;

class TestCliMemory : public QObject {
    Q_OBJECT

private slots:
    void thePeakIsPredictedWithinFivePercent_data();
    void thePeakIsPredictedWithinFivePercent();
    void theContextIsCutToTheModels();

private:
    QString writtenModel(const char* name, const sy::test::TinyShape& shape)
    {
        const QString path = m_program.path(QString::fromLatin1(name));
        sy::test::writeTinyModel(path.toStdString(), name, "llama", 1, shape);
        return path;
    }

    Program m_program;
};

void TestCliMemory::thePeakIsPredictedWithinFivePercent_data()
{
    QTest::addColumn<QString>("model");
    QTest::addColumn<int>("context");
    QTest::addColumn<QString>("type");
    // 90 MB of weights; 16 KB of keys and values for a token in f16.
    const QString written = writtenModel("wide.gguf", {.dim = 1024, .ffn = 3072, .kvDim = 512, .layers = 8, .matrices = sy::DType::Q8_0, .context = 8192});
    // A quarter of it in one matrix, which serves the tokens and the scores alike.
    const QString broad = writtenModel("broad.gguf", {.dim = 1024, .ffn = 3072, .kvDim = 512, .layers = 4, .matrices = sy::DType::Q8_0, .tokens = 40'000});
    for (const char* type : {"f16", "q8_0", "f32"})
        QTest::addRow("wide, %s", type) << written << 2048 << type;
    QTest::addRow("wide, short") << written << 256 << "f16";
    QTest::addRow("broad") << broad << 1024 << "f16";
    if (const auto starter = sy::test::testModelPath("qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"); !starter.empty())
        QTest::addRow("starter") << QString::fromStdString(starter.string()) << 2048 << "q8_0";
}

void TestCliMemory::thePeakIsPredictedWithinFivePercent()
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    QSKIP("the sanitizer's own memory is no model's");
#endif
    QFETCH(QString, model);
    QFETCH(int, context);
    QFETCH(QString, type);
    const QString nContext = QString::number(context), nPrompt = QString::number(context - 4);
    const Outcome info = m_program.run({"info", model, "--context", nContext, "--json"});
    QVERIFY2(info.status == 0, info.err);
    const auto memory = info.json()["memory"];
    QCOMPARE(memory["chatTokens"].get<int>(), context);
    const auto said = memory["chatPeakBytesOf"][type.toStdString()].get<double>();
    const Outcome bench = m_program.run({"bench", "--model", model, "--prompt", nPrompt, "--generate", "4", "--repeat", "1", "--kv-type", type, "--threads", "2", "--json"});
    QVERIFY2(bench.status == 0, bench.err);
    const auto peak = bench.json()["peakBytes"].get<double>();
    const double percent = 100 * (peak - said) / said;
    qInfo("%.1f MB said, %.1f MB taken: %+.1f %%", said / 1e6, peak / 1e6, percent);
    QVERIFY(std::abs(percent) <= 5);
}

void TestCliMemory::theContextIsCutToTheModels()
{
    const QString model = writtenModel("small.gguf", {});
    const auto tokens = [&](const char* asked) {
        return m_program.run({"info", model, "--context", QString::fromLatin1(asked), "--json"}).json()["memory"]["chatTokens"].get<int>();
    };
    QCOMPARE(tokens("100"), 100);
    QCOMPARE(tokens("5000"), 2048);
    QCOMPARE(tokens("0"), 2048);
    QCOMPARE(m_program.run({"info", model, "--context", "-1"}).status, 2);
    QVERIFY(m_program.run({"info", model}).out.contains("with everything"));
}

QTEST_GUILESS_MAIN(TestCliMemory)
#include "tst_cli_memory.moc"
