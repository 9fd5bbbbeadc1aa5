// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/pages/page.h"
#include "app/services/chat_settings.h"

class QLabel;
class QPushButton;
class QStackedLayout;

namespace sy::widgets {
class AdapterPicker;
class ConversationView;
} // namespace sy::widgets

namespace sy::app {

/// The same question answered with two adapters, or with and without one, beside each other. Both answers are branches of the chat,
/// so nothing of it is lost, and the chat goes on with the one that is chosen.
class ComparisonView : public QWidget {
    Q_OBJECT
public:
    ComparisonView(PageContext& context, QWidget* parent = nullptr);

    /// The chat whose last question is shown; 0: not begun.
    void setChat(qint64 chatId);
    /// What the two sides answer with, as the pickers say.
    AdapterChoice choice(int side) const;
    void setChoices(const AdapterChoice& first, const AdapterChoice& second);
    widgets::AdapterPicker* picker(int side) const { return m_sides[side].picker; }
    widgets::ConversationView* conversation(int side) const { return m_sides[side].view; }
    QPushButton* keepButton(int side) const { return m_sides[side].keep; }
    QPushButton* againButton() const { return m_again; }

signals:
    void againRequested();               // the last question, with the choices as they are
    void kept(qint64 messageId);         // the chat goes on with this answer
    void closeRequested();
    void trainRequested();

private:
    struct Side {
        widgets::AdapterPicker* picker;
        widgets::ConversationView* view;
        QLabel* empty;
        QStackedLayout* stack; // one of the two
        QPushButton* keep;
        qint64 answer = 0;
    };
    void fill();
    void fillPickers();

    PageContext& m_context;
    qint64 m_chat = 0;
    Side m_sides[2];
    QPushButton* m_again;
};

} // namespace sy::app
