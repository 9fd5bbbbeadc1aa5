// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/inspect/trace_recorder.h"

#include <QtTest>

using namespace sy;
using namespace sy::inspect;

namespace {

/// A router of four experts that gives each token two: its position and the next, modulo four.
void route(TraceRecorder& recorder, int layer, int64_t first, int64_t n)
{
    std::vector<int32_t> experts;
    std::vector<float> weights;
    for (int64_t t = first; t < first + n; ++t) {
        experts.insert(experts.end(), {int32_t(t % 4), int32_t((t + 1) % 4)});
        weights.insert(weights.end(), {0.75f, 0.25f});
    }
    recorder.routed({layer, first, n, 4, 2, experts, weights, {}});
}

void step(TraceRecorder& recorder, SpanLog& spans, int64_t first, int64_t n)
{
    spans.beginStep();
    recorder.beginStep(first, n);
    {
        const nn::Span span(&spans, nn::SpanKind::attention, 1);
    }
    route(recorder, 1, first, n);
    recorder.endStep(spans);
}

std::vector<int64_t> positions(const TraceRecorder& recorder)
{
    std::vector<int64_t> all;
    for (const TracedRouting& r : recorder.routing()) {
        for (int64_t t = 0; t < r.nTokens; ++t) {
            all.push_back(r.firstPosition + t);
            if (r.experts[size_t(2 * t)] != all.back() % 4) // the choice of another token
                all.back() = -1;
        }
    }
    return all;
}

} // namespace

class TestTraceRecorder : public QObject {
    Q_OBJECT

private slots:
    void eachStepKeepsItsTokensAndItsTime()
    {
        TraceRecorder recorder;
        SpanLog spans;
        step(recorder, spans, 0, 3);
        step(recorder, spans, 3, 1);
        QCOMPARE(recorder.steps().size(), size_t(2));
        QCOMPARE(recorder.steps()[1].firstPosition, int64_t(3));
        QCOMPARE(recorder.steps()[1].spans.size(), size_t(1));
        QCOMPARE(recorder.steps()[1].spans[0].layer, 1);
        QVERIFY(recorder.steps()[0].begin <= recorder.steps()[0].spans[0].begin);
        QVERIFY(recorder.steps()[0].spans[0].end <= recorder.steps()[0].end);
        QVERIFY(recorder.steps()[0].end <= recorder.steps()[1].begin);
        QCOMPARE(positions(recorder), (std::vector<int64_t>{0, 1, 2, 3}));
        QVERIFY(recorder.watchingTime().count() > 0);
    }

    void aStepThatWasGivenUpLeavesNothing()
    {
        TraceRecorder recorder;
        SpanLog spans;
        recorder.beginStep(0, 8);
        route(recorder, 1, 0, 8);
        step(recorder, spans, 0, 2);
        QCOMPARE(positions(recorder), (std::vector<int64_t>{0, 1}));
    }

    void whatIsComputedAgainCountsOnce()
    {
        TraceRecorder recorder;
        SpanLog spans;
        step(recorder, spans, 0, 3);
        step(recorder, spans, 0, 2); // given up for want of memory, and begun again in other pieces
        step(recorder, spans, 2, 4);
        QCOMPARE(recorder.steps().size(), size_t(2));
        QCOMPARE(recorder.steps()[1].firstPosition, int64_t(3));
        QCOMPARE(recorder.steps()[1].nTokens, int64_t(3));
        QCOMPARE(positions(recorder), (std::vector<int64_t>{0, 1, 2, 3, 4, 5}));
    }

    void withoutAnObserverASpanDoesNothing()
    {
        SpanLog spans;
        {
            const nn::Span unwatched(nullptr, nn::SpanKind::head);
            const nn::Span watched(&spans, nn::SpanKind::head);
        }
        QCOMPARE(spans.spans().size(), size_t(1));
        QCOMPARE(spans.spans()[0].layer, -1);
        QCOMPARE(name(spans.spans()[0].kind), "head");
    }
};

QTEST_GUILESS_MAIN(TestTraceRecorder)
#include "tst_trace_recorder.moc"
