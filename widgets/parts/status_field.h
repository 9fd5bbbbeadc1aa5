// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

namespace sy::widgets {

/// A fact in the status bar: icon and short text, the long version as its tool tip. Not reachable by Tab: it only tells.
class StatusField : public QWidget {
    Q_OBJECT
public:
    StatusField(const QString& name, const QString& iconName, QWidget* parent = nullptr);
    /// An empty text hides the field.
    void setValue(const QString& text, const QString& detail = {});
    QString value() const { return m_text; }
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_name, m_iconName, m_text;
};

} // namespace sy::widgets
