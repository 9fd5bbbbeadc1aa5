// SPDX-License-Identifier: GPL-3.0-or-later
// Layers that see a window give up what has passed it; recurrent layers keep a state for each sequence.
#include "engine/core/error.h"
#include "engine/nn/kv_cache.h"

#include <QtTest>

#include <numeric>

using namespace sy;
using nn::KvLayout;
using nn::KvPool;
using nn::KvSequence;

namespace {

constexpr int kPage = KvLayout::kPageTokens;

// Two layers that see everything, one with a window of 40 tokens between them.
KvLayout windowed()
{
    KvLayout layout{3, 1, 4, 4, DType::F32};
    layout.window = 40;
    layout.isWindowed = {false, true, false};
    return layout;
}

std::vector<int32_t> counting(int64_t n, int32_t start = 0)
{
    std::vector<int32_t> tokens(static_cast<size_t>(n));
    std::iota(tokens.begin(), tokens.end(), start);
    return tokens;
}

// A key's values say where it belongs.
float content(int layer, int64_t position)
{
    return float(layer * 10000 + position);
}

void grow(KvSequence& sequence, std::span<const int32_t> tokens, int nLayers = 3)
{
    const int64_t first = sequence.length();
    sequence.append(tokens);
    for (int layer = 0; layer < nLayers; ++layer) {
        for (int64_t t = first; t < sequence.length(); ++t) {
            const std::vector<float> row(4, content(layer, t));
            sequence.store(layer, t, row.data(), row.data(), 1);
        }
    }
}

// Every key that a token at the end sees is there.
bool seesItsWindow(const KvSequence& sequence)
{
    for (int layer = 0; layer < 3; ++layer) {
        const ops::KvPages pages = sequence.pages(layer);
        const int64_t first = layer == 1 ? std::max<int64_t>(0, sequence.length() - 40 + 1) : 0;
        for (int64_t t = first; t < sequence.length(); ++t) {
            const std::byte* page = pages.keys[size_t(t / kPage)];
            if (!page || reinterpret_cast<const float*>(page)[t % kPage * 4] != content(layer, t))
                return false;
        }
    }
    return true;
}

} // namespace

class TestKvWindows : public QObject {
    Q_OBJECT

private slots:
    void sizesTellLayersApart()
    {
        const KvLayout layout = windowed();
        QCOMPARE(layout.recentBytes(), layout.pageBytes() / 3);
        const size_t lasting = layout.pageBytes() - layout.recentBytes();
        QCOMPARE(layout.bytes(32, 32), layout.pageBytes());
        // 100 pages, of which the window's two, two begun ones, a step's one and that of the step before are whole.
        QCOMPARE(layout.bytes(3200, 32), 100 * lasting + 6 * layout.recentBytes());
    }

    void aPassedWindowIsGivenUp()
    {
        const KvLayout layout = windowed();
        KvPool pool(layout, layout.pageBytes() * 100);
        KvSequence sequence(pool);
        for (int i = 0; i < 50; ++i) {
            grow(sequence, counting(20, i * 20));
            QVERIFY(seesItsWindow(sequence));
            QVERIFY(pool.usedBytes() <= layout.bytes(sequence.length(), 20));
        }
        const size_t lasting = layout.pageBytes() - layout.recentBytes();
        QVERIFY(pool.usedBytes() >= 32 * lasting + 2 * layout.recentBytes());
        sequence.truncate(0);
        QCOMPARE(pool.usedBytes(), 0u);
    }

    void theBudgetCountsWhatIsHeld()
    {
        const KvLayout layout = windowed();
        KvPool pool(layout, layout.pageBytes() * 10);
        KvSequence sequence(pool);
        for (int i = 0; i < 11; ++i) // ten whole pages would be full
            grow(sequence, counting(32));
        QVERIFY(seesItsWindow(sequence));
        QVERIFY(pool.usedBytes() <= pool.budgetBytes());
        QVERIFY_THROWS_EXCEPTION(OutOfMemory, sequence.append(counting(32 * 10)));
        QCOMPARE(sequence.length(), 352);
        QVERIFY(seesItsWindow(sequence));
    }

    void goingBackEndsWhereTheWindowIsGone()
    {
        const KvLayout layout = windowed();
        KvPool pool(layout, layout.pageBytes() * 100);
        KvSequence sequence(pool);
        for (int i = 0; i < 20; ++i)
            grow(sequence, counting(32));
        QCOMPARE(sequence.restorable(640), 640);
        QCOMPARE(sequence.restorable(620), 620); // a few rejected tokens
        QCOMPARE(sequence.restorable(300), 0);   // nothing of its window is left, nor of any before
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, sequence.truncate(300));
        QCOMPARE(sequence.length(), 640);
        sequence.truncate(620);
        QVERIFY(seesItsWindow(sequence));
        grow(sequence, counting(50));
        QVERIFY(seesItsWindow(sequence));
    }

    void aPrefixIsAdoptedOnlyWhereItsWindowIsLeft()
    {
        const KvLayout layout = windowed();
        KvPool pool(layout, layout.pageBytes() * 100);
        const std::vector<int32_t> prompt = counting(321);
        {
            KvSequence first(pool);
            for (int i = 0; i < 10; ++i)
                grow(first, std::span(prompt).subspan(size_t(i) * 32, 32));
            first.publish();
        }
        QVERIFY(pool.cachedBytes() > 0);
        KvSequence same(pool), shorter(pool);
        QCOMPARE(same.adoptPrefix(prompt), 320);
        QVERIFY(seesItsWindow(same));
        grow(same, std::span(prompt).subspan(320));
        QVERIFY(seesItsWindow(same));
        QCOMPARE(shorter.adoptPrefix(std::span(prompt).first(200)), 0);
        QCOMPARE(shorter.length(), 0);

        // Who computes the whole prefix again brings the window back for everybody.
        KvSequence again(pool);
        grow(again, std::span(prompt).first(200)); // in one piece: nothing passed yet
        again.publish();
        QVERIFY(seesItsWindow(again));
        QCOMPARE(shorter.adoptPrefix(std::span(prompt).first(200)), 192);
        QVERIFY(seesItsWindow(shorter));
        same.truncate(0);
        again.truncate(0);
        shorter.truncate(0);
        QCOMPARE(pool.usedBytes(), 0u);
        pool.clearPrefixIndex();
        QCOMPARE(pool.cachedBytes(), 0u);
    }

    void aForkKeepsItsWindow()
    {
        const KvLayout layout = windowed();
        KvPool pool(layout, layout.pageBytes() * 100);
        KvSequence sequence(pool);
        grow(sequence, counting(90));
        KvSequence fork = sequence.fork();
        for (int i = 0; i < 10; ++i) {
            grow(sequence, counting(32));
            QVERIFY(seesItsWindow(sequence));
            QVERIFY(seesItsWindow(fork));
        }
        grow(fork, counting(7));
        QVERIFY(seesItsWindow(fork));
        fork.publish(); // pages that another sequence knows too
        QVERIFY(seesItsWindow(sequence));
    }

    void aStateIsExchangedWhenItsStepSucceeds()
    {
        KvLayout layout{1, 1, 4, 4, DType::F32};
        layout.stateFloats = 3;
        KvPool pool(layout, layout.pageBytes() * 20);
        KvSequence sequence(pool);
        const auto step = [&](KvSequence& s, float value) {
            s.append(counting(5));
            for (int i = 0; i < 3; ++i)
                s.nextState()[i] = s.state()[i] + value;
        };
        step(sequence, 1.0f);
        QCOMPARE(sequence.state()[0], 0.0f);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, sequence.append(counting(1))); // what state would that begin with?
        sequence.truncate(0);                                                          // the step failed
        step(sequence, 2.0f);
        sequence.commitState();
        QCOMPARE(sequence.state()[2], 2.0f);

        KvSequence fork = sequence.fork();
        step(sequence, 3.0f);
        sequence.commitState();
        step(sequence, 4.0f);
        QCOMPARE(sequence.restorable(12), 10);
        QCOMPARE(sequence.restorable(9), 0);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, sequence.truncate(9));
        sequence.truncate(10);
        QCOMPARE(sequence.state()[1], 5.0f);
        QCOMPARE(fork.state()[1], 2.0f);
        step(fork, 10.0f);
        fork.commitState();
        QCOMPARE(fork.state()[1], 12.0f);
        QCOMPARE(sequence.state()[1], 5.0f);

        sequence.publish(); // a state stands for one length: nobody could go on from a page
        KvSequence other(pool);
        QCOMPARE(other.adoptPrefix(counting(64)), 0);
        KvSequence moved = std::move(sequence);
        QCOMPARE(moved.state()[0], 5.0f);
        moved.truncate(0);
        step(moved, 1.0f);
        QCOMPARE(moved.state()[0], 0.0f);
    }

    void windowsThatDoNotFitAreRefused()
    {
        KvLayout layout = windowed();
        layout.isWindowed.pop_back();
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, KvPool(layout, 1 << 20));
        layout = windowed();
        layout.window = 0;
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, KvPool(layout, 1 << 20));
    }
};

QTEST_APPLESS_MAIN(TestKvWindows)
#include "tst_kv_windows.moc"
