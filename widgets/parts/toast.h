// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QPointer>
#include <QTimer>
#include <functional>

class QLabel;
class QPushButton;
class QShortcut;
class QToolButton;

namespace sy::widgets {

/// A line that floats over the lower edge of its parent: what was done, and a button to undo it, which Ctrl+Z presses. The pointer
/// over it, or focus in it, stops the clock. Only one is shown at a time: a new one ends the old, whose deed then stands.
class Toast : public QFrame {
    Q_OBJECT
public:
    explicit Toast(QWidget* parent);

    void showMessage(const QString& text, const QString& actionText = {}, std::function<void()> action = {}, int milliseconds = 6000);
    QString text() const;
    QPushButton* actionButton() const { return m_action; }

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void enterEvent(QEnterEvent* event) override;
    void leaveEvent(QEvent* event) override;

private:
    void place();
    void dismiss();
    QPointer<QWidget> m_focusBefore;
    QLabel* m_text;
    QPushButton* m_action;
    QToolButton* m_close;
    QShortcut* m_undoKey;
    QTimer m_timer;
    std::function<void()> m_onAction;
};

} // namespace sy::widgets
