// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

namespace sy::widgets {

/// What a model would need against what is free. The bar's full length is the larger of the two; a line marks the free memory.
class MemoryBar : public QWidget {
    Q_OBJECT
public:
    struct Part {
        QString name; // "Weights"
        quint64 bytes = 0;
    };
    explicit MemoryBar(QWidget* parent = nullptr);

    void setEstimate(const QList<Part>& parts, quint64 freeBytes);
    bool fits() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;
    bool hasHeightForWidth() const override { return true; }
    int heightForWidth(int width) const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    quint64 needed() const;
    /// Draws when a painter is given; returns the height either way, so that drawing and measuring cannot disagree.
    int layOut(int width, class QPainter* painter) const;
    QList<Part> m_parts;
    quint64 m_freeBytes = 0;
};

} // namespace sy::widgets
