// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>
#include <vector>

class QToolButton;
class QVBoxLayout;

namespace sy::widgets {

/// The column of main areas at the left edge: an icon over a word each, one of them current.
class NavigationRail : public QWidget {
    Q_OBJECT
public:
    explicit NavigationRail(QWidget* parent = nullptr);

    /// shortcut is shown in the tool tip; atBottom pins the item to the lower end.
    void addItem(const QString& id, const QString& title, const QString& iconName, const QString& shortcut, bool atBottom = false);
    void setCurrent(const QString& id);
    QString current() const;

signals:
    void activated(const QString& id);

protected:
    void paintEvent(QPaintEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QVBoxLayout* m_layout;
    std::vector<QToolButton*> m_buttons;
    int m_nTop = 0;
};

} // namespace sy::widgets
