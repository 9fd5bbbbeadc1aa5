// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "widgets/theme/icons.h"

#include <QList>
#include <QWidget>

class QListView;
class QPushButton;
class QStandardItemModel;

namespace sy::widgets {

/// A long job with a past, as the list shows it: its state in words, an icon and a color.
struct RunListItem {
    QString id;
    QString name;
    QString state;    // "Running"
    QString iconName;
    IconTone tone = IconTone::Muted;
    QString detail;   // "step 40 of 120 · loss 1.82"
    double progress = -1; // 0 to 1; -1: no bar
    bool canDuplicate = true;
    bool operator==(const RunListItem&) const = default;
};

/// Runs in one column, and what came from elsewhere: new ones from the buttons above, F2 renames, Del asks to delete. Items that stay keep their place and selection.
class RunList : public QWidget {
    Q_OBJECT
public:
    explicit RunList(QWidget* parent = nullptr);

    void setRuns(const QList<RunListItem>& runs);
    void setCurrent(const QString& id); // empty: none
    QString current() const;
    void setEmptyText(const QString& text);
    void renameCurrent();
    QListView* view() const { return m_view; }
    QPushButton* newButton() const { return m_new; }
    QPushButton* importButton() const { return m_import; }

signals:
    void newRequested();
    void importFileRequested();
    void importFolderRequested();
    void opened(const QString& id);
    void renamed(const QString& id, const QString& name);
    void deleteRequested(const QString& id);
    void duplicateRequested(const QString& id);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void showMenu(const QPoint& position);

    QPushButton *m_new, *m_import;
    QListView* m_view;
    QStandardItemModel* m_model;
    QList<RunListItem> m_runs;
    QString m_emptyText;
    bool m_isFilling = false;
};

} // namespace sy::widgets
