// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/embedding_queue.h"

#include "engine/core/error.h"

#include <QtTest>

#include <algorithm>
#include <atomic>
#include <future>
#include <mutex>
#include <semaphore>

using namespace sy;
using namespace sy::generate;

namespace {

/// A text's vector is its length and the sum of its ids.
class FakeEmbedder final : public models::Model {
public:
    FakeEmbedder()
    {
        m_config.isEmbedding = true;
        m_config.dim = 2;
        m_config.contextLength = 512;
        m_config.nVocabulary = 1000;
    }
    std::function<void(std::span<const std::vector<int32_t>>)> beforeStep;

    const models::ModelConfig& config() const override { return m_config; }
    nn::KvLayout kvLayout() const override { return {}; }
    size_t computeBytes(int64_t, int64_t) const override { return 0; }
    Tensor step(const ops::OpContext&, std::span<const models::SequenceStep>) override { throw std::invalid_argument("encoder"); }
    Tensor embed(const ops::OpContext&, std::span<const std::vector<int32_t>> sequences) override
    {
        if (beforeStep)
            beforeStep(sequences);
        Tensor rows = Tensor::empty({int64_t(sequences.size()), 2});
        for (size_t i = 0; i < sequences.size(); ++i) {
            float sum = 0;
            for (const int32_t id : sequences[i])
                sum += float(id);
            rows.f32()[2 * i] = float(sequences[i].size());
            rows.f32()[2 * i + 1] = sum;
        }
        return rows;
    }

private:
    models::ModelConfig m_config;
};

struct Bench {
    FakeEmbedder model;
    cpu::ThreadPool threads{1};
    StepLock stepLock;
    EmbeddingQueue queue{model, ops::OpContext{threads}, stepLock};
};

std::vector<std::vector<int32_t>> texts(size_t n, int32_t first)
{
    std::vector<std::vector<int32_t>> all;
    for (size_t i = 0; i < n; ++i)
        all.emplace_back(1 + i * 37 % 300, first + int32_t(i % 100));
    return all;
}

bool isRight(const std::vector<std::vector<int32_t>>& all, const std::vector<float>& rows)
{
    if (rows.size() != all.size() * 2)
        return false;
    for (size_t i = 0; i < all.size(); ++i) {
        if (rows[2 * i] != float(all[i].size()) || rows[2 * i + 1] != float(all[i].size()) * float(all[i].front()))
            return false;
    }
    return true;
}

} // namespace

class TestEmbeddingQueue : public QObject {
    Q_OBJECT

private slots:
    void vectorsComeInTheOrderOfTheTexts()
    {
        Bench bench;
        std::vector<size_t> stepTokens;
        bench.model.beforeStep = [&](auto sequences) {
            size_t n = 0;
            for (const auto& s : sequences)
                n += s.size();
            stepTokens.push_back(n);
        };
        const auto all = texts(200, 5);
        QVERIFY(isRight(all, bench.queue.embed(all, Priority::batch)));
        QVERIFY(stepTokens.size() >= 20); // 30,000 tokens at 1,024 a step
        QVERIFY(*std::max_element(stepTokens.begin(), stepTokens.end()) <= 1024);
        QVERIFY(bench.queue.embed({}, Priority::batch).empty());
    }

    void manyCallersGetTheirOwn()
    {
        Bench bench;
        std::atomic<int> nRight{0};
        {
            std::vector<std::jthread> threads;
            for (int t = 0; t < 6; ++t)
                threads.emplace_back([&, t] {
                    for (int i = 0; i < 10; ++i) {
                        const auto all = texts(size_t(1 + 9 * t), t * 100);
                        nRight += isRight(all, bench.queue.embed(all, Priority(t % 3)));
                    }
                });
        }
        QCOMPARE(nRight.load(), 60);
    }

    void aQuestionGoesAheadOfAFolder()
    {
        Bench bench;
        std::counting_semaphore<1000> arrived{0}, go{0};
        std::atomic<bool> isOpen{false};
        std::atomic<int> nSteps{0}, questionStep{-1};
        bench.model.beforeStep = [&](auto sequences) {
            ++nSteps;
            if (sequences.front().front() == 999)
                questionStep = nSteps.load();
            if (!isOpen) {
                arrived.release();
                go.acquire();
            }
        };
        const auto folder = texts(300, 1);
        auto indexing = std::async(std::launch::async, [&] { return bench.queue.embed(folder, Priority::batch); });
        arrived.acquire();
        auto asking = std::async(std::launch::async, [&] {
            const std::vector<std::vector<int32_t>> question{{999, 999}};
            return bench.queue.embed(question, Priority::interactive);
        });
        // The queue takes the question at the latest in the step after it was asked; a few steps give the thread time to ask.
        for (int i = 0; i < 3; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(30));
            go.release();
            arrived.acquire();
        }
        isOpen = true;
        go.release();
        QCOMPARE(asking.get(), (std::vector<float>{2, 1998}));
        QVERIFY(isRight(folder, indexing.get()));
        QVERIFY(questionStep > 1 && questionStep <= 5);
        QVERIFY(nSteps > 20);
    }

    void cancelEndsTheCallAndNoOther()
    {
        Bench bench;
        std::stop_source stop;
        std::atomic<int> nSteps{0};
        bench.model.beforeStep = [&](auto) {
            if (++nSteps == 3)
                stop.request_stop();
        };
        const auto all = texts(300, 1);
        auto other = std::async(std::launch::async, [&] { return bench.queue.embed(texts(50, 7), Priority::batch); });
        QVERIFY_EXCEPTION_THROWN(bench.queue.embed(all, Priority::batch, stop.get_token()), Cancelled);
        QVERIFY(isRight(texts(50, 7), other.get()));
        QVERIFY(nSteps < 20);
    }

    void anErrorReachesItsOwnCaller()
    {
        Bench bench;
        bench.model.beforeStep = [](auto sequences) {
            for (const auto& s : sequences) {
                if (s.front() == 666)
                    throw OutOfMemory("cpu", 2, 1);
            }
        };
        std::atomic<bool> isRightForOther{false};
        {
            std::jthread other([&] {
                bool all = true;
                for (int i = 0; i < 20; ++i)
                    all = all && isRight(texts(20, i), bench.queue.embed(texts(20, i), Priority::batch));
                isRightForOther = all;
            });
            const std::vector<std::vector<int32_t>> bad{{1}, {666}, {3}};
            for (int i = 0; i < 5; ++i)
                QVERIFY_EXCEPTION_THROWN(bench.queue.embed(bad, Priority::batch), OutOfMemory);
        }
        QVERIFY(isRightForOther);
    }

    void whatCannotBeEmbeddedIsSaidAtOnce()
    {
        Bench bench;
        const auto embed = [&](std::vector<int32_t> text) {
            const std::vector<std::vector<int32_t>> one{std::move(text)};
            return bench.queue.embed(one, Priority::batch);
        };
        QVERIFY_EXCEPTION_THROWN(embed({}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(embed(std::vector<int32_t>(513, 1)), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(embed({1000}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(embed({-1}), std::invalid_argument);
    }
};

QTEST_GUILESS_MAIN(TestEmbeddingQueue)
#include "tst_embedding_queue.moc"
