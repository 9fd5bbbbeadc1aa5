// SPDX-License-Identifier: GPL-3.0-or-later
// The tape on two ops small enough to differentiate by hand: y = w * x with a trained number w, and y = a * b.
#include "engine/autograd/checkpoint.h"
#include "engine/core/error.h"

#include <QtTest>

#include <cmath>
#include <cstring>

using namespace sy;
using autograd::Parameter;
using autograd::Tape;
using autograd::Variable;

namespace {

Tensor product(const Tensor& a, const Tensor& b)
{
    Tensor y = Tensor::empty(a.shape());
    for (int64_t i = 0; i < a.count(); ++i)
        y.f32()[i] = a.f32()[i] * b.f32()[i];
    return y;
}

Tensor scaled(const Tensor& x, float factor)
{
    Tensor y = Tensor::empty(x.shape());
    for (int64_t i = 0; i < x.count(); ++i)
        y.f32()[i] = x.f32()[i] * factor;
    return y;
}

Variable times(Tape& tape, const Variable& x, Parameter& w)
{
    return tape.record(scaled(x.value, w.value.f32()[0]), true, [&tape, x, &w](Tensor gradient) {
        for (int64_t i = 0; i < gradient.count(); ++i)
            w.sum().f32()[0] += gradient.f32()[i] * x.value.f32()[i];
        tape.add(x, scaled(gradient, w.value.f32()[0]));
    });
}

Variable multiply(Tape& tape, const Variable& a, const Variable& b)
{
    return tape.record(product(a.value, b.value), a.isWanted() || b.isWanted(), [&tape, a, b](Tensor gradient) {
        if (a.isWanted())
            tape.add(a, product(gradient, b.value));
        if (b.isWanted())
            tape.add(b, product(gradient, a.value));
    });
}

Tensor numbers(std::initializer_list<float> values)
{
    return Tensor::of({values.begin(), values.size()}, {int64_t(values.size())});
}

Parameter parameter(float value)
{
    return {"w", numbers({value}), {}};
}

} // namespace

class TestTape : public QObject {
    Q_OBJECT

private slots:
    void aValueUsedTwiceCollectsBothGradients()
    {
        cpu::ThreadPool pool(1);
        Tape tape(pool);
        Parameter w = parameter(3);
        const Variable x = tape.leaf(numbers({1, 2}));
        const Variable y = times(tape, x, w);
        const Variable z = multiply(tape, multiply(tape, y, y), x); // 9 x³
        QCOMPARE(z.value.f32()[1], 72.0f);
        tape.add(z, numbers({1, 1}));
        tape.backward();
        QCOMPARE(x.gradient->sum().f32()[0], 27.0f);
        QCOMPARE(x.gradient->sum().f32()[1], 108.0f);
        QCOMPARE(w.gradient.f32()[0], 6.0f * (1 + 8)); // 2 w x³
    }

    void gradientsOfSeveralTapesAddUpInAParameter()
    {
        cpu::ThreadPool pool(1);
        Parameter w = parameter(2);
        for (const float x : {1.0f, 5.0f}) {
            Tape tape(pool);
            tape.add(times(tape, {numbers({x}), nullptr}, w), numbers({1}));
            tape.backward();
        }
        QCOMPARE(w.gradient.f32()[0], 6.0f);
    }

    void whatNothingDependsOnIsNeitherComputedNorKept()
    {
        cpu::ThreadPool pool(1);
        Tape tape(pool);
        const auto witness = std::make_shared<int>(0);
        int nCalls = 0;
        const Variable constant = tape.record(numbers({1}), false, [witness, &nCalls](Tensor) { ++nCalls; });
        QVERIFY(!constant.isWanted());
        QCOMPARE(witness.use_count(), 1);
        const Variable unused = tape.record(numbers({1}), true, [witness, &nCalls](Tensor) { ++nCalls; });
        QVERIFY(unused.isWanted());
        QCOMPARE(witness.use_count(), 2);
        tape.backward();
        QCOMPARE(nCalls, 0);
        QCOMPARE(witness.use_count(), 1);
    }

    void anOpWithSeveralResultsHearsOfThemTogether()
    {
        cpu::ThreadPool pool(1);
        Tape tape(pool);
        const Variable x = tape.leaf(numbers({4}));
        int nCalls = 0;
        const std::vector<Variable> both =
            tape.record(std::vector{x.value, scaled(x.value, 2)}, true, [&](std::vector<Tensor> gradients) {
                ++nCalls;
                QVERIFY(!gradients[0]);
                tape.add(x, scaled(gradients[1], 2));
            });
        tape.add(both[1], numbers({10}));
        tape.backward();
        QCOMPARE(nCalls, 1);
        QCOMPARE(x.gradient->sum().f32()[0], 20.0f);
    }

    void memoryIsReleasedWhileTheTapeRuns()
    {
        cpu::ThreadPool pool(1);
        Tape tape(pool);
        const auto late = std::make_shared<int>(0);
        bool isReleased = false;
        const Variable x = tape.leaf(numbers({1}));
        const Variable y = tape.record(numbers({1}), true, [&](Tensor g) {
            isReleased = late.use_count() == 1;
            tape.add(x, std::move(g));
        });
        const Variable z = tape.record(numbers({1}), true, [&tape, y, late](Tensor g) { tape.add(y, std::move(g)); });
        tape.add(z, numbers({1}));
        tape.backward();
        QVERIFY(isReleased);
    }

    void checkpointsChangeNoBit()
    {
        cpu::ThreadPool pool(2);
        const auto run = [&](bool hasCheckpoints, Parameter& w) {
            Tape tape(pool);
            const Variable x = tape.leaf(numbers({0.3f, -1.7f, 0.9f}));
            const auto layer = [&w](Tape& t, const Variable& in) {
                const Variable y = times(t, in, w);
                return multiply(t, multiply(t, y, in), times(t, y, w));
            };
            Variable h = x;
            for (int i = 0; i < 3; ++i)
                h = hasCheckpoints ? autograd::checkpoint(tape, h, layer) : layer(tape, h);
            tape.add(h, numbers({0.1f, 0.7f, -0.3f}));
            tape.backward();
            return x.gradient->take();
        };
        Parameter w = parameter(1.1f), again = parameter(1.1f);
        const Tensor plain = run(false, w), recomputed = run(true, again);
        QVERIFY(std::isfinite(plain.f32()[1]) && plain.f32()[1] != 0);
        QVERIFY(std::memcmp(plain.raw(), recomputed.raw(), plain.bytes()) == 0);
        QVERIFY(std::memcmp(w.gradient.raw(), again.gradient.raw(), w.gradient.bytes()) == 0);
    }

    void aCheckpointReachesParametersBehindAConstant()
    {
        cpu::ThreadPool pool(1);
        Tape tape(pool);
        Parameter w = parameter(2);
        const Variable y = autograd::checkpoint(tape, {numbers({5}), nullptr},
                                                [&w](Tape& t, const Variable& in) { return times(t, in, w); });
        tape.add(y, numbers({1}));
        tape.backward();
        QCOMPARE(w.gradient.f32()[0], 5.0f);
    }

    void stoppingEndsBackwardAndEmptiesTheTape()
    {
        cpu::ThreadPool pool(1);
        Tape tape(pool);
        std::stop_source source;
        const auto held = std::make_shared<int>(0);
        const Variable x = tape.leaf(numbers({1}));
        const Variable y = tape.record(numbers({1}), true, [&tape, x, held](Tensor g) { tape.add(x, std::move(g)); });
        const Variable z = tape.record(numbers({1}), true, [&](Tensor g) {
            source.request_stop();
            tape.add(y, std::move(g));
        });
        tape.add(z, numbers({1}));
        QVERIFY_THROWS_EXCEPTION(Cancelled, tape.backward(source.get_token()));
        QVERIFY(!x.gradient->sum());
        QCOMPARE(held.use_count(), 1);
    }

    void aGradientOfAnotherShapeIsRefused()
    {
        cpu::ThreadPool pool(1);
        Tape tape(pool);
        const Variable x = tape.leaf(numbers({1, 2}));
        tape.add(x, numbers({1, 2}));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, tape.add(x, numbers({1})));
    }
};

QTEST_APPLESS_MAIN(TestTape)
#include "tst_tape.moc"
