// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/source/page_view.h"

#include "widgets/theme/tokens.h"

#include <QKeyEvent>
#include <QPainter>
#include <QScrollBar>
#include <cmath>

namespace sy::widgets {

namespace {
constexpr double kMargin = 14;
constexpr double kLeastZoom = 0.4;
constexpr double kMostZoom = 5;
} // namespace

PageView::PageView(QWidget* parent) : QAbstractScrollArea(parent)
{
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::StrongFocus);
    setAccessibleName(tr("Page of the source"));
}

void PageView::setPage(const QImage& image, const QList<QRectF>& highlights)
{
    // A sharper image of the same page arrives while the reader looks at it: keep the place.
    const bool isSamePage = m_image.width() > 0 && highlights.size() == m_highlights.size() && !highlights.isEmpty()
                            && std::abs(highlights[0].x() / image.width() - m_highlights[0].x() / m_image.width()) < 0.003
                            && std::abs(highlights[0].y() / image.height() - m_highlights[0].y() / m_image.height()) < 0.003;
    m_image = image;
    m_highlights = highlights;
    m_scaled = {};
    setAccessibleDescription(tr("%n highlighted lines", nullptr, int(highlights.size())));
    updateBars();
    if (!isSamePage) {
        m_highlightPending = true;
        showHighlight();
    }
    viewport()->update();
}

void PageView::clear()
{
    m_image = {};
    m_scaled = {};
    m_highlights.clear();
    updateBars();
    viewport()->update();
}

double PageView::scale() const
{
    if (m_image.isNull())
        return 1;
    return std::max(0.02, (viewport()->width() - 2 * kMargin) / double(m_image.width()) * m_zoom);
}

QPointF PageView::origin() const
{
    const double width = m_image.width() * scale(), height = m_image.height() * scale();
    const double x = width + 2 * kMargin <= viewport()->width() ? (viewport()->width() - width) / 2 : kMargin - horizontalScrollBar()->value();
    const double y = height + 2 * kMargin <= viewport()->height() ? kMargin : kMargin - verticalScrollBar()->value();
    return {std::round(x), std::round(y)};
}

void PageView::updateBars()
{
    const QSizeF size = QSizeF(m_image.size()) * scale() + QSizeF(2 * kMargin, 2 * kMargin);
    horizontalScrollBar()->setPageStep(viewport()->width());
    verticalScrollBar()->setPageStep(viewport()->height());
    horizontalScrollBar()->setSingleStep(40);
    verticalScrollBar()->setSingleStep(60);
    horizontalScrollBar()->setRange(0, std::max(0, int(std::ceil(size.width())) - viewport()->width()));
    verticalScrollBar()->setRange(0, std::max(0, int(std::ceil(size.height())) - viewport()->height()));
    const int wanted = int(m_image.width() * scale() * devicePixelRatioF());
    if (!m_image.isNull() && wanted > m_image.width() * 1.15)
        emit sharperImageWanted(wanted);
}

void PageView::showHighlight()
{
    if (!m_highlightPending || viewport()->width() < 60 || m_image.isNull())
        return;
    m_highlightPending = !isVisible(); // before the first show the size is provisional
    if (m_highlights.isEmpty()) {
        verticalScrollBar()->setValue(0);
        return;
    }
    QRectF all;
    for (const QRectF& rect : m_highlights)
        all = all.united(rect);
    const QRectF first = m_highlights.front();
    const double center = std::min(all.center().y(), first.top() + viewport()->height() / 2 / scale());
    verticalScrollBar()->setValue(int(center * scale() + kMargin - viewport()->height() / 2));
    horizontalScrollBar()->setValue(int(first.left() * scale() + kMargin - viewport()->width() * 0.15));
}

QRectF PageView::highlightOnScreen(qsizetype n) const
{
    const QRectF rect = m_highlights.at(n);
    return QRectF(origin() + rect.topLeft() * scale(), rect.size() * scale());
}

void PageView::setZoom(double zoom)
{
    zoom = std::clamp(zoom, kLeastZoom, kMostZoom);
    if (std::abs(zoom - m_zoom) < 1e-6)
        return;
    const QPointF middle(viewport()->width() / 2.0, viewport()->height() / 2.0);
    const QPointF kept = (middle - origin()) / scale();
    m_zoom = zoom;
    m_scaled = {};
    updateBars();
    const QPointF value = kept * scale() + QPointF(kMargin, kMargin) - middle;
    horizontalScrollBar()->setValue(int(value.x()));
    verticalScrollBar()->setValue(int(value.y()));
    viewport()->update();
    emit zoomChanged(m_zoom);
}

void PageView::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(viewport());
    painter.fillRect(viewport()->rect(), t.sunken);
    if (!m_image.isNull()) {
        const QSize size = (QSizeF(m_image.size()) * scale() * devicePixelRatioF()).toSize();
        if (m_scaled.isNull()) {
            m_scaled = m_image.scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
            m_scaled.setDevicePixelRatio(devicePixelRatioF());
        }
        painter.drawImage(origin(), m_scaled);
        painter.setRenderHint(QPainter::Antialiasing);
        // The page stays white in the dark look, so its marks are the light look's: multiplied, the words stay black.
        const Tokens& paper = lightTokens();
        for (qsizetype i = 0; i < m_highlights.size(); ++i) {
            const QRectF rect = highlightOnScreen(i).adjusted(-2, -1, 2, 1);
            painter.setCompositionMode(QPainter::CompositionMode_Multiply);
            painter.setPen(Qt::NoPen);
            painter.setBrush(paper.passage);
            painter.drawRoundedRect(rect, 2, 2);
            painter.setCompositionMode(QPainter::CompositionMode_SourceOver);
        }
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(t.border, 1));
        painter.drawRect(QRectF(origin(), QSizeF(m_image.size()) * scale()).adjusted(-0.5, -0.5, 0.5, 0.5));
        if (!m_highlights.isEmpty()) { // a bar in the margin: finds the eye where the yellow does not
            QRectF all;
            for (qsizetype i = 0; i < m_highlights.size(); ++i)
                all = all.united(highlightOnScreen(i));
            painter.fillRect(QRectF(origin().x() - 5, all.top(), 4, all.height()), paper.passageEdge);
        }
    }
    if (hasFocus()) {
        painter.setBrush(Qt::NoBrush);
        painter.setPen(QPen(t.focus, 2));
        painter.drawRect(viewport()->rect().adjusted(1, 1, -1, -1));
    }
}

void PageView::resizeEvent(QResizeEvent* event)
{
    QAbstractScrollArea::resizeEvent(event);
    m_scaled = {};
    updateBars();
    showHighlight();
}

void PageView::wheelEvent(QWheelEvent* event)
{
    if (event->modifiers() & Qt::ControlModifier) {
        setZoom(m_zoom * std::pow(1.0015, event->angleDelta().y()));
        return;
    }
    m_highlightPending = false;
    QAbstractScrollArea::wheelEvent(event);
}

void PageView::keyPressEvent(QKeyEvent* event)
{
    const bool control = event->modifiers() & Qt::ControlModifier;
    QScrollBar* bar = verticalScrollBar();
    if (control && (event->key() == Qt::Key_Plus || event->key() == Qt::Key_Equal))
        zoomIn();
    else if (control && event->key() == Qt::Key_Minus)
        zoomOut();
    else if (control && event->key() == Qt::Key_0)
        setZoom(1);
    else if (event->key() == Qt::Key_PageDown && bar->value() == bar->maximum())
        emit pageStepRequested(1);
    else if (event->key() == Qt::Key_PageUp && bar->value() == bar->minimum())
        emit pageStepRequested(-1);
    else if (event->key() == Qt::Key_PageDown)
        bar->triggerAction(QAbstractSlider::SliderPageStepAdd);
    else if (event->key() == Qt::Key_PageUp)
        bar->triggerAction(QAbstractSlider::SliderPageStepSub);
    else
        QAbstractScrollArea::keyPressEvent(event);
}

void PageView::mousePressEvent(QMouseEvent* event)
{
    m_isDragging = true;
    m_dragFrom = event->pos();
    viewport()->setCursor(Qt::ClosedHandCursor);
}

void PageView::mouseMoveEvent(QMouseEvent* event)
{
    if (!m_isDragging)
        return;
    const QPoint moved = event->pos() - m_dragFrom;
    m_dragFrom = event->pos();
    horizontalScrollBar()->setValue(horizontalScrollBar()->value() - moved.x());
    verticalScrollBar()->setValue(verticalScrollBar()->value() - moved.y());
}

void PageView::mouseReleaseEvent(QMouseEvent*)
{
    m_isDragging = false;
    viewport()->setCursor(Qt::OpenHandCursor);
}

} // namespace sy::widgets
