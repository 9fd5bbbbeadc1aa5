// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/main_window.h"

#include "app/keyboard/shortcut_table.h"
#include "app/pages/page_table.h"
#include "app/services/adapter_service.h"
#include "app/services/chat_service.h"
#include "app/services/document_service.h"
#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"
#include "app/services/work_queue.h"
#include "app/settings/settings.h"
#include "widgets/parts/navigation_rail.h"
#include "widgets/parts/palette.h"
#include "widgets/parts/status_field.h"
#include "widgets/parts/toast.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QClipboard>
#include <QCloseEvent>
#include <QHBoxLayout>
#include <QLocale>
#include <QPainter>
#include <QShortcut>
#include <QStackedWidget>

namespace sy::app {

namespace {

/// The strip at the lower edge.
class StatusStrip : public QWidget {
public:
    using QWidget::QWidget;

protected:
    void paintEvent(QPaintEvent*) override
    {
        const widgets::Tokens& t = widgets::tokens(palette());
        QPainter painter(this);
        painter.fillRect(rect(), t.sunken);
        painter.fillRect(QRect(0, 0, width(), 1), t.border);
    }
};

} // namespace

MainWindow::MainWindow(const Services& services)
    : m_context{services, [this](const QString& id) { goTo(id); },
                [this](const QString& text, const QString& actionText, std::function<void()> action) {
                    m_toast->showMessage(text, actionText, std::move(action), actionText.isEmpty() ? 4000 : 8000);
                }},
      m_worker(std::make_unique<WorkQueue>())
{
    setWindowTitle(QStringLiteral("Switchyard"));
    setMinimumSize(600, 400);
    resize(1280, 800);
    if (const QByteArray geometry = m_context.settings.value(setting::kGeometry).toByteArray(); !geometry.isEmpty())
        restoreGeometry(geometry);
    build();
    connect(&m_context.models, &ModelService::loadStateChanged, this, [this] {
        updateStatus();
        const UserMessage& failure = m_context.models.draftFailure();
        if (m_context.models.loadState() == ModelService::LoadState::Loaded && !failure.title.isEmpty() && currentPage() != QLatin1String("models"))
            m_toast->showMessage(failure.title + QStringLiteral(". ") + failure.remedy, tr("Models"), [this] { goTo(QStringLiteral("models")); }, 9000);
    });
    connect(&m_context.chats, &ChatService::chatsChanged, this, &MainWindow::updateStatus);
    connect(&m_context.chats, &ChatService::adapterChanged, this, &MainWindow::updateStatus);
    connect(&m_context.adapters, &AdapterService::adaptersChanged, this, &MainWindow::updateStatus);
    connect(&m_context.settings, &Settings::changed, this, [this](const QString& key) {
        if (key == QLatin1String(setting::kLastChat))
            updateStatus();
    });
    connect(&m_context.models, &ModelService::jobChanged, this, &MainWindow::updateStatus);
    connect(&m_context.models, &ModelService::jobEnded, this, &MainWindow::updateStatus);
    connect(&m_context.documents, &DocumentService::ingestProgressed, this, &MainWindow::updateStatus);
    connect(&m_context.documents, &DocumentService::ingestEnded, this, &MainWindow::updateStatus);
    connect(&m_context.chats, &ChatService::speedMeasured, this, [this](double speed) {
        m_speed = speed;
        updateStatus();
    });
    const auto complain = [this](const UserMessage& message) {
        const QString details = message.title + QLatin1Char('\n') + message.text() + QLatin1Char('\n') + message.technical;
        m_toast->showMessage(message.title + QStringLiteral(". ") + message.text(), tr("Copy details"), [details] { QApplication::clipboard()->setText(details); }, 9000);
    };
    connect(&m_context.chats, &ChatService::failed, this, complain);
    connect(&m_context.models, &ModelService::failed, this, [this, complain](const UserMessage& message) {
        if (currentPage() != QLatin1String("models") && m_context.models.hasChatModel()) // there, and in the welcome, the page says it
            complain(message);
    });
    connect(&m_context.documents, &DocumentService::failed, this, complain);
    connect(&m_context.adapters, &AdapterService::failed, this, complain);
    connect(&m_context.adapters, &AdapterService::importFailed, this, [complain](const QString&, const UserMessage& message) { complain(message); });
    connect(&m_context.adapters, &AdapterService::exportFailed, this, [complain](const QString&, const UserMessage& message) { complain(message); });
    connect(&m_context.adapters, &AdapterService::modelWritten, &m_context.models, &ModelService::refresh);
    for (const auto signal : {&AdapterService::mergeChanged, &AdapterService::mergeCancelled})
        connect(&m_context.adapters, signal, this, &MainWindow::updateStatus);
    connect(&m_context.adapters, &AdapterService::mergeEnded, this, &MainWindow::updateStatus);
    connect(&m_context.adapters, &AdapterService::mergeFailed, this, &MainWindow::updateStatus);
    FineTuneService& fineTune = m_context.fineTune;
    connect(&fineTune, &FineTuneService::runsChanged, this, &MainWindow::updateStatus);
    connect(&fineTune, &FineTuneService::progressed, this, &MainWindow::updateStatus);
    connect(&fineTune, &FineTuneService::failed, this, complain);
    connect(&fineTune, &FineTuneService::startFailed, this, [this, complain](const QString&, const QJsonObject&, const UserMessage& message) {
        if (currentPage() != QLatin1String("finetune")) // there the form says it
            complain(message);
    });
    connect(&fineTune, &FineTuneService::runEnded, this, [this](const QString& id, bool isComplete) {
        m_context.adapters.refresh(); // there is one more, or a newer one
        const auto run = m_context.fineTune.run(id);
        if (isComplete && run && currentPage() != QLatin1String("finetune"))
            m_toast->showMessage(tr("“%1” is trained").arg(run->name), tr("Show"), [this] { goTo(QStringLiteral("finetune")); }, 9000);
    });
    connect(&fineTune, &FineTuneService::restored, &m_context.adapters, &AdapterService::refresh);
    connect(&fineTune, &FineTuneService::removed, &m_context.adapters, &AdapterService::refresh);
    connect(&fineTune, &FineTuneService::restored, &m_context.models, &ModelService::refresh); // a trained model may be one of them
    connect(&fineTune, &FineTuneService::removed, &m_context.models, &ModelService::refresh);
    connect(&fineTune, &FineTuneService::checkpointUsed, &m_context.adapters, &AdapterService::refresh);
    m_memoryTimer.setInterval(2000);
    connect(&m_memoryTimer, &QTimer::timeout, this, &MainWindow::pollMemory);
    m_memoryTimer.start();
    pollMemory();
}

MainWindow::~MainWindow() = default;

void MainWindow::build()
{
    const QString shown = m_stack ? currentPage() : m_context.settings.text(setting::kPage);
    for (QShortcut* shortcut : findChildren<QShortcut*>(Qt::FindDirectChildrenOnly))
        delete shortcut;
    m_pages.clear();
    auto* central = new QWidget(this);
    auto* outer = new QVBoxLayout(central);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    auto* middle = new QHBoxLayout;
    middle->setSpacing(0);
    m_rail = new widgets::NavigationRail(central);
    m_stack = new QStackedWidget(central);
    middle->addWidget(m_rail);
    middle->addWidget(m_stack, 1);
    outer->addLayout(middle, 1);
    buildStatusBar(central, outer);
    m_toast = new widgets::Toast(central);
    m_palette = new widgets::Palette(central);

    int number = 1;
    for (const PageRow& row : pageTable()) { // all before the pages: the Tab key goes in the order in which things were made
        const QString id = QString::fromLatin1(row.id);
        const QKeySequence keys(QStringLiteral("Ctrl+%1").arg(number++));
        m_rail->addItem(id, row.title(), QString::fromLatin1(row.icon), keys.toString(QKeySequence::NativeText), row.isAtBottom);
        connect(new QShortcut(keys, this), &QShortcut::activated, this, [this, id] { goTo(id); });
    }
    for (const PageRow& row : pageTable()) {
        const QString id = QString::fromLatin1(row.id);
        Page* page = row.make(m_context, m_stack);
        m_pages.insert(id, page);
        m_stack->addWidget(page);
        for (const PageCommand& command : page->commands()) {
            auto* shortcut = new QShortcut(command.keys, this);
            connect(shortcut, &QShortcut::activated, page, [this, id, run = command.run] {
                goTo(id);
                run();
            });
        }
    }
    const auto toSettings = [this] { goTo(QStringLiteral("settings")); };
    connect(new QShortcut(QKeySequence(QStringLiteral("Ctrl+,")), this), &QShortcut::activated, this, toSettings);
    for (const char* keys : {"F1", "Ctrl+/"})
        connect(new QShortcut(QKeySequence(QString::fromLatin1(keys)), this), &QShortcut::activated, this, [this] { showShortcuts(this); });
    connect(new QShortcut(QKeySequence(QStringLiteral("Ctrl+K")), this), &QShortcut::activated, this, &MainWindow::openPalette);
    connect(new QShortcut(QKeySequence::Quit, this), &QShortcut::activated, this, &QWidget::close);
    connect(m_rail, &widgets::NavigationRail::activated, this, &MainWindow::goTo);
    setCentralWidget(central); // deletes what was there before
    goTo(m_pages.contains(shown) ? shown : QString::fromLatin1(pageTable().front().id));
    updateStatus();
}

void MainWindow::buildStatusBar(QWidget* parent, QBoxLayout* layout)
{
    auto* strip = new StatusStrip(parent);
    strip->setAccessibleName(tr("Status"));
    auto* row = new QHBoxLayout(strip);
    row->setContentsMargins(widgets::space::kSmall, 1, widgets::space::kSmall, 0);
    row->setSpacing(widgets::space::kSmall);
    m_modelField = new widgets::StatusField(tr("Model"), QStringLiteral("models"), strip);
    m_adapterField = new widgets::StatusField(tr("Adapter"), QStringLiteral("adapter"), strip);
    m_jobField = new widgets::StatusField(tr("Working"), QStringLiteral("clock"), strip);
    m_speedField = new widgets::StatusField(tr("Speed"), QStringLiteral("speed"), strip);
    m_memoryField = new widgets::StatusField(tr("Memory"), QStringLiteral("memory"), strip);
    m_deviceField = new widgets::StatusField(tr("Device"), QStringLiteral("chip"), strip);
    m_networkField = new widgets::StatusField(tr("Network"), QStringLiteral("shield"), strip);
    row->addWidget(m_modelField);
    row->addWidget(m_adapterField);
    row->addWidget(m_jobField);
    row->addStretch(1);
    for (widgets::StatusField* field : {m_speedField, m_memoryField, m_deviceField, m_networkField})
        row->addWidget(field);
    layout->addWidget(strip);
}

void MainWindow::updateStatus()
{
    switch (m_context.models.loadState()) {
    case ModelService::LoadState::Loading: m_modelField->setValue(tr("Loading…")); break;
    case ModelService::LoadState::Loaded: m_modelField->setValue(m_context.models.loadedName(), m_context.models.draftFailure().title); break;
    case ModelService::LoadState::Failed: m_modelField->setValue(tr("Could not be loaded"), m_context.models.loadFailure().title); break;
    case ModelService::LoadState::None: m_modelField->setValue(tr("No model loaded")); break;
    }
    const AdapterChoice adapter = m_context.chats.adapter(m_context.settings.value(setting::kLastChat).toLongLong());
    m_adapterField->setValue(adapter.id.isEmpty() ? QString() : adapterText(m_context.adapters.nameOf(adapter.id), adapter.strength));
    QString job;
    bool usesNetwork = false;
    for (const ModelJob& now : m_context.models.jobs()) {
        if (now.isWaiting)
            continue;
        const QString percent = now.total > 0 ? QStringLiteral(" ") + tr("%1 %").arg(qRound(100.0 * double(now.done) / double(now.total))) : QString();
        if (now.kind == ModelJob::Kind::Fetch)
            usesNetwork = usesNetwork || now.step == QLatin1String("downloading");
        job = now.title + percent;
    }
    if (job.isEmpty() && m_context.documents.isIngestingAny())
        job = tr("Indexing documents");
    if (const auto run = m_context.fineTune.run(m_context.fineTune.activeId()); job.isEmpty() && run)
        job = run->steps > 0 ? tr("Training “%1”: %2 %").arg(run->name).arg(100 * run->step / run->steps) : tr("Training “%1”").arg(run->name);
    if (const auto& merge = m_context.adapters.mergeJob(); job.isEmpty() && merge) {
        const QString name = QString::fromStdString(merge->request.adapter.name);
        job = merge->total > 0 ? tr("Merging “%1”: %2 %").arg(name).arg(100 * merge->done / merge->total) : tr("Merging “%1”").arg(name);
    }
    m_jobField->setValue(job);
    m_speedField->setValue(m_speed > 0 ? tr("%1 tokens/s").arg(locale().toString(m_speed, 'f', 1)) : QString(), tr("%1 tokens/s in the last answer").arg(locale().toString(m_speed, 'f', 1)));
    const QString device = QString::fromStdString(m_context.engine.device).toUpper();
    m_deviceField->setValue(m_context.engine.nThreads > 0 ? tr("%1, %n thread(s)", nullptr, m_context.engine.nThreads).arg(device) : device);
    m_networkField->setValue(usesNetwork ? tr("Downloading") : tr("Offline"),
                             usesNetwork ? tr("A model is being downloaded because you asked for it.") : tr("Nothing leaves this computer."));
}

void MainWindow::pollMemory()
{
    if (!m_context.engine.memory)
        return;
    m_worker->run(
        this, [read = m_context.engine.memory](std::stop_token) { return read(); },
        [this](const api::MemoryState& memory) {
            m_memoryField->setValue(formatBytes(memory.processBytes),
                                    tr("%1 used by Switchyard, %2 of %3 free").arg(formatBytes(memory.processBytes), formatBytes(memory.availableBytes), formatBytes(memory.totalBytes)));
        });
}

void MainWindow::goTo(const QString& pageId)
{
    Page* page = m_pages.value(pageId);
    if (!page)
        return;
    m_rail->setCurrent(pageId);
    const bool isNew = m_stack->currentWidget() != page || !isVisible();
    m_stack->setCurrentWidget(page);
    m_context.settings.set(setting::kPage, pageId);
    if (isNew)
        page->activated();
}

/// What pages hold comes first, newest chats above all; then where to go and what can be done, with the keys that do it at once.
void MainWindow::openPalette()
{
    QList<widgets::PaletteItem> items, commands;
    int number = 1;
    for (const PageRow& row : pageTable()) {
        const QString id = QString::fromLatin1(row.id), iconName = QString::fromLatin1(row.icon);
        Page* page = m_pages.value(id);
        for (const PageEntry& entry : page->entries())
            items.push_back({entry.title, entry.detail, iconName, [this, id, run = entry.run] {
                                 goTo(id);
                                 run();
                             }});
        const QKeySequence keys(QStringLiteral("Ctrl+%1").arg(number++));
        commands.push_back({row.title(), keys.toString(QKeySequence::NativeText), iconName, [this, id] { goTo(id); }});
        for (const PageCommand& command : page->commands())
            commands.push_back({command.name, command.keys.toString(QKeySequence::NativeText), QStringLiteral("play"), [this, id, run = command.run] {
                                    goTo(id);
                                    run();
                                }});
    }
    commands.push_back({tr("Keyboard shortcuts"), QStringLiteral("F1"), QStringLiteral("info"), [this] { showShortcuts(this); }});
    m_palette->open(items + commands, tr("Go to a chat, a collection, a model or a command"));
}

QString MainWindow::currentPage() const
{
    for (auto it = m_pages.cbegin(); it != m_pages.cend(); ++it)
        if (it.value() == m_stack->currentWidget())
            return it.key();
    return {};
}

void MainWindow::changeEvent(QEvent* event)
{
    QMainWindow::changeEvent(event);
    // Two translators come and go with a language: one rebuild for all, and not inside the click that asked for it.
    if (event->type() == QEvent::LanguageChange && m_stack && !m_rebuildIsQueued) {
        m_rebuildIsQueued = true;
        QMetaObject::invokeMethod(
            this,
            [this] {
                m_rebuildIsQueued = false;
                build();
            },
            Qt::QueuedConnection);
    }
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    m_context.settings.set(setting::kGeometry, saveGeometry());
    m_context.fineTune.stopForExit();
    m_context.adapters.cancelMerge();
    m_context.chats.stopAll(); // asked first, waited for in the services' destructors
    QMainWindow::closeEvent(event);
}

} // namespace sy::app
