// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/pooling/pooling.h"
#include "op_test.h"

#include <QtTest>

using namespace sy;

class TestPooling : public QObject {
    Q_OBJECT

private slots:
    void eachSequenceBecomesOneVector()
    {
        cpu::ThreadPool pool(1);
        const float values[] = {1, 2, 3, 6, 5, 10, 9, 0};
        const Tensor hidden = Tensor::of(values, {4, 2});
        const std::vector<int64_t> lengths = {3, 1};
        const auto pooled = [&](ops::Pooling how) {
            const Tensor t = ops::pool({pool}, hidden, lengths, how);
            return std::vector<float>(t.values().begin(), t.values().end());
        };
        QCOMPARE(pooled(ops::Pooling::mean), (std::vector<float>{3, 6, 9, 0}));
        QCOMPARE(pooled(ops::Pooling::first), (std::vector<float>{1, 2, 9, 0}));
        QCOMPARE(pooled(ops::Pooling::last), (std::vector<float>{5, 10, 9, 0}));
    }

    void lengthsThatDoNotFitAreRefused()
    {
        cpu::ThreadPool pool(1);
        const Tensor hidden = test::randomTensor({4, 2}, 1);
        for (const std::vector<int64_t>& lengths : {std::vector<int64_t>{3}, {3, 2}, {4, 0}, {5, -1}})
            QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::pool({pool}, hidden, lengths, ops::Pooling::mean));
    }
};

QTEST_APPLESS_MAIN(TestPooling)
#include "tst_pooling.moc"
