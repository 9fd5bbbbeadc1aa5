// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFrame>
#include <QList>
#include <QPointer>
#include <functional>

class QLabel;
class QLineEdit;
class QListView;
class QStandardItemModel;

namespace sy::widgets {

/// One thing that can be gone to or done.
struct PaletteItem {
    QString title;
    QString detail;   // at the right: keys, a date
    QString iconName; // of widgets/theme/icons.h
    std::function<void()> run;
};

/// A box over the upper part of its parent in which a few letters find anything that has a name. Up and Down move, Enter goes,
/// Esc or a click elsewhere closes; focus then returns to where it was.
class Palette : public QFrame {
    Q_OBJECT
public:
    explicit Palette(QWidget* parent);

    /// In the order in which they are shown while nothing is typed.
    void open(const QList<PaletteItem>& items, const QString& placeholder);
    void dismiss();
    QLineEdit* input() const { return m_input; }
    QListView* list() const { return m_list; }

    /// Whether each word of the query begins a word of the title, or stands anywhere in it (Chinese has no spaces).
    /// Higher is better; -1: not at all.
    static int score(const QString& title, const QString& query);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void filter(const QString& query);
    void run(int row);
    void place();

    QLineEdit* m_input;
    QListView* m_list;
    QLabel* m_nothing;
    QStandardItemModel* m_model;
    QList<PaletteItem> m_items;
    QPointer<QWidget> m_focusBefore;
};

} // namespace sy::widgets
