// SPDX-License-Identifier: GPL-3.0-or-later
// The shipped embedding model against its float32 reference (shared/fixtures/embedder/MANIFEST.md). Token ids come from the file.
#include "model_test.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstring>
#include <fstream>

using namespace sy;

class TestStarterEmbedder : public QObject {
    Q_OBJECT

    struct Case {
        std::string name;
        std::vector<float> expected; // unit length
    };
    std::vector<Case> m_cases;
    std::vector<std::vector<int32_t>> m_ids;
    std::unique_ptr<models::Model> m_model;

    static std::vector<double> unit(std::span<const float> v)
    {
        double squares = 0;
        for (const float x : v)
            squares += double(x) * double(x);
        std::vector<double> result;
        for (const float x : v)
            result.push_back(double(x) / std::sqrt(squares));
        return result;
    }

private slots:
    void initTestCase()
    {
        const auto path = test::testModelPath("multilingual-e5-small-q4_0.gguf");
        std::ifstream in(test::fixturePath("embedder/e5-cases.jsonl"));
        if (path.empty() || !in)
            QSKIP("the starter embedder (SWITCHYARD_TEST_MODELS) or its reference vectors are not there");
        for (std::string line; std::getline(in, line);) {
            const auto j = nlohmann::json::parse(line);
            m_cases.push_back({j["name"], j["embedding"].get<std::vector<float>>()});
            m_ids.push_back(j["ids"].get<std::vector<int32_t>>());
        }
        QCOMPARE(m_cases.size(), 64u);
        m_model = test::loadFile(path);
    }

    void embeddingsAgreeWithTheReference_data()
    {
        QTest::addColumn<bool>("isFast");
        QTest::newRow("float32") << false;
        QTest::newRow("int8") << true;
    }

    void embeddingsAgreeWithTheReference()
    {
        QFETCH(bool, isFast);
        cpu::ThreadPool threads(cpu::physicalCores());
        const ops::OpContext context{threads, cpu::level(), isFast ? ops::Activations::fast : ops::Activations::f32};
        const Tensor vectors = m_model->embed(context, m_ids);
        double lowest = 1, sum = 0, worst = 0;
        for (size_t i = 0; i < m_cases.size(); ++i) {
            const auto ours = unit(vectors.rowRange(int64_t(i), 1).values());
            const auto expected = unit(m_cases[i].expected);
            double cosine = 0;
            for (size_t d = 0; d < ours.size(); ++d) {
                cosine += ours[d] * expected[d];
                worst = std::max(worst, std::abs(ours[d] - double(m_cases[i].expected[d])));
            }
            lowest = std::min(lowest, cosine);
            sum += cosine;
            QVERIFY2(cosine >= (isFast ? 0.9997 : 0.999999), m_cases[i].name.c_str());
        }
        qInfo("cosine: lowest %.7f, mean %.7f; a component is off by at most %.2e", lowest, sum / double(m_cases.size()), worst);
        if (isFast)
            QVERIFY(sum / double(m_cases.size()) >= 0.9999);
        else
            QVERIFY(worst <= 1e-5);
    }

    void aTextHasOneVectorAloneOrInABatchOnAnyThreadCount()
    {
        Tensor first;
        for (const int nThreads : {1, 2}) {
            cpu::ThreadPool threads(nThreads);
            const ops::OpContext context{threads};
            const Tensor batch = m_model->embed(context, m_ids);
            for (const size_t i : {0, 7, 20, 63}) {
                const Tensor alone = m_model->embed(context, std::span(m_ids).subspan(i, 1));
                QVERIFY(std::memcmp(alone.raw(), batch.rowRange(int64_t(i), 1).raw(), alone.bytes()) == 0);
            }
            if (!first)
                first = batch;
            QVERIFY(std::memcmp(first.raw(), batch.raw(), batch.bytes()) == 0);
        }
    }
};

QTEST_APPLESS_MAIN(TestStarterEmbedder)
#include "tst_starter_embedder.moc"
