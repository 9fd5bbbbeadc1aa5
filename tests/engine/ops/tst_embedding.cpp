// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/matmul/weight_arena.h"
#include "engine/quant/quant_table.h"
#include "op_test.h"

#include <QtTest>

using namespace sy;

class TestEmbedding : public QObject {
    Q_OBJECT

private slots:
    void rowsAreDecodedAsTheTableDefines_data()
    {
        QTest::addColumn<int>("dtype");
        for (const quant::QuantType& type : quant::quantTypes())
            QTest::newRow(std::string(type.name).c_str()) << int(type.dtype);
    }

    void rowsAreDecodedAsTheTableDefines()
    {
        QFETCH(int, dtype);
        const quant::QuantType& type = *quant::find(DType(dtype));
        constexpr int64_t kRows = 48, kDim = 512;
        const auto rowBytes = size_t(quant::rowBytes(type.dtype, kDim));
        std::vector<std::byte> table(rowBytes * kRows);
        std::mt19937 random(4);
        for (std::byte& b : table)
            b = std::byte(random() % 60); // small exponents: scales stay numbers
        const Tensor weights = Tensor::wrap(table.data(), table.size(), {kRows, kDim}, type.dtype, nullptr);

        std::vector<int32_t> ids;
        for (int i = 0; i < 300; ++i)
            ids.push_back(int32_t(random() % kRows));
        cpu::ThreadPool pool(2);
        ops::WeightArena arena(ops::packedBytes(weights));
        const Tensor packed = arena.pack({pool}, weights);
        QCOMPARE(packed.layout() == Layout::tiles, ops::packedBytes(weights) > 0);
        for (const Tensor& layout : {weights, packed}) {
            const Tensor rows = ops::embedRows({pool}, layout, ids);
            QVERIFY(rows.shape() == Shape({300, kDim}));
            std::vector<float> expected(kDim);
            for (size_t i = 0; i < ids.size(); ++i) {
                quant::unpackRow(type.dtype, table.data() + size_t(ids[i]) * rowBytes, expected.data(), kDim);
                QVERIFY(std::memcmp(expected.data(), rows.f32() + i * kDim, kDim * sizeof(float)) == 0);
            }
        }
    }

    void idsOutsideTheTableAreRefused()
    {
        cpu::ThreadPool pool(1);
        const Tensor table = test::randomTensor({10, 4}, 1);
        for (const int32_t id : {-1, 10}) {
            const std::vector<int32_t> ids = {3, id};
            QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::embedRows({pool}, table, ids));
        }
    }

    void noIdsGiveNoRows()
    {
        cpu::ThreadPool pool(1);
        QCOMPARE(ops::embedRows({pool}, test::randomTensor({10, 4}, 1), {}).rows(), 0);
    }

    void gradientsOfARowUsedTwiceAddUp()
    {
        cpu::ThreadPool pool(3);
        const Tensor dy = test::randomTensor({4, 5}, 1);
        const std::vector<int32_t> ids = {2, 0, 2, 9};
        Tensor table = Tensor::zeros({10, 5});
        table.f32()[4] = 1;
        ops::addEmbeddingGrad({pool}, dy, ids, 3, table);
        for (int64_t i = 0; i < 5; ++i) {
            QCOMPARE(table.f32()[2 * 5 + i], 3 * dy.f32()[i] + 3 * dy.f32()[10 + i]);
            QCOMPARE(table.f32()[9 * 5 + i], 3 * dy.f32()[15 + i]);
            QCOMPARE(table.f32()[5 + i], 0.0f);
        }
        QCOMPARE(table.f32()[4], 1 + 3 * dy.f32()[9]);
        const std::vector<int32_t> outside = {2, 0, 2, 10};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::addEmbeddingGrad({pool}, dy, outside, 1, table));
    }
};

QTEST_APPLESS_MAIN(TestEmbedding)
#include "tst_embedding.moc"
