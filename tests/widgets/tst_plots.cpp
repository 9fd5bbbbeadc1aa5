// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plots/plot_canvas.h"
#include "widgets/plots/plot_view.h"
#include "widgets/theme/theme.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QImage>
#include <QSvgRenderer>
#include <QTemporaryDir>
#include <QTest>
#include <QWheelEvent>
#include <cmath>

using namespace sy::widgets;

namespace {

PlotSeries falling(int n, const QString& name = QStringLiteral("Loss"))
{
    PlotSeries s{.name = name};
    for (int i = 1; i <= n; ++i)
        s.points.push_back({double(i), 4.0 / i});
    return s;
}

} // namespace

class TestPlots : public QObject {
    Q_OBJECT
private slots:
    void init();
    void everythingIsShownUntilOneZooms();
    void theWheelZoomsWhereItTurns();
    void draggingPansAndADoubleClickShowsEverything();
    void keysZoomPanAndReadValues();
    void valuesAreThoseOfTheNearestStep();
    void aLogarithmicAxisLeavesOutWhatHasNoLogarithm();
    void theNumbersAreSavedAsRows();
    void imagesAreSaved();
    void colorsFollowTheTheme();
    void smoothingBeginsAtTheFirstValue();
    void noLineAndOnePointAreDrawn();
    void aPlotThatHasGrownIsBlankUntilItIsDrawn();

private:
    std::unique_ptr<PlotView> m_plot;
};

void TestPlots::init()
{
    m_plot = std::make_unique<PlotView>(QStringLiteral("Loss"));
    m_plot->setXName(QStringLiteral("Step"));
    m_plot->resize(500, 300);
    m_plot->show();
    QVERIFY(QTest::qWaitForWindowExposed(m_plot.get()));
    m_plot->setSeries({falling(100)});
}

void TestPlots::everythingIsShownUntilOneZooms()
{
    QCOMPARE(m_plot->xRange(), QPointF(1, 100));
    QVERIFY(m_plot->yRange().x() <= 0.04 && m_plot->yRange().y() >= 4);
    m_plot->setStartsAtZero(true);
    m_plot->setSeries({PlotSeries{.name = QStringLiteral("Memory"), .points = {{1, 900}, {2, 901}}}});
    QCOMPARE(m_plot->yRange().x(), 0.0);
    m_plot->setStartsAtZero(false);
    m_plot->setSeries({falling(100)});
    m_plot->setSeries({falling(200)}); // a running plot grows
    QCOMPARE(m_plot->xRange(), QPointF(1, 200));
    QTest::keyClick(m_plot->canvas(), Qt::Key_Plus);
    const QPointF zoomed = m_plot->xRange();
    QVERIFY(zoomed.y() - zoomed.x() < 199);
    m_plot->setSeries({falling(300)});
    QCOMPARE(m_plot->xRange(), zoomed); // what somebody looks at stays
}

void TestPlots::theWheelZoomsWhereItTurns()
{
    const QPoint at(120, 150);
    QWheelEvent wheel(at, m_plot->canvas()->mapToGlobal(at), {}, QPoint(0, 120), Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
    QApplication::sendEvent(m_plot->canvas(), &wheel);
    QVERIFY(m_plot->isZoomed());
    const QPointF x = m_plot->xRange();
    QVERIFY2(std::abs((x.y() - x.x()) - 99 * 0.8) < 0.5, qPrintable(QString::number(x.y() - x.x())));
    QVERIFY(x.x() - 1 < 100 - x.y()); // left of the middle: more is cut at the right
}

void TestPlots::draggingPansAndADoubleClickShowsEverything()
{
    QWidget* canvas = m_plot->canvas();
    QTest::mousePress(canvas, Qt::LeftButton, {}, {250, 150});
    QTest::mouseMove(canvas, {200, 150});
    QMouseEvent move(QEvent::MouseMove, QPointF(200, 150), canvas->mapToGlobal(QPointF(200, 150)), Qt::NoButton, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(canvas, &move);
    QTest::mouseRelease(canvas, Qt::LeftButton, {}, {200, 150});
    QVERIFY(m_plot->isZoomed());
    QVERIFY2(m_plot->xRange().x() > 5, qPrintable(QString::number(m_plot->xRange().x())));
    QTest::mouseDClick(canvas, Qt::LeftButton, {}, {200, 150});
    QCOMPARE(m_plot->xRange(), QPointF(1, 100));
    QVERIFY(!m_plot->isZoomed());
}

void TestPlots::keysZoomPanAndReadValues()
{
    QWidget* canvas = m_plot->canvas();
    QTest::keyClick(canvas, Qt::Key_Right);
    QCOMPARE(*m_plot->cursor(), 1.0);
    QTest::keyClick(canvas, Qt::Key_Right);
    QCOMPARE(*m_plot->cursor(), 2.0);
    QVERIFY(canvas->accessibleDescription().contains(QStringLiteral("Loss: 2"))); // 4 / 2
    QTest::keyClick(canvas, Qt::Key_Left);
    QCOMPARE(*m_plot->cursor(), 1.0);
    QTest::keyClick(canvas, Qt::Key_Right, Qt::ShiftModifier);
    QVERIFY(m_plot->xRange().x() > 15);
    QTest::keyClick(canvas, Qt::Key_Home);
    QCOMPARE(m_plot->xRange(), QPointF(1, 100));
}

void TestPlots::valuesAreThoseOfTheNearestStep()
{
    PlotSeries held{.name = QStringLiteral("Held-out"), .points = {{50, 1.5}, {100, 1.25}}};
    m_plot->setSeries({falling(100), held});
    QCOMPARE(m_plot->valuesAt(50.2), QStringLiteral("Step 50\nLoss: 0.08\nHeld-out: 1.5"));
    QCOMPARE(m_plot->valuesAt(7.9), QStringLiteral("Step 8\nLoss: 0.5")); // nothing held out there
    m_plot->setValueText([](double v) { return QStringLiteral("%1 GB").arg(v); });
    QCOMPARE(m_plot->valuesAt(8), QStringLiteral("Step 8\nLoss: 0.5 GB"));
    m_plot->setSeries({});
    QCOMPARE(m_plot->valuesAt(8), QString());
}

void TestPlots::aLogarithmicAxisLeavesOutWhatHasNoLogarithm()
{
    PlotSeries s{.name = QStringLiteral("Rate"), .points = {{1, 0}, {2, 0.001}, {3, 0.1}, {4, qQNaN()}}};
    m_plot->setSeries({s});
    m_plot->setLogarithmic(true);
    QCOMPARE(m_plot->xRange(), QPointF(2, 3));
    QVERIFY(m_plot->yRange().x() > 0.0005 && m_plot->yRange().x() < 0.001);
    QVERIFY(m_plot->yRange().y() > 0.1 && m_plot->yRange().y() < 0.2);
    m_plot->setLogarithmic(false);
    QCOMPARE(m_plot->xRange(), QPointF(1, 3));
}

void TestPlots::theNumbersAreSavedAsRows()
{
    PlotSeries held{.name = QStringLiteral("Held-out, all"), .points = {{2, 1.5}}};
    PlotSeries raw{.points = {{1, 9}}}; // what was smoothed has no name
    m_plot->setSeries({raw, falling(2), held});
    QCOMPARE(m_plot->toCsv(), QByteArray("Step,Loss,\"Held-out, all\"\n1,4,\n2,2,1.5\n"));
}

void TestPlots::imagesAreSaved()
{
    QTemporaryDir dir;
    QVERIFY(m_plot->saveImage(dir.filePath(QStringLiteral("a.png"))));
    QVERIFY(m_plot->saveImage(dir.filePath(QStringLiteral("a.svg"))));
    const QImage png(dir.filePath(QStringLiteral("a.png")));
    QCOMPARE(png.width(), m_plot->canvas()->width() * 2);
    QSvgRenderer svg(dir.filePath(QStringLiteral("a.svg")));
    QVERIFY(svg.isValid());
    QFile file(dir.filePath(QStringLiteral("a.svg")));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(file.readAll().contains("Step")); // text stays text
    QVERIFY(!m_plot->saveImage(dir.filePath(QStringLiteral("none/a.svg"))));
}

void TestPlots::colorsFollowTheTheme()
{
    for (const bool dark : {false, true}) {
        m_plot->setPalette(Theme::paletteFor(dark));
        QTest::qWait(30);
        const Tokens& t = dark ? darkTokens() : lightTokens();
        const QImage image = m_plot->canvas()->grab().toImage();
        QCOMPARE(image.pixelColor(3, image.height() - 3), t.surface);
        bool hasLine = false;
        for (int y = 0; y < image.height() && !hasLine; ++y)
            for (int x = 0; x < image.width() && !hasLine; ++x)
                hasLine = image.pixelColor(x, y) == t.series[0];
        QVERIFY(hasLine);
        for (const QColor& color : t.series)
            QVERIFY(contrastRatio(color, t.surface) >= 3); // as icons
    }
}

void TestPlots::smoothingBeginsAtTheFirstValue()
{
    const QList<QPointF> points{{1, 4}, {2, 2}, {3, qQNaN()}, {4, 2}};
    QCOMPARE(smoothed(points, 0)[1].y(), 2.0);
    const QList<QPointF> s = smoothed(points, 0.5);
    QCOMPARE(s[0].y(), 4.0); // not pulled to zero
    QCOMPARE(s[1].y(), (0.5 * 2 + 0.25 * 4) / 0.75);
    QVERIFY(std::isnan(s[2].y()));
    QVERIFY(s[3].y() > 2 && s[3].y() < s[1].y()); // the gap has taken nothing
}

void TestPlots::noLineAndOnePointAreDrawn()
{
    m_plot->setEmptyText(QStringLiteral("No step yet"));
    const auto* canvas = static_cast<PlotCanvas*>(m_plot->canvas());
    QVERIFY(!canvas->emptyText->visible() && canvas->yAxis->tickLabels());
    m_plot->setSeries({});
    QTest::qWait(20);
    QVERIFY(canvas->emptyText->visible() && !canvas->yAxis->tickLabels()); // numbers of nothing would be made up
    m_plot->setSeries({PlotSeries{.name = QStringLiteral("Loss"), .points = {{1, 2}}}});
    QVERIFY(!canvas->emptyText->visible() && canvas->yAxis->tickLabels());
    QTest::qWait(20);
    for (const int nSteps : {2, 3, 7, 13, 26}) {
        m_plot->setSeries({falling(nSteps)});
        QTest::qWait(20);
        QVERIFY(canvas->xAxis->tickVector().size() > 1);
        for (const double tick : canvas->xAxis->tickVector())
            QCOMPARE(tick, std::round(tick)); // there is no step 2.5
    }
    m_plot->setLogarithmic(true);
    QTest::qWait(20);
    QVERIFY(m_plot->xRange().x() < m_plot->xRange().y());
    QVERIFY(m_plot->yRange().x() > 0 && m_plot->yRange().x() < 2 && m_plot->yRange().y() > 2);
}

void TestPlots::aPlotThatHasGrownIsBlankUntilItIsDrawn()
{
    QWidget* canvas = m_plot->canvas();
    const auto isBlank = [&] {
        const QImage image = canvas->grab().toImage();
        const QRgb ground = image.pixel(0, 0);
        for (int x = 0; x < image.width(); ++x)
            for (int y = 0; y < image.height(); ++y)
                if (image.pixel(x, y) != ground)
                    return false;
        return true;
    };
    QTRY_VERIFY(!isBlank());
    canvas->resize(canvas->width() * 3, canvas->height()); // as when a page is laid out: its turn to be drawn comes later
    QVERIFY(isBlank());
    QTRY_VERIFY(!isBlank());
}

QTEST_MAIN(TestPlots)
#include "tst_plots.moc"
