// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/documents/documents_page.h"

#include "app/pages/chat/message_items.h"
#include "app/pages/documents/collection_search.h"
#include "app/pages/documents/document_table.h"
#include "app/pages/documents/document_words.h"
#include "app/services/document_service.h"
#include "app/settings/settings.h"
#include "widgets/parts/elided_label.h"
#include "widgets/parts/file_drop.h"
#include "widgets/parts/progress_list.h"
#include "widgets/parts/row_delegate.h"
#include "widgets/parts/state_panel.h"
#include "widgets/source/source_panel.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QAction>
#include <QApplication>
#include <QDesktopServices>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QInputDialog>
#include <QLabel>
#include <QListWidget>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>
#include <QScopeGuard>
#include <QSet>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabBar>
#include <QToolButton>
#include <QTreeView>
#include <QUrl>
#include <algorithm>
#include <utility>

namespace sy::app {

using namespace sy::widgets;

namespace {
constexpr int kNameRole = Qt::UserRole + 1; // of a collection
} // namespace

DocumentsPage::DocumentsPage(PageContext& context, QWidget* parent) : Page(parent), m_context(context)
{
    const auto dropSays = [this] { return m_current.isEmpty() ? tr("Drop to make a collection of them") : tr("Drop to add to “%1”").arg(m_current); };
    new FileDrop(this, dropSays, [this](const QStringList& paths) { add(paths); });
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    m_splitter = new QSplitter(Qt::Horizontal, this);
    m_splitter->setHandleWidth(1);
    m_splitter->setChildrenCollapsible(false);
    layout->addWidget(m_splitter);

    m_left = new QWidget(m_splitter);
    auto* leftRows = new QVBoxLayout(m_left);
    leftRows->setContentsMargins(space::kMedium, space::kMedium, space::kMedium, space::kSmall);
    leftRows->setSpacing(space::kSmall);
    auto* create = new QPushButton(icon(QStringLiteral("plus"), IconTone::Text), tr("New collection"), m_left);
    leftRows->addWidget(create);
    m_list = new QListWidget(m_left);
    m_list->setProperty("kind", "bare");
    m_list->setAccessibleName(tr("Collections"));
    m_list->setItemDelegate(new RowDelegate(m_list));
    m_list->viewport()->setAttribute(Qt::WA_Hover);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTextElideMode(Qt::ElideRight);
    m_list->setContextMenuPolicy(Qt::CustomContextMenu);
    leftRows->addWidget(m_list, 1);
    m_splitter->addWidget(m_left);

    m_stack = new QStackedWidget(m_splitter);
    m_stack->setProperty("ground", "surface");
    m_stack->setAttribute(Qt::WA_StyledBackground);
    m_state = new StatePanel(m_stack);
    m_detail = new QWidget(m_stack);
    buildDetail(m_detail);
    m_stack->addWidget(m_state);
    m_stack->addWidget(m_detail);
    m_stack->setMinimumWidth(300);
    m_splitter->addWidget(m_stack);
    m_detail->installEventFilter(this);
    m_source = new SourcePanel(m_splitter);
    m_source->setMinimumWidth(260);
    m_source->hide();
    m_splitter->addWidget(m_source);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setSizes({230, 700, 420});

    connect(create, &QPushButton::clicked, this, &DocumentsPage::newCollection);
    connect(m_list, &QListWidget::currentItemChanged, this, [this](QListWidgetItem* item) {
        if (!item)
            return;
        m_awaited.clear(); // the user looks at another one meanwhile
        selectCollection(item->data(kNameRole).toString());
    });
    connect(m_list, &QListWidget::customContextMenuRequested, this, [this](const QPoint& at) {
        if (!m_current.isEmpty())
            m_more->menu()->popup(m_list->viewport()->mapToGlobal(at));
    });
    connectServices();
    context.documents.refresh();
    updateLook();
}

void DocumentsPage::buildDetail(QWidget* detail)
{
    auto* rows = new QVBoxLayout(detail);
    rows->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kMedium);
    rows->setSpacing(space::kMedium);

    auto* head = new QHBoxLayout;
    head->setSpacing(space::kSmall);
    auto* names = new QVBoxLayout;
    names->setSpacing(2);
    m_title = new ElidedLabel(detail);
    m_title->setFont(titleFont(font()));
    m_facts = new QLabel(detail);
    m_facts->setProperty("tone", "muted");
    m_facts->setWordWrap(true);
    names->addWidget(m_title);
    names->addWidget(m_facts);
    head->addLayout(names, 1);
    m_addFiles = new QPushButton(icon(QStringLiteral("file"), IconTone::OnAccent), tr("Add files"), detail);
    m_addFiles->setProperty("kind", "primary");
    m_addFolder = new QPushButton(icon(QStringLiteral("folder"), IconTone::Text), tr("Add a folder"), detail);
    m_more = new QToolButton(detail);
    m_more->setIcon(icon(QStringLiteral("more"), IconTone::Text));
    m_more->setAccessibleName(tr("More for this collection"));
    m_more->setToolTip(m_more->accessibleName());
    m_more->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(m_more);
    connect(menu->addAction(icon(QStringLiteral("chat")), tr("Ask in a new chat")), &QAction::triggered, this, &DocumentsPage::askInChat);
    connect(menu->addAction(icon(QStringLiteral("folder")), tr("Add a folder")), &QAction::triggered, this, &DocumentsPage::addFolder);
    menu->addSeparator();
    connect(menu->addAction(icon(QStringLiteral("refresh")), tr("Index everything again…")), &QAction::triggered, this, [this] {
        auto* box = new QMessageBox(QMessageBox::NoIcon, QStringLiteral("Switchyard"), tr("Index all of “%1” again?").arg(m_current), QMessageBox::NoButton, this);
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->setInformativeText(tr("Every document is read anew. Files that changed are noticed without this."));
        QPushButton* yes = box->addButton(tr("Index again"), QMessageBox::AcceptRole);
        box->addButton(tr("Cancel"), QMessageBox::RejectRole);
        connect(box, &QMessageBox::buttonClicked, this, [this, yes](QAbstractButton* button) {
            QStringList paths;
            for (const api::DocumentRow& row : std::as_const(m_rows))
                paths << QString::fromStdString(row.path);
            if (button == yes && !paths.isEmpty())
                m_context.documents.ingest(m_current, paths, true);
        });
        box->open();
    });
    menu->addSeparator();
    connect(menu->addAction(icon(QStringLiteral("edit")), tr("Rename…")), &QAction::triggered, this, &DocumentsPage::renameCollection);
    connect(menu->addAction(icon(QStringLiteral("trash"), IconTone::Danger), tr("Remove collection…")), &QAction::triggered, this, &DocumentsPage::removeCollection);
    m_more->setMenu(menu);
    m_ask = new QPushButton(icon(QStringLiteral("chat"), IconTone::Text), tr("Ask in a new chat"), detail);
    connect(m_ask, &QPushButton::clicked, this, &DocumentsPage::askInChat);
    head->addWidget(m_ask);
    head->addWidget(m_addFiles);
    head->addWidget(m_addFolder);
    head->addWidget(m_more);
    rows->addLayout(head);

    m_progress = new ProgressList(detail);
    rows->addWidget(m_progress);
    connect(m_progress, &ProgressList::cancelRequested, this, [this](const QString& collection) {
        m_list->setFocus(); // the button is of no more use; focus would fall to the rail
        m_context.documents.cancelIngest(collection);
    });

    m_waiting = new QFrame(detail);
    m_waiting->setProperty("kind", "warning");
    auto* waiting = new QHBoxLayout(m_waiting);
    waiting->setContentsMargins(space::kMedium, space::kSmall, space::kSmall, space::kSmall);
    m_waitingText = new QLabel(m_waiting);
    m_waitingText->setWordWrap(true);
    auto* goOn = new QPushButton(tr("Continue indexing"), m_waiting);
    waiting->addWidget(m_waitingText, 1);
    waiting->addWidget(goOn, 0, Qt::AlignVCenter);
    m_waiting->hide();
    rows->addWidget(m_waiting);
    connect(goOn, &QPushButton::clicked, this, [this] {
        m_list->setFocus(); // the button goes
        m_context.documents.resume(m_current);
    });

    m_tabs = new QTabBar(detail);
    m_tabs->setDrawBase(false);
    m_tabs->setExpanding(false);
    m_tabs->addTab(tr("Files"));
    m_tabs->addTab(tr("Search"));
    m_tabs->setAccessibleName(tr("Files or search"));
    rows->addWidget(m_tabs);
    m_tabStack = new QStackedWidget(detail);
    rows->addWidget(m_tabStack, 1);
    connect(m_tabs, &QTabBar::currentChanged, this, [this](int index) {
        m_tabStack->setCurrentIndex(index);
        if (index == 1)
            m_search->focusBox();
    });

    auto* files = new QWidget(m_tabStack);
    auto* fileRows = new QVBoxLayout(files);
    fileRows->setContentsMargins(0, 0, 0, 0);
    fileRows->setSpacing(space::kSmall);
    m_model = new DocumentTable(this);
    m_files = new QTreeView(files);
    m_files->setModel(m_model);
    m_files->setAccessibleName(tr("Documents of the collection"));
    m_files->setRootIsDecorated(false);
    m_files->setUniformRowHeights(true);
    m_files->setSelectionMode(QAbstractItemView::ExtendedSelection);
    m_files->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_files->setSortingEnabled(true);
    m_files->sortByColumn(DocumentTable::Name, Qt::AscendingOrder);
    m_files->header()->setStretchLastSection(false);
    m_files->header()->setSectionResizeMode(DocumentTable::Name, QHeaderView::Stretch);
    for (int c = DocumentTable::Status; c < DocumentTable::nColumns; ++c)
        m_files->header()->setSectionResizeMode(c, QHeaderView::ResizeToContents);
    m_files->header()->setResizeContentsPrecision(0); // by the rows in sight: there may be thousands
    m_files->header()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_files->setTabKeyNavigation(false);
    m_filesStack = new QStackedWidget(files);
    m_filesStack->addWidget(m_files);
    m_noFiles = new StatePanel(m_filesStack);
    m_noFiles->setLook(StatePanel::Look::Empty, QStringLiteral("documents"), tr("No documents yet"), tr("Drop files or a folder here, or choose them above."));
    m_filesStack->addWidget(m_noFiles);
    fileRows->addWidget(m_filesStack, 1);
    m_problem = new QFrame(files);
    m_problem->setProperty("kind", "warning");
    auto* problem = new QHBoxLayout(m_problem);
    problem->setContentsMargins(space::kMedium, space::kSmall, space::kSmall, space::kSmall);
    m_problemText = new QLabel(m_problem);
    m_problemText->setWordWrap(true);
    m_problemText->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_problemAction = new QPushButton(m_problem);
    problem->addWidget(m_problemText, 1);
    problem->addWidget(m_problemAction, 0, Qt::AlignVCenter);
    m_problem->hide();
    fileRows->addWidget(m_problem);
    auto* fileButtons = new QHBoxLayout;
    m_removeFile = new QPushButton(tr("Remove"), files);
    m_reindexFile = new QPushButton(tr("Index again"), files);
    m_removeFile->setToolTip(tr("Takes the documents out of the collection; the files stay where they are (Del)"));
    fileButtons->addWidget(m_reindexFile);
    fileButtons->addWidget(m_removeFile);
    fileButtons->addStretch(1);
    fileRows->addLayout(fileButtons);
    m_tabStack->addWidget(files);
    auto* removeKey = new QAction(this);
    removeKey->setShortcut(Qt::Key_Delete);
    removeKey->setShortcutContext(Qt::WidgetShortcut);
    m_files->addAction(removeKey);
    connect(removeKey, &QAction::triggered, this, &DocumentsPage::removeSelected);

    m_search = new CollectionSearch(m_context.documents, m_tabStack);
    m_tabStack->addWidget(m_search);

    connect(m_addFiles, &QPushButton::clicked, this, &DocumentsPage::addFiles);
    connect(m_addFolder, &QPushButton::clicked, this, &DocumentsPage::addFolder);
    connect(m_removeFile, &QPushButton::clicked, this, &DocumentsPage::removeSelected);
    connect(m_reindexFile, &QPushButton::clicked, this, &DocumentsPage::reindexSelected);
    connect(m_problemAction, &QPushButton::clicked, this, &DocumentsPage::askPassword);
    connect(m_files->selectionModel(), &QItemSelectionModel::selectionChanged, this, &DocumentsPage::updateProblem);
    connect(m_files, &QTreeView::activated, this, [this](const QModelIndex& index) {
        const QString path = index.data(DocumentTable::kPathRole).toString();
        QDesktopServices::openUrl(QUrl::fromLocalFile(path));
    });
    connect(m_search, &CollectionSearch::opened, this, &DocumentsPage::showResult);
}

void DocumentsPage::connectServices()
{
    DocumentService& documents = m_context.documents;
    connect(&documents, &DocumentService::collectionsChanged, this, [this] {
        fillCollections();
        updateLook();
    });
    connect(&documents, &DocumentService::documentsRead, this, [this](const QString& collection, const QList<api::DocumentRow>& rows) {
        if (collection == m_current)
            fillDocuments(rows);
    });
    connect(&documents, &DocumentService::ingestProgressed, this, [this](const QString& collection) {
        updateProgress(collection);
        if (collection == m_current && m_waiting->isVisible())
            m_waiting->hide();
    });
    connect(&documents, &DocumentService::ingestEnded, this, [this](const QString& collection, const api::IngestSummary& summary, bool wasCancelled) {
        if (!m_context.documents.isIngesting(collection)) {
            if (m_progress->isAncestorOf(QApplication::focusWidget()))
                m_list->setFocus();
            m_progress->removeJob(collection);
        }
        updateLook();
        if (wasCancelled)
            m_context.toast(tr("Indexing of “%1” stopped; what is done stays.").arg(collection), {}, {});
        else if (summary.nDocuments > 0)
            m_context.toast(tr("%n document(s) indexed in %1 s", nullptr, int(summary.nDocuments)).arg(locale().toString(summary.seconds, 'f', 1)), {}, {});
    });
    connect(m_source, &SourcePanel::closeRequested, this, [this] {
        m_source->hide();
        m_search->focusResults();
        updateLook();
    });
    const auto request = [this](const SourceItem& source, int page, int pixels) {
        if (page > 0)
            m_sourceRequest = m_context.documents.renderPage(source.path, page, pixels, page == m_shown.page ? m_shown.start : 0, page == m_shown.page ? m_shown.end : 0);
        else
            m_sourceRequest = m_context.documents.readText(source.path);
    };
    connect(m_source, &SourcePanel::sourceRequested, this, [request](const SourceItem& source, int pixels) { request(source, source.page, pixels); });
    connect(m_source, &SourcePanel::pageRequested, this, request);
    connect(m_source, &SourcePanel::openFileRequested, this, [](const QString& path, int) { QDesktopServices::openUrl(QUrl::fromLocalFile(path)); });
    connect(&documents, &DocumentService::pageRendered, this, [this](quint64 id, int page, int nPages, const QImage& image, const QList<QRectF>& highlights) {
        if (id == m_sourceRequest)
            m_source->setPage(page, nPages, image, highlights);
    });
    connect(&documents, &DocumentService::textRead, this, [this](quint64 id, const QString& text) {
        if (id == m_sourceRequest)
            m_source->setText(text, utf16Index(text, m_shown.start), utf16Index(text, m_shown.end));
    });
    connect(&documents, &DocumentService::sourceFailed, this, [this](quint64 id, const UserMessage& message) {
        if (id == m_sourceRequest)
            m_source->setFailure(message.title, message.text(), message.technical);
    });
}

QList<PageCommand> DocumentsPage::commands()
{
    return {{tr("Add files"), QKeySequence(QStringLiteral("Ctrl+O")), [this] { addFiles(); }}};
}

QList<PageEntry> DocumentsPage::entries()
{
    QList<PageEntry> entries;
    for (const api::CollectionSummary& collection : m_context.documents.collections()) {
        const QString name = QString::fromStdString(collection.name);
        entries.push_back({name, tr("%n document(s)", nullptr, int(collection.nDocuments)), [this, name] { selectCollection(name); }});
    }
    return entries;
}

void DocumentsPage::activated()
{
    m_context.documents.refresh();
    if (!m_current.isEmpty())
        m_context.documents.readDocuments(m_current);
    focusPage();
}

/// On the list, or while it is empty on what is offered instead.
void DocumentsPage::focusPage()
{
    if (m_stack->currentWidget() == m_state && m_state->focusProxy())
        m_state->setFocus();
    else
        m_list->setFocus();
}

void DocumentsPage::resizeEvent(QResizeEvent* event)
{
    Page::resizeEvent(event);
    const bool isNarrow = width() < 760;
    m_left->setVisible(!(isNarrow && m_source->isVisible()));
}

/// The detail is as wide as the list and the source leave it, which its own resizing alone tells.
bool DocumentsPage::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_detail && event->type() == QEvent::Resize)
        arrangeHead();
    return Page::eventFilter(watched, event);
}

/// Buttons that would leave no room for the collection's name are found in the menu only.
void DocumentsPage::arrangeHead()
{
    constexpr int kName = 220;
    int left = m_detail->width() - 2 * space::kHuge - 4 * space::kSmall - kName - m_addFiles->sizeHint().width() - m_more->sizeHint().width();
    left -= m_addFolder->sizeHint().width();
    m_addFolder->setVisible(left > 0);
    left -= m_ask->sizeHint().width();
    m_ask->setVisible(left > 0);
    // Name and status are what a narrow table is looked at for.
    for (const int column : {DocumentTable::Pages, DocumentTable::Chunks, DocumentTable::Size})
        m_files->setColumnHidden(column, m_detail->width() < 24 * fontMetrics().averageCharWidth() + 2 * kName);
}

// -------------------------------------------------------------------------------------------------------------- filling

void DocumentsPage::fillCollections()
{
    const QSignalBlocker block(m_list);
    m_list->clear();
    if (!m_awaited.isEmpty() && !m_context.documents.collection(m_awaited).name.empty()) {
        if (m_current != m_awaited) { // a list without it came first
            turnTo(m_awaited);
            m_context.documents.readDocuments(m_awaited);
        }
        m_awaited.clear();
    }
    for (const api::CollectionSummary& collection : m_context.documents.collections()) {
        const QString name = QString::fromStdString(collection.name);
        auto* item = new QListWidgetItem(icon(QStringLiteral("documents")), name, m_list);
        item->setData(kNameRole, name);
        item->setToolTip(collectionFacts(collection));
        item->setSizeHint(QSize(100, fontMetrics().height() + 16));
        if (name == m_current)
            m_list->setCurrentItem(item);
    }
    if (m_list->currentItem() == nullptr) {
        m_current.clear();
        if (m_list->count() > 0) {
            m_list->setCurrentRow(0);
            const QString first = m_list->item(0)->data(kNameRole).toString();
            m_list->blockSignals(false);
            selectCollection(first);
        }
    }
}

void DocumentsPage::selectCollection(const QString& name)
{
    turnTo(name);
    for (int i = 0; i < m_list->count(); ++i)
        if (m_list->item(i)->data(kNameRole).toString() == name)
            m_list->setCurrentRow(i);
    m_context.documents.readDocuments(name);
    updateLook();
}

void DocumentsPage::awaitCollection(const QString& name)
{
    turnTo(name);
    m_awaited = name;
}

/// What is shown belongs to another collection and goes.
void DocumentsPage::turnTo(const QString& name)
{
    if (name == m_current)
        return;
    m_current = name;
    m_search->setCollection(name);
    m_model->setRows({});
    m_rows.clear();
    m_source->hide();
    updateProblem();
}

void DocumentsPage::fillDocuments(const QList<api::DocumentRow>& rows)
{
    const QSet<QString> selected = [this] {
        const QStringList paths = selectedPaths();
        return QSet<QString>(paths.begin(), paths.end());
    }();
    const int currentRow = m_files->currentIndex().row();
    const QString current = m_files->currentIndex().data(DocumentTable::kPathRole).toString();
    m_rows = rows;
    m_model->setRows(rows);
    QItemSelection kept;
    for (int r = 0; r < m_model->rowCount(); ++r) {
        const QModelIndex index = m_model->index(r, 0);
        const QString path = index.data(DocumentTable::kPathRole).toString();
        if (selected.contains(path))
            kept.select(index, m_model->index(r, DocumentTable::nColumns - 1));
        if (!current.isEmpty() && path == current)
            m_files->selectionModel()->setCurrentIndex(index, QItemSelectionModel::NoUpdate);
    }
    if (currentRow >= 0 && !m_files->currentIndex().isValid()) // it was removed: the keys go on from its place
        m_files->selectionModel()->setCurrentIndex(m_model->index(std::min(currentRow, m_model->rowCount() - 1), 0), QItemSelectionModel::NoUpdate);
    m_files->selectionModel()->select(kept, QItemSelectionModel::ClearAndSelect);
    updateProblem();
    updateLook();
}

void DocumentsPage::updateLook()
{
    DocumentService& documents = m_context.documents;
    const bool losesFocus = m_state->isAncestorOf(window()->focusWidget()) || (m_list->count() == 0 && m_list == window()->focusWidget());
    const auto refocus = qScopeGuard([&] {
        if (losesFocus)
            focusPage();
    });
    m_list->setFocusPolicy(m_list->count() > 0 ? Qt::StrongFocus : Qt::NoFocus); // an empty one shows no focus
    m_state->clearButtons();
    m_state->setDetails({});
    m_left->setVisible(!(width() < 760 && m_source->isVisible()));
    if (!documents.isListed()) {
        m_state->setLook(StatePanel::Look::Working, QString(), tr("Reading the collections…"), {});
        m_stack->setCurrentWidget(m_state);
        return;
    }
    if (!documents.listFailure().title.isEmpty()) {
        m_state->setLook(StatePanel::Look::Failed, QStringLiteral("warning"), documents.listFailure().title, documents.listFailure().text());
        m_state->setDetails(documents.listFailure().technical);
        connect(m_state->addButton(tr("Try again"), true), &QPushButton::clicked, &documents, &DocumentService::refresh);
        m_stack->setCurrentWidget(m_state);
        return;
    }
    if (m_current.isEmpty()) {
        m_state->setLook(StatePanel::Look::Empty, QStringLiteral("documents"), tr("Your documents, ready to be asked"),
                         tr("A collection is a set of files that chats can answer from, with the page each answer comes from. Drop files or a folder here, or choose them."));
        connect(m_state->addButton(tr("Add files"), true), &QPushButton::clicked, this, &DocumentsPage::addFiles);
        connect(m_state->addButton(tr("Add a folder")), &QPushButton::clicked, this, &DocumentsPage::addFolder);
        if (!m_context.engine.samplesDir.empty())
            connect(m_state->addButton(tr("Try the samples")), &QPushButton::clicked, this, &DocumentsPage::addSamples);
        m_stack->setCurrentWidget(m_state);
        return;
    }
    m_stack->setCurrentWidget(m_detail);
    m_title->setText(m_current);
    m_title->setToolTip(m_current);
    m_facts->setText(collectionFacts(documents.collection(m_current)));
    const qint64 nWaiting = documents.isIngesting(m_current) ? 0 : documents.collection(m_current).nPending;
    m_waiting->setVisible(nWaiting > 0);
    m_waitingText->setText(tr("%n document(s) not indexed yet: answers do not use them.", nullptr, int(nWaiting)));
    const bool isEmpty = m_rows.isEmpty() && !documents.isIngesting(m_current) && documents.collection(m_current).nDocuments == 0;
    m_filesStack->setCurrentWidget(isEmpty ? static_cast<QWidget*>(m_noFiles) : m_files);
    m_removeFile->setVisible(!isEmpty);
    m_reindexFile->setVisible(!isEmpty);
    const bool hasSelection = !selectedPaths().isEmpty();
    m_removeFile->setEnabled(hasSelection);
    m_reindexFile->setEnabled(hasSelection);
    updateProgress(m_current);
}

void DocumentsPage::updateProgress(const QString& collection)
{
    if (!m_context.documents.isIngesting(collection))
        return;
    const api::IngestProgress p = m_context.documents.progress(collection);
    m_progress->setJob(collection, tr("Indexing “%1”").arg(collection), ingestDetail(p), p.nTotal > 0 ? double(p.nDone) / double(p.nTotal) : -1);
}

QStringList DocumentsPage::selectedPaths() const
{
    QStringList paths;
    for (const QModelIndex& index : m_files->selectionModel()->selectedRows(0))
        paths << index.data(DocumentTable::kPathRole).toString();
    return paths;
}

void DocumentsPage::updateProblem()
{
    const QStringList selected = selectedPaths();
    m_removeFile->setEnabled(!selected.isEmpty());
    m_reindexFile->setEnabled(!selected.isEmpty());
    bool hasProblem = false;
    for (const api::DocumentRow& row : std::as_const(m_rows)) {
        if (selected.size() != 1 || QString::fromStdString(row.path) != selected.front())
            continue;
        const StatusWords words = statusWords(row);
        hasProblem = words.isProblem;
        m_problemText->setText(words.explanation);
        m_problemAction->setText(row.status == api::DocumentStatus::needsPassword ? tr("Enter the password…") : tr("Try again"));
    }
    if (!hasProblem && m_problem->isAncestorOf(window()->focusWidget()))
        m_files->setFocus(); // the next in line is the button that removes
    m_problem->setVisible(hasProblem);
}

} // namespace sy::app
