// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

class QLabel;
class QProgressBar;
class QPushButton;
class QVBoxLayout;

namespace sy::widgets {

/// Long jobs under way, one card each: what, how far, how long still, and a button that asks it to stop.
class ProgressList : public QWidget {
    Q_OBJECT
public:
    explicit ProgressList(QWidget* parent = nullptr);

    /// Adds the job or updates it. fraction -1: not known.
    void setJob(const QString& id, const QString& title, const QString& detail, double fraction, bool canCancel = true);
    void setStopping(const QString& id);
    void removeJob(const QString& id);
    bool hasJob(const QString& id) const;

signals:
    void cancelRequested(const QString& id);

private:
    struct Card {
        QString id;
        QWidget* frame;
        QLabel* title;
        QLabel* detail;
        QProgressBar* bar;
        QPushButton* cancel;
    };
    Card* find(const QString& id);
    QVBoxLayout* m_layout;
    QList<Card> m_cards;
};

} // namespace sy::widgets
