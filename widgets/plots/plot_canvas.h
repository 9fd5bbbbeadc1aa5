// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qcustomplot.h>

namespace sy::widgets {

class PlotView;

/// The library's widget with our keys, and a ring when it has the focus. Only widgets/plots knows the library.
class PlotCanvas : public QCustomPlot {
    Q_OBJECT
public:
    explicit PlotCanvas(PlotView& view);

    /// Draws it anew in one of the next turns of the event loop, one canvas a turn: a page full of them at once would be felt.
    void drawSoon();

    QCPLegend* shownLegend = nullptr; // above the axes, in a row of its own
    QCPItemLine* cursorLine = nullptr;
    QCPItemText* cursorText = nullptr;
    QCPItemText* emptyText = nullptr; // in the middle, while there is nothing to draw

protected:
    void paintEvent(QPaintEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void wheelEvent(QWheelEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseDoubleClickEvent(QMouseEvent* event) override;
    void leaveEvent(QEvent* event) override;
    void focusInEvent(QFocusEvent* event) override;
    void focusOutEvent(QFocusEvent* event) override;

private:
    PlotView& m_view;
    QSize m_drawnSize; // of what was drawn last
};

} // namespace sy::widgets
