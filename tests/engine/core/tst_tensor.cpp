// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/tensor.h"

#include <QTest>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

using namespace sy;

class TestTensor : public QObject {
    Q_OBJECT

private slots:
    void shapesCountAndPrint();
    void impossibleShapesAreRefused();
    void plainTypesAreAllocatedAligned();
    void blockTypesAreNotAllocated();
    void copiesShareTheirStorage();
    void aWrappedTensorKeepsItsOwner();
    void rowsOfBlockTypesAreWholeRows();
    void rangesOutsideAreRefused();
    void reshapingKeepsTheCount();
    void freedBuffersAreReusedAndZerosAreZero();
    void manyThreadsMayAllocate();
};

void TestTensor::shapesCountAndPrint()
{
    QCOMPARE(Shape().count(), int64_t(0));
    QCOMPARE((Shape{3, 4}).count(), int64_t(12));
    QCOMPARE((Shape{3, 0, 4}).count(), int64_t(0));
    QCOMPARE((Shape{3, 4}).back(), int64_t(4));
    QCOMPARE(toString(Shape{512, 1536}), std::string("(512, 1536)"));
    QCOMPARE(toString(Shape{7}), std::string("(7)"));
    QVERIFY((Shape{1, 2}) == (Shape{1, 2}));
    QVERIFY(!((Shape{1, 2}) == (Shape{1, 2, 1})));
    QCOMPARE(toString(Device{}), std::string("cpu"));
    QCOMPARE(toString(Device{Device::Kind::cuda, 1}), std::string("cuda:1"));
}

void TestTensor::impossibleShapesAreRefused()
{
    QVERIFY_EXCEPTION_THROWN((Shape{1, 1, 1, 1, 1}), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN((Shape{3, -1}), std::invalid_argument);
}

void TestTensor::plainTypesAreAllocatedAligned()
{
    for (const DType type : {DType::F32, DType::F16, DType::BF16, DType::F64, DType::I8, DType::I16, DType::I32, DType::I64}) {
        const Tensor t = Tensor::empty({3, 5}, type);
        QCOMPARE(t.bytes(), 15 * plainTypeBytes(type));
        QCOMPARE(reinterpret_cast<uintptr_t>(t.raw()) % 64, uintptr_t(0));
        QCOMPARE(t.rowBytes(), 5 * plainTypeBytes(type));
    }
    const Tensor none = Tensor::empty({0, 5});
    QCOMPARE(none.bytes(), size_t(0));
    QVERIFY(none); // there is a tensor, of nothing
    QVERIFY(!Tensor());
}

void TestTensor::blockTypesAreNotAllocated()
{
    QVERIFY_EXCEPTION_THROWN(Tensor::empty({32}, DType::Q4_0), std::invalid_argument);
    QCOMPARE(plainTypeBytes(DType::Q4_K), size_t(0));
    QVERIFY_EXCEPTION_THROWN(Tensor::of(std::vector<float>{1, 2, 3}, {2, 2}), std::invalid_argument);
}

void TestTensor::copiesShareTheirStorage()
{
    Tensor a = Tensor::of(std::vector<float>{1, 2, 3, 4}, {2, 2});
    Tensor b = a;
    b.f32()[0] = 9;
    QCOMPARE(a.values()[0], 9.0f);
    QCOMPARE(a.rowRange(1, 1).values()[1], 4.0f);
}

void TestTensor::aWrappedTensorKeepsItsOwner()
{
    auto memory = std::make_shared<std::vector<float>>(std::vector<float>{1, 2, 3});
    const std::weak_ptr<std::vector<float>> watch = memory;
    {
        Tensor row;
        {
            const Tensor t = Tensor::wrap(memory->data(), 12, {3}, DType::F32, memory);
            memory.reset();
            row = t.reshaped({3, 1}).rowRange(1, 2);
        }
        QVERIFY(!watch.expired());
        QCOMPARE(row.values()[0], 2.0f);
    }
    QVERIFY(watch.expired());
}

void TestTensor::rowsOfBlockTypesAreWholeRows()
{
    const std::vector<std::byte> bytes(3 * 2 * 18);
    const Tensor t = Tensor::wrap(bytes.data(), bytes.size(), {3, 64}, DType::Q4_0, nullptr); // rows of two blocks
    QCOMPARE(t.rowBytes(), size_t(36));
    const Tensor rows = t.rowRange(1, 2);
    QCOMPARE(rows.raw(), t.raw() + 36);
    QCOMPARE(rows.bytes(), size_t(72));
    QVERIFY(rows.shape() == (Shape{2, 64}));
    const Tensor experts = Tensor::wrap(bytes.data(), bytes.size(), {3, 2, 32}, DType::Q4_0, nullptr);
    QCOMPARE(experts.rows(), int64_t(6));
    QCOMPARE(experts.rowRange(2, 2).raw(), t.raw() + 36); // expert 1
}

void TestTensor::rangesOutsideAreRefused()
{
    const Tensor t = Tensor::zeros({4, 2});
    QCOMPARE(t.rowRange(4, 0).rows(), int64_t(0));
    QVERIFY_EXCEPTION_THROWN(t.rowRange(3, 2), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(t.rowRange(-1, 1), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(t.rowRange(1, -1), std::invalid_argument);
}

void TestTensor::reshapingKeepsTheCount()
{
    const Tensor t = Tensor::zeros({4, 6});
    QVERIFY(t.reshaped({2, 3, 4}).shape() == (Shape{2, 3, 4}));
    QCOMPARE(t.reshaped({24}).raw(), t.raw());
    QVERIFY_EXCEPTION_THROWN(t.reshaped({5, 5}), std::invalid_argument);
}

void TestTensor::freedBuffersAreReusedAndZerosAreZero()
{
    const std::byte* first = nullptr;
    {
        Tensor t = Tensor::empty({1000, 100});
        first = t.raw();
        std::ranges::fill(std::span(t.f32(), size_t(t.count())), 7.0f);
    }
    const Tensor again = Tensor::zeros({999, 100}); // a slightly smaller one gets the same buffer
    QCOMPARE(again.raw(), first);
    QVERIFY(std::ranges::all_of(again.values(), [](float v) { return v == 0; }));
}

void TestTensor::manyThreadsMayAllocate()
{
    std::vector<std::thread> threads;
    std::atomic<int> nWrong = 0;
    for (int id = 0; id < 4; ++id)
        threads.emplace_back([&nWrong, id] {
            for (int i = 0; i < 300; ++i) {
                Tensor t = Tensor::empty({17 + i, 33});
                std::ranges::fill(std::span(t.f32(), size_t(t.count())), float(id));
                const Tensor copy = t.rowRange(i % 17, 5);
                for (const float v : copy.values())
                    nWrong += v != float(id);
            }
        });
    for (std::thread& t : threads)
        t.join();
    QCOMPARE(nWrong.load(), 0);
}

QTEST_APPLESS_MAIN(TestTensor)
#include "tst_tensor.moc"
