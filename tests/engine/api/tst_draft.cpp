// SPDX-License-Identifier: GPL-3.0-or-later
// Whole models that guess ahead for whole models: the text stays the same, and models that do not belong together are
// refused.
#include "engine/api/draft.h"
#include "engine/core/error.h"
#include "tests/engine/api/answer.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QtTest>

#include <thread>

using namespace sy;
using namespace sy::api;
using sy::test::Answer;
using sy::test::answer;

namespace {

namespace fs = std::filesystem;

GenerationRequest request(const std::string& text, uint64_t seed, double temperature, int64_t maxTokens)
{
    GenerationRequest r;
    r.rawPrompt = text;
    r.sampling.seed = seed;
    r.sampling.temperature = temperature;
    r.maxTokens = maxTokens;
    return r;
}

/// Two models as the engine loads them, in a scheduler that always guesses, sure or not.
struct Pair {
    Pair(const fs::path& large, const fs::path& small, size_t draftBytes = 64 << 20)
        : processor(std::make_shared<Processor>(2)), model(openModel(processor, large, {}, {})),
          draftModel(openModel(processor, small, {}, {})), pool(model->state().pool->layout(), 64 << 20),
          draft(*draftModel->state().model, draftModel->state().pool->layout(), draftBytes, model->state().context(),
                processor->stepLock,
                {.contextLength = draftModel->contextLength(),
                 .nVocabulary = std::min(model->facts().nVocabulary, draftModel->facts().nVocabulary),
                 .leastProbability = 0}),
          scheduler(*model->state().model, pool, model->state().context(), processor->stepLock, model->contextLength(),
                    {.guessesAlways = true}, &draft)
    {
    }

    std::shared_ptr<Processor> processor;
    std::shared_ptr<LoadedModel> model, draftModel;
    nn::KvPool pool;
    generate::DraftModel draft;
    generate::Scheduler scheduler;
};

generate::GenerationTask task(int64_t nVocabulary, int seed, double temperature, int64_t nTokens)
{
    generate::GenerationTask t;
    for (int i = 0; i < 70 + 9 * seed; ++i)
        t.prompt.push_back(int32_t((7 + i * i * 3 + i * seed) % nVocabulary));
    t.maxTokens = nTokens;
    t.sampling.seed = uint64_t(seed);
    t.sampling.temperature = temperature;
    return t;
}

std::string refusal(const std::function<void()>& load)
{
    try {
        load();
    } catch (const Unsupported& error) {
        return error.what();
    }
    return "it was taken";
}

} // namespace

class TestDraft : public QObject {
    Q_OBJECT

    QTemporaryDir m_folder;
    fs::path m_large, m_small, m_padded,
        m_other; // a model; the same without its idle layers; with padding; with another vocabulary

    std::unique_ptr<Engine> engine() const
    {
        EngineOptions options;
        options.dataDir = fs::path(m_folder.path().toStdString()) / "data";
        options.nThreads = 2;
        return std::make_unique<Engine>(options);
    }

private slots:
    void initTestCase()
    {
        const fs::path folder = m_folder.path().toStdString();
        m_large = folder / "large.gguf";
        m_small = folder / "small.gguf";
        m_padded = folder / "padded.gguf";
        m_other = folder / "other.gguf";
        sy::test::writeTinyModel(m_large, "Large", "llama", 1, {.idleLayers = 60, .sharpness = 20});
        sy::test::writeTinyModel(m_small, "Small", "llama", 1, {.sharpness = 20});
        sy::test::writeTinyModel(m_padded, "Padded", "llama", 1,
                                 {.sharpness = 20, .tokens = sy::test::kTinyVocabulary + 128});
        sy::test::writeTinyModel(m_other, "Other", "llama", 1, {.otherTokens = true});
    }

    void theAnswerIsTheSameWhoeverDrafts_data()
    {
        QTest::addColumn<QString>("large");
        QTest::addColumn<QString>("small");
        QTest::addColumn<double>("temperature");
        QTest::addColumn<double>("least"); // of eight guesses, the first wrong one and those behind it included
        for (const double t : {0.0, 0.8}) {
            const auto row = [&](const char* large, const char* small, double least) {
                QTest::addRow("%s, %s, %.1f", large, small, t) << large << small << t << (t == 0 ? least : 0);
            };
            row("quant-llama-Q8_0", "quant-llama-Q8_0", 0.99);
            row("quant-llama-Q8_0", "quant-llama-Q2_K", 0.05);
            row("qwen2", "qwen2", 0.99);
            row("deepseek2-v3", "deepseek2-v3", 0.99);
            row("qwen3moe", "llama", 0);
        }
    }

    void theAnswerIsTheSameWhoeverDrafts()
    {
        QFETCH(QString, large);
        QFETCH(QString, small);
        QFETCH(double, temperature);
        QFETCH(double, least);
        const fs::path one = sy::test::fixturePath("models/" + large.toStdString() + ".gguf"),
                       two = sy::test::fixturePath("models/" + small.toStdString() + ".gguf");
        if (!fs::exists(one) || !fs::exists(two))
            QSKIP("the golden models are not there");
        Pair pair(one, two);
        int64_t nDrafted = 0, nTrue = 0;
        for (int seed = 0; seed < 4; ++seed) {
            generate::GenerationTask t = task(256, seed, temperature, 80);
            t.guessesAhead = false;
            const auto plain = pair.scheduler.generate(t);
            QCOMPARE(plain.guessedTokens, int64_t(0));
            t.guessesAhead = true;
            const auto drafted = pair.scheduler.generate(t);
            QCOMPARE(drafted.ids, plain.ids);
            nDrafted += drafted.draftedTokens;
            nTrue += drafted.trueDrafts;
        }
        qInfo("%d of %d drafts came true", int(nTrue), int(nDrafted));
        QVERIFY(nDrafted > 0);
        QVERIFY(double(nTrue) >= least * double(nDrafted));
    }

    // Several at once, with a draft that has hardly any room, beside each other and prompts that are read in pieces.
    void theAnswerIsTheSameWhateverElseRuns()
    {
        Pair pair(m_large, m_padded, 3 * 32 * 1024);
        constexpr int kRequests = 6;
        std::vector<std::vector<int32_t>> plain(kRequests), together(kRequests);
        for (int i = 0; i < kRequests; ++i) {
            generate::GenerationTask t = task(259, i * 9, i % 2 * 0.8, 60);
            t.guessesAhead = false;
            plain[size_t(i)] = pair.scheduler.generate(t).ids;
        }
        std::atomic<int64_t> nTrue{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < kRequests; ++i)
                threads.emplace_back([&, i] {
                    const auto outcome = pair.scheduler.generate(task(259, i * 9, i % 2 * 0.8, 60));
                    together[size_t(i)] = outcome.ids;
                    nTrue += outcome.trueDrafts;
                });
        }
        for (int i = 0; i < kRequests; ++i)
            QCOMPARE(together[size_t(i)], plain[size_t(i)]);
        QVERIFY(nTrue > 0);
        QCOMPARE(pair.draft.pool().usedBytes(), size_t(0));
    }

    void aModelIsLoadedWithItsDraft()
    {
        const auto all = engine();
        ModelHost& host = all->models();
        const std::string text = "The pump P-101 is checked every month.";
        const auto alone = host.load(m_large);
        const auto drafted = host.load(m_large, {.draft = m_padded});
        QVERIFY(alone != drafted);
        QCOMPARE(host.load(m_large, {.draft = m_padded}), drafted);
        QCOMPARE(host.loaded().size(), size_t(3)); // the draft too, which keeps nothing of a load of its own
        int64_t nTrue = 0;
        for (uint64_t seed = 0; seed < 4; ++seed) {
            const GenerationRequest r = request(text, seed, seed % 2 ? 0.8 : 0, 200);
            GenerationRequest plain = r;
            plain.guessesAhead = false;
            const Answer expected = answer(*alone, plain), got = answer(*drafted, r);
            QCOMPARE(got.ids, expected.ids);
            QCOMPARE(got.result.text, expected.result.text);
            QVERIFY(got.result.draftedTokens <= got.result.guessedTokens && got.result.trueDrafts <= got.result.trueGuesses);
            QCOMPARE(expected.result.draftedTokens, int64_t(0));
            nTrue += got.result.trueDrafts;
        }
        qInfo("%d drafts came true", int(nTrue));
        QVERIFY(nTrue > 0);
    }

    void itsMemoryIsCounted()
    {
        const auto all = engine();
        const MemoryEstimate alone = all->models().estimate(m_large), small = all->models().estimate(m_small),
                             both = all->models().estimate(m_large, {.draft = m_small});
        QCOMPARE(alone.draftBytes, uint64_t(0));
        QCOMPARE(both.draftBytes, small.totalBytes());
        QCOMPARE(both.totalBytes(), alone.totalBytes() + small.totalBytes());
    }

    void whatDoesNotFitIsRefusedByName()
    {
        const auto all = engine();
        ModelHost& host = all->models();
        const auto with = [&](const fs::path& model, const fs::path& draft) {
            return QString::fromStdString(refusal([&] { host.load(model, {.draft = draft}); }));
        };
        const QString words = with(m_large, m_other);
        QVERIFY2(words.contains("other.gguf as a draft model for large.gguf") && words.contains("token 100") &&
                     words.contains("same family"),
                 qPrintable(words));
        const fs::path many = fs::path(m_folder.path().toStdString()) / "many.gguf";
        sy::test::writeTinyModel(many, "Many", "llama", 1, {.tokens = sy::test::kTinyVocabulary + 513});
        const QString sizes = with(m_large, many);
        QVERIFY2(sizes.contains("259 tokens") && sizes.contains("772"), qPrintable(sizes));
        QVERIFY(with(many, m_large).contains("772")); // from either side
        QVERIFY_EXCEPTION_THROWN(host.load(m_large, {.draft = "/nowhere.gguf"}), StorageFailure);
        for (const char* name : {"gemma3", "gpt-oss"}) { // windows
            const fs::path path = sy::test::fixturePath(std::string("models/") + name + ".gguf");
            if (!fs::exists(path))
                continue;
            for (const QString& said : {with(path, path), with(m_large, path), with(path, m_small)})
                QVERIFY2(said.contains(name) && said.contains("window"), qPrintable(said));
        }
        const fs::path embedder = sy::test::fixturePath("models/bert-mean.gguf");
        if (fs::exists(embedder))
            QVERIFY(with(m_large, embedder).contains("embedding"));
        const fs::path ids = sy::test::fixturePath("models/llama.gguf");
        if (fs::exists(ids))
            QVERIFY(with(m_large, ids).contains("tokenizer"));
        QCOMPARE(answer(*host.load(m_large), request("a", 1, 0, 3)).ids.size(), size_t(3));
    }

    void paddingMayDiffer()
    {
        const auto processor = std::make_shared<Processor>(1);
        const auto large = openModel(processor, m_large, {}, {}), padded = openModel(processor, m_padded, {}, {});
        for (const auto& [model, draft] : {std::pair(large, padded), std::pair(padded, large)})
            QCOMPARE(requireDraft(model->state(), *draft), int64_t(sy::test::kTinyVocabulary));
    }

    void aStopEndsADraftedAnswer()
    {
        Pair pair(m_large, m_small);
        const auto whole = pair.scheduler.generate(task(259, 3, 0, 60)).ids;
        for (size_t n = 5; n < 30; n += 4) {
            std::stop_source stop;
            generate::GenerationTask t = task(259, 3, 0, 60);
            size_t nSeen = 0;
            t.onToken = [&](const generate::Token&) {
                if (++nSeen == n)
                    stop.request_stop();
                return true;
            };
            const auto outcome = pair.scheduler.generate(t, stop.get_token());
            QCOMPARE(outcome.finish, generate::Finish::cancelled);
            QCOMPARE(outcome.ids, std::vector<int32_t>(whole.begin(), whole.begin() + long(n)));
            QCOMPARE(pair.draft.pool().usedBytes(), size_t(0));
        }
    }
};

QTEST_GUILESS_MAIN(TestDraft)
#include "tst_draft.moc"
