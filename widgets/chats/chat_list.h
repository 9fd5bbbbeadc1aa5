// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QDateTime>
#include <QList>
#include <QWidget>

class QListView;
class QPushButton;
class QStandardItemModel;

namespace sy::widgets {

class SearchBox;

struct ChatListItem {
    qint64 id = 0;
    QString title;        // empty: shown as "New chat"
    QDateTime lastActive;
    QString detail;       // an excerpt while searching
    bool isBusy = false;  // an answer is being made
};

/// The conversations, newest first, under headings of days. F2 or a double click renames in place, Delete asks for removal
/// (the page offers to undo it), typing in the box searches.
class ChatList : public QWidget {
    Q_OBJECT
public:
    explicit ChatList(QWidget* parent = nullptr);

    void setChats(const QList<ChatListItem>& chats, const QDate& today = QDate::currentDate());
    void setCurrent(qint64 id);
    qint64 current() const;
    /// Shown instead of the list when there is nothing: no chats yet, or nothing found.
    void setEmptyText(const QString& text);
    void renameCurrent();
    QListView* view() const { return m_view; }
    SearchBox* searchBox() const { return m_search; }

    /// "Today", "Yesterday", "Last 7 days", "Last 30 days", then the month.
    static QString groupOf(const QDate& day, const QDate& today, const QLocale& locale);

signals:
    void newChatRequested();
    void opened(qint64 id);
    void renamed(qint64 id, const QString& title);
    void deleteRequested(qint64 id);
    void searchRequested(const QString& text);

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    void showMenu(const QPoint& position);
    QPushButton* m_new;
    SearchBox* m_search;
    QListView* m_view;
    QStandardItemModel* m_model;
    QList<ChatListItem> m_chats;
    QString m_emptyText;
    bool m_isFilling = false;
};

} // namespace sy::widgets
