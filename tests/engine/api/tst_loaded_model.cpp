// SPDX-License-Identifier: GPL-3.0-or-later
// The shipped models as the app uses them: answers against shared/fixtures/starter-model/greedy.jsonl, several at once, cancelled,
// stopped; vectors against shared/fixtures/embedder. Skips what the machine lacks.
#include "engine/api/loaded_model.h"
#include "engine/api/model_embedder.h"
#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "tests/fixtures.h"

#include <QtTest>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cmath>
#include <ctime>
#include <map>
#include <thread>

using namespace sy;
using namespace sy::api;
using nlohmann::json;

namespace {

constexpr const char* kChatModel = "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf";
constexpr const char* kEmbedder = "multilingual-e5-small-q4_0.gguf";

std::vector<json> readLines(const char* relative)
{
    std::vector<json> rows;
    std::ifstream in(test::fixturePath(relative));
    for (std::string line; std::getline(in, line);)
        rows.push_back(json::parse(line));
    return rows;
}

std::vector<ChatMessage> messagesOf(const json& row)
{
    std::vector<ChatMessage> messages;
    for (const json& m : row["messages"])
        messages.push_back({m["role"], m["content"]});
    return messages;
}

struct Answer {
    GenerationResult result;
    std::vector<int32_t> ids;
    std::string streamed;
};

Answer answer(LoadedModel& model, const GenerationRequest& request, std::stop_token stop = {})
{
    Answer a;
    a.result = model.generate(
        request,
        [&](const TokenEvent& event) {
            a.ids.push_back(event.id);
            a.streamed += event.text;
            return true;
        },
        std::move(stop));
    return a;
}

GenerationRequest greedy(std::vector<ChatMessage> messages, int64_t maxTokens)
{
    GenerationRequest request;
    request.messages = std::move(messages);
    request.sampling.temperature = 0;
    request.maxTokens = maxTokens;
    return request;
}

} // namespace

class TestLoadedModel : public QObject {
    Q_OBJECT

    std::shared_ptr<Processor> m_processor = std::make_shared<Processor>(cpu::physicalCores());
    std::shared_ptr<LoadedModel> m_chat;
    std::map<std::string, json> m_conversations;

    std::vector<ChatMessage> conversation(const std::string& id) { return messagesOf(m_conversations.at(id)); }

private slots:
    void initTestCase()
    {
        for (const json& row : readLines("starter-model/tokens.jsonl"))
            m_conversations[row["id"]] = row;
        const auto path = test::testModelPath(kChatModel);
        if (!path.empty())
            m_chat = openModel(m_processor, path, {}, {});
    }

    void theFirstTokenComesAndItsTimeIsReported()
    {
        const auto path = test::testModelPath(kChatModel);
        if (path.empty())
            QSKIP("the starter chat model (SWITCHYARD_TEST_MODELS) is not there");
        const auto start = std::chrono::steady_clock::now();
        const std::clock_t startOfWork = std::clock();
        const auto model = openModel(m_processor, path, {}, {});
        double firstMs = 0, workMs = 0;
        GenerationRequest request;
        request.rawPrompt = "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n";
        request.maxTokens = 1;
        model->generate(request, [&](const TokenEvent&) {
            firstMs = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
            workMs = double(std::clock() - startOfWork) * 1e3 / CLOCKS_PER_SEC;
            return true;
        });
        qInfo("first token after %.0f ms, %.0f ms of work on %d threads", firstMs, workMs, m_processor->pool.nThreads());
        QVERIFY(firstMs > 0);
    }

    void aModelAnswersWhileItsWeightsAreBeingPacked()
    {
        if (!m_chat)
            QSKIP("the starter chat model (SWITCHYARD_TEST_MODELS) is not there");
        GenerationRequest request;
        request.rawPrompt = "<|im_start|>user\nWhat is a hash table?<|im_end|>\n<|im_start|>assistant\n";
        request.sampling.temperature = 0;
        request.maxTokens = 12;
        m_chat->state().weights->wait({});
        const Answer expected = answer(*m_chat, request);
        const auto others = std::make_shared<Processor>(cpu::physicalCores()); // who has no weights yet
        auto turn = std::make_unique<generate::StepLock::Turn>(others->stepLock);
        auto model = openModel(others, m_chat->path(), {}, {});
        const ModelWeights& weights = *model->state().weights;
        QVERIFY(!weights.isSettled()); // somebody else has the processor
        turn.reset();
        bool wasPacking = false;
        model->generate(request, [&](const TokenEvent&) {
            wasPacking = !weights.isSettled();
            return false;
        });
        QVERIFY(wasPacking);
        const Answer meanwhile = answer(*model, request);
        weights.wait({});
        const Answer afterwards = answer(*model, request);
        QCOMPARE(meanwhile.ids, expected.ids);
        QCOMPARE(afterwards.ids, expected.ids);
        QCOMPARE(meanwhile.result.text, expected.result.text);

        model.reset();
        turn = std::make_unique<generate::StepLock::Turn>(others->stepLock);
        model = openModel(others, m_chat->path(), {}, {});
        QVERIFY(!model->state().weights->isSettled());
        turn.reset();
        model.reset(); // in the middle of it
    }

    void greedyAnswersAreTheReferencesWhileTheyAreSure()
    {
        const auto rows = readLines("starter-model/greedy.jsonl");
        if (!m_chat || rows.empty())
            QSKIP("the starter chat model or its reference answers are not there");
        std::vector<Answer> answers(rows.size());
        {
            std::vector<std::jthread> threads; // all at once: batching must not change a word
            for (size_t i = 0; i < rows.size(); ++i) {
                threads.emplace_back([&, i] {
                    const int64_t n = int64_t(rows[i]["ids"].size());
                    const bool ended = rows[i]["ended"];
                    answers[i] = answer(*m_chat, greedy(conversation(rows[i]["id"]), ended ? n + 8 : rows[i]["safe_steps"].get<int64_t>()));
                });
            }
        }
        for (size_t i = 0; i < rows.size(); ++i) {
            const std::string id = rows[i]["id"];
            const auto expected = rows[i]["ids"].get<std::vector<int32_t>>();
            const auto nSafe = rows[i]["safe_steps"].get<size_t>();
            QVERIFY2(answers[i].ids.size() >= nSafe, id.c_str());
            QVERIFY2(std::equal(expected.begin(), expected.begin() + long(nSafe), answers[i].ids.begin()), id.c_str());
            QCOMPARE(answers[i].streamed, answers[i].result.text);
            QVERIFY(isValidUtf8(answers[i].streamed));
            if (id == "en-capital" || id == "en-json") {
                QCOMPARE(answers[i].ids, expected);
                QCOMPARE(answers[i].result.finish, Finish::stop);
                QCOMPARE(answers[i].result.text, rows[i]["text"].get<std::string>());
            }
        }
    }

    void messagesBecomeTheReferencesTokensAndMarkersInThemStayText()
    {
        if (!m_chat || m_conversations.empty())
            QSKIP("the starter chat model or the conversations are not there");
        int nDisarmed = 0;
        for (const auto& [id, row] : m_conversations) {
            const auto ids = m_chat->state().encodeMessages(messagesOf(row));
            if (id == "en-special-text" || id == "code-fim-text") {
                // The person typed markers. Turns are those of the messages, and the text is the same.
                const auto nTurns = std::count(ids.begin(), ids.end(), 151644);
                const bool hasSystem = row["messages"][0]["role"] == "system";
                QCOMPARE(size_t(nTurns), row["messages"].size() + (hasSystem ? 1 : 2));
                QCOMPARE(m_chat->state().tokenizer->decode(ids, {.renderSpecial = true}), row["text"].get<std::string>());
                ++nDisarmed;
                continue;
            }
            QVERIFY2(ids == row["ids"].get<std::vector<int32_t>>(), id.c_str());
            QCOMPARE(m_chat->countTokens(messagesOf(row)), int64_t(ids.size()));
        }
        QCOMPARE(m_conversations.size(), size_t(40));
        QCOMPARE(nDisarmed, 2);
    }

    void templatesAreRenderedAsTheCommandLineAsks()
    {
        const std::string source = "{{ bos_token }}{% for m in messages %}{{ m.role }}:{{ m.content }};{% endfor %}"
                                   "{{ strftime_now('%Y-%m-%d %H:%M') }}";
        const std::string context = R"({"messages": [{"role": "user", "content": "hi"}]})";
        QCOMPARE(renderTemplate(source, context, "<s>", "</s>", "2026-01-15T09:30"), std::string("<s>user:hi;2026-01-15 09:30"));
        QVERIFY_EXCEPTION_THROWN(renderTemplate(source, context, "", "", "yesterday"), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(renderTemplate(source, context, "", "", "2026-02-30T09:30"), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(renderTemplate(source, "[1", "", "", ""), BadFile);
        QVERIFY_EXCEPTION_THROWN(renderTemplate("{% if %}", context, "", "", ""), BadFile);
        try {
            renderTemplate("{{ raise_exception('System role not supported') }}", context, "", "", "");
            QFAIL("it did not raise");
        } catch (const Error& e) {
            QCOMPARE(QString(e.what()), QString("System role not supported"));
        }
    }

    void theSameSeedGivesTheSameTextAloneAndBesideOthers()
    {
        if (!m_chat || m_conversations.empty())
            QSKIP("the starter chat model or the conversations are not there");
        GenerationRequest request;
        request.messages = conversation("en-photosynthesis");
        request.sampling.temperature = 1.0;
        request.sampling.seed = 4711;
        request.maxTokens = 24;
        const Answer alone = answer(*m_chat, request);
        QCOMPARE(alone.result.seed, uint64_t(4711));
        Answer beside;
        {
            std::vector<std::jthread> others;
            for (const char* id : {"zh-letter", "code-cpp-bug", "en-email"}) {
                others.emplace_back([&, id] {
                    GenerationRequest other;
                    other.messages = conversation(id);
                    other.maxTokens = 40;
                    answer(*m_chat, other);
                });
            }
            beside = answer(*m_chat, request);
        }
        QCOMPARE(beside.ids, alone.ids);
        QCOMPARE(beside.result.text, alone.result.text);
        QVERIFY(beside.result.cachedTokens > 0); // the second time its prompt is known
        request.sampling.seed = 4712;
        QVERIFY(answer(*m_chat, request).ids != alone.ids);
    }

    void cancelStopsWithinOneToken()
    {
        if (!m_chat || m_conversations.empty())
            QSKIP("the starter chat model or the conversations are not there");
        std::stop_source stop;
        int nSeen = 0;
        const auto result = m_chat->generate(
            greedy(conversation("en-email"), 0),
            [&](const TokenEvent&) {
                if (++nSeen == 5)
                    stop.request_stop();
                return true;
            },
            stop.get_token());
        QCOMPARE(result.finish, Finish::cancelled);
        QCOMPARE(nSeen, 5);
        QCOMPARE(result.generatedTokens, int64_t(5));
        QVERIFY(!result.text.empty());
    }

    void aStopStringEndsTheTextBeforeIt()
    {
        if (!m_chat || m_conversations.empty())
            QSKIP("the starter chat model or the conversations are not there");
        GenerationRequest request = greedy(conversation("en-json"), 40);
        request.stopStrings = {"\"age\": 3"};
        const Answer a = answer(*m_chat, request);
        QCOMPARE(a.result.finish, Finish::stop);
        QCOMPARE(a.result.text, std::string("```json\n{\n  \"name\": \"Maria\",\n  "));
        QCOMPARE(a.streamed, a.result.text);
    }

    void scoringAgreesWithTheReference_data()
    {
        QTest::addColumn<bool>("isExact");
        QTest::addColumn<double>("tolerance");
        QTest::newRow("int8") << false << 0.02;
        QTest::newRow("float32") << true << 1e-4;
    }

    void scoringAgreesWithTheReference()
    {
        QFETCH(bool, isExact);
        QFETCH(double, tolerance);
        const auto rows = readLines("starter-model/logits.jsonl");
        if (!m_chat || rows.empty())
            QSKIP("the starter chat model or the reference log-probabilities are not there");
        LoadOptions options;
        options.isExact = isExact;
        const auto model = openModel(m_processor, test::testModelPath(kChatModel), options, {});
        const auto ids = rows[0]["ids"].get<std::vector<int32_t>>(); // prose-en, 80 tokens
        const auto next = rows[0]["f32"]["next_logprob"].get<std::vector<double>>();

        const auto all = model->perplexity(ids, 512);
        QCOMPARE(all.nTokens, int64_t(ids.size()) - 1);
        QVERIFY(std::abs(all.perplexity - std::exp(all.meanNll)) < 1e-9);
        if (isExact)
            QVERIFY2(std::abs(all.meanNll - rows[0]["f32"]["nll"].get<double>()) < tolerance, qPrintable(QString::number(all.meanNll)));

        // Position 0 is an outlier of int8 (MANIFEST.md), so the fast way is compared from position 2 on.
        std::vector<float> logits;
        model->logits(ids, 33, [&](std::span<const float> piece, int64_t n) {
            QVERIFY(n <= 33);
            logits.insert(logits.end(), piece.begin(), piece.end());
        });
        const size_t nVocabulary = size_t(model->facts().nVocabulary);
        QCOMPARE(logits.size(), ids.size() * nVocabulary);
        double difference = 0;
        for (size_t p = 2; p + 1 < ids.size(); ++p) {
            const auto row = std::span(logits).subspan(p * nVocabulary, nVocabulary);
            double sum = 0;
            for (const float l : row)
                sum += std::exp(double(l) - row[0]);
            difference += double(row[size_t(ids[p + 1])]) - row[0] - std::log(sum) - next[p];
        }
        difference /= double(ids.size() - 3);
        QVERIFY2(std::abs(difference) < tolerance, qPrintable(QString::number(difference)));
    }

    void perplexityTakesWholeWindows()
    {
        if (!m_chat)
            QSKIP("the starter chat model is not there");
        const auto ids = m_chat->tokenize("One two three four five six seven eight nine ten eleven twelve thirteen.");
        const auto result = m_chat->perplexity(ids, 5);
        QCOMPARE(result.nTokens, int64_t(ids.size() / 5 * 4));
        QVERIFY_EXCEPTION_THROWN(m_chat->perplexity(ids, 1), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(m_chat->perplexity(std::span(ids).first(1), 5), std::invalid_argument);
    }

    void aPromptLargerThanTheContextSaysBothSizes()
    {
        const auto path = test::testModelPath(kChatModel);
        if (path.empty())
            QSKIP("the starter chat model is not there");
        LoadOptions options;
        options.contextLength = 64;
        const auto model = openModel(m_processor, path, options, {});
        QCOMPARE(model->contextLength(), int64_t(64));
        GenerationRequest request;
        for (int i = 0; i < 100; ++i)
            request.rawPrompt += " word";
        try {
            answer(*model, request);
            QFAIL("it fitted");
        } catch (const std::invalid_argument& e) {
            QVERIFY2(QString(e.what()).contains("100") && QString(e.what()).contains("64"), e.what());
        }
        request.rawPrompt = "One two";
        request.sampling.temperature = 0;
        const Answer a = answer(*model, request);
        QVERIFY(a.result.finish == Finish::stop || a.result.promptTokens + a.result.generatedTokens == 65);
    }

    void factsSayWhatTheFileIs()
    {
        if (!m_chat)
            QSKIP("the starter chat model is not there");
        const ModelFacts& facts = m_chat->facts();
        QCOMPARE(facts.architecture, std::string("qwen2"));
        QCOMPARE(facts.nLayers, 28);
        QCOMPARE(facts.nVocabulary, int64_t(151936));
        QVERIFY(facts.isSupported && !facts.isEmbedding);
        QCOMPARE(facts.memory.kvBytesPerToken, uint64_t(28 * 2 * 2 * 128 * 2));
        QVERIFY(facts.memory.weightsBytes > 1'100'000'000 && facts.memory.computeBytes > 1'000'000);
        QVERIFY(std::find(facts.endTokens.begin(), facts.endTokens.end(), "<|im_end|>") != facts.endTokens.end());
        const MemoryEstimate estimate = estimateMemory(*m_chat->state().model, {});
        QCOMPARE(estimate.kvBytes, facts.memory.kvBytesPerToken * 8192);
        QVERIFY_EXCEPTION_THROWN(m_chat->embed({}), std::invalid_argument);
    }

    void aModelThatDoesNotFitIsRefusedUnlessForced()
    {
        const auto path = test::testModelPath(kChatModel);
        if (path.empty())
            QSKIP("the starter chat model is not there");
        LoadOptions options;
        constexpr uint64_t kFree = 900'000'000; // less than the weights
        const auto other = std::make_shared<Processor>(1);
        try {
            openModel(other, path, options, {}, {}, kFree);
            QFAIL("it was loaded");
        } catch (const OutOfMemory& e) {
            QCOMPARE(e.availableBytes, kFree);
            QCOMPARE(e.wantedBytes, estimateMemory(*m_chat->state().model, options).totalBytes());
        }
        options.evenIfTooLarge = true;
        QVERIFY(openModel(other, path, options, {}, {}, kFree));
        QVERIFY(openModel(m_processor, path, {}, {}, {}, kFree)); // its weights are there already
    }

    void vectorsAreTheReferences()
    {
        const auto path = test::testModelPath(kEmbedder);
        const auto rows = readLines("embedder/e5-cases.jsonl");
        if (path.empty() || rows.empty())
            QSKIP("the starter embedding model or its reference vectors are not there");
        const auto model = openModel(m_processor, path, {}, {"query: ", "passage: "});
        QVERIFY(model->isEmbedding());
        std::vector<LoadedModel::EmbedInput> inputs;
        for (const json& row : rows)
            inputs.push_back({row["text"], LoadedModel::EmbedInput::Kind::plain});
        const auto embeddings = model->embed(inputs);
        QCOMPARE(embeddings.size(), rows.size());
        for (size_t i = 0; i < rows.size(); ++i) {
            const auto expected = rows[i]["embedding"].get<std::vector<float>>();
            double cosine = 0, squares = 0;
            for (size_t j = 0; j < expected.size(); ++j) {
                cosine += double(expected[j]) * double(embeddings[i].values[j]);
                squares += double(embeddings[i].values[j]) * double(embeddings[i].values[j]);
            }
            QCOMPARE(embeddings[i].nTokens, int64_t(rows[i]["ids"].size()));
            QVERIFY(std::abs(squares - 1) < 1e-5);
            QVERIFY2(cosine >= 0.9997, qPrintable(QString("%1: %2").arg(i).arg(cosine)));
        }

        // The same text through the embedder of an index, prefix and all, beside a long job.
        ModelEmbedder embedder(model);
        QCOMPARE(embedder.dim(), 384);
        QCOMPARE(embedder.windowTokens(), 512);
        QVERIFY(embedder.id().find("query: ") != std::string::npos);
        const std::vector<std::string> texts = {"What is a valve?", std::string(40000, 'a'), ""};
        const auto passages = embedder.embedPassages(texts);
        const auto queries = embedder.embedQueries(texts);
        QCOMPARE(passages.size(), size_t(3 * 384));
        const std::vector<LoadedModel::EmbedInput> same = {{"passage: What is a valve?"},
                                                           {"What is a valve?", LoadedModel::EmbedInput::Kind::query}};
        const auto expected = model->embed(same);
        for (size_t j = 0; j < 384; ++j) {
            QVERIFY(std::abs(passages[j] - expected[0].values[j]) < 1e-6f);
            QVERIFY(std::abs(queries[j] - expected[1].values[j]) < 1e-6f);
        }
        QCOMPARE(embedder.countTokens("What is a valve?"), int(model->embed(std::span(same).first(1))[0].nTokens) - 2);
    }
};

QTEST_GUILESS_MAIN(TestLoadedModel)
#include "tst_loaded_model.moc"
