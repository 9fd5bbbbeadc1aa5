// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plots/plot_canvas.h"

#include "widgets/plots/plot_view.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QPointer>
#include <QTimer>
#include <cmath>

namespace sy::widgets {

namespace {
constexpr double kZoomOfStep = 0.8; // of the wheel or a key
constexpr double kPanOfKey = 0.2;   // of what is shown

/// Canvases that wait to be drawn.
class DrawQueue : public QObject {
public:
    explicit DrawQueue(QObject* parent) : QObject(parent)
    {
        connect(&m_turn, &QTimer::timeout, this, [this] {
            if (const QPointer<PlotCanvas> canvas = m_waiting.takeFirst())
                canvas->replot();
            if (m_waiting.isEmpty())
                m_turn.stop();
        });
    }
    void add(PlotCanvas* canvas)
    {
        if (!m_waiting.contains(canvas))
            m_waiting.push_back(canvas);
        if (!m_turn.isActive())
            m_turn.start();
    }

private:
    QTimer m_turn; // every turn of the event loop
    QList<QPointer<PlotCanvas>> m_waiting;
};

DrawQueue& drawQueue()
{
    static QPointer<DrawQueue> queue;
    if (!queue)
        queue = new DrawQueue(qApp);
    return *queue;
}

} // namespace

PlotCanvas::PlotCanvas(PlotView& view) : QCustomPlot(&view), m_view(view)
{
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setInteractions(QCP::iRangeDrag);
    axisRect()->setRangeDrag(Qt::Horizontal | Qt::Vertical);
    axisRect()->setupFullAxesBox();
    for (QCPAxis* axis : {xAxis2, yAxis2}) // they close the box; marks of their own would stand beside those that are numbered
        axis->setTicks(false);
    setNoAntialiasingOnDrag(true);
    connect(this, &QCustomPlot::afterReplot, this, [this] {
        if (m_drawnSize != size())
            update();
        m_drawnSize = size();
    });
    setPlottingHint(QCP::phFastPolylines); // a wide line of thousands of steps, drawn as one path, took most of a second
    shownLegend = new QCPLegend;
    auto* row = new QCPLayoutGrid;
    plotLayout()->insertRow(0);
    plotLayout()->addElement(0, 0, row);
    row->addElement(0, 0, shownLegend);
    row->addElement(0, 1, new QCPLayoutElement);
    row->setColumnStretchFactor(0, 0.001);
    row->setMargins(QMargins(0, 0, 0, 0));
    shownLegend->setLayer(QStringLiteral("legend"));
    shownLegend->setFillOrder(QCPLegend::foColumnsFirst);
    shownLegend->setWrap(4);
    shownLegend->setBorderPen(Qt::NoPen);
    shownLegend->setBrush(Qt::NoBrush);
    shownLegend->setMargins(QMargins(4, 0, 4, 0));
    shownLegend->setIconSize(22, 12);
    setAutoAddPlottableToLegend(false);
    plotLayout()->setRowStretchFactor(0, 0.001);
    plotLayout()->setRowSpacing(2);
    // The cursor moves with the pointer: on a layer of its own, the lines below are not drawn again for it.
    addLayer(QStringLiteral("cursor"));
    layer(QStringLiteral("cursor"))->setMode(QCPLayer::lmBuffered);
    cursorLine = new QCPItemLine(this);
    cursorText = new QCPItemText(this);
    for (QCPAbstractItem* item : {static_cast<QCPAbstractItem*>(cursorLine), static_cast<QCPAbstractItem*>(cursorText)}) {
        item->setLayer(QStringLiteral("cursor"));
        item->setVisible(false);
    }
    cursorText->setTextAlignment(Qt::AlignLeft);
    cursorText->setPadding(QMargins(6, 4, 6, 4));
    cursorText->setClipToAxisRect(false);
    emptyText = new QCPItemText(this);
    emptyText->position->setType(QCPItemPosition::ptAxisRectRatio);
    emptyText->position->setCoords(0.5, 0.5);
    emptyText->setPadding(QMargins(6, 4, 6, 4));
    emptyText->setVisible(false);
}

void PlotCanvas::drawSoon()
{
    drawQueue().add(this);
}

void PlotCanvas::resizeEvent(QResizeEvent*)
{
    setViewport(rect()); // the library would draw here and now
    drawSoon();
}

void PlotCanvas::paintEvent(QPaintEvent* event)
{
    // What was drawn before the page was laid out is a stamp in a corner: nothing is better until its turn comes.
    if (m_drawnSize.width() * 2 < width()) {
        QPainter(this).fillRect(rect(), tokens(palette()).surface);
        return;
    }
    QCustomPlot::paintEvent(event);
    if (!hasFocus())
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(tokens(palette()).focus, 2));
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), radius::kSmall, radius::kSmall);
}

void PlotCanvas::keyPressEvent(QKeyEvent* event)
{
    const bool pans = event->modifiers() & Qt::ShiftModifier;
    switch (event->key()) {
    case Qt::Key_Left: pans ? m_view.pan(-kPanOfKey) : m_view.moveCursor(-1); break;
    case Qt::Key_Right: pans ? m_view.pan(kPanOfKey) : m_view.moveCursor(1); break;
    case Qt::Key_Plus:
    case Qt::Key_Equal: m_view.zoom(kZoomOfStep); break;
    case Qt::Key_Minus: m_view.zoom(1 / kZoomOfStep); break;
    case Qt::Key_Home: m_view.showAll(); break;
    default: QCustomPlot::keyPressEvent(event); event->ignore();
    }
}

void PlotCanvas::wheelEvent(QWheelEvent* event)
{
    const QPointF at(xAxis->pixelToCoord(event->position().x()), yAxis->pixelToCoord(event->position().y()));
    m_view.zoom(std::pow(kZoomOfStep, event->angleDelta().y() / 120.0), at);
    event->accept();
}

void PlotCanvas::mouseMoveEvent(QMouseEvent* event)
{
    QCustomPlot::mouseMoveEvent(event);
    if (event->buttons() & Qt::LeftButton)
        m_view.m_isZoomed = true;
    if (axisRect()->rect().contains(event->pos()))
        m_view.setCursor(xAxis->pixelToCoord(event->position().x()));
    else
        m_view.setCursor({});
}

void PlotCanvas::mouseDoubleClickEvent(QMouseEvent* event)
{
    QCustomPlot::mouseDoubleClickEvent(event);
    m_view.showAll();
}

void PlotCanvas::leaveEvent(QEvent* event)
{
    QCustomPlot::leaveEvent(event);
    m_view.setCursor({});
}

void PlotCanvas::focusInEvent(QFocusEvent* event)
{
    QCustomPlot::focusInEvent(event);
    update();
}

void PlotCanvas::focusOutEvent(QFocusEvent* event)
{
    QCustomPlot::focusOutEvent(event);
    m_view.setCursor({});
    update();
}

} // namespace sy::widgets
