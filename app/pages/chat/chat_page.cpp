// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/chat/chat_page.h"

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
#include "widgets/parts/elided_label.h"
#include "widgets/parts/file_drop.h"
#include "widgets/parts/search_box.h"
#include "widgets/parts/state_panel.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QDesktopServices>
#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <QUrl>

namespace sy::app {

using namespace sy::widgets;

namespace {

constexpr int kNarrow = 760;      // below, the list of chats hides unless asked for
constexpr int kNarrowWithSide = 1080;

QToolButton* headButton(const QString& iconName, const QString& name, const QString& keys, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setIcon(icon(iconName));
    button->setIconSize({20, 20});
    button->setAccessibleName(name);
    button->setToolTip(keys.isEmpty() ? name : QStringLiteral("%1 (%2)").arg(name, keys));
    return button;
}

} // namespace

ChatPage::ChatPage(PageContext& context, QWidget* parent) : Page(parent), m_context(context)
{
    new FileDrop(this, [] { return tr("Drop the files to ask about them"); }, [this](const QStringList& paths) { m_composer->addFiles(paths); });
    m_listIsWanted = context.settings.flag(setting::kChatListShown);
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    m_splitter = new QSplitter(Qt::Horizontal, this);
    m_splitter->setHandleWidth(1);
    m_splitter->setChildrenCollapsible(false);
    layout->addWidget(m_splitter);

    m_list = new ChatList(m_splitter);
    m_splitter->addWidget(m_list);
    auto* center = new QWidget(m_splitter);
    center->setProperty("ground", "surface");
    center->setAttribute(Qt::WA_StyledBackground);
    center->setMinimumWidth(280);
    buildCenter(center);
    m_splitter->addWidget(center);
    m_side = new QStackedWidget(m_splitter);
    m_side->setMinimumWidth(250);
    m_source = new SourcePanel(m_side);
    m_sampling = new SamplingPanel(context.settings, m_side);
    m_side->addWidget(m_source);
    m_side->addWidget(m_sampling);
    m_side->hide();
    m_splitter->addWidget(m_side);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setSizes({250, 700, 420});

    m_measureTimer.setSingleShot(true);
    m_measureTimer.setInterval(350);
    connect(&m_measureTimer, &QTimer::timeout, this, &ChatPage::measureContext);

    connect(m_list, &ChatList::newChatRequested, this, &ChatPage::newChat);
    connect(m_list, &ChatList::opened, this, &ChatPage::openChat);
    connect(m_list, &ChatList::renamed, &context.chats, &ChatService::rename);
    connect(m_list, &ChatList::deleteRequested, this, &ChatPage::deleteChat);
    connect(m_list, &ChatList::searchRequested, this, [this](const QString& text) {
        m_searchText = text.trimmed();
        if (m_searchText.isEmpty())
            fillList();
        else
            m_context.chats.search(m_searchText);
    });
    connect(m_source, &SourcePanel::closeRequested, this, &ChatPage::closeSide);
    connect(m_source, &SourcePanel::sourceRequested, this, [this](const SourceItem& source, int pixels) {
        for (const ChatEntry& entry : m_context.chats.messages(m_chat))
            for (const api::Citation& citation : entry.message.citations)
                if (QString::fromStdString(citation.document) == source.path && QString::fromStdString(citation.text) == source.passage)
                    m_shownCitation = citation;
        requestSource(source, source.page, pixels);
    });
    connect(m_source, &SourcePanel::pageRequested, this, &ChatPage::requestSource);
    connect(m_source, &SourcePanel::openFileRequested, this, [](const QString& path, int) { QDesktopServices::openUrl(QUrl::fromLocalFile(path)); });
    connect(m_sampling, &SamplingPanel::closeRequested, this, &ChatPage::closeSide);
    connect(m_sampling, &SamplingPanel::settingsEdited, this, [this](const ChatSettings& settings) {
        if (m_chat != 0) {
            m_context.chats.setChatSettings(m_chat, settings);
            m_measureTimer.start();
        }
        m_settingsButton->setIcon(icon(QStringLiteral("sliders"), settings.hasOverrides() ? IconTone::Accent : IconTone::Muted));
    });
    connectServices();
    context.chats.refresh();
    context.adapters.refresh();
    fillList();
    m_newChatCollection = context.settings.text(setting::kLastCollection);
    m_composer->setText(context.chats.draft(0));
    updateLook();
    updateComposer();
    updateTitle();
    applyListVisibility();
    if (const qint64 last = context.settings.value(setting::kLastChat).toLongLong(); last != 0 && context.chats.isOpen(last))
        openChat(last); // the page was built anew, for another language
}

ChatPage::~ChatPage() = default;

void ChatPage::buildCenter(QWidget* center)
{
    auto* rows = new QVBoxLayout(center);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);

    auto* head = new QHBoxLayout;
    head->setContentsMargins(space::kSmall, space::kSmall, space::kSmall, space::kTiny);
    head->setSpacing(2);
    m_listButton = headButton(QStringLiteral("sidebar"), tr("Show or hide the chats"), QStringLiteral("Ctrl+B"), center);
    m_title = new ElidedLabel(center);
    m_title->setFont(strongFont(font()));
    m_findButton = headButton(QStringLiteral("search"), tr("Find in this chat"), QStringLiteral("Ctrl+F"), center);
    m_compareButton = headButton(QStringLiteral("compare"), tr("Answer side by side"), QStringLiteral("Ctrl+D"), center);
    m_compareButton->setCheckable(true);
    m_exportButton = headButton(QStringLiteral("download"), tr("Save this chat as a file"), QStringLiteral("Ctrl+Shift+E"), center);
    m_settingsButton = headButton(QStringLiteral("sliders"), tr("Settings of this chat"), {}, center);
    head->addWidget(m_listButton);
    head->addSpacing(space::kTiny);
    head->addWidget(m_title, 1);
    head->addWidget(m_compareButton);
    head->addWidget(m_findButton);
    head->addWidget(m_exportButton);
    head->addWidget(m_settingsButton);
    rows->addLayout(head);

    m_findBar = new QWidget(center);
    auto* find = new QHBoxLayout(m_findBar);
    find->setContentsMargins(space::kMedium, 0, space::kSmall, space::kTiny);
    m_findBox = new SearchBox(tr("Find in this chat"), m_findBar);
    m_findBox->setClearsOnEscape(false);
    m_findCount = new QLabel(m_findBar);
    m_findCount->setProperty("tone", "muted");
    QToolButton* previous = headButton(QStringLiteral("chevron-up"), tr("Previous match"), QStringLiteral("Shift+F3"), m_findBar);
    QToolButton* next = headButton(QStringLiteral("chevron-down"), tr("Next match"), QStringLiteral("F3"), m_findBar);
    QToolButton* close = headButton(QStringLiteral("close"), tr("Close the search"), QStringLiteral("Esc"), m_findBar);
    find->addWidget(m_findBox, 1);
    find->addWidget(m_findCount);
    for (QToolButton* button : {previous, next, close})
        find->addWidget(button);
    m_findBar->hide();
    rows->addWidget(m_findBar);
    connect(m_findBox, &SearchBox::searched, this, [this](const QString& text) {
        const int n = m_view->find(text);
        m_findCount->setText(text.isEmpty() ? QString() : n == 0 ? tr("No match") : tr("%n match(es)", nullptr, n));
    });
    connect(previous, &QToolButton::clicked, this, [this] { m_view->findNext(true); });
    connect(next, &QToolButton::clicked, this, [this] { m_view->findNext(false); });
    connect(close, &QToolButton::clicked, this, &ChatPage::closeFind);

    m_center = new QStackedWidget(center);
    m_view = new ConversationView(m_center);
    m_greeting = new StatePanel(m_center);
    m_firstRun = new FirstRunPanel(m_context, m_center);
    m_center->addWidget(m_view);
    m_center->addWidget(m_greeting);
    m_center->addWidget(m_firstRun);
    rows->addWidget(m_center, 1);
    m_view->setTextPoints(m_context.settings.real(setting::kChatPoints));

    m_composerArea = new QWidget(center);
    auto* area = new QHBoxLayout(m_composerArea);
    area->setContentsMargins(space::kLarge, space::kTiny, space::kLarge, space::kMedium);
    m_composer = new Composer(m_composerArea);
    m_composer->setMaximumWidth(848);
    m_composer->setSendsOnEnter(m_context.settings.flag(setting::kSendOnEnter));
    area->addStretch(1);
    area->addWidget(m_composer, 100);
    area->addStretch(1);
    rows->addWidget(m_composerArea);

    m_collectionButton = new QToolButton(m_composer);
    m_collectionButton->setProperty("kind", "chip");
    m_collectionButton->setIcon(icon(QStringLiteral("documents")));
    m_collectionButton->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_collectionButton->setPopupMode(QToolButton::InstantPopup);
    m_collectionButton->setMaximumWidth(240);
    m_composer->addTool(m_collectionButton);
    buildAdapters(center);

    connect(m_listButton, &QToolButton::clicked, this, &ChatPage::toggleList);
    connect(m_findButton, &QToolButton::clicked, this, &ChatPage::openFind);
    connect(m_exportButton, &QToolButton::clicked, this, &ChatPage::exportChat);
    connect(m_settingsButton, &QToolButton::clicked, this, [this] {
        if (m_side->isVisible() && m_side->currentWidget() == m_sampling) {
            closeSide();
        } else {
            m_sampling->setSettings(m_context.chats.chatSettings(m_chat));
            showSide(m_sampling);
        }
    });
    connect(m_composer, &Composer::sendRequested, this, &ChatPage::send);
    connect(m_composer, &Composer::stopRequested, this, &ChatPage::stopAnswer);
    connect(m_composer, &Composer::editLastRequested, this, &ChatPage::editLastMessage);
    connect(m_composer, &Composer::attachRequested, this, &ChatPage::attachFiles);
    connect(m_composer, &Composer::sendWaitingChanged, this, &ChatPage::updateComposer);
    connect(m_composer, &Composer::bannerDismissed, this, [this] {
        if (m_composer->isSendWaiting())
            m_composer->cancelSend();
        else
            endEditing();
    });
    connect(m_composer, &Composer::bannerActivated, this, [this] {
        if (m_context.models.loadState() == ModelService::LoadState::Failed || !m_context.models.model()) {
            m_context.goTo(QStringLiteral("models"));
            return;
        }
        if (!adapterFits()) {
            m_context.chats.setAdapter(m_chat, {});
            return;
        }
        m_context.chats.setDropsOldest(m_chat, true);
        measureContext();
    });
    connect(m_composer, &Composer::textChanged, this, [this] {
        m_context.chats.setDraft(m_chat, m_composer->text()); // at once: the page may be built anew at any moment
        m_measureTimer.start();
    });
    connect(m_view, &ConversationView::citationActivated, this, &ChatPage::showSource);
    connect(m_view, &ConversationView::linkActivated, this, [](const QString& url) {
        const QUrl target(url);
        if (target.scheme() == QLatin1String("http") || target.scheme() == QLatin1String("https"))
            QDesktopServices::openUrl(target); // a model's text must not start programs
    });
    connect(m_view, &ConversationView::copyRequested, this, [this] { m_context.toast(tr("Copied"), {}, {}); });
    connect(m_view, &ConversationView::regenerateRequested, this, &ChatPage::regenerate);
    connect(m_view, &ConversationView::continueRequested, this, &ChatPage::continueAnswer);
    connect(m_view, &ConversationView::branchRequested, this, &ChatPage::stepBranch);
    connect(m_view, &ConversationView::editRequested, this, &ChatPage::editMessage);
    connect(m_view, &ConversationView::deleteRequested, this, [this](qint64 id) { removeMessage(id, false); });
    connect(m_view, &ConversationView::deleteFromRequested, this, [this](qint64 id) { removeMessage(id, true); });
}

void ChatPage::connectServices()
{
    ChatService& chats = m_context.chats;
    connect(&chats, &ChatService::chatsChanged, this, [this] {
        returnToLastChat();
        fillList();
        updateTitle();
        updateComposer();
    });
    connect(&chats, &ChatService::messagesChanged, this, [this](qint64 chatId) {
        if (chatId == m_chat)
            fillConversation();
    });
    connect(&chats, &ChatService::messageChanged, this, [this](qint64 chatId, qint64 messageId) {
        if (chatId == m_chat)
            updateMessage(messageId);
    });
    const auto busyChanged = [this](qint64 chatId) {
        if (chatId == m_chat) {
            fillConversation();
            updateComposer();
            m_measureTimer.start();
        }
        fillList();
    };
    connect(&chats, &ChatService::answerStarted, this, busyChanged);
    connect(&chats, &ChatService::answerEnded, this, busyChanged);
    connect(&chats, &ChatService::attachmentsIndexed, this, [this](qint64 chatId, const QString&, const QStringList& unread) {
        m_context.documents.refresh();
        if (chatId == m_chat) {
            fillCollectionMenu();
            m_context.toast(unread.isEmpty() ? tr("This chat now answers from the attached files.")
                                             : tr("This chat now answers from the attached files, but not from these, which could not be read: %1").arg(unread.join(QStringLiteral(", "))),
                            {}, {});
        }
    });
    connect(&chats, &ChatService::contextMeasured, this, [this](qint64 chatId, qint64 system, qint64 conversation, qint64 documents) {
        const ChatModelPtr model = m_context.models.model();
        if (chatId != m_chat || !model)
            return;
        const qint64 limit = m_context.chats.chatSettings(m_chat).maxTokens(m_context.settings);
        const qint64 reserve = limit > 0 ? limit : std::min<qint64>(512, model->contextLength / 4);
        if (m_context.chats.dropsOldest(m_chat)) // what does not fit will be left out, so it does fit
            conversation = std::min(conversation, std::max<qint64>(0, model->contextLength - system - documents - reserve));
        m_composer->gauge()->setUsage({{tr("Instructions"), system}, {tr("Conversation"), conversation}, {tr("Documents"), documents}, {tr("Room for the answer"), reserve}},
                                      model->contextLength);
        updateComposer();
    });
    connect(&chats, &ChatService::searchFinished, this, [this](const QString& query, const QList<api::Chats::Hit>& hits) {
        if (query != m_searchText)
            return;
        QList<ChatListItem> items;
        m_hits.clear();
        for (const api::Chats::Hit& hit : hits) {
            if (hit.messageId != 0 && !m_hits.contains(hit.chatId))
                m_hits.insert(hit.chatId, hit.messageId);
            const bool isThere = std::any_of(items.cbegin(), items.cend(), [&](const ChatListItem& i) { return i.id == hit.chatId; });
            if (isThere)
                continue;
            const auto when = std::chrono::duration_cast<std::chrono::milliseconds>(m_context.chats.chat(hit.chatId).lastActive.time_since_epoch()).count();
            items.push_back({hit.chatId, QString::fromStdString(hit.title), QDateTime::fromMSecsSinceEpoch(when), QString::fromStdString(hit.excerpt).simplified(), false});
        }
        m_list->setEmptyText(tr("Nothing found"));
        m_list->setChats(items);
    });
    connect(&m_context.models, &ModelService::modelsChanged, this, [this] {
        updateLook();
        updateComposer();
    });
    connect(&m_context.models, &ModelService::loadStateChanged, this, [this] {
        updateLook();
        updateComposer();
        m_measureTimer.start();
    });
    connect(&m_context.documents, &DocumentService::collectionsChanged, this, [this] {
        offerFirstCollection();
        updateComposer();
        updateLook();
    });
    connect(&m_context.documents, &DocumentService::ingestProgressed, this, &ChatPage::updateComposer);
    connect(&m_context.documents, &DocumentService::ingestEnded, this, &ChatPage::updateComposer);
    connect(&m_context.documents, &DocumentService::pageRendered, this,
            [this](quint64 request, int page, int nPages, const QImage& image, const QList<QRectF>& highlights) {
                if (request == m_sourceRequest)
                    m_source->setPage(page, nPages, image, highlights);
            });
    connect(&m_context.documents, &DocumentService::textRead, this, [this](quint64 request, const QString& text) {
        if (request == m_sourceRequest)
            m_source->setText(text, utf16Index(text, m_shownCitation.start), utf16Index(text, m_shownCitation.end));
    });
    connect(&m_context.documents, &DocumentService::sourceFailed, this, [this](quint64 request, const UserMessage& message) {
        if (request != m_sourceRequest)
            return;
        // The passage itself is stored with the answer: it can be read although its file is gone.
        const QString passage = QString::fromStdString(m_shownCitation.text);
        m_source->setFailure(message.title, message.text() + (passage.isEmpty() ? QString() : QStringLiteral("\n\n") + tr("The passage as it was indexed:") + QStringLiteral("\n\n“%1”").arg(passage)),
                             message.technical);
    });
    connect(&m_context.settings, &Settings::changed, this, [this](const QString& key) {
        if (key == QLatin1String(setting::kChatPoints))
            m_view->setTextPoints(m_context.settings.real(setting::kChatPoints));
        if (key == QLatin1String(setting::kSendOnEnter))
            m_composer->setSendsOnEnter(m_context.settings.flag(setting::kSendOnEnter));
        m_sampling->setSettings(m_context.chats.chatSettings(m_chat));
    });
}

/// Who comes back, after a crash above all, finds what was on the screen.
void ChatPage::returnToLastChat()
{
    if (!m_returnsToLast || !m_context.chats.isLoaded())
        return;
    m_returnsToLast = false;
    const qint64 last = m_context.settings.value(setting::kLastChat).toLongLong();
    if (m_chat == 0 && m_composer->text().isEmpty() && m_context.chats.chat(last).id == last && last != 0)
        openChat(last);
}

QList<PageCommand> ChatPage::commands()
{
    return {
        {tr("New chat"), QKeySequence(QStringLiteral("Ctrl+N")), [this] { newChat(); }},
        {tr("Go to the input"), QKeySequence(QStringLiteral("Ctrl+L")), [this] { m_composer->focusInput(); }},
        {tr("Show or hide the chats"), QKeySequence(QStringLiteral("Ctrl+B")), [this] { toggleList(); }},
        {tr("Answer again"), QKeySequence(QStringLiteral("Ctrl+R")), [this] { regenerate(); }},
        {tr("Find in this chat"), QKeySequence(QStringLiteral("Ctrl+F")), [this] { openFind(); }},
        {tr("Next match"), QKeySequence(QStringLiteral("F3")), [this] { m_view->findNext(false); }},
        {tr("Previous match"), QKeySequence(QStringLiteral("Shift+F3")), [this] { m_view->findNext(true); }},
        {tr("Search all chats"), QKeySequence(QStringLiteral("Ctrl+Shift+F")),
         [this] {
             m_listIsWanted = true;
             m_list->show();
             m_list->searchBox()->setFocus();
             m_list->searchBox()->selectAll();
         }},
        {tr("Answer side by side"), QKeySequence(QStringLiteral("Ctrl+D")), [this] { toggleComparison(); }},
        {tr("Save this chat as a file"), QKeySequence(QStringLiteral("Ctrl+Shift+E")), [this] { exportChat(); }},
    };
}

QList<PageEntry> ChatPage::entries()
{
    QList<PageEntry> entries;
    for (const api::ChatSummary& chat : m_context.chats.chats()) {
        const auto when = std::chrono::duration_cast<std::chrono::milliseconds>(chat.lastActive.time_since_epoch()).count();
        entries.push_back({chat.title.empty() ? tr("New chat") : QString::fromStdString(chat.title),
                           locale().toString(QDateTime::fromMSecsSinceEpoch(when).date(), QLocale::ShortFormat), [this, id = qint64(chat.id)] {
                               openChat(id);
                               m_composer->focusInput();
                           }});
    }
    return entries;
}

void ChatPage::activated()
{
    // The documents page may have chosen a collection to ask in a new chat.
    m_newChatCollection = m_context.settings.text(setting::kLastCollection);
    fillAdapterPicker();
    if (m_chat != 0 && m_context.settings.value(setting::kLastChat).toLongLong() == 0)
        newChat();
    else if (m_chat == 0) {
        updateLook();
        updateComposer();
    }
    if (m_composerArea->isHidden())
        m_firstRun->setFocus(Qt::OtherFocusReason);
    else
        m_composer->focusInput();
}

void ChatPage::resizeEvent(QResizeEvent* event)
{
    Page::resizeEvent(event);
    applyListVisibility();
}

void ChatPage::applyListVisibility()
{
    const bool fits = width() >= (m_side->isHidden() ? kNarrow : kNarrowWithSide);
    m_list->setVisible(m_listIsWanted && fits);
}

void ChatPage::toggleList()
{
    m_listIsWanted = !m_list->isVisible();
    m_context.settings.set(setting::kChatListShown, m_listIsWanted);
    if (m_listIsWanted && width() < kNarrowWithSide && !m_side->isHidden())
        closeSide();
    m_list->setVisible(m_listIsWanted); // asked for: shown even when it is narrow
    if (m_listIsWanted)
        m_list->view()->setFocus();
}

void ChatPage::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape) {
        if (m_findBar->isVisible())
            closeFind();
        else if (m_context.chats.isAnswering(m_chat))
            stopAnswer();
        else if (m_isComparing)
            closeComparison();
        else if (!m_side->isHidden())
            closeSide();
        return;
    }
    Page::keyPressEvent(event);
}

void ChatPage::showSide(QWidget* panel)
{
    m_side->setCurrentWidget(panel);
    if (m_side->isHidden()) {
        m_side->show();
        applyListVisibility();
        const int side = std::clamp(int(width() * 0.36), 300, 620);
        const int list = m_list->isVisible() ? m_list->width() : 0;
        m_splitter->setSizes({list, std::max(280, width() - side - list), side});
    }
}

void ChatPage::closeSide()
{
    const bool hadFocus = m_side->isAncestorOf(focusWidget());
    m_side->hide();
    applyListVisibility();
    if (hadFocus)
        m_composer->focusInput();
}

void ChatPage::openFind()
{
    m_findBar->show();
    m_findBox->setFocus();
    m_findBox->selectAll();
}

void ChatPage::closeFind()
{
    m_findBar->hide();
    m_findBox->clear();
    m_view->find({});
    m_composer->focusInput();
}

} // namespace sy::app
