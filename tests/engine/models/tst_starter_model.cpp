// SPDX-License-Identifier: GPL-3.0-or-later
// The shipped chat model against a float32 reference of its own (shared/fixtures/starter-model/MANIFEST.md). A few prompts by
// default, seconds each; SWITCHYARD_TEST_FULL=1 takes all of them and the perplexities, a quarter of an hour on two cores.
#include "model_test.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

using namespace sy;
using models::LogitsWanted;
using nlohmann::json;

namespace {

constexpr const char* kFile = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";

std::vector<json> jsonLines(const std::string& name)
{
    std::vector<json> lines;
    std::ifstream in(test::fixturePath("starter-model/" + name));
    for (std::string line; std::getline(in, line);)
        lines.push_back(json::parse(line));
    return lines;
}

bool isFullRun()
{
    return qEnvironmentVariableIntValue("SWITCHYARD_TEST_FULL") != 0;
}

std::vector<double> logProbabilities(std::span<const float> logits)
{
    const double largest = *std::ranges::max_element(logits);
    double sum = 0;
    for (const float logit : logits)
        sum += std::exp(double(logit) - largest);
    std::vector<double> result;
    result.reserve(logits.size());
    for (const float logit : logits)
        result.push_back(double(logit) - largest - std::log(sum));
    return result;
}

double mean(const std::vector<double>& values)
{
    double sum = 0;
    for (const double v : values)
        sum += v;
    return values.empty() ? 0 : sum / double(values.size());
}

double quantile(std::vector<double> values, double q)
{
    std::ranges::sort(values);
    return values.empty() ? 0 : values[std::min(values.size() - 1, size_t(q * double(values.size())))];
}

} // namespace

class TestStarterModel : public QObject {
    Q_OBJECT

    std::unique_ptr<models::Model> m_model;
    cpu::ThreadPool m_threads{cpu::physicalCores()};

    Tensor step(nn::KvSequence& cache, std::span<const int32_t> tokens, ops::Activations activations, LogitsWanted wanted)
    {
        const models::SequenceStep s{&cache, tokens, wanted};
        return m_model->step({m_threads, cpu::level(), activations}, {&s, 1});
    }

    std::unique_ptr<nn::KvPool> pool(ops::Activations activations, size_t nTokens)
    {
        return test::poolFor(*m_model, int64_t(nTokens), activations == ops::Activations::f32 ? DType::F32 : DType::F16);
    }

private slots:
    void initTestCase()
    {
        const auto path = test::testModelPath(kFile);
        if (path.empty() || !std::filesystem::exists(test::fixturePath("starter-model/greedy.jsonl")))
            QSKIP("the starter model (SWITCHYARD_TEST_MODELS) or its reference outputs are not there");
        m_model = test::loadFile(path);
    }

    void factsAreThoseOfTheModel()
    {
        const models::ModelConfig& c = m_model->config();
        QCOMPARE(c.nLayers, 28);
        QCOMPARE(c.dim, 1536);
        QCOMPARE(c.nHeads, 12);
        QCOMPARE(c.nKvHeads, 2);
        QCOMPARE(c.headDim, 128);
        QCOMPARE(c.ffnDim, 8960);
        QCOMPARE(c.nVocabulary, 151936);
    }

    void theSureTokensOfGreedyAnswersAreChosen_data()
    {
        QTest::addColumn<bool>("isFast");
        QTest::newRow("int8 activations") << true;
        if (isFullRun())
            QTest::newRow("f32 activations") << false;
    }

    void theSureTokensOfGreedyAnswersAreChosen()
    {
        QFETCH(bool, isFast);
        const auto activations = isFast ? ops::Activations::fast : ops::Activations::f32;
        std::map<std::string, std::vector<int32_t>> prompts;
        for (const json& line : jsonLines("tokens.jsonl"))
            prompts[line["id"]] = line["ids"].get<std::vector<int32_t>>();
        const std::vector<std::string> few = {"en-capital", "en-json", "zh-summary"};
        int nSteps = 0, nSure = 0, nEqual = 0;
        std::vector<double> topRms;
        for (const json& line : jsonLines("greedy.jsonl")) {
            const std::string id = line["id"];
            if (!isFullRun() && std::ranges::find(few, id) == few.end())
                continue;
            const auto ids = line["ids"].get<std::vector<int32_t>>();
            const auto& prompt = prompts.at(id);
            const auto kv = pool(activations, prompt.size() + ids.size());
            nn::KvSequence cache(*kv);
            step(cache, std::span(prompt).first(prompt.size() - 1), activations, LogitsWanted::none);
            std::vector<int32_t> path = {prompt.back()};
            path.insert(path.end(), ids.begin(), ids.end() - 1);
            const Tensor rows = step(cache, path, activations, LogitsWanted::all);
            for (size_t s = 0; s < ids.size(); ++s) {
                const auto logits = rows.rowRange(int64_t(s), 1).values();
                const auto argmax = int32_t(std::ranges::max_element(logits) - logits.begin());
                ++nSteps;
                nEqual += argmax == ids[s];
                if (line["gap"][s] >= 0.25 && line["f32"]["gap_on_same_path"][s] >= 0.25) {
                    ++nSure;
                    QVERIFY2(argmax == ids[s], qPrintable(QString("%1, step %2: %3 instead of %4")
                                                              .arg(QString::fromStdString(id))
                                                              .arg(s)
                                                              .arg(argmax)
                                                              .arg(ids[s])));
                }
                if (s < line["f32"]["top10"].size()) {
                    // Over the ids that stand in both lists of ten.
                    const auto ours = logProbabilities(logits);
                    const double tenth = [&] {
                        std::vector<double> sorted = ours;
                        std::ranges::nth_element(sorted, sorted.begin() + 9, std::greater());
                        return sorted[9];
                    }();
                    std::vector<double> squares;
                    for (const json& entry : line["f32"]["top10"][s]) {
                        const double p = ours[entry[0].get<size_t>()];
                        if (p >= tenth)
                            squares.push_back(std::pow(p - entry[1].get<double>(), 2));
                    }
                    topRms.push_back(std::sqrt(mean(squares)));
                }
            }
        }
        qInfo("%d steps, %d sure, %d equal; top ten rms: median %.4f, 95th percentile %.4f, worst %.4f", nSteps, nSure, nEqual,
              quantile(topRms, 0.5), quantile(topRms, 0.95), quantile(topRms, 1));
        QVERIFY(nSure > 30);
        // What llama.cpp reaches with its int8 activations.
        QVERIFY(quantile(topRms, 0.5) <= 0.08);
        QVERIFY(quantile(topRms, 0.95) <= 0.16);
        QVERIFY(quantile(topRms, 1) <= 0.31);
    }

    void logProbabilitiesAgreeAndInt8StaysClose_data()
    {
        QTest::addColumn<int>("prompt");
        const std::vector<json> lines = jsonLines("logits.jsonl");
        for (size_t i = 0; i < lines.size(); ++i) {
            const std::string id = lines[i]["id"];
            if (isFullRun() || id == "prose-en" || id == "chat")
                QTest::newRow(id.c_str()) << int(i);
        }
    }

    void logProbabilitiesAgreeAndInt8StaysClose()
    {
        QFETCH(int, prompt);
        const json line = jsonLines("logits.jsonl").at(size_t(prompt));
        const auto ids = line["ids"].get<std::vector<int32_t>>();
        const auto exactPool = pool(ops::Activations::f32, ids.size());
        const auto fastPool = pool(ops::Activations::fast, ids.size());
        nn::KvSequence exactCache(*exactPool), fastCache(*fastPool);
        std::vector<double> kl, tenKl;
        double worstNext = 0, worstTop = 0;
        constexpr size_t kChunk = 128; // logits of 151,936 tokens: 600 KB a row
        for (size_t first = 0; first < ids.size(); first += kChunk) {
            const auto chunk = std::span(ids).subspan(first, std::min(kChunk, ids.size() - first));
            const Tensor exact = step(exactCache, chunk, ops::Activations::f32, LogitsWanted::all);
            const Tensor fast = step(fastCache, chunk, ops::Activations::fast, LogitsWanted::all);
            for (size_t i = 0; i < chunk.size(); ++i) {
                const size_t position = first + i;
                const auto p = logProbabilities(exact.rowRange(int64_t(i), 1).values());
                const auto q = logProbabilities(fast.rowRange(int64_t(i), 1).values());
                if (position >= 2) {
                    double sum = 0;
                    for (size_t t = 0; t < p.size(); ++t)
                        sum += std::exp(p[t]) * (p[t] - q[t]);
                    kl.push_back(sum);
                }
                if (position + 1 < ids.size()) {
                    const double expected = line["f32"]["next_logprob"][position];
                    worstNext = std::max(worstNext, std::abs(p[size_t(ids[position + 1])] - expected));
                }
                const auto top = line["f32"]["top10"].find(std::to_string(position));
                if (top == line["f32"]["top10"].end())
                    continue;
                // The divergence of the ten likeliest tokens and of everything else taken as one.
                double sum = 0, restReference = 1, restOurs = 1;
                for (const json& entry : *top) {
                    const double reference = entry[1], ours = p[entry[0].get<size_t>()];
                    worstTop = std::max(worstTop, std::abs(reference - ours));
                    sum += std::exp(reference) * (reference - ours);
                    restReference -= std::exp(reference);
                    restOurs -= std::exp(ours);
                }
                if (restReference > 1e-4 && restOurs > 0)
                    sum += restReference * std::log(restReference / restOurs);
                tenKl.push_back(sum);
            }
        }
        qInfo("float32: next token off by at most %.2e, top ten by %.2e, divergence of the top ten %.2e (printed to 5 decimals)",
              worstNext, worstTop, mean(tenKl));
        qInfo("int8 to float32, %zu positions: mean %.6f, median %.6f, p99 %.5f, worst %.4f", kl.size(), mean(kl),
              quantile(kl, 0.5), quantile(kl, 0.99), quantile(kl, 1));
        QVERIFY(worstNext <= 1e-2);
        QVERIFY(worstTop <= 1e-2);
        QVERIFY(std::abs(mean(tenKl)) <= 1e-5);
        QVERIFY(mean(kl) <= 0.0010);
    }

    void perplexityIsThatOfTheReference_data()
    {
        QTest::addColumn<int>("text");
        QTest::addColumn<bool>("isFast");
        QTest::newRow("en, int8") << 0 << true;
        if (isFullRun()) {
            QTest::newRow("zh, int8") << 1 << true;
            QTest::newRow("en, float32") << 0 << false;
            QTest::newRow("zh, float32") << 1 << false;
        }
    }

    void perplexityIsThatOfTheReference()
    {
        QFETCH(int, text);
        QFETCH(bool, isFast);
        const auto activations = isFast ? ops::Activations::fast : ops::Activations::f32;
        const json reference = jsonLines("perplexity.jsonl").at(size_t(text));
        const auto ids = reference["ids"].get<std::vector<int32_t>>();
        const size_t nWindows = isFullRun() ? 8 : 1;
        std::vector<double> all, withoutFirstTwo, secondHalf, expectedWindows;
        for (size_t window = 0; window < nWindows; ++window) {
            const auto tokens = std::span(ids).subspan(window * 512, 512);
            const auto kv = pool(activations, 512);
            nn::KvSequence cache(*kv);
            for (size_t first = 0; first < 512; first += 128) {
                const Tensor rows = step(cache, tokens.subspan(first, 128), activations, LogitsWanted::all);
                for (size_t i = 0; i < 128 && first + i < 511; ++i) {
                    const size_t position = first + i;
                    const auto p = logProbabilities(rows.rowRange(int64_t(i), 1).values());
                    const double nll = -p[size_t(tokens[position + 1])];
                    all.push_back(nll);
                    if (position >= 2)
                        withoutFirstTwo.push_back(nll);
                    if (position >= 256)
                        secondHalf.push_back(nll);
                }
            }
            expectedWindows.push_back(reference["per_window_nll_f32_llama"][window][0]);
        }
        qInfo("nll %.6f, reference %.6f; without the first two %.6f (%.6f); second half %.6f, perplexity %.4f (%.4f)", mean(all),
              mean(expectedWindows), mean(withoutFirstTwo), reference["without_first_two"]["f32_nll"].get<double>(),
              mean(secondHalf), std::exp(mean(secondHalf)), reference["second_half"]["f32_ppl"].get<double>());
        // Float32 is the reference itself; int8 stays as close as llama.cpp's column.
        QVERIFY(std::abs(mean(all) - mean(expectedWindows)) <= (isFast ? 0.009 : 1e-4));
        if (isFullRun()) {
            const auto distance = [&](const char* key, const std::vector<double>& ours) {
                return std::abs(mean(ours) - reference[key]["f32_nll"].get<double>());
            };
            QVERIFY(distance("second_half", secondHalf) <= (isFast ? 0.0032 : 1e-4));
            QVERIFY(distance("without_first_two", withoutFirstTwo) <= (isFast ? 0.0036 : 1e-4));
        }
    }
};

int main(int argc, char** argv)
{
    if (isFullRun())
        qputenv("QTEST_FUNCTION_TIMEOUT", "3600000"); // ms; five minutes otherwise
    TestStarterModel test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_starter_model.moc"
