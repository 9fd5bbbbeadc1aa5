// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/scheduler.h"

#include "engine/core/error.h"
#include "engine/generate/schema_compiler.h"
#include "tests/engine/generate/fake_model.h"
#include "tests/engine/generate/json_vocabulary.h"
#include "tests/engine/generate/schema_check.h"

#include <QtTest>

#include <atomic>
#include <thread>

using namespace sy;
using namespace sy::generate;
using sy::test::FakeModel;
using sy::test::Json;

namespace {

constexpr const char* kSchema = R"({"type":"object","properties":{"name":{"type":"string","minLength":1,"maxLength":12},
    "tags":{"type":"array","items":{"enum":["a","b","中文"]},"maxItems":3},"n":{"type":"integer","minimum":1,"maximum":9999}},"required":["name","n"]})";

struct Bench {
    explicit Bench(SchedulerOptions options = {}) : scheduler(model, pool, ops::OpContext{threads}, stepLock, 4096, options) {}
    FakeModel model;
    cpu::ThreadPool threads{2};
    nn::KvPool pool{model.kvLayout(), 512 * model.kvLayout().pageBytes()};
    StepLock stepLock;
    Scheduler scheduler;
};

const std::vector<std::string>& tokens()
{
    static const std::vector<std::string> all = sy::test::jsonVocabulary();
    return all;
}

GenerationTask task(int seed, double temperature, std::shared_ptr<const TokenGrammar> grammar)
{
    GenerationTask t;
    t.prompt = {1, 2, int32_t(seed % 200)};
    t.sampling.seed = uint64_t(seed);
    t.sampling.temperature = temperature;
    t.endIds = {sy::test::kEndToken};
    t.grammar = std::move(grammar);
    return t;
}

std::string textOf(const GenerationOutcome& outcome)
{
    std::string text;
    for (const int32_t id : outcome.ids)
        text += tokens()[size_t(id)];
    return text;
}

} // namespace

class TestSchedulerGrammar : public QObject {
    Q_OBJECT

private slots:
    // Seven requests share one grammar and its masks, some beside requests without one.
    void everyAnswerSatisfiesItsSchemaWhateverElseRuns()
    {
        Bench bench;
        const auto grammar = std::make_shared<const TokenGrammar>(compileSchema(kSchema), sy::test::trieOf(tokens()),
                                                                  std::vector<int32_t>{sy::test::kEndToken});
        constexpr int kRequests = 24;
        std::vector<GenerationOutcome> together(kRequests);
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < kRequests; ++i) {
                threads.emplace_back([&, i] {
                    GenerationTask t = task(i, i % 3 * 0.7, i % 4 == 3 ? nullptr : grammar);
                    if (!t.grammar)
                        t.maxTokens = 50;
                    together[size_t(i)] = bench.scheduler.generate(t);
                });
            }
        }
        const Json schema = Json::parse(kSchema);
        for (int i = 0; i < kRequests; ++i) {
            if (i % 4 == 3)
                continue;
            const GenerationOutcome& outcome = together[size_t(i)];
            const std::string text = textOf(outcome);
            QCOMPARE(outcome.finish, Finish::stop);
            Json value;
            try {
                value = Json::parse(text);
            } catch (const Json::exception& error) {
                QFAIL((text + ": " + error.what()).c_str());
            }
            QVERIFY2(sy::test::satisfies(value, schema, schema), text.c_str());
            Bench alone;
            QCOMPARE(alone.scheduler.generate(task(i, i % 3 * 0.7, grammar)).ids, outcome.ids);
        }
    }

    void anAnswerThatMayGoOnEndsWithAnEndToken()
    {
        Bench bench;
        const auto grammar = std::make_shared<const TokenGrammar>(compileSchema(R"({"type":"integer","minimum":0})"), sy::test::trieOf(tokens()),
                                                                  std::vector<int32_t>{sy::test::kEndToken});
        GenerationTask t = task(5, 0.9, grammar);
        t.sampling.topK = 0;
        const auto outcome = bench.scheduler.generate(t);
        QCOMPARE(outcome.finish, Finish::stop);
        QVERIFY(Json::accept(textOf(outcome)));
    }

    void aVocabularyThatCannotGoOnEndsItsOwnAnswerOnly()
    {
        Bench bench;
        std::vector<std::string> poor(FakeModel::kVocabulary);
        poor[7] = "\"";
        const auto grammar = std::make_shared<const TokenGrammar>(compileSchema(R"({"const":"x"})"), sy::test::trieOf(poor), std::vector<int32_t>{0});
        std::vector<int32_t> good;
        {
            std::jthread other([&] {
                GenerationTask t = task(3, 0.7, nullptr);
                t.maxTokens = 100;
                t.endIds.clear();
                good = bench.scheduler.generate(t).ids;
            });
            QVERIFY_EXCEPTION_THROWN(bench.scheduler.generate(task(1, 0.7, grammar)), Unsupported);
        }
        SamplingSettings settings = task(3, 0.7, nullptr).sampling;
        QCOMPARE(good, FakeModel::answer({1, 2, 3}, settings, 100));
    }
};

QTEST_GUILESS_MAIN(TestSchedulerGrammar)
#include "tst_scheduler_grammar.moc"
