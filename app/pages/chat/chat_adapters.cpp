// SPDX-License-Identifier: GPL-3.0-or-later
// What ChatPage does with adapters: the picker below the input, and the side-by-side view.
#include "app/pages/chat/chat_page.h"
#include "app/pages/chat/comparison_view.h"
#include "app/services/adapter_service.h"
#include "app/services/chat_service.h"
#include "app/services/model_service.h"
#include "app/settings/settings.h"
#include "widgets/adapters/adapter_picker.h"
#include "widgets/chats/chat_list.h"
#include "widgets/composer/composer.h"

#include <QStackedWidget>
#include <QToolButton>

namespace sy::app {

using namespace sy::widgets;

void ChatPage::buildAdapters(QWidget* center)
{
    m_adapterPicker = new AdapterPicker(m_composer);
    m_adapterPicker->setName(tr("Adapter"));
    m_adapterPicker->setFooterAction(tr("Train an adapter…"));
    m_composer->addTool(m_adapterPicker);
    m_comparison = new ComparisonView(m_context, center);
    m_center->addWidget(m_comparison);
    const auto toTraining = [this] { m_context.goTo(QStringLiteral("finetune")); };
    connect(m_adapterPicker, &AdapterPicker::chosen, this, [this](const QString& id, double strength) { m_context.chats.setAdapter(m_chat, {id, strength}); });
    connect(m_adapterPicker, &AdapterPicker::footerActivated, this, toTraining);
    connect(m_comparison, &ComparisonView::trainRequested, this, toTraining);
    connect(m_comparison, &ComparisonView::closeRequested, this, &ChatPage::closeComparison);
    connect(m_comparison, &ComparisonView::againRequested, this, [this] { compare({}); });
    connect(m_comparison, &ComparisonView::kept, this, [this](qint64 messageId) {
        m_context.chats.choose(m_chat, messageId);
        closeComparison();
    });
    connect(m_compareButton, &QToolButton::clicked, this, &ChatPage::toggleComparison);
    connect(&m_context.adapters, &AdapterService::adaptersChanged, this, &ChatPage::updateComposer);
    connect(&m_context.chats, &ChatService::adapterChanged, this, [this](qint64 chatId) {
        if (chatId == m_chat)
            updateComposer();
    });
}

void ChatPage::fillAdapterPicker()
{
    const ChatModelPtr model = m_context.models.model();
    QList<AdapterItem> items;
    if (model)
        for (const AdapterInfo& adapter : m_context.adapters.adaptersOf(model->path))
            items.push_back({QString::fromStdString(adapter.id), QString::fromStdString(adapter.name), QString::fromStdString(adapter.id)});
    const AdapterChoice choice = m_context.chats.adapter(m_chat);
    if (!m_adapterPicker->popup()->isVisible()) // a list that is being used stays as it is
        m_adapterPicker->setItems(items);
    if (choice != AdapterChoice{m_adapterPicker->id(), m_adapterPicker->strength()})
        m_adapterPicker->setChoice(choice.id, choice.strength, m_context.adapters.nameOf(choice.id));
    m_adapterPicker->setVisible(!m_isComparing && (!items.isEmpty() || !choice.id.isEmpty()));
}

bool ChatPage::adapterFits() const
{
    const ChatModelPtr model = m_context.models.model();
    const QString id = m_context.chats.adapter(m_chat).id;
    if (id.isEmpty() || !model || !m_context.adapters.isListed())
        return true;
    const AdapterInfo* adapter = m_context.adapters.find(id);
    return adapter && (adapter->modelPath == model->path || adapter->modelPath.empty());
}

void ChatPage::toggleComparison()
{
    if (m_isComparing) {
        closeComparison();
        return;
    }
    m_isComparing = true;
    m_compareButton->setChecked(true);
    // With what the chat uses, or else the newest that there is, against the model as it is.
    AdapterChoice other = m_context.chats.adapter(m_chat);
    const ChatModelPtr model = m_context.models.model();
    const QList<AdapterInfo> fitting = model ? m_context.adapters.adaptersOf(model->path) : QList<AdapterInfo>();
    if ((other.id.isEmpty() || !adapterFits()) && !fitting.isEmpty())
        other = {QString::fromStdString(fitting.back().id), 1};
    m_comparison->setChat(m_chat);
    m_comparison->setChoices({}, other);
    closeSide();
    updateLook();
    updateComposer();
    m_composer->focusInput();
}

void ChatPage::closeComparison()
{
    m_isComparing = false;
    m_compareButton->setChecked(false);
    updateLook();
    updateComposer();
    m_composer->focusInput();
}

/// An empty question: the last one again.
void ChatPage::compare(const QString& question)
{
    const ChatModelPtr model = m_context.models.model();
    if (!model)
        return;
    const AdapterChoice first = m_comparison->choice(0), second = m_comparison->choice(1);
    if (question.isEmpty()) {
        m_context.chats.compare(m_chat, {}, {}, model, first, second);
        return;
    }
    QList<QuestionAttachment> attachments;
    for (const Attachment& a : m_composer->attachments())
        attachments.push_back({a.name.toStdString(), a.path.toStdString(), a.text.toStdString()});
    m_composer->clear();
    m_editing = 0;
    if (m_chat != 0) {
        m_context.chats.compare(m_chat, question, attachments, model, first, second);
        return;
    }
    m_context.chats.create(m_newChatCollection, [this, question, attachments, model, first, second](qint64 chatId) {
        m_chat = chatId;
        m_comparison->setChat(chatId);
        m_context.settings.set(setting::kLastChat, chatId);
        m_context.chats.compare(chatId, question, attachments, model, first, second);
        m_list->setCurrent(chatId);
        updateTitle();
        updateComposer();
    });
}

} // namespace sy::app
