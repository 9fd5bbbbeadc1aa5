// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>

class QLabel;
class QPushButton;
class QToolButton;

namespace sy::widgets {

/// What went wrong, in a strip above what it concerns: it stays until it is closed or no longer true, so that it can be read to its end.
class Notice : public QFrame {
    Q_OBJECT
public:
    explicit Notice(QWidget* parent = nullptr);

    /// An empty title hides the strip. Details are what "Copy details" puts on the clipboard.
    void setNotice(const QString& title, const QString& text, const QString& details);
    void setClosable(bool isClosable);
    QString title() const { return m_title; }

signals:
    void closed();
    void copied();

private:
    QString m_title, m_details;
    QLabel* m_text;
    QPushButton* m_copy;
    QToolButton* m_close;
};

} // namespace sy::widgets
