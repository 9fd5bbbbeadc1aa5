// SPDX-License-Identifier: GPL-3.0-or-later
// What is free for the next model: nothing that was promised to those in memory, and nothing twice.
#include "engine/api/draft.h"
#include "engine/api/engine_state.h"
#include "engine/api/model_memory.h"
#include "engine/core/error.h"
#include "tests/engine/api/answer.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QtTest>

using namespace sy;
using namespace sy::api;

namespace {
namespace fs = std::filesystem;

constexpr uint64_t kGiga = 1'000'000'000;

/// Of layers that products read packed.
constexpr sy::test::TinyShape kPacked{.dim = 64, .ffn = 128, .kvDim = 32, .matrices = DType::Q8_0};
} // namespace

class TestModelMemory : public QObject {
    Q_OBJECT
private slots:
    void initTestCase()
    {
        QVERIFY(m_folder.isValid());
        m_model = file("model.gguf", kPacked);
        m_draft = file("draft.gguf", kPacked);
    }

    void whatIsAwaitedIsNotFree()
    {
        const MemoryState machine{.totalBytes = 24 * kGiga, .availableBytes = 20 * kGiga, .processBytes = 0};
        const ModelMemory fresh{.ownBytes = 1 * kGiga, .awaitedBytes = 7 * kGiga}, settled{.ownBytes = 8 * kGiga, .awaitedBytes = 0};
        QCOMPARE(forNextModel(machine, {}).availableBytes, 20 * kGiga);
        QCOMPARE(forNextModel(machine, std::array{fresh}).availableBytes, 13 * kGiga);
        QCOMPARE(forNextModel(machine, std::array{settled}).availableBytes, 20 * kGiga);
        QCOMPARE(forNextModel(machine, std::array{fresh, settled, fresh}).availableBytes, 6 * kGiga);
        QCOMPARE(forNextModel(machine, std::array{fresh, fresh, fresh}).availableBytes, uint64_t(0));
    }

    void whatLeavesGivesBackWhatItHasAndNothingElse()
    {
        const MemoryState machine{.totalBytes = 24 * kGiga, .availableBytes = 14 * kGiga, .processBytes = 0};
        const ModelMemory fresh{.ownBytes = 1 * kGiga, .awaitedBytes = 7 * kGiga}, settled{.ownBytes = 8 * kGiga, .awaitedBytes = 0};
        QCOMPARE(forNextModel(machine, {}, std::array{fresh}).availableBytes, 15 * kGiga);
        QCOMPARE(forNextModel(machine, {}, std::array{settled}).availableBytes, 22 * kGiga);
        QCOMPARE(forNextModel(machine, std::array{fresh}, std::array{settled}).availableBytes, 15 * kGiga);
        QCOMPARE(forNextModel(machine, {}, std::array{settled, settled}).availableBytes, 24 * kGiga); // never more than there is
    }

    void aModelHasAndAwaitsWhatItWasPromised()
    {
        const auto processor = std::make_shared<Processor>(1);
        const auto model = openModel(processor, m_model, {}, {});
        LoadedModel::State& state = model->state();
        const uint64_t promised = state.model->weightBytes + state.pool->budgetBytes();
        const auto isWhole = [&] {
            const ModelMemory memory = state.memory();
            return memory.ownBytes + memory.awaitedBytes == promised;
        };
        QVERIFY(isWhole());
        state.weights->wait({});
        QVERIFY(isWhole());
        QVERIFY(state.weights->memory().ownBytes > state.model->weightBytes / 2);
        const uint64_t packed = state.memory().ownBytes;
        QCOMPARE(packed, state.weights->memory().ownBytes); // no pages yet
        GenerationRequest request;
        request.rawPrompt = std::string(200, 'a');
        request.maxTokens = 1;
        sy::test::answer(*model, request);
        QVERIFY(isWhole());
        QVERIFY(state.memory().ownBytes >= packed + 6 * state.pool->layout().pageBytes()); // the prompt's pages are kept

        const auto exact = openModel(processor, m_model, {.isExact = true}, {}); // used where it lies
        QCOMPARE(exact->state().memory().ownBytes, uint64_t(0));
    }

    void aFoldersMadeWeightsAreItsOwn()
    {
        const fs::path folder = sy::test::fixturePath("hf/qwen2");
        if (!fs::exists(folder))
            QSKIP("the fixture folders are not there");
        const auto processor = std::make_shared<Processor>(1);
        const auto whole = openModel(processor, folder, {}, {}), made = openModel(processor, folder, {.quantization = "Q8_0"}, {});
        made->state().weights->wait({});
        QVERIFY(made->state().memory().ownBytes > made->state().model->weightBytes / 2);
        QVERIFY(whole->state().memory().awaitedBytes > whole->state().model->weightBytes / 2);
    }

    // The machine has the memory still, and somebody else was promised it.
    void aSecondModelIsHeldAgainstThePromisesOfTheFirst()
    {
        const fs::path greedy = file("greedy.gguf", {.context = (int64_t(1) << 31) - 1}); // keys and values of half a terabyte
        const auto all = engine();
        ModelHost& host = all->models();
        QVERIFY(host.load(m_model)); // nobody keeps it
        const LoadOptions asked{.contextLength = (int64_t(1) << 31) - 1, .evenIfTooLarge = true};
        const auto first = host.load(greedy, asked);
        QVERIFY(first->state().memory().awaitedBytes > memoryState().availableBytes);
        QCOMPARE(host.memory().availableBytes, uint64_t(0));
        QVERIFY(!host.estimate(m_model).fits());
        QVERIFY_EXCEPTION_THROWN(host.load(m_model), OutOfMemory);
        QVERIFY_EXCEPTION_THROWN(host.load(m_model, {.draft = m_draft}), OutOfMemory);
        QVERIFY(host.load(m_model, {.evenIfTooLarge = true}));
        // But it would be let go for the next one.
        QVERIFY(host.estimate(m_model, {}, first.get()).fits());
        QVERIFY(host.estimate(m_model, {}, first.get()).availableBytes <= memoryState().totalBytes);
    }

    void aDraftLeavesWithTheModelThatAloneHoldsIt()
    {
        const fs::path greedy = file("greedy-draft.gguf", {.context = (int64_t(1) << 31) - 1});
        const fs::path large = file("large.gguf", {.context = (int64_t(1) << 31) - 1});
        const auto all = engine();
        ModelHost& host = all->models();
        const LoadOptions asked{.contextLength = (int64_t(1) << 31) - 1, .evenIfTooLarge = true, .draft = greedy};
        const auto drafted = host.load(large, asked);
        QCOMPARE(host.memory().availableBytes, uint64_t(0));
        QVERIFY(host.memory(drafted.get()).availableBytes > 0);
        const auto held = host.load(greedy, draftOptions(asked)); // by somebody else too
        QCOMPARE(host.memory(drafted.get()).availableBytes, uint64_t(0));
    }

    void aDraftThatIsThereIsCountedOnce()
    {
        const auto all = engine();
        ModelHost& host = all->models();
        const LoadOptions with{.draft = m_draft};
        const MemoryEstimate alone = host.estimate(m_draft, draftOptions(with));
        QCOMPARE(host.estimate(m_model, with).draftBytes, alone.totalBytes());
        const auto drafted = host.load(m_model, with);
        QCOMPARE(host.estimate(m_model, with, drafted.get()).draftBytes, alone.totalBytes()); // it leaves as well
        QCOMPARE(host.estimate(m_model, with).draftBytes, alone.kvBytes);
    }

private:
    fs::path file(const char* name, const sy::test::TinyShape& shape)
    {
        const fs::path path = fs::path(m_folder.path().toStdString()) / name;
        sy::test::writeTinyModel(path, name, "llama", 1, shape);
        return path;
    }

    std::unique_ptr<Engine> engine()
    {
        EngineOptions options;
        options.dataDir = m_folder.path().toStdString() + "/data";
        options.nThreads = 1;
        return std::make_unique<Engine>(options);
    }

    QTemporaryDir m_folder;
    fs::path m_model, m_draft;
};

QTEST_GUILESS_MAIN(TestModelMemory)
#include "tst_model_memory.moc"
