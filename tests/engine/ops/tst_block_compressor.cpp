// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/block_compressor/block_compressor.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>

using namespace sy;

namespace {

struct Inputs {
    ops::BlockCompressorConfig config;
    Tensor values, scores, bias;
};

Inputs someInputs(int width, int ratio, bool overlaps, int rows, float spread = 3)
{
    const ops::BlockCompressorConfig config{width, ratio, overlaps};
    return {config, test::randomTensor({rows, config.inputWidth()}, 1),
            test::randomTensor({rows, config.inputWidth()}, 2, spread), test::randomTensor({ratio, config.inputWidth()}, 3)};
}

// The softmax over all candidates of a block at once, in double.
std::vector<double> exact(const Inputs& in)
{
    const auto& c = in.config;
    std::vector<double> rows;
    for (int64_t block = 0; block < in.values.rows() / c.ratio; ++block) {
        for (int channel = 0; channel < c.width; ++channel) {
            double sum = 0, weighted = 0;
            const auto add = [&](int64_t token, int64_t column) {
                const int64_t at = token * c.inputWidth() + column;
                const double weight =
                    std::exp(double(in.scores.f32()[at]) + double(in.bias.f32()[token % c.ratio * c.inputWidth() + column]));
                sum += weight;
                weighted += weight * double(in.values.f32()[at]);
            };
            for (int64_t token = block * c.ratio; token < (block + 1) * c.ratio; ++token) {
                add(token, c.overlaps ? c.width + channel : channel);
                if (c.overlaps && block > 0)
                    add(token - c.ratio, channel);
            }
            rows.push_back(weighted / sum);
        }
    }
    return rows;
}

} // namespace

class TestBlockCompressor : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinitionAtEveryLevel_data()
    {
        QTest::addColumn<int>("width");
        QTest::addColumn<int>("ratio");
        QTest::addColumn<bool>("overlaps");
        QTest::addColumn<int>("rows");
        for (const bool overlaps : {false, true}) {
            const char* kind = overlaps ? "overlapping" : "apart";
            for (const int width : {1, 15, 16, 17, 65})
                QTest::addRow("%s, width %d", kind, width) << width << 3 << overlaps << 14;
            QTest::addRow("%s, every token", kind) << 5 << 1 << overlaps << 6;
            QTest::addRow("%s, nothing finished", kind) << 5 << 4 << overlaps << 3;
            QTest::addRow("%s, long blocks", kind) << 40 << 128 << overlaps << 300;
            QTest::addRow("%s, real width", kind) << 512 << 4 << overlaps << 21;
        }
    }

    void agreesWithTheDefinitionAtEveryLevel()
    {
        QFETCH(int, width);
        QFETCH(int, ratio);
        QFETCH(bool, overlaps);
        QFETCH(int, rows);
        const Inputs in = someInputs(width, ratio, overlaps, rows);
        const std::vector<double> expected = exact(in);
        std::vector<float> rubbish(in.config.stateFloats(), NAN); // before the first token there is no state
        Tensor first;
        std::vector<float> firstNext;
        for (const cpu::Level level : test::levels()) {
            for (const int nThreads : {1, 2, 3, 7}) {
                cpu::ThreadPool pool(nThreads);
                std::vector<float> next(rubbish.size());
                const Tensor out = ops::compressBlocks({pool, level}, in.config, in.values, in.scores, in.bias, 0, rows, 0,
                                                       rubbish.data(), next.data());
                QVERIFY(out.shape() == (Shape{rows / ratio, width}));
                if (!firstNext.empty()) {
                    QVERIFY(test::sameBits(out, first));
                    QVERIFY(next == firstNext);
                    continue;
                }
                first = out;
                firstNext = next;
                for (size_t i = 0; i < expected.size(); ++i)
                    QVERIFY(std::abs(double(out.f32()[i]) - expected[i]) < 1e-5);
            }
        }
    }

    void theSameBitsHoweverASequenceIsCut_data()
    {
        QTest::addColumn<int>("ratio");
        QTest::addColumn<bool>("overlaps");
        QTest::newRow("overlapping") << 4 << true;
        QTest::newRow("apart") << 4 << false;
        QTest::newRow("long") << 30 << false;
    }

    void theSameBitsHoweverASequenceIsCut()
    {
        QFETCH(int, ratio);
        QFETCH(bool, overlaps);
        const int rows = 61;
        const Inputs in = someInputs(33, ratio, overlaps, rows);
        cpu::ThreadPool pool(2);
        std::vector<float> none(in.config.stateFloats()), last(none.size());
        const Tensor whole =
            ops::compressBlocks({pool}, in.config, in.values, in.scores, in.bias, 0, rows, 0, none.data(), last.data());
        for (const bool inPlace : {true, false}) {
            std::vector<float> state(none.size()), next(none.size()), all;
            for (const auto& [from, n] : {std::pair<int64_t, int64_t>{0, 1}, {1, 2}, {3, 1}, {4, 30}, {34, 0}, {34, 27}}) {
                const Tensor rowsOfPiece = ops::compressBlocks({pool}, in.config, in.values, in.scores, in.bias, from, n,
                                                               from, state.data(), inPlace ? state.data() : next.data());
                if (!inPlace)
                    state.swap(next);
                all.insert(all.end(), rowsOfPiece.values().begin(), rowsOfPiece.values().end());
            }
            QVERIFY(std::equal(all.begin(), all.end(), whole.f32(), whole.f32() + whole.count()));
            QVERIFY(state == last);
        }
    }

    void oneTokenMayOutweighAllOthers()
    {
        Inputs in = someInputs(4, 5, false, 5, 0);
        for (int i = 0; i < 4; ++i) {
            in.scores.f32()[i] = -3000; // whatever comes first, last or between
            in.scores.f32()[2 * 4 + i] = 2000;
            in.scores.f32()[4 * 4 + i] = -3000;
        }
        cpu::ThreadPool pool(1);
        std::vector<float> state(in.config.stateFloats());
        const Tensor out =
            ops::compressBlocks({pool}, in.config, in.values, in.scores, in.bias, 0, 5, 0, state.data(), state.data());
        for (int i = 0; i < 4; ++i)
            QVERIFY(std::abs(out.f32()[i] - in.values.f32()[8 + i]) < 1e-6f);
    }

    void whatDoesNotFitIsRefused()
    {
        const Inputs in = someInputs(8, 4, true, 6);
        cpu::ThreadPool pool(1);
        std::vector<float> state(in.config.stateFloats());
        const auto run = [&](const ops::BlockCompressorConfig& c, const Tensor& scores, const Tensor& bias, int64_t first,
                             int64_t n) {
            ops::compressBlocks({pool}, c, in.values, scores, bias, first, n, 0, state.data(), state.data());
        };
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run({8, 4, false}, in.scores, in.bias, 0, 6));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run({8, 3, true}, in.scores, in.bias, 0, 6));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(in.config, Tensor::zeros({5, 16}), in.bias, 0, 6));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(in.config, in.scores, Tensor::zeros({4, 8}), 0, 6));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, run(in.config, in.scores, in.bias, 1, 6));
    }
};

QTEST_APPLESS_MAIN(TestBlockCompressor)
#include "tst_block_compressor.moc"
