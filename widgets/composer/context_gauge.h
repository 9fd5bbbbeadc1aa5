// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QList>
#include <QWidget>

namespace sy::widgets {

/// How full the model's context is, by what fills it. A bar with one segment per part; words and numbers in the tool tip, and as
/// the accessible description, so that colour carries nothing alone.
class ContextGauge : public QWidget {
    Q_OBJECT
public:
    struct Part {
        QString name;   // "History"
        qint64 nTokens = 0;
    };
    explicit ContextGauge(QWidget* parent = nullptr);

    /// parts in series order; a total beyond contextLength is drawn as an overflow.
    void setUsage(const QList<Part>& parts, qint64 contextLength);
    bool isOverfull() const;
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    qint64 total() const;
    QString summary() const;
    QList<Part> m_parts;
    qint64 m_contextLength = 0;
};

} // namespace sy::widgets
