// SPDX-License-Identifier: GPL-3.0-or-later
// What a trace tells of whole, tiny models.
#include "engine/api/trace.h"

#include "engine/api/loaded_model.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QtTest>

#include <map>
#include <set>
#include <thread>

using namespace sy;
using namespace sy::api;

namespace {

constexpr int64_t kPrompt = 70, kAnswer = 6;

GenerationRequest request(Trace* trace, int32_t firstToken = 3)
{
    GenerationRequest r;
    for (int32_t i = 0; i < kPrompt; ++i)
        r.promptIds.push_back((firstToken + i * 5) % 90);
    r.sampling.temperature = 0;
    r.maxTokens = kAnswer;
    r.trace = trace;
    return r;
}

std::vector<int32_t> answer(LoadedModel& model, const GenerationRequest& request)
{
    std::vector<int32_t> ids;
    model.generate(request, [&](const TokenEvent& event) { return ids.push_back(event.id), true; });
    return ids;
}

} // namespace

class TestTrace : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    std::shared_ptr<Processor> m_processor = std::make_shared<Processor>(2);

    std::shared_ptr<LoadedModel> open(const std::filesystem::path& path, const LoadOptions& options = {})
    {
        return openModel(m_processor, path, options, {});
    }

private slots:
    void everyTokenIsRoutedOnceInEveryLayerWithExperts_data()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"qwen3moe", "olmoe", "deepseek2-v3", "gpt-oss"})
            QTest::newRow(name) << name;
    }

    void everyTokenIsRoutedOnceInEveryLayerWithExperts()
    {
        QFETCH(QString, name);
        const auto path = sy::test::fixturePath("models/" + name.toStdString() + ".gguf");
        if (!std::filesystem::exists(path))
            QSKIP("the golden models are not there");
        const std::vector<int32_t> expected = answer(*open(path), request(nullptr));
        const auto model = open(path);
        for (int i = 0; i < 2; ++i) { // the second time the prompt is in the cache
            Trace trace;
            std::vector<int32_t> ids;
            {
                const std::jthread beside([&] { answer(*model, request(nullptr, 11)); });
                ids = answer(*model, request(&trace));
            }
            QCOMPARE(ids, expected);
            QCOMPARE(trace.nExperts, model->facts().nExperts);
            const size_t nRead = size_t(kPrompt) + ids.size() - 1;
            std::map<int, std::vector<int64_t>> positions;
            for (const TraceRouting& r : trace.routing) {
                positions[r.layer].push_back(r.token);
                QCOMPARE(int(r.experts.size()), model->facts().nExpertsUsed);
                QCOMPARE(r.weights.size(), r.experts.size());
                QVERIFY(std::is_sorted(r.weights.rbegin(), r.weights.rend()));
                QCOMPARE(std::set<int32_t>(r.experts.begin(), r.experts.end()).size(), r.experts.size());
                QVERIFY(*std::max_element(r.experts.begin(), r.experts.end()) < trace.nExperts);
            }
            QVERIFY(positions.size() >= 2 && positions.contains(model->facts().nLayers - 1));
            for (const auto& [layer, found] : positions) {
                QCOMPARE(found.size(), nRead);
                for (size_t t = 0; t < nRead; ++t)
                    QCOMPARE(found[t], int64_t(t));
            }
        }
    }

    void timesBelongToTheirSteps()
    {
        const auto path = std::filesystem::path(m_folder.path().toStdString()) / "tiny.gguf";
        sy::test::writeTinyModel(path);
        const auto model = open(path);
        Trace trace;
        const std::vector<int32_t> ids = answer(*model, request(&trace));
        QCOMPARE(trace.tokens.size(), size_t(kPrompt) + ids.size());
        QVERIFY(trace.routing.empty());
        QCOMPARE(trace.nExperts, 0);
        double before = 0;
        int64_t step = -1;
        for (size_t t = 0; t < trace.tokens.size(); ++t) {
            const TraceToken& token = trace.tokens[t];
            const bool isPrompt = t < size_t(kPrompt), isLast = t + 1 == trace.tokens.size();
            QCOMPARE(token.phase, isPrompt ? TracePhase::prefill : TracePhase::decode);
            QCOMPARE(token.text, model->tokenText(token.id));
            QCOMPARE(token.id, isPrompt ? request(nullptr).promptIds[t] : ids[t - size_t(kPrompt)]);
            if (isLast) {
                QCOMPARE(token.step, int64_t(-1));
                QVERIFY(token.spans.empty());
                continue;
            }
            QVERIFY(token.ms > 0);
            QCOMPARE(token.spans.empty(), token.step == step); // at the first token of the step
            if (!isPrompt)
                QCOMPARE(token.step, step + 1);
            step = token.step;
            std::map<std::string, int> counts;
            for (const TraceSpan& span : token.spans) {
                ++counts[span.name];
                QVERIFY(span.startUs >= before && span.us >= 0);
                before = span.startUs;
            }
            if (!token.spans.empty()) {
                QCOMPARE(counts["attention"], 2);
                QCOMPARE(counts["feed-forward"], 2);
                QCOMPARE(counts["embedding"], 1);
                QVERIFY(!counts.contains("router"));
            }
            if (t + 1 >= size_t(kPrompt) && !token.spans.empty())
                QVERIFY(counts["head"] == 1 && counts["sampling"] == 1);
        }
    }
};

QTEST_GUILESS_MAIN(TestTrace)
#include "tst_trace.moc"
