// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/chat/comparison_view.h"

#include "app/pages/chat/message_items.h"
#include "app/services/adapter_service.h"
#include "app/services/chat_service.h"
#include "app/services/model_service.h"
#include "app/settings/settings.h"
#include "widgets/adapters/adapter_picker.h"
#include "widgets/conversation/conversation_view.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QStackedLayout>
#include <QToolButton>

namespace sy::app {

using namespace sy::widgets;

ComparisonView::ComparisonView(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    setAccessibleName(tr("Side by side"));
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(space::kMedium, 0, space::kMedium, 0);
    rows->setSpacing(space::kSmall);
    auto* head = new QHBoxLayout;
    auto* title = new QLabel(tr("The same question, answered twice with the same seed"), this);
    title->setProperty("tone", "muted");
    title->setWordWrap(true);
    m_again = new QPushButton(icon(QStringLiteral("refresh"), IconTone::Text), tr("Answer again"), this);
    m_again->setToolTip(tr("Answers the last question again on both sides"));
    auto* close = new QToolButton(this);
    close->setIcon(icon(QStringLiteral("close")));
    close->setAccessibleName(tr("Close the side-by-side view"));
    close->setToolTip(close->accessibleName());
    head->addWidget(title, 1);
    head->addWidget(m_again);
    head->addWidget(close);
    rows->addLayout(head);
    connect(m_again, &QPushButton::clicked, this, &ComparisonView::againRequested);
    connect(close, &QToolButton::clicked, this, &ComparisonView::closeRequested);

    auto* columns = new QHBoxLayout;
    columns->setSpacing(space::kMedium);
    rows->addLayout(columns, 1);
    for (int i = 0; i < 2; ++i) {
        Side& side = m_sides[i];
        auto* card = new QFrame(this);
        card->setProperty("kind", "card");
        auto* column = new QVBoxLayout(card);
        column->setContentsMargins(space::kSmall, space::kSmall, space::kSmall, space::kSmall);
        side.picker = new AdapterPicker(card);
        side.picker->setName(i == 0 ? tr("Adapter of the left answer") : tr("Adapter of the right answer"));
        side.picker->setFooterAction(tr("Train an adapter…"));
        column->addWidget(side.picker, 0, Qt::AlignLeft);
        side.stack = new QStackedLayout;
        side.empty = new QLabel(tr("Ask below: the answer with this choice appears here."), card);
        side.empty->setAlignment(Qt::AlignCenter);
        side.empty->setWordWrap(true);
        side.empty->setProperty("tone", "faint");
        side.view = new ConversationView(card);
        side.view->setAccessibleName(i == 0 ? tr("Left answer") : tr("Right answer"));
        side.view->setTextPoints(context.settings.real(setting::kChatPoints));
        side.stack->addWidget(side.empty);
        side.stack->addWidget(side.view);
        column->addLayout(side.stack, 1);
        side.keep = new QPushButton(icon(QStringLiteral("check"), IconTone::Text), tr("Go on with this answer"), card);
        side.keep->setAccessibleName(i == 0 ? tr("Go on with the left answer") : tr("Go on with the right answer"));
        column->addWidget(side.keep, 0, Qt::AlignLeft);
        columns->addWidget(card, 1);
        connect(side.keep, &QPushButton::clicked, this, [this, i] { emit kept(m_sides[i].answer); });
        connect(side.picker, &AdapterPicker::footerActivated, this, &ComparisonView::trainRequested);
    }
    ChatService& chats = context.chats;
    connect(&chats, &ChatService::messagesChanged, this, [this](qint64 chatId) {
        if (chatId == m_chat)
            fill();
    });
    connect(&chats, &ChatService::messageChanged, this, [this](qint64 chatId, qint64 messageId) {
        if (chatId != m_chat || !isVisible())
            return;
        for (const Side& side : m_sides)
            if (side.answer == messageId)
                side.view->updateMessage(toItem(m_context.chats.message(chatId, messageId), false, true));
    });
    const auto busyChanged = [this](qint64 chatId) {
        if (chatId == m_chat)
            fill();
    };
    connect(&chats, &ChatService::answerStarted, this, busyChanged);
    connect(&chats, &ChatService::answerEnded, this, busyChanged);
    connect(&context.adapters, &AdapterService::adaptersChanged, this, &ComparisonView::fillPickers);
    connect(&context.models, &ModelService::loadStateChanged, this, &ComparisonView::fillPickers);
    connect(&context.settings, &Settings::changed, this, [this](const QString& key) {
        if (key == QLatin1String(setting::kChatPoints))
            for (const Side& side : m_sides)
                side.view->setTextPoints(m_context.settings.real(setting::kChatPoints));
    });
    fillPickers();
    fill();
}

AdapterChoice ComparisonView::choice(int side) const
{
    return {m_sides[side].picker->id(), m_sides[side].picker->strength()};
}

void ComparisonView::setChoices(const AdapterChoice& first, const AdapterChoice& second)
{
    m_sides[0].picker->setChoice(first.id, first.strength, m_context.adapters.nameOf(first.id));
    m_sides[1].picker->setChoice(second.id, second.strength, m_context.adapters.nameOf(second.id));
}

void ComparisonView::fillPickers()
{
    const ChatModelPtr model = m_context.models.model();
    QList<AdapterItem> items;
    if (model)
        for (const AdapterInfo& adapter : m_context.adapters.adaptersOf(model->path))
            items.push_back({QString::fromStdString(adapter.id), QString::fromStdString(adapter.name), QString::fromStdString(adapter.id)});
    for (const Side& side : m_sides)
        side.picker->setItems(items);
}

void ComparisonView::setChat(qint64 chatId)
{
    m_chat = chatId;
    fill();
}

void ComparisonView::fill()
{
    const ChatService::Comparison comparison = m_context.chats.comparison(m_chat);
    const bool isBusy = m_context.chats.isAnswering(m_chat);
    m_again->setEnabled(!isBusy && comparison.question.message.id != 0);
    for (int i = 0; i < 2; ++i) {
        Side& side = m_sides[i];
        const bool hasAnswer = i < comparison.answers.size() && (comparison.answers.size() == 2 || isBusy);
        side.answer = hasAnswer ? comparison.answers[i].message.id : 0;
        side.stack->setCurrentWidget(hasAnswer ? static_cast<QWidget*>(side.view) : side.empty);
        side.empty->setText(isBusy && i == 1 ? tr("Follows when the left answer is complete.") : tr("Ask below: the answer with this choice appears here."));
        side.keep->setEnabled(hasAnswer && !isBusy);
        if (!hasAnswer) {
            side.view->setMessages({});
            continue;
        }
        QList<MessageItem> items{toItem(comparison.question, false, true), toItem(comparison.answers[i], false, true)};
        for (MessageItem& item : items) { // the chat itself has the buttons
            item.nBranches = 1;
            item.canDelete = item.canEdit = item.canRegenerate = false;
        }
        const bool isSame = side.view->messageCount() == 2 && side.view->messageAt(0).id == items[0].id && side.view->messageAt(1).id == items[1].id;
        if (isSame)
            side.view->updateMessages(items);
        else
            side.view->setMessages(items);
    }
}

} // namespace sy::app
