// SPDX-License-Identifier: GPL-3.0-or-later
// The half of ChatPage that acts on chats: opening, asking, editing, collections, sources.
#include "app/pages/chat/chat_page.h"

#include "app/pages/chat/chat_export.h"
#include "app/pages/chat/comparison_view.h"
#include "app/pages/chat/message_items.h"
#include "app/pages/chat/sampling_panel.h"
#include "app/pages/first_run/first_run_panel.h"
#include "app/services/adapter_service.h"
#include "app/services/chat_service.h"
#include "app/services/document_service.h"
#include "app/services/model_service.h"
#include "app/settings/settings.h"
#include "widgets/chats/chat_list.h"
#include "widgets/composer/composer.h"
#include "widgets/composer/context_gauge.h"
#include "widgets/conversation/conversation_view.h"
#include "widgets/parts/search_box.h"
#include "widgets/parts/state_panel.h"
#include "widgets/theme/icons.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QSaveFile>
#include <QStackedWidget>
#include <QToolButton>
#include <tuple>

namespace sy::app {

using namespace sy::widgets;

namespace {

QDateTime toDateTime(api::Time time)
{
    return QDateTime::fromMSecsSinceEpoch(std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}

} // namespace

// ------------------------------------------------------------------------------------------------------------------ looks

void ChatPage::fillList()
{
    if (!m_searchText.isEmpty())
        return;
    QList<ChatListItem> items;
    for (const api::ChatSummary& chat : m_context.chats.chats())
        items.push_back({chat.id, QString::fromStdString(chat.title), toDateTime(chat.lastActive), {}, m_context.chats.isAnswering(chat.id)});
    m_list->setEmptyText(m_context.chats.isLoaded() ? tr("Your chats will be listed here.") : tr("Reading the chats…"));
    m_list->setChats(items);
    m_list->setCurrent(m_chat);
}

void ChatPage::fillConversation()
{
    const QList<ChatEntry> entries = m_context.chats.messages(m_chat);
    const bool isBusy = m_context.chats.isAnswering(m_chat);
    QList<MessageItem> items;
    for (qsizetype i = 0; i < entries.size(); ++i)
        items.push_back(toItem(entries[i], i + 1 == entries.size(), isBusy));
    // The same messages in the same order are updated in place: the reader's position and selection stay.
    bool isSame = items.size() >= m_view->messageCount();
    for (qsizetype i = 0; i < m_view->messageCount() && isSame; ++i)
        isSame = m_view->messageAt(i).id == items[i].id;
    if (isSame && m_view->messageCount() > 0) {
        const auto offers = [](const MessageItem& m) { return std::tie(m.state, m.canEdit, m.canDelete, m.canRegenerate, m.canContinue, m.canSwitchBranch, m.branch, m.nBranches); };
        QList<MessageItem> changed;
        for (qsizetype i = 0; i < m_view->messageCount(); ++i)
            if (offers(m_view->messageAt(i)) != offers(items.at(i)) || i + 1 == m_view->messageCount())
                changed << items.at(i);
        m_view->updateMessages(changed);
        for (qsizetype i = m_view->messageCount(); i < items.size(); ++i)
            m_view->appendMessage(items[i]);
    } else {
        m_view->setMessages(items);
    }
    updateLook();
    if (m_wanted != 0 && !items.isEmpty()) { // found by a search of all chats
        m_view->scrollToMessage(std::exchange(m_wanted, 0));
        m_findBar->show();
        m_findBox->setText(m_searchText);
    }
}

void ChatPage::updateMessage(qint64 messageId)
{
    const ChatEntry entry = m_context.chats.message(m_chat, messageId);
    if (entry.message.id != 0)
        m_view->updateMessage(toItem(entry, messageId == m_context.chats.lastMessage(m_chat), m_context.chats.isAnswering(m_chat)));
}

void ChatPage::updateLook()
{
    const bool needsModel = m_context.models.isListed() && !m_context.models.hasChatModel();
    const bool isEmpty = m_context.chats.isEmpty(m_chat);
    const bool hadFocus = m_composerArea->isAncestorOf(window()->focusWidget()); // the window may not be active yet
    m_composerArea->setVisible(!needsModel);
    m_findButton->setEnabled(!isEmpty);
    m_exportButton->setEnabled(!isEmpty);
    if (needsModel && isEmpty) {
        m_center->setCurrentWidget(m_firstRun);
        if (hadFocus)
            m_firstRun->setFocus(Qt::OtherFocusReason);
        return;
    }
    if (!needsModel && m_firstRun->isAncestorOf(window()->focusWidget()))
        m_composer->focusInput();
    if (m_isComparing) {
        m_center->setCurrentWidget(m_comparison);
        return;
    }
    if (!isEmpty) {
        m_center->setCurrentWidget(m_view);
        return;
    }
    m_center->setCurrentWidget(m_greeting);
    m_greeting->clearButtons();
    if (!m_context.models.isListed() || m_context.models.loadState() == ModelService::LoadState::Loading) {
        m_greeting->setLook(StatePanel::Look::Working, QString(), tr("Loading the model…"), tr("You can write your question already."));
        m_greeting->setDetails({});
        return;
    }
    if (m_context.models.loadState() == ModelService::LoadState::Failed) {
        const UserMessage& failure = m_context.models.loadFailure();
        m_greeting->setLook(StatePanel::Look::Failed, QStringLiteral("warning"), failure.title, failure.text());
        m_greeting->setDetails(failure.technical);
        connect(m_greeting->addButton(tr("Choose another model"), true), &QPushButton::clicked, this, [this] { m_context.goTo(QStringLiteral("models")); });
        return;
    }
    m_greeting->setDetails({});
    const QString collection = pickedCollection();
    if (!collection.isEmpty()) {
        m_greeting->setLook(StatePanel::Look::Empty, QStringLiteral("documents"), tr("Ask “%1”").arg(collection),
                            tr("Answers cite the page they come from. Click a citation to see the passage."));
        return;
    }
    m_greeting->setLook(StatePanel::Look::Empty, QStringLiteral("chat"), tr("What would you like to know?"),
                        tr("Ask the model directly, or choose documents below to get answers with page citations."));
    if (m_context.documents.isListed() && m_context.documents.collections().isEmpty())
        connect(m_greeting->addButton(tr("Add documents")), &QPushButton::clicked, this, [this] { m_context.goTo(QStringLiteral("documents")); });
}

void ChatPage::updateTitle()
{
    const api::ChatSummary chat = m_context.chats.chat(m_chat);
    const QString title = chat.title.empty() ? tr("New chat") : QString::fromStdString(chat.title);
    m_title->setText(title);
    m_title->setToolTip(title);
    m_settingsButton->setIcon(icon(QStringLiteral("sliders"), ChatSettings::fromJson(chat.settings).hasOverrides() ? IconTone::Accent : IconTone::Muted));
}

void ChatPage::updateComposer()
{
    const ModelService& models = m_context.models;
    m_composer->setRunning(m_context.chats.isAnswering(m_chat), m_context.chats.isStopping(m_chat));
    QString blocked, banner, action;
    bool dismissable = false, isPassing = false;
    if (models.loadState() == ModelService::LoadState::Loading) {
        blocked = tr("The model is still loading.");
        isPassing = true;
        if (m_composer->isSendWaiting()) {
            banner = tr("Your message is sent as soon as the model is loaded.");
            dismissable = true;
        }
    } else if (models.loadState() == ModelService::LoadState::Failed) {
        blocked = models.loadFailure().title;
        banner = models.loadFailure().title + QStringLiteral(". ") + models.loadFailure().remedy;
        action = tr("Models");
    } else if (!models.model()) {
        blocked = tr("Load a model first.");
        if (models.isListed() && models.hasChatModel()) {
            banner = tr("No model is loaded.");
            action = tr("Models");
        }
    } else if (!adapterFits() && !m_isComparing) {
        blocked = tr("The adapter “%1” does not fit the loaded model.").arg(m_context.adapters.nameOf(m_context.chats.adapter(m_chat).id));
        banner = blocked;
        action = tr("Answer without it");
    } else if (m_composer->gauge()->isOverfull()) {
        blocked = tr("The conversation no longer fits the model’s context.");
        banner = blocked;
        action = tr("Leave out the oldest messages");
    }
    const QString collection = pickedCollection();
    if (banner.isEmpty() && m_editing != 0) {
        banner = tr("Editing an earlier message. The conversation goes on from the new version; the old one is kept.");
        dismissable = true;
    }
    if (banner.isEmpty() && !collection.isEmpty()) {
        const api::CollectionSummary summary = m_context.documents.collection(collection);
        if (m_context.documents.isIngesting(collection))
            banner = tr("“%1” is still being indexed; answers use what is ready.").arg(collection);
        else if (m_context.documents.isListed() && summary.name.empty() && !m_context.chats.isAnswering(m_chat)) // its own files are just being read
            banner = tr("The collection “%1” no longer exists. Choose another one.").arg(collection);
        else if (m_context.documents.isListed() && summary.nChunks == 0)
            banner = tr("“%1” has no readable documents yet.").arg(collection);
    }
    m_composer->setBlockedReason(blocked, isPassing);
    m_composer->setBanner(banner, dismissable, action);
    m_composer->setPlaceholder(m_isComparing ? tr("Ask both") : collection.isEmpty() ? tr("Ask anything") : tr("Ask “%1”").arg(collection));
    fillCollectionMenu();
    fillAdapterPicker();
}

void ChatPage::measureContext()
{
    m_context.chats.measureContext(m_chat, m_composer->text(), m_context.models.model());
}

// ------------------------------------------------------------------------------------------------------------------ chats

void ChatPage::newChat()
{
    m_chat = 0;
    m_returnsToLast = false;
    m_editing = 0;
    m_context.settings.set(setting::kLastChat, 0);
    m_list->setCurrent(0);
    m_view->setMessages({});
    m_comparison->setChat(0);
    m_composer->setAttachments({});
    m_composer->setText(m_context.chats.draft(0));
    closeSide();
    updateLook();
    updateTitle();
    updateComposer();
    m_measureTimer.start();
    m_composer->focusInput();
}

void ChatPage::openChat(qint64 chatId)
{
    const qint64 wanted = m_searchText.isEmpty() ? 0 : m_hits.value(chatId);
    if (chatId == m_chat && wanted == 0)
        return;
    m_wanted = wanted;
    m_chat = chatId;
    m_returnsToLast = false;
    m_editing = 0;
    m_context.settings.set(setting::kLastChat, chatId);
    m_composer->setAttachments({});
    m_composer->setText(m_context.chats.draft(chatId));
    m_view->setMessages({});
    if (m_side->currentWidget() == m_source)
        closeSide();
    m_sampling->setSettings(m_context.chats.chatSettings(chatId));
    m_comparison->setChat(chatId);
    m_list->setCurrent(chatId);
    if (m_context.chats.isOpen(chatId) && wanted == 0)
        fillConversation();
    m_context.chats.open(chatId, wanted);
    updateTitle();
    updateComposer();
    m_measureTimer.start();
}

void ChatPage::deleteChat(qint64 chatId)
{
    const QString title = QString::fromStdString(m_context.chats.chat(chatId).title);
    m_context.chats.remove(chatId);
    if (chatId == m_chat)
        newChat();
    m_context.toast(title.isEmpty() ? tr("Chat deleted") : tr("“%1” deleted").arg(fontMetrics().elidedText(title, Qt::ElideRight, 260)), tr("Undo"),
                    [&chats = m_context.chats, chatId] { chats.restore(chatId); });
}

void ChatPage::send(const QString& text)
{
    if (m_isComparing) {
        compare(text);
        return;
    }
    const ChatModelPtr model = m_context.models.model();
    if (!model)
        return;
    QList<QuestionAttachment> attachments;
    for (const Attachment& a : m_composer->attachments())
        attachments.push_back({a.name.toStdString(), a.path.toStdString(), a.text.toStdString()});
    const auto ask = [this, text, attachments, model](qint64 chatId) {
        m_context.chats.ask(chatId, text, attachments, model, std::exchange(m_editing, 0));
    };
    m_composer->clear();
    if (m_chat != 0) {
        ask(m_chat);
        m_view->scrollToEnd();
        return;
    }
    m_context.chats.create(m_newChatCollection, [this, ask](qint64 chatId) {
        m_chat = chatId;
        m_comparison->setChat(chatId);
        m_context.settings.set(setting::kLastChat, chatId);
        ask(chatId);
        m_list->setCurrent(chatId);
        updateTitle();
        updateComposer();
    });
}

void ChatPage::stopAnswer()
{
    m_context.chats.stop(m_chat);
}

void ChatPage::regenerate()
{
    if (m_isComparing) {
        compare({});
        return;
    }
    m_context.chats.regenerate(m_chat, m_context.models.model());
}

void ChatPage::continueAnswer()
{
    m_context.chats.continueAnswer(m_chat, m_context.models.model());
}

void ChatPage::stepBranch(qint64 messageId, int by)
{
    if (const qint64 shown = m_context.chats.stepBranch(m_chat, messageId, by))
        m_view->scrollToMessage(shown);
}

void ChatPage::editMessage(qint64 messageId)
{
    for (const ChatEntry& entry : m_context.chats.messages(m_chat)) {
        if (entry.message.id != messageId)
            continue;
        m_editing = messageId;
        m_composer->setText(QString::fromStdString(entry.message.text));
        m_composer->focusInput();
        updateComposer();
    }
}

void ChatPage::editLastMessage()
{
    if (m_context.chats.isAnswering(m_chat))
        return;
    qint64 last = 0;
    for (const ChatEntry& entry : m_context.chats.messages(m_chat))
        if (entry.message.role == "user")
            last = entry.message.id;
    if (last != 0)
        editMessage(last);
}

void ChatPage::endEditing()
{
    m_editing = 0;
    m_composer->clear();
    updateComposer();
    m_composer->focusInput();
}

void ChatPage::removeMessage(qint64 messageId, bool andWhatFollows)
{
    ChatService& chats = m_context.chats;
    const auto removal = andWhatFollows ? chats.removeFrom(m_chat, messageId) : chats.removeMessage(m_chat, messageId);
    if (!removal)
        return;
    if (m_editing == messageId)
        endEditing();
    m_measureTimer.start();
    m_context.toast(andWhatFollows ? tr("Messages deleted") : tr("Message deleted"), tr("Undo"),
                    [&chats, chat = m_chat, removal] { chats.restoreMessages(chat, removal); });
}

void ChatPage::exportChat()
{
    const QList<ChatEntry> entries = m_context.chats.messages(m_chat);
    if (entries.isEmpty())
        return;
    QString name = QString::fromStdString(m_context.chats.chat(m_chat).title);
    name.replace(QLatin1Char('/'), QLatin1Char('-'));
    auto* dialog = new QFileDialog(this, tr("Save this chat as a file"), name + QStringLiteral(".md"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    const QString markdown = tr("Markdown, for reading (*.md)"), json = tr("JSON, with everything that is known (*.json)");
    dialog->setNameFilters({markdown, json});
    dialog->setDefaultSuffix(QStringLiteral("md"));
    connect(dialog, &QFileDialog::filterSelected, dialog, [dialog, json](const QString& filter) {
        dialog->setDefaultSuffix(filter == json ? QStringLiteral("json") : QStringLiteral("md"));
        const QString chosen = dialog->selectedFiles().value(0);
        dialog->selectFile(QFileInfo(chosen).completeBaseName() + QLatin1Char('.') + dialog->defaultSuffix());
    });
    connect(dialog, &QFileDialog::fileSelected, this, [this, entries, chat = m_context.chats.chat(m_chat)](const QString& path) {
        const QByteArray text = path.endsWith(QLatin1String(".json"), Qt::CaseInsensitive) ? toJson(chat, entries) : toMarkdown(chat, entries);
        QSaveFile file(path);
        const bool isSaved = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
        m_context.toast(isSaved ? tr("Saved as %1").arg(QFileInfo(path).fileName()) : tr("Could not be saved: %1").arg(file.errorString()), {}, {});
    });
    dialog->open();
}

// -------------------------------------------------------------------------------------------------------------- documents

QString ChatPage::pickedCollection() const
{
    return m_chat == 0 ? m_newChatCollection : QString::fromStdString(m_context.chats.chat(m_chat).collection);
}

void ChatPage::fillCollectionMenu()
{
    const QString picked = pickedCollection();
    m_collectionButton->setText(picked.isEmpty() ? tr("No documents") : fontMetrics().elidedText(picked, Qt::ElideMiddle, 180));
    m_collectionButton->setAccessibleName(picked.isEmpty() ? tr("Documents to answer from: none") : tr("Documents to answer from: %1").arg(picked));
    m_collectionButton->setToolTip(m_collectionButton->accessibleName());
    m_collectionButton->setIcon(icon(QStringLiteral("documents"), picked.isEmpty() ? IconTone::Muted : IconTone::Accent));
    if (m_collectionButton->menu() && m_collectionButton->menu()->isVisible())
        return;
    auto* menu = new QMenu(m_collectionButton);
    const auto add = [&](const QString& label, const QString& name) {
        QAction* action = menu->addAction(label);
        action->setCheckable(true);
        action->setChecked(name == picked);
        connect(action, &QAction::triggered, this, [this, name] { pickCollection(name); });
    };
    add(tr("No documents"), {});
    if (!m_context.documents.collections().isEmpty())
        menu->addSeparator();
    for (const api::CollectionSummary& collection : m_context.documents.collections())
        add(tr("%1 (%n document(s))", nullptr, int(collection.nDocuments)).arg(QString::fromStdString(collection.name)), QString::fromStdString(collection.name));
    menu->addSeparator();
    connect(menu->addAction(tr("Manage documents…")), &QAction::triggered, this, [this] { m_context.goTo(QStringLiteral("documents")); });
    QMenu* old = m_collectionButton->menu();
    m_collectionButton->setMenu(menu);
    if (old)
        old->deleteLater();
}

/// The first collection there is, such as the samples of a new installation, is what a new chat asks until another is picked.
void ChatPage::offerFirstCollection()
{
    const QList<api::CollectionSummary>& collections = m_context.documents.collections();
    if (collections.isEmpty() || m_context.settings.flag(setting::kSamplesOffered))
        return;
    m_context.settings.set(setting::kSamplesOffered, true);
    if (collections.size() > 1 || !m_newChatCollection.isEmpty() || m_chat != 0)
        return;
    m_newChatCollection = QString::fromStdString(collections.front().name);
    m_context.settings.set(setting::kLastCollection, m_newChatCollection);
    updateComposer();
}

void ChatPage::pickCollection(const QString& name)
{
    m_newChatCollection = name;
    m_context.settings.set(setting::kLastCollection, name);
    if (m_chat != 0)
        m_context.chats.setCollection(m_chat, name);
    updateLook();
    updateComposer();
    m_measureTimer.start();
    m_composer->focusInput();
}

void ChatPage::attachFiles()
{
    auto* dialog = new QFileDialog(this, tr("Attach files"), QString(), tr("Documents (%1);;All files (*)").arg(m_context.documents.extensions().join(QLatin1Char(' '))));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, m_composer, &Composer::addFiles);
    dialog->open();
}

void ChatPage::showSource(qint64 messageId, int number)
{
    for (const ChatEntry& entry : m_context.chats.messages(m_chat)) {
        if (entry.message.id != messageId)
            continue;
        showSide(m_source); // first: the panel asks for an image of its width
        m_source->showSources(toSources(entry.message), number);
    }
}

void ChatPage::requestSource(const SourceItem& source, int page, int pixelsWide)
{
    if (page > 0) {
        const bool isCitedPage = page == source.page; // the span is of this page only
        m_sourceRequest = m_context.documents.renderPage(source.path, page, pixelsWide, isCitedPage ? m_shownCitation.start : 0, isCitedPage ? m_shownCitation.end : 0);
    } else {
        m_sourceRequest = m_context.documents.readText(source.path);
    }
}

} // namespace sy::app
