// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/attention/attention_grad.h"
#include "gradient_test.h"
#include "op_test.h"

#include <QtTest>

#include <cmath>

using namespace sy;

namespace {

struct Case {
    const char* name;
    std::vector<int64_t> lengths;
    ops::AttentionConfig config; // nHeads, nKvHeads, headDim, valueDim, scale, window
    bool hasSinks;
    enum class Choice { none, some, ofOtherKeys } choice = Choice::none; // of the keys that a query sees
};

const Case kCases[] = {
    {"one token", {1}, {1, 1, 4, 4, 0.5f}, false},
    {"grouped heads, three texts", {5, 1, 9}, {4, 2, 5, 3, 0.4f}, false},
    {"wide heads", {7, 4}, {2, 1, 17, 33, 0.3f}, false},
    {"windows", {20, 3}, {2, 2, 4, 4, 0.5f, 4}, false},
    {"sinks and windows", {11, 6}, {2, 1, 4, 4, 0.5f, 3}, true},
    {"several blocks", {150, 70}, {2, 1, 3, 2, 0.7f}, false},
    {"several blocks, window across them", {200}, {1, 1, 3, 2, 0.7f, 70}, true},
    {"chosen keys", {5, 1, 40}, {4, 2, 5, 3, 0.4f}, false, Case::Choice::some},
    {"chosen keys in several blocks", {150, 70}, {2, 1, 3, 2, 0.7f}, true, Case::Choice::some},
    {"keys that are no tokens", {17, 1, 30}, {4, 1, 5, 5, 0.4f}, true, Case::Choice::ofOtherKeys},
    {"keys that are no tokens, several blocks", {90, 70}, {2, 1, 3, 2, 0.7f}, false, Case::Choice::ofOtherKeys},
};

// The keys of a case and which of them each query sees.
struct Keys {
    std::vector<int64_t> lengths;
    std::vector<std::vector<int32_t>> rows;
    ops::SeenKeys seen() const { return {rows, lengths}; }
    int64_t count = 0;

    explicit Keys(const Case& t)
    {
        for (const int64_t length : t.lengths) {
            const bool hasOther = t.choice == Case::Choice::ofOtherKeys;
            const int64_t nKeys = hasOther ? length + length / 4 : length;
            count += nKeys;
            if (hasOther)
                lengths.push_back(nKeys);
            for (int64_t i = 0; t.choice != Case::Choice::none && i < length; ++i) {
                std::vector<int32_t>& row = rows.emplace_back();
                if (!hasOther && i < 3)
                    continue; // all before it
                for (int64_t j = 0; j < (hasOther ? nKeys : i + 1); ++j)
                    if ((j * 7 + i * 3) % 5 == 0 && j / 64 != 1) // nobody looks into the second block
                        row.push_back(int32_t(j));
                if (row.empty())
                    row.push_back(0);
            }
        }
    }
};

constexpr float kSinks[] = {0.7f, -0.4f, 0.1f, 0.2f};

std::vector<double> definition(const Case& t, const std::vector<double>& q, const std::vector<double>& k,
                               const std::vector<double>& v)
{
    const auto& c = t.config;
    const auto group = size_t(c.nHeads / c.nKvHeads), hd = size_t(c.headDim), vd = size_t(c.valueDim);
    const auto nHeads = size_t(c.nHeads), nKv = size_t(c.nKvHeads);
    std::vector<double> y(q.size() / hd * vd, 0.0);
    const Keys keys(t);
    size_t begin = 0, firstKey = 0, text = 0;
    for (const int64_t length : t.lengths) {
        const size_t nKeys = size_t(keys.lengths.empty() ? length : keys.lengths[text++]);
        for (size_t i = begin; i < begin + size_t(length); ++i) {
            for (size_t h = 0; h < nHeads; ++h) {
                double total = t.hasSinks ? std::exp(double(kSinks[h])) : 0.0;
                for (size_t j = firstKey; j < firstKey + nKeys; ++j) {
                    const bool hasList = !keys.rows.empty() && !keys.rows[i].empty();
                    if (hasList ? !std::ranges::binary_search(keys.rows[i], int32_t(j - firstKey))
                                : j > i || (c.window > 0 && i - j >= size_t(c.window)))
                        continue;
                    double score = 0;
                    for (size_t d = 0; d < hd; ++d)
                        score += q[(i * nHeads + h) * hd + d] * k[(j * nKv + h / group) * hd + d];
                    const double weight = std::exp(score * double(c.scale));
                    total += weight;
                    for (size_t d = 0; d < vd; ++d)
                        y[(i * nHeads + h) * vd + d] += weight * v[(j * nKv + h / group) * vd + d];
                }
                for (size_t d = 0; d < vd; ++d)
                    y[(i * nHeads + h) * vd + d] /= total;
            }
        }
        begin += size_t(length);
        firstKey += nKeys;
    }
    return y;
}

struct Inputs {
    Tensor q, k, v, dy;
    explicit Inputs(const Case& t)
    {
        int64_t n = 0;
        for (const int64_t length : t.lengths)
            n += length;
        const auto& c = t.config;
        const int64_t nKeys = Keys(t).count;
        q = test::randomTensor({n, int64_t(c.nHeads) * c.headDim}, 1);
        k = test::randomTensor({nKeys, int64_t(c.nKvHeads) * c.headDim}, 2);
        v = test::randomTensor({nKeys, int64_t(c.nKvHeads) * c.valueDim}, 3);
        dy = test::randomTensor({n, int64_t(c.nHeads) * c.valueDim}, 4);
    }
};

} // namespace

class TestAttentionGrad : public QObject {
    Q_OBJECT

private slots:
    void forwardAndGradientsAgreeWithTheDefinition_data()
    {
        QTest::addColumn<int>("index");
        for (int i = 0; i < int(std::size(kCases)); ++i)
            QTest::newRow(kCases[i].name) << i;
    }

    void forwardAndGradientsAgreeWithTheDefinition()
    {
        QFETCH(int, index);
        Case t = kCases[index];
        if (t.hasSinks)
            t.config.sinks = kSinks;
        const Inputs in(t);
        const Keys keys(t);
        cpu::ThreadPool one(1), three(3);
        const ops::OpContext scalar{one, cpu::Level::scalar};
        const auto forward = ops::packedAttention(scalar, in.q, in.k, in.v, t.lengths, t.config, keys.seen());
        const auto grad = ops::packedAttentionGrad(scalar, in.q, in.k, in.v, t.lengths, t.config, forward, in.dy, keys.seen());
        const auto q = test::doubles(in.q), k = test::doubles(in.k), v = test::doubles(in.v), dy = test::doubles(in.dy);
        QVERIFY(test::gradientError(forward.output, definition(t, q, k, v)) < 2e-6);
        const double errors[] = {
            test::gradientError(grad.q, test::differences(q, dy, [&](const auto& x) { return definition(t, x, k, v); })),
            test::gradientError(grad.k, test::differences(k, dy, [&](const auto& x) { return definition(t, q, x, v); })),
            test::gradientError(grad.v, test::differences(v, dy, [&](const auto& x) { return definition(t, q, k, x); }))};
        for (const double error : errors)
            QVERIFY2(error < 4e-6, qPrintable(QString::number(error)));

        for (const cpu::Level level : test::levels()) {
            const ops::OpContext context{three, level};
            const auto again = ops::packedAttention(context, in.q, in.k, in.v, t.lengths, t.config, keys.seen());
            QVERIFY(test::sameBits(again.output, forward.output) && test::sameBits(again.logSums, forward.logSums));
            const auto gradAgain = ops::packedAttentionGrad(context, in.q, in.k, in.v, t.lengths, t.config, again, in.dy, keys.seen());
            QVERIFY(test::sameBits(gradAgain.q, grad.q) && test::sameBits(gradAgain.k, grad.k) &&
                    test::sameBits(gradAgain.v, grad.v));
        }
    }

    void aTextKeepsItsBitsWhateverItIsPackedWith()
    {
        const Case t{"", {90, 70, 5}, {4, 2, 8, 8, 0.3f}, false};
        const Inputs in(t);
        cpu::ThreadPool pool(2);
        const auto forward = ops::packedAttention({pool}, in.q, in.k, in.v, t.lengths, t.config);
        const auto grad = ops::packedAttentionGrad({pool}, in.q, in.k, in.v, t.lengths, t.config, forward, in.dy);
        const auto rows = [](const Tensor& x) { return x.rowRange(90, 70); };
        const std::vector<int64_t> alone = {70};
        const auto q = rows(in.q), k = rows(in.k), v = rows(in.v);
        const auto single = ops::packedAttention({pool}, q, k, v, alone, t.config);
        const auto singleGrad = ops::packedAttentionGrad({pool}, q, k, v, alone, t.config, single, rows(in.dy));
        QVERIFY(test::sameBits(single.output, rows(forward.output)));
        QVERIFY(test::sameBits(singleGrad.q, rows(grad.q)));
        QVERIFY(test::sameBits(singleGrad.k, rows(grad.k)));
        QVERIFY(test::sameBits(singleGrad.v, rows(grad.v)));
    }

    void wrongShapesAreRefused()
    {
        const Case t{"", {3, 4}, {4, 2, 8, 8, 0.3f}, false};
        const Inputs in(t);
        cpu::ThreadPool pool(1);
        const std::vector<int64_t> tooShort = {3, 3};
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::packedAttention({pool}, in.q, in.k, in.v, tooShort, t.config));
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, ops::packedAttention({pool}, in.q, in.q, in.v, t.lengths, t.config));
    }
};

QTEST_APPLESS_MAIN(TestAttentionGrad)
#include "tst_attention_grad.moc"
