// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;
class QVBoxLayout;
class QHBoxLayout;

namespace sy::widgets {

/// What a page shows in place of content: nothing yet, working, or failed. One icon, one sentence, one way on.
class StatePanel : public QWidget {
    Q_OBJECT
public:
    enum class Look { Empty, Working, Failed };
    explicit StatePanel(QWidget* parent = nullptr);

    void setLook(Look look, const QString& iconName, const QString& title, const QString& text);
    /// Facts for support; shown by a button "Copy details", empty hides it.
    void setDetails(const QString& details);
    /// -1: not known. Only for the Working look.
    void setProgress(double fraction);
    /// The primary one is what setFocus() of the panel means.
    QPushButton* addButton(const QString& text, bool isPrimary = false);
    void clearButtons();
    QString title() const;

private:
    QLabel* m_icon;
    QLabel* m_title;
    QLabel* m_text;
    QProgressBar* m_progress;
    QHBoxLayout* m_buttons;
    QPushButton* m_copy;
    QString m_details;
    QString m_iconName;
    Look m_look = Look::Empty;

protected:
    void changeEvent(QEvent* event) override;
    void paintIcon();
};

} // namespace sy::widgets
