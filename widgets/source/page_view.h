// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QAbstractScrollArea>
#include <QImage>
#include <QList>

namespace sy::widgets {

/// A page as an image with marked rectangles. Fits the width until zoomed. Ctrl+wheel, Ctrl+plus, Ctrl+minus and Ctrl+0 zoom;
/// dragging and arrows scroll.
class PageView : public QAbstractScrollArea {
    Q_OBJECT
public:
    explicit PageView(QWidget* parent = nullptr);

    /// highlights in pixels of the image; the view scrolls to the first.
    void setPage(const QImage& image, const QList<QRectF>& highlights);
    void clear();
    const QImage& image() const { return m_image; }
    const QList<QRectF>& highlights() const { return m_highlights; }
    /// Where the n-th highlight is on the viewport now.
    QRectF highlightOnScreen(qsizetype n) const;

    double zoom() const { return m_zoom; } // 1: fits the width
    void setZoom(double zoom);
    void zoomIn() { setZoom(m_zoom * 1.25); }
    void zoomOut() { setZoom(m_zoom / 1.25); }

signals:
    void zoomChanged(double zoom);
    /// The image should be rendered with this many pixels per page width to be sharp.
    void sharperImageWanted(int pixelsWide);
    void pageStepRequested(int step); // Page Up and Page Down past the ends

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    double scale() const; // logical screen pixels per image pixel
    QPointF origin() const;
    void updateBars();
    void showHighlight();

    QImage m_image;
    QImage m_scaled; // for the present scale, so that scrolling copies and does not resample
    QList<QRectF> m_highlights;
    double m_zoom = 1;
    QPoint m_dragFrom;
    bool m_isDragging = false;
    bool m_highlightPending = false;
};

} // namespace sy::widgets
