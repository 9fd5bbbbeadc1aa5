// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/finetune_page.h"

#include "app/pages/finetune/adapter_files.h"
#include "app/pages/finetune/adapter_view.h"
#include "app/pages/finetune/compare_view.h"
#include "app/pages/finetune/merge_view.h"
#include "app/pages/finetune/run_form.h"
#include "app/pages/finetune/run_view.h"
#include "app/pages/finetune/run_words.h"
#include "app/services/adapter_service.h"
#include "app/services/chat_service.h"
#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"
#include "app/settings/settings.h"
#include "widgets/parts/file_drop.h"
#include "widgets/parts/state_panel.h"
#include "widgets/theme/tokens.h"
#include "widgets/training/run_list.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QLocale>
#include <QPointer>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QTimer>
#include <algorithm>

namespace sy::app {

using namespace sy::widgets;

namespace {
constexpr int kNarrow = 38; // lines of text

/// How an imported adapter is told from a run in the list.
QString rowOf(const QString& adapter)
{
    return QStringLiteral("adapter:") + adapter;
}

QString adapterOf(const QString& row)
{
    return row.startsWith(QLatin1String("adapter:")) ? row.mid(8) : QString();
}
}

FineTunePage::FineTunePage(PageContext& context, QWidget* parent) : Page(parent), m_context(context)
{
    new FileDrop(this, [] { return tr("Drop examples to train on, or an adapter to bring in"); }, [this](const QStringList& paths) { addDropped(paths); });
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setHandleWidth(1);
    splitter->setChildrenCollapsible(false);
    layout->addWidget(splitter);
    m_list = new RunList(splitter);
    splitter->addWidget(m_list);
    m_stack = new QStackedWidget(splitter);
    m_stack->setProperty("ground", "surface");
    m_stack->setAttribute(Qt::WA_StyledBackground);
    m_stack->setMinimumWidth(300);
    m_state = new StatePanel(m_stack);
    m_form = new RunForm(context, m_stack);
    m_view = new RunView(context, m_stack);
    m_adapter = new AdapterView(context, m_stack);
    m_comparison = new CompareView(context, m_stack);
    m_merge = new MergeView(context, m_stack);
    for (QWidget* page : {static_cast<QWidget*>(m_state), static_cast<QWidget*>(m_form), static_cast<QWidget*>(m_view), static_cast<QWidget*>(m_adapter), static_cast<QWidget*>(m_comparison), static_cast<QWidget*>(m_merge)})
        m_stack->addWidget(page);
    splitter->addWidget(m_stack);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({250, 900});

    connectList();
    connect(m_form, &RunForm::cancelled, this, &FineTunePage::leaveForm);
    connect(m_form, &RunForm::startRequested, this, [this](const QJsonObject& config) {
        openRun(m_context.fineTune.start(config));
        m_list->view()->setFocus();
    });
    connect(m_view, &RunView::duplicateRequested, this, &FineTunePage::duplicate);
    connect(m_view, &RunView::deleteRequested, this, &FineTunePage::remove);
    connect(m_view, &RunView::chatRequested, this, &FineTunePage::chatWith);
    connect(m_view, &RunView::compareRequested, this, [this](const QString& id) {
        m_comparison->setFirst(id);
        showFace(m_comparison);
    });
    connect(m_comparison, &CompareView::closed, this, [this](const QString& first) {
        showFace(m_view);
        openRun(first.isEmpty() ? m_view->id() : first);
    });
    connectServices();
    connectAdapters();
    connectMerging();
    m_context.fineTune.refresh();
    fillList();
    updateLook();
}

void FineTunePage::connectList()
{
    connect(m_list, &RunList::newRequested, this, &FineTunePage::newRun);
    connect(m_list, &RunList::importFileRequested, this, [this] { importAdapter(m_context, this, false); });
    connect(m_list, &RunList::importFolderRequested, this, [this] { importAdapter(m_context, this, true); });
    connect(m_list, &RunList::opened, this, &FineTunePage::open);
    connect(m_list, &RunList::renamed, this, [this](const QString& row, const QString& name) {
        if (name.isEmpty())
            return;
        if (const QString adapter = adapterOf(row); !adapter.isEmpty())
            m_context.adapters.rename(adapter, name);
        else
            m_context.fineTune.rename(row, name);
    });
    connect(m_list, &RunList::deleteRequested, this, [this](const QString& row) {
        if (const QString adapter = adapterOf(row); !adapter.isEmpty())
            m_context.adapters.remove(adapter);
        else
            remove(row);
    });
    connect(m_list, &RunList::duplicateRequested, this, &FineTunePage::duplicate);
}

void FineTunePage::connectAdapters()
{
    AdapterService& service = m_context.adapters;
    connect(&service, &AdapterService::adaptersChanged, this, [this] {
        fillList();
        updateLook();
    });
    connect(&service, &AdapterService::imported, this, [this](const QString& id, const QString& name) {
        if (m_stack->currentWidget() != m_form && m_stack->currentWidget() != m_merge) // what is being filled in is not taken away
            openAdapter(id);
        m_context.toast(tr("“%1” imported").arg(name), {}, {});
    });
    connect(&service, &AdapterService::exported, this, [this](const QString&, const QString& path) { m_context.toast(tr("Exported to %1").arg(path), {}, {}); });
    connect(&service, &AdapterService::removed, this, [this, &service](const QString& id, const QString& name) {
        m_context.toast(tr("“%1” deleted").arg(name), tr("Undo"), [&service, id] { service.restore(id); });
    });
    connect(&service, &AdapterService::restored, this, &FineTunePage::openAdapter);
    connect(m_adapter, &AdapterView::chatRequested, this, &FineTunePage::chatWith);
    connect(m_adapter, &AdapterView::renameRequested, m_list, &RunList::renameCurrent);
    connect(m_adapter, &AdapterView::deleteRequested, &service, &AdapterService::remove);
    connect(&m_context.fineTune, &FineTuneService::checkpointUsed, this, [this](const QString& id, qint64 step) {
        m_context.toast(tr("Chats with “%1” now use step %2").arg(m_context.adapters.nameOf(id), QLocale().toString(step)), {}, {});
    });
}

void FineTunePage::connectMerging()
{
    connect(m_view, &RunView::mergeRequested, this, &FineTunePage::openMerge);
    connect(m_adapter, &AdapterView::mergeRequested, this, &FineTunePage::openMerge);
    connect(m_merge, &MergeView::closed, this, &FineTunePage::leaveMerge);
    connect(m_merge, &MergeView::chatRequested, this, [this](const QString& model, const QString& path) {
        if (model.isEmpty()) {
            chatWithModel(path);
            return;
        }
        m_addedModel = model;
        loadTrained();
    });
    // Where it is not looked at, a line says how it ended and leads there.
    const auto tell = [this](const QString& text) {
        if (!m_merge->isVisible())
            m_context.toast(text, tr("Show"), [page = QPointer(this)] {
                if (!page)
                    return;
                page->m_context.goTo(QStringLiteral("finetune"));
                page->showFace(page->m_merge);
            });
    };
    connect(&m_context.adapters, &AdapterService::mergeEnded, this, [tell](const Merge& merge) { tell(tr("“%1” is written").arg(QString::fromStdString(merge.request.out.filename().string()))); });
    connect(&m_context.adapters, &AdapterService::mergeFailed, this, [tell](const MergeRequest&, const UserMessage& message) { tell(message.title + QStringLiteral(". ") + message.text()); });
}

void FineTunePage::openMerge(const QString& adapter)
{
    m_merge->open(adapter);
    showFace(m_merge);
}

/// Back to what is merged.
void FineTunePage::leaveMerge(const QString& adapter)
{
    showFace(m_state);
    const AdapterInfo* info = m_context.adapters.find(adapter);
    if (info && info->isImported)
        openAdapter(adapter);
    else
        openRun(adapter);
    updateLook();
    m_list->view()->setFocus();
}

void FineTunePage::connectServices()
{
    FineTuneService& service = m_context.fineTune;
    connect(&service, &FineTuneService::runsChanged, this, [this] {
        fillList();
        updateLook();
    });
    connect(&service, &FineTuneService::progressed, this, &FineTunePage::fillList);
    connect(&service, &FineTuneService::runStarted, this, [this](const QString& waitedAs, const QString& id) {
        fillList();
        if (m_view->id() == waitedAs && m_stack->currentWidget() == m_view)
            openRun(id);
    });
    connect(&service, &FineTuneService::startFailed, this, [this](const QString& waitedAs, const QJsonObject& config, const UserMessage& message) {
        const bool isLookedAt = (m_stack->currentWidget() == m_view && m_view->id() == waitedAs) || m_stack->currentWidget() == m_state;
        if (!isLookedAt) { // what is being done is not taken away; on other pages the window says it
            if (isVisible())
                m_context.toast(message.title + QStringLiteral(". ") + message.text(), {}, {});
            return;
        }
        m_form->setConfig(config);
        m_form->setFailure(message);
        m_list->setCurrent({});
        showFace(m_form);
    });
    connect(&service, &FineTuneService::detailsChanged, this, [this](const QString& id) {
        if (id == m_duplicating)
            duplicate(std::exchange(m_duplicating, {}));
    });
    connect(&service, &FineTuneService::removed, this, [this](const QString& id, const QString& name) {
        m_context.toast(tr("“%1” deleted").arg(name), tr("Undo"), [&service = m_context.fineTune, id] { service.restore(id); });
    });
    connect(&service, &FineTuneService::restored, this, &FineTunePage::openRun);
    connect(&m_context.models, &ModelService::imported, this, [this](const QString& id, const QString&, const QString& path) {
        if (path != m_addingModel || path.isEmpty())
            return;
        m_addingModel.clear();
        m_addedModel = id;
    });
    connect(&m_context.models, &ModelService::jobEnded, this, [this](const QString& job) {
        if (job != QStringLiteral("import:") + m_addingModel)
            return;
        QTimer::singleShot(0, this, [this, path = m_addingModel] { // imported() comes at once, or never
            if (m_addingModel == path)
                m_addingModel.clear();
        });
    });
    connect(&m_context.models, &ModelService::modelsChanged, this, &FineTunePage::loadTrained);
    connect(&m_context.models, &ModelService::loadStateChanged, this, &FineTunePage::loadTrained);
}

QList<PageCommand> FineTunePage::commands()
{
    return {{tr("New run"), QKeySequence(QStringLiteral("Ctrl+Shift+N")), [this] { newRun(); }}};
}

QList<PageEntry> FineTunePage::entries()
{
    QList<PageEntry> entries;
    for (const RunRow& row : m_context.fineTune.runs())
        entries.push_back({row.name, stateWords(row.state).text, [this, id = row.id] { openRun(id); }});
    for (const AdapterInfo& adapter : m_context.adapters.adapters())
        if (adapter.isImported)
            entries.push_back({QString::fromStdString(adapter.name), tr("Imported adapter"), [this, id = QString::fromStdString(adapter.id)] { openAdapter(id); }});
    return entries;
}

void FineTunePage::activated()
{
    m_context.fineTune.refresh();
    m_context.adapters.refresh();
    if (m_stack->currentWidget() == m_state && m_list->isHidden())
        m_state->setFocus();
    else if (m_stack->currentWidget() == m_view || m_stack->currentWidget() == m_adapter || m_stack->currentWidget() == m_state)
        m_list->view()->setFocus();
}

void FineTunePage::fillList()
{
    QList<RunListItem> items;
    for (const RunRow& row : m_context.fineTune.runs())
        items.push_back(toListItem(row));
    for (const AdapterInfo& adapter : m_context.adapters.adapters())
        if (adapter.isImported)
            items.push_back({.id = rowOf(QString::fromStdString(adapter.id)), .name = QString::fromStdString(adapter.name), .state = tr("Imported adapter"), .iconName = QStringLiteral("adapter"), .detail = adapter.bytes > 0 ? formatBytes(adapter.bytes) : QString(), .canDuplicate = false});
    m_list->setEmptyText(m_context.fineTune.isListed() ? QString() : tr("Reading the runs…"));
    m_list->setRuns(items);
    if (m_stack->currentWidget() == m_view)
        m_list->setCurrent(m_view->id());
    else if (m_stack->currentWidget() == m_adapter)
        m_list->setCurrent(rowOf(m_adapter->id()));
}

bool FineTunePage::hasRows() const
{
    const QList<AdapterInfo>& adapters = m_context.adapters.adapters();
    return !m_context.fineTune.runs().isEmpty() || std::any_of(adapters.cbegin(), adapters.cend(), [](const AdapterInfo& adapter) { return adapter.isImported; });
}

void FineTunePage::updateLook()
{
    FineTuneService& service = m_context.fineTune;
    const QList<RunRow> runs = service.runs();
    placeList();
    if (m_stack->currentWidget() == m_form || m_stack->currentWidget() == m_merge)
        return;
    if (!service.isListed() && runs.isEmpty()) {
        m_state->setLook(StatePanel::Look::Working, QString(), tr("Reading the runs…"), {});
        showFace(m_state);
        return;
    }
    if (m_stack->currentWidget() == m_adapter && m_context.adapters.find(m_adapter->id()))
        return;
    if (runs.isEmpty()) {
        for (const AdapterInfo& adapter : m_context.adapters.adapters())
            if (adapter.isImported) {
                openAdapter(QString::fromStdString(adapter.id));
                return;
            }
        m_state->clearButtons();
        m_state->setLook(StatePanel::Look::Empty, QStringLiteral("tune"), tr("Teach a model from your examples"),
                         tr("Fine-tuning trains a small adapter on top of a model: it learns a tone, a format or facts from examples. The model itself stays as it is, and the adapter works in the chat the moment it is trained. Nothing leaves this computer."));
        QPushButton* button = m_state->addButton(tr("New run"), true);
        connect(button, &QPushButton::clicked, this, &FineTunePage::newRun);
        QPushButton* file = m_state->addButton(tr("Import a GGUF adapter…"));
        connect(file, &QPushButton::clicked, this, [this] { importAdapter(m_context, this, false); });
        QPushButton* folder = m_state->addButton(tr("Import a PEFT folder…"));
        connect(folder, &QPushButton::clicked, this, [this] { importAdapter(m_context, this, true); });
        m_state->setFocusProxy(button);
        showFace(m_state);
        return;
    }
    const auto isShown = [&](const RunRow& row) { return row.id == m_view->id(); };
    if (m_stack->currentWidget() == m_state || m_stack->currentWidget() == m_adapter || std::none_of(runs.cbegin(), runs.cend(), isShown))
        openRun(runs.front().id);
}

void FineTunePage::showFace(QWidget* face)
{
    m_stack->setCurrentWidget(face);
    placeList();
}

/// Where it is narrow the form needs the room; Cancel and Esc lead back.
void FineTunePage::placeList()
{
    const bool isForm = m_stack->currentWidget() == m_form, isNarrow = width() < kNarrow * fontMetrics().height();
    m_list->setVisible(!(isForm && isNarrow) && (isForm || hasRows()));
}

void FineTunePage::resizeEvent(QResizeEvent* event)
{
    Page::resizeEvent(event);
    placeList();
}

void FineTunePage::open(const QString& row)
{
    if (const QString adapter = adapterOf(row); !adapter.isEmpty())
        openAdapter(adapter);
    else
        openRun(row);
}

void FineTunePage::openAdapter(const QString& id)
{
    m_adapter->setAdapter(id);
    showFace(m_adapter);
    m_list->setCurrent(rowOf(id));
}

void FineTunePage::openRun(const QString& id)
{
    if (!m_context.fineTune.run(id))
        return;
    m_view->setRun(id);
    showFace(m_view);
    m_list->setCurrent(id);
}

void FineTunePage::newRun()
{
    m_form->setConfig({});
    m_list->setCurrent({});
    showFace(m_form);
    if (QWidget* first = m_form->findChild<QLineEdit*>())
        first->setFocus();
}

void FineTunePage::leaveForm()
{
    m_context.fineTune.cancelPlan(); // examples may be read for half a minute
    showFace(m_state);
    openRun(m_view->id()); // where one came from, if it is there
    updateLook();
    if (m_stack->currentWidget() == m_view || m_stack->currentWidget() == m_adapter)
        m_list->view()->setFocus();
}

void FineTunePage::duplicate(const QString& id)
{
    const auto row = m_context.fineTune.run(id);
    const RunDetails* details = m_context.fineTune.details(id);
    const auto waiting = m_context.fineTune.waitingConfig(id);
    if (!row)
        return;
    if (!details && !waiting) {
        m_duplicating = id;
        m_context.fineTune.readDetails(id);
        return;
    }
    QJsonObject config = waiting ? *waiting : details->config;
    config.insert(QStringLiteral("name"), tr("%1, copy").arg(row->name));
    newRun();
    m_form->setConfig(config);
}

/// What waits is only taken out of the queue; a run can be brought back.
void FineTunePage::remove(const QString& id)
{
    const auto row = m_context.fineTune.run(id);
    if (!row)
        return;
    FineTuneService& service = m_context.fineTune;
    if (row->state == RunState::Waiting) {
        const auto config = service.waitingConfig(id);
        service.unqueue(id);
        if (config)
            m_context.toast(tr("“%1” taken out of the queue").arg(row->name), tr("Undo"), [&service, config] { service.start(*config); });
        return;
    }
    if (row->isActive() || row->state == RunState::Elsewhere) {
        m_context.toast(tr("Stop the run first."), {}, {});
        return;
    }
    service.remove(id);
}

/// A new chat with the adapter, and with the model that it belongs to; or with a model that was trained itself.
void FineTunePage::chatWith(const QString& id)
{
    if (const auto run = m_context.fineTune.run(id); run && run->isWhole) {
        chatWithModel(run->trainedModel);
        return;
    }
    m_context.chats.setAdapter(0, {id, 1});
    m_context.settings.set(setting::kLastChat, 0);
    m_context.adapters.refresh();
    const AdapterInfo* adapter = m_context.adapters.find(id);
    const ChatModelPtr loaded = m_context.models.model();
    if (adapter && !adapter->modelPath.empty() && (!loaded || loaded->path != adapter->modelPath))
        for (const api::ModelEntry& model : m_context.models.models())
            if (model.path.string() == adapter->modelPath)
                m_context.models.load(QString::fromStdString(model.id), m_context.settings.number(setting::kContextLength));
    m_context.goTo(QStringLiteral("chat"));
}

/// It becomes one of the models, where it is; one that is there already is only loaded.
void FineTunePage::chatWithModel(const QString& path)
{
    m_addingModel = path;
    m_addedModel.clear();
    m_context.models.import(path, false);
}

/// Once it is in the list and nothing else is being loaded.
void FineTunePage::loadTrained()
{
    if (m_context.models.loadState() == ModelService::LoadState::Loading)
        return;
    for (const api::ModelEntry& model : m_context.models.models())
        if (!m_addedModel.isEmpty() && QString::fromStdString(model.id) == m_addedModel) {
            m_addedModel.clear();
            m_context.chats.setAdapter(0, {});
            m_context.settings.set(setting::kLastChat, 0);
            m_context.models.load(QString::fromStdString(model.id), m_context.settings.number(setting::kContextLength));
            m_context.goTo(QStringLiteral("chat"));
            return;
        }
}

void FineTunePage::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && m_stack->currentWidget() == m_form)
        leaveForm();
    else if (event->key() == Qt::Key_Escape && m_stack->currentWidget() == m_comparison)
        openRun(m_view->id());
    else if (event->key() == Qt::Key_Escape && m_stack->currentWidget() == m_merge)
        leaveMerge(m_merge->adapter());
    else
        Page::keyPressEvent(event);
}

void FineTunePage::addDropped(const QStringList& paths)
{
    QStringList examples;
    for (const QString& path : paths) {
        if (looksLikeAdapter(path))
            m_context.adapters.import(path);
        else
            examples << path;
    }
    if (examples.isEmpty())
        return;
    if (m_stack->currentWidget() != m_form)
        newRun();
    m_form->addFiles(examples);
}

} // namespace sy::app
