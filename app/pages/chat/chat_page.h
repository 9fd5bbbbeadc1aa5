// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "engine/api/documents.h"

#include <QHash>
#include <QTimer>

class QLabel;
class QSplitter;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace sy::widgets {
class AdapterPicker;
class ChatList;
class Composer;
class ConversationView;
class SearchBox;
class SourcePanel;
class StatePanel;
struct SourceItem;
} // namespace sy::widgets

namespace sy::app {

class ComparisonView;
class FirstRunPanel;
class SamplingPanel;

/// Chats at the left, the conversation in the middle, the source of a citation or the chat's settings at the right.
class ChatPage : public Page {
    Q_OBJECT
public:
    ChatPage(PageContext& context, QWidget* parent = nullptr);
    ~ChatPage() override;

    QList<PageCommand> commands() override;
    QList<PageEntry> entries() override;
    void activated() override;

    void openChat(qint64 chatId);
    void newChat();
    qint64 currentChat() const { return m_chat; }
    widgets::ConversationView* conversation() const { return m_view; }
    widgets::Composer* composer() const { return m_composer; }
    widgets::SourcePanel* sourcePanel() const { return m_source; }
    widgets::ChatList* chatList() const { return m_list; }
    widgets::AdapterPicker* adapterPicker() const { return m_adapterPicker; }
    ComparisonView* comparison() const { return m_comparison; }
    bool isComparing() const { return m_isComparing; }

protected:
    void resizeEvent(QResizeEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    void buildCenter(QWidget* center);
    void connectServices();
    void returnToLastChat();
    void fillList();
    void fillConversation();
    void updateMessage(qint64 messageId);
    void updateLook();
    void updateComposer();
    void updateTitle();
    void measureContext();
    void send(const QString& text);
    void stopAnswer();
    void regenerate();
    void continueAnswer();
    void stepBranch(qint64 messageId, int by);
    void editMessage(qint64 messageId);
    void editLastMessage();
    void endEditing();
    void removeMessage(qint64 messageId, bool andWhatFollows);
    void deleteChat(qint64 chatId);
    void fillCollectionMenu();
    void offerFirstCollection();
    void pickCollection(const QString& name);
    QString pickedCollection() const;
    void buildAdapters(QWidget* center);
    void fillAdapterPicker();
    bool adapterFits() const; // or there is none
    void toggleComparison();
    void closeComparison();
    void compare(const QString& question);
    void attachFiles();
    void showSource(qint64 messageId, int number);
    void requestSource(const widgets::SourceItem& source, int page, int pixelsWide);
    void showSide(QWidget* panel);
    void closeSide();
    void toggleList();
    void applyListVisibility();
    void openFind();
    void closeFind();
    void exportChat();

    PageContext& m_context;
    qint64 m_chat = 0; // 0: not begun
    qint64 m_editing = 0; // message beside which the next one stands
    qint64 m_wanted = 0;  // message to show once its chat has been read
    QString m_newChatCollection;
    widgets::ChatList* m_list;
    QSplitter* m_splitter;
    QStackedWidget* m_center;   // conversation, greeting, first run
    widgets::ConversationView* m_view;
    widgets::StatePanel* m_greeting;
    FirstRunPanel* m_firstRun;
    widgets::Composer* m_composer;
    QWidget* m_composerArea;
    QLabel* m_title;
    QToolButton *m_listButton, *m_findButton, *m_compareButton, *m_settingsButton, *m_collectionButton, *m_exportButton;
    widgets::AdapterPicker* m_adapterPicker;
    ComparisonView* m_comparison;
    bool m_isComparing = false;
    QWidget* m_findBar;
    widgets::SearchBox* m_findBox;
    QLabel* m_findCount;
    QStackedWidget* m_side;
    widgets::SourcePanel* m_source;
    SamplingPanel* m_sampling;
    QTimer m_measureTimer;
    quint64 m_sourceRequest = 0;
    api::Citation m_shownCitation; // what the source panel shows
    bool m_listIsWanted = true;
    bool m_returnsToLast = true; // at start, to the chat of last time, until another is chosen
    QString m_searchText;
    QHash<qint64, qint64> m_hits; // chat to the message in which a search found something
};

} // namespace sy::app
