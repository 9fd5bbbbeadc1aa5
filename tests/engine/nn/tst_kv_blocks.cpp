// SPDX-License-Identifier: GPL-3.0-or-later
// Rows that stand for several tokens: where they lie, and that they go and stay with their tokens.
#include "engine/core/error.h"
#include "engine/nn/kv_cache.h"
#include "engine/nn/kv_snapshot.h"
#include "engine/quant/half.h"

#include <QtTest>

#include <numeric>

using namespace sy;
using nn::KvLayout;
using nn::KvPool;
using nn::KvSequence;

namespace {

constexpr int kRatios[] = {4, 128, 32, 1};

// A layer with a window beside blocks of 4 tokens with values and blocks of 128, 32 and 1 without.
KvLayout layoutOf(DType dtype = DType::F32)
{
    KvLayout layout{1, 1, 4, 0, dtype};
    layout.window = 40;
    layout.isWindowed = {true};
    layout.stateFloats = 1;
    layout.blocks = {{4, 6, 2}, {128, 3, 0}, {32, 5, 0}, {1, 2, 0}};
    return layout;
}

float content(int index, int64_t block, int salt)
{
    return float(index * 500 + block % 400 + salt);
}

// Appends n tokens and stores the rows of the blocks that they finish; salt tells sequences apart.
void grow(KvSequence& sequence, int64_t n, int salt = 0)
{
    const int64_t first = sequence.length(), end = first + n;
    sequence.append(std::vector<int32_t>(size_t(n), 7));
    const std::vector<float> raw(size_t(n) * 4, 1.0f);
    sequence.store(0, first, raw.data(), nullptr, n);
    for (int index = 0; index < 4; ++index) {
        for (int64_t block = first / kRatios[index]; block < end / kRatios[index]; ++block) {
            const std::vector<float> row(6, content(index, block, salt));
            sequence.storeBlock(index, block, row.data(), row.data());
        }
    }
    sequence.nextState()[0] = float(end);
    sequence.commitState();
}

bool holds(const KvSequence& sequence, int salt = 0, int64_t saltedFrom = 0)
{
    for (int index = 0; index < 4; ++index) {
        const ops::KvPages pages = sequence.blockPages(index);
        const int dim = std::array{6, 3, 5, 2}[size_t(index)];
        for (int64_t block = 0; block < sequence.length() / kRatios[index]; ++block) {
            const size_t page = size_t(block / pages.pageTokens), slot = size_t(block % pages.pageTokens);
            const bool isSalted = (block + 1) * kRatios[index] > saltedFrom;
            const float wanted = content(index, block, isSalted ? salt : 0);
            const auto is = [&](const std::byte* rows, int width, int at) {
                const size_t element = slot * size_t(width) + size_t(at);
                if (pages.dtype == DType::F32)
                    return reinterpret_cast<const float*>(rows)[element] == wanted;
                return quant::halfToFloat(reinterpret_cast<const uint16_t*>(rows)[element]) == wanted;
            };
            if (page >= pages.keys.size() || !is(pages.keys[page], dim, 0) || !is(pages.keys[page], dim, dim - 1))
                return false;
            if (index == 0 && !(is(pages.values[page], 2, 0) && is(pages.values[page], 2, 1)))
                return false;
        }
    }
    return true;
}

} // namespace

class TestKvBlocks : public QObject {
    Q_OBJECT

private slots:
    void rowsAreFoundHoweverASequenceGrew_data()
    {
        QTest::addColumn<int>("dtype");
        QTest::addColumn<QList<int>>("steps");
        for (const DType dtype : {DType::F32, DType::F16}) {
            QTest::addRow("at once, type %d", int(dtype)) << int(dtype) << QList<int>{700};
            QTest::addRow("unevenly, type %d", int(dtype)) << int(dtype) << QList<int>{1, 2, 30, 95, 1, 1, 126, 44, 300};
            QTest::addRow("one by one, type %d", int(dtype)) << int(dtype) << QList<int>(270, 1);
        }
    }

    void rowsAreFoundHoweverASequenceGrew()
    {
        QFETCH(int, dtype);
        QFETCH(QList<int>, steps);
        const KvLayout layout = layoutOf(DType(dtype));
        KvPool pool(layout, layout.pageBytes() * 40);
        KvSequence sequence(pool);
        for (const int n : steps) {
            grow(sequence, n);
            QVERIFY(holds(sequence));
        }
        const int64_t length = sequence.length();
        QCOMPARE(sequence.blockPages(0).keys.size(), size_t(length + 31) / 32);
        QCOMPARE(sequence.blockPages(0).pageTokens, 8);
        QCOMPARE(sequence.blockPages(1).keys.size(), size_t(length + 31) / 32 / 4);
        QCOMPARE(sequence.blockPages(1).pageTokens, 1);
        KvSequence moved = std::move(sequence);
        QVERIFY(holds(moved));
        grow(moved, 130);
        QVERIFY(holds(moved));
    }

    void aForkGoesItsOwnWay()
    {
        const KvLayout layout = layoutOf();
        KvPool pool(layout, layout.pageBytes() * 40);
        KvSequence sequence(pool);
        grow(sequence, 250); // inside a page, and inside every block
        KvSequence fork = sequence.fork();
        grow(sequence, 10, 1000);
        grow(fork, 10, 2000);
        QVERIFY(holds(sequence, 1000, 250));
        QVERIFY(holds(fork, 2000, 250));
        QCOMPARE(fork.state()[0], 260.0f);
        fork.truncate(0);
        grow(fork, 300, 3000);
        QVERIFY(holds(fork, 3000));
        QVERIFY(holds(sequence, 1000, 250));
    }

    void aStepThatIsTakenBackIsWrittenAnew()
    {
        const KvLayout layout = layoutOf();
        KvPool pool(layout, layout.pageBytes() * 40);
        KvSequence sequence(pool);
        grow(sequence, 125);
        sequence.append(std::vector<int32_t>(10, 7));
        const std::vector<float> row(6, -1.0f);
        sequence.storeBlock(1, 0, row.data(), nullptr); // tokens 0 to 127
        sequence.truncate(125);
        QCOMPARE(sequence.state()[0], 125.0f);
        QVERIFY(holds(sequence));
        grow(sequence, 10);
        QVERIFY(holds(sequence));
        QCOMPARE(sequence.restorable(130), 0);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, sequence.truncate(130));
    }

    void nothingIsSharedOrSaved()
    {
        const KvLayout layout = layoutOf();
        KvPool pool(layout, layout.pageBytes() * 40);
        KvSequence sequence(pool), other(pool);
        grow(sequence, 200);
        sequence.publish();
        QCOMPARE(other.adoptPrefix(sequence.tokens()), 0);
        QVERIFY_THROWS_EXCEPTION(Unsupported, nn::savePages(pool, sequence.tokens(), "key", "/nowhere"));
    }

    void theirRoomIsCounted()
    {
        KvLayout layout = layoutOf();
        const size_t raw = 32 * 4 * 4, blocks = (8 * (6 + 2) + 3 + 5 + 32 * 2) * 4;
        QCOMPARE(layout.recentBytes(), raw);
        QCOMPARE(layout.pageBytes(), raw + blocks);
        QCOMPARE(layout.bytes(3200, 32) - layout.bytes(1600, 32), 50 * blocks); // windows do not grow
        KvPool pool(layout, layout.pageBytes() * 10);
        KvSequence sequence(pool);
        grow(sequence, 1);
        QCOMPARE(pool.usedBytes(), raw + blocks);
    }

    void aSequenceFitsIntoTheRoomThatIsForetold_data()
    {
        QTest::addColumn<int>("nTokens");
        QTest::addColumn<int>("step");
        QTest::addColumn<int>("keyDim");
        for (const int nTokens : {1, 127, 500, 3000})
            for (const int step : {1, 17, 32, 300})
                for (const int keyDim : {1, 4, 300}) // blocks or recent keys take most
                    QTest::addRow("%d tokens by %d, keys of %d", nTokens, step, keyDim) << nTokens << step << keyDim;
    }

    void aSequenceFitsIntoTheRoomThatIsForetold()
    {
        QFETCH(int, nTokens);
        QFETCH(int, step);
        QFETCH(int, keyDim);
        KvLayout layout = layoutOf();
        layout.keyDim = keyDim;
        KvPool pool(layout, layout.bytes(nTokens, step));
        KvSequence sequence(pool);
        for (int64_t done = 0; done < nTokens; done = sequence.length()) {
            sequence.append(std::vector<int32_t>(size_t(std::min<int64_t>(step, nTokens - done)), 7));
            sequence.commitState();
        }
        QCOMPARE(sequence.length(), int64_t(nTokens));
    }

    void whatDoesNotFitIsRefused()
    {
        const auto refused = [](const nn::KvBlocks& blocks, size_t stateFloats = 1) {
            KvLayout layout = layoutOf();
            layout.blocks = {blocks};
            layout.stateFloats = stateFloats;
            try {
                KvPool pool(layout, 1 << 20);
                return false;
            } catch (const std::invalid_argument&) {
                return true;
            }
        };
        QVERIFY(refused({5, 4, 0}));
        QVERIFY(refused({48, 4, 0}));
        QVERIFY(refused({0, 4, 0}));
        QVERIFY(refused({4, 0, 4}));
        QVERIFY(refused({4, 4, 0}, 0)); // a prefix would end inside a block
        QVERIFY(!refused({4, 4, 0}));

        const KvLayout layout = layoutOf();
        KvPool pool(layout, layout.pageBytes() * 10);
        KvSequence sequence(pool);
        grow(sequence, 7);
        const std::vector<float> row(6, 1.0f);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument,
                                 sequence.storeBlock(0, 1, row.data(), row.data())); // ends with token 8
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, sequence.storeBlock(4, 0, row.data(), row.data()));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, sequence.storeBlock(0, -1, row.data(), row.data()));
    }
};

QTEST_APPLESS_MAIN(TestKvBlocks)
#include "tst_kv_blocks.moc"
