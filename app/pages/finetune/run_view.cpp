// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/run_view.h"

#include "app/pages/finetune/adapter_files.h"
#include "app/pages/finetune/checkpoint_list.h"
#include "app/pages/finetune/run_config_file.h"
#include "app/pages/finetune/run_fields.h"
#include "app/pages/finetune/run_plots.h"
#include "app/pages/finetune/run_words.h"
#include "app/pages/models/import_model.h"
#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/scrolled.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPlainTextEdit>
#include <QProgressBar>
#include <QPushButton>
#include <QScrollBar>
#include <QSplitter>
#include <QStyle>
#include <QTabWidget>
#include <QTreeWidget>

namespace sy::app {

using namespace sy::widgets;

namespace {

using namespace std::chrono_literals;

enum Tab { SummaryTab, PlotsTab, SamplesTab, CheckpointsTab, LogTab, SettingsTab };

} // namespace

RunView::RunView(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    build();
    FineTuneService& service = context.fineTune;
    connect(&service, &FineTuneService::runsChanged, this, &RunView::refresh);
    connect(&service, &FineTuneService::detailsChanged, this, [this](const QString& id) {
        if (id == m_id)
            refresh();
    });
    connect(&service, &FineTuneService::progressed, this, [this](const QString& id) {
        if (id == m_id && isVisible())
            refresh();
    });
}

void RunView::build()
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kMedium);
    rows->setSpacing(space::kSmall);
    m_title = new QLabel(this);
    m_title->setFont(titleFont(font()));
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    rows->addWidget(m_title);
    auto* stateRow = new QHBoxLayout;
    stateRow->setSpacing(space::kTiny + 2);
    m_stateIcon = new QLabel(this);
    m_state = new QLabel(this);
    m_state->setWordWrap(true);
    stateRow->addWidget(m_stateIcon, 0, Qt::AlignTop);
    stateRow->addWidget(m_state, 1);
    rows->addLayout(stateRow);
    m_progress = new QProgressBar(this);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress of the run"));
    rows->addWidget(m_progress);
    m_failure = new Notice(this);
    m_warning = new Notice(this);
    rows->addWidget(m_failure);
    rows->addWidget(m_warning);
    auto* buttons = new FlowLayout(space::kSmall);
    const auto button = [&](const QString& iconName, const QString& text, bool isPrimary = false) {
        auto* made = new QPushButton(icon(iconName, isPrimary ? IconTone::OnAccent : IconTone::Text), text, this);
        if (isPrimary)
            made->setProperty("kind", "primary");
        buttons->addWidget(made);
        return made;
    };
    m_startNow = button(QStringLiteral("play"), tr("Start now"), true);
    m_resume = button(QStringLiteral("play"), tr("Resume"), true);
    m_chat = button(QStringLiteral("chat"), tr("Chat with it"), true);
    m_pause = button(QStringLiteral("pause"), tr("Pause"));
    m_pause->setToolTip(tr("Writes a checkpoint and stops; Resume goes on from there to the same result."));
    m_stop = button(QStringLiteral("stop"), tr("Stop"));
    auto* stopMenu = new QMenu(m_stop);
    FineTuneService& service = m_context.fineTune;
    m_keep = stopMenu->addAction(QString());
    connect(m_keep, &QAction::triggered, this, [&service] { service.stop(FineTuneService::Ending::Keep); });
    connect(stopMenu->addAction(tr("Stop and discard the run")), &QAction::triggered, this, [&service] { service.stop(FineTuneService::Ending::Discard); });
    m_stop->setMenu(stopMenu);
    m_compare = button(QStringLiteral("compare"), tr("Compare"));
    m_duplicate = button(QStringLiteral("copy"), tr("Duplicate"));
    m_duplicate->setToolTip(tr("Begins a new run with these settings"));
    m_export = button(QStringLiteral("download"), tr("Export"));
    auto* exportMenu = new QMenu(m_export);
    addExportActions(m_context, exportMenu, this, [this] { return m_id; }, [this] { emit mergeRequested(m_id); });
    m_exportAdapter = exportMenu->actions();
    m_addModel = exportMenu->addAction(tr("Add to the models…"));
    m_addModel->setToolTip(tr("Where it is, or as a copy that stays when the run is deleted"));
    m_addBest = exportMenu->addAction(tr("Add the best one to the models…"));
    m_addBest->setToolTip(tr("The model as it was where the held-out loss was lowest"));
    const auto add = [this](bool isBest) {
        if (const auto run = m_context.fineTune.run(m_id))
            importModels(this, m_context.models, {isBest ? run->bestModel : run->trainedModel});
    };
    connect(m_addModel, &QAction::triggered, this, [add] { add(false); });
    connect(m_addBest, &QAction::triggered, this, [add] { add(true); });
    connect(exportMenu->addAction(tr("Settings…")), &QAction::triggered, this, &RunView::exportConfig);
    m_export->setMenu(exportMenu);
    m_delete = button(QStringLiteral("trash"), tr("Delete"));
    rows->addLayout(buttons);

    m_tabs = new QTabWidget(this);
    m_tabs->setAccessibleName(tr("Parts of the run"));
    auto* summary = new QWidget(m_tabs);
    auto* summaryRows = new QVBoxLayout(summary);
    summaryRows->setContentsMargins(0, space::kMedium, 0, 0);
    m_facts = new FactsTable(summary);
    summaryRows->addWidget(m_facts);
    auto* notesLabel = new QLabel(tr("Notes"), summary);
    notesLabel->setFont(strongFont(font()));
    m_notes = new QPlainTextEdit(summary);
    m_notes->setAccessibleName(notesLabel->text());
    m_notes->setPlaceholderText(tr("What you tried, and what came of it"));
    m_notes->setTabChangesFocus(true);
    m_notes->setFixedHeight(110);
    notesLabel->setBuddy(m_notes);
    summaryRows->addSpacing(space::kMedium);
    summaryRows->addWidget(notesLabel);
    summaryRows->addWidget(m_notes);
    summaryRows->addStretch(1);
    m_plots = new RunPlots(m_tabs);
    auto* samples = new QSplitter(Qt::Vertical, m_tabs);
    samples->setChildrenCollapsible(false);
    m_samples = new QTreeWidget(samples);
    m_samples->setAccessibleName(tr("Samples"));
    m_samples->setRootIsDecorated(false);
    m_samples->setHeaderLabels({tr("Step"), tr("Prompt"), tr("Answer")});
    m_sampleText = new QPlainTextEdit(samples);
    m_sampleText->setReadOnly(true);
    m_sampleText->setTabChangesFocus(true);
    m_sampleText->setAccessibleName(tr("Answer of the sample"));
    m_samples->setColumnWidth(0, 70);
    m_samples->setColumnWidth(1, 300);
    samples->addWidget(m_samples);
    samples->addWidget(m_sampleText);
    samples->setStretchFactor(0, 2);
    samples->setStretchFactor(1, 1);
    m_log = new QTreeWidget(m_tabs);
    m_log->setAccessibleName(tr("Log"));
    m_log->setRootIsDecorated(false);
    m_log->setUniformRowHeights(true);
    m_log->setHeaderLabels({tr("Step"), tr("What happened")});
    for (QTreeWidget* tree : {m_samples, m_log}) {
        tree->setUniformRowHeights(true);
        tree->setColumnWidth(0, fontMetrics().averageCharWidth() * 14); // measuring thousands of rows would be felt
        tree->header()->setStretchLastSection(true);
    }
    auto* settings = new QWidget(m_tabs);
    auto* settingsRows = new QVBoxLayout(settings);
    settingsRows->setContentsMargins(0, space::kMedium, 0, 0);
    m_settings = new FactsTable(settings);
    settingsRows->addWidget(m_settings);
    settingsRows->addStretch(1);
    m_tabs->insertTab(SummaryTab, scrolled(summary, m_tabs), tr("Summary"));
    m_tabs->insertTab(PlotsTab, scrolled(m_plots, m_tabs), tr("Plots"));
    m_tabs->insertTab(SamplesTab, samples, tr("Samples"));
    m_checkpoints = new CheckpointList(m_context, m_tabs);
    m_tabs->insertTab(CheckpointsTab, m_checkpoints, tr("Checkpoints"));
    m_tabs->insertTab(LogTab, m_log, tr("Log"));
    m_tabs->insertTab(SettingsTab, scrolled(settings, m_tabs), tr("Settings"));
    rows->addWidget(m_tabs, 1);

    connect(m_startNow, &QPushButton::clicked, &service, &FineTuneService::release);
    connect(m_resume, &QPushButton::clicked, this, [this] { m_context.fineTune.resume(m_id); });
    connect(m_pause, &QPushButton::clicked, this, [this] { m_context.fineTune.stop(FineTuneService::Ending::Pause); });
    connect(m_chat, &QPushButton::clicked, this, [this] { emit chatRequested(m_id); });
    connect(m_compare, &QPushButton::clicked, this, [this] { emit compareRequested(m_id); });
    connect(m_duplicate, &QPushButton::clicked, this, [this] { emit duplicateRequested(m_id); });
    connect(m_delete, &QPushButton::clicked, this, [this] { emit deleteRequested(m_id); });
    connect(m_plots, &RunPlots::saved, this, [this](const QString& path, bool isSaved) {
        m_context.toast(isSaved ? tr("Saved as %1").arg(QFileInfo(path).fileName()) : tr("%1 could not be written").arg(QFileInfo(path).fileName()), {}, {});
    });
    connect(m_samples, &QTreeWidget::currentItemChanged, this, [this](QTreeWidgetItem* item) {
        m_sampleText->setPlainText(item ? item->text(1) + QStringLiteral("\n\n") + item->data(2, Qt::UserRole).toString() : QString());
    });
    for (Notice* notice : {m_failure, m_warning})
        connect(notice, &Notice::copied, this, [this] { m_context.toast(tr("Copied"), {}, {}); });
    connect(m_tabs, &QTabWidget::currentChanged, this, [this](int tab) {
        if (!m_context.fineTune.details(m_id))
            return;
        if (tab == LogTab)
            updateLog();
        else if (tab == SamplesTab)
            updateSamples();
        else if (tab == SettingsTab)
            updateSettings();
    });
    m_notesPause.setSingleShot(true);
    m_notesPause.setInterval(600ms);
    connect(m_notes, &QPlainTextEdit::textChanged, &m_notesPause, qOverload<>(&QTimer::start));
    connect(&m_notesPause, &QTimer::timeout, this, &RunView::keepNotes);
}

void RunView::setRun(const QString& id)
{
    if (id == m_id)
        return;
    if (m_notesPause.isActive()) // of the one that was shown
        keepNotes();
    m_id = id;
    m_shownOf.clear();
    if (!m_context.fineTune.details(id) && !id.startsWith(QLatin1String("waiting:")))
        m_context.fineTune.readDetails(id);
    const auto row = m_context.fineTune.run(id);
    {
        const QSignalBlocker block(m_notes);
        m_notes->setPlainText(row ? row->notes : QString());
    }
    m_checkpoints->setRun(id);
    refresh();
    if (!row || !(row->isActive() || row->state == RunState::Elsewhere)) {
        m_tabs->setCurrentIndex(SummaryTab);
    } else if (m_tabs->currentIndex() != PlotsTab) {
        // In a turn of its own: the view and five plots at once, when they are first shown, would be felt.
        QMetaObject::invokeMethod(
            this,
            [this, id] {
                if (id == m_id)
                    m_tabs->setCurrentIndex(PlotsTab);
            },
            Qt::QueuedConnection);
    }
}

void RunView::refresh()
{
    const auto row = m_context.fineTune.run(m_id);
    if (!row)
        return;
    updateHead(*row);
    updateFacts(*row);
    const RunDetails* details = m_context.fineTune.details(m_id);
    const bool isOther = m_shownOf != m_id;
    m_shownOf = m_id;
    if (isOther) {
        m_log->clear();
        m_samples->clear();
        m_sampleText->clear();
    }
    if (!details) {
        m_plots->setSteps({});
        m_shownSteps = 0;
        return;
    }
    if (isOther || details->steps.size() != m_shownSteps) {
        m_shownSteps = details->steps.size();
        m_plots->setSteps(details->steps);
    }
    if (m_tabs->currentIndex() == LogTab)
        updateLog();
    if (m_tabs->currentIndex() == SamplesTab)
        updateSamples();
    const QStringList warnings = runWarnings(details->steps);
    m_warning->setNotice(warnings.isEmpty() ? QString() : warnings.front(), warnings.mid(1).join(QLatin1Char('\n')), warnings.join(QLatin1Char('\n')));
    if (m_tabs->currentIndex() == SettingsTab)
        updateSettings();
}

void RunView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    refresh(); // steps that came while another face was shown were passed over
}

void RunView::updateHead(const RunRow& row)
{
    const StateWords words = stateWords(row.state);
    const Tokens& t = tokens(palette());
    const QColor color = words.tone == IconTone::Success ? t.success : words.tone == IconTone::Warning ? t.warning : words.tone == IconTone::Danger ? t.danger : words.tone == IconTone::Accent ? t.accent : t.textMuted;
    const QLocale l;
    m_title->setText(row.name);
    m_stateIcon->setPixmap(iconPixmap(words.iconName, fontMetrics().height(), color, devicePixelRatioF()));
    QStringList parts{words.text};
    if (row.step > 0 && row.steps > 0)
        parts << tr("step %1 of %2").arg(l.toString(row.step), l.toString(row.steps));
    if (row.loss > 0)
        parts << tr("loss %1").arg(lossText(row.loss));
    if (row.readShare >= 0)
        parts << tr("reading the data: %1 %").arg(int(100 * row.readShare));
    if (row.state == RunState::Running && row.secondsLeft >= 0)
        parts << formatSecondsLeft(row.secondsLeft);
    if (row.state == RunState::Waiting)
        parts << (m_context.fineTune.isHeld() ? tr("begins when you say so") : tr("begins when the run before it ends"));
    if (row.state == RunState::Interrupted)
        parts << tr("its program ended while it was trained; nothing before the last checkpoint is lost");
    if (row.state == RunState::Diverged)
        parts << tr("the loss stopped being a number: take a lower learning rate");
    m_state->setText(parts.join(QStringLiteral(" · ")));
    m_progress->setVisible(row.isActive() || row.canResume() || row.state == RunState::Elsewhere);
    m_progress->setRange(0, row.readShare >= 0 || row.steps > 0 ? 1000 : row.isActive() ? 0 : 1000);
    if (row.readShare >= 0)
        m_progress->setValue(int(1000 * row.readShare));
    else if (row.steps > 0)
        m_progress->setValue(int(1000 * row.step / row.steps));
    m_failure->setNotice(row.failure.title, row.failure.text(), row.failure.title + QLatin1Char('\n') + row.failure.text() + QLatin1Char('\n') + row.failure.technical);
    const bool isOurs = row.isActive();
    m_pause->setVisible(isOurs);
    m_stop->setVisible(isOurs);
    m_pause->setEnabled(row.state == RunState::Running || row.state == RunState::Preparing);
    m_stop->setEnabled(m_pause->isEnabled());
    m_startNow->setVisible(row.state == RunState::Waiting && m_context.fineTune.isHeld());
    m_resume->setVisible(row.canResume());
    const bool isThere = (row.isWhole ? row.hasModel() : row.hasAdapter()) && row.state != RunState::Waiting;
    m_chat->setVisible(isThere);
    m_chat->setToolTip(row.isWhole ? tr("Adds the trained model to the models, where it is, and loads it") : QString());
    m_keep->setText(row.isWhole ? tr("Stop and keep the model") : tr("Stop and keep the adapter"));
    const bool isPlainChat = row.canResume(); // then Resume is what one wants first
    if (m_chat->property("kind").toString() != (isPlainChat ? QString() : QStringLiteral("primary"))) {
        m_chat->setProperty("kind", isPlainChat ? QString() : QStringLiteral("primary"));
        m_chat->setIcon(icon(QStringLiteral("chat"), isPlainChat ? IconTone::Text : IconTone::OnAccent));
        m_chat->style()->unpolish(m_chat);
        m_chat->style()->polish(m_chat);
    }
    m_compare->setVisible(row.step > 0 && row.state != RunState::Waiting);
    for (QAction* action : std::as_const(m_exportAdapter)) {
        action->setEnabled(isThere);
        action->setVisible(!row.isWhole);
    }
    m_addModel->setVisible(row.isWhole);
    m_addModel->setEnabled(isThere);
    m_addBest->setVisible(row.isWhole);
    m_addBest->setEnabled(isThere && !row.bestModel.isEmpty());
    m_delete->setVisible(!isOurs && row.state != RunState::Elsewhere);
    m_delete->setText(row.state == RunState::Waiting ? tr("Remove from the queue") : tr("Delete"));
}

void RunView::updateFacts(const RunRow& row)
{
    const QLocale l;
    QList<std::pair<QString, QString>> facts;
    if (!row.model.isEmpty())
        facts.push_back({tr("Model"), row.model});
    if (row.step > 0)
        facts.push_back({tr("Steps"), row.steps > row.step ? tr("%1 of %2").arg(l.toString(row.step), l.toString(row.steps)) : l.toString(row.step)});
    if (const RunDetails* details = m_context.fineTune.details(m_id); details && !details->steps.empty())
        facts.push_back({tr("Loss"), tr("from %1 to %2").arg(lossText(details->steps.front().loss), lossText(row.loss))});
    else if (row.loss > 0)
        facts.push_back({tr("Loss"), lossText(row.loss)});
    if (row.bestEvalLoss)
        facts.push_back({tr("Best held-out loss"), tr("%1 at step %2").arg(lossText(*row.bestEvalLoss), l.toString(row.bestStep))});
    if (row.seconds > 0)
        facts.push_back({tr("Time"), durationText(row.seconds)});
    if (row.peakBytes > 0)
        facts.push_back({tr("Highest memory"), formatBytes(row.peakBytes)});
    if (row.started.isValid() && row.started.toMSecsSinceEpoch() > 0)
        facts.push_back({tr("Started"), l.toString(row.started, QLocale::ShortFormat)});
    if (!row.adapter.isEmpty())
        facts.push_back({tr("Adapter"), row.usedStep > 0 ? tr("%1, of step %2").arg(row.adapter, l.toString(row.usedStep)) : row.adapter});
    if (!row.trainedModel.isEmpty())
        facts.push_back({tr("Trained model"), row.trainedModel});
    if (!row.bestModel.isEmpty())
        facts.push_back({tr("Best one"), row.bestModel});
    m_facts->setFacts(facts);
}

/// Some fifty rows: only while they are looked at.
void RunView::updateSettings()
{
    const RunDetails* details = m_context.fineTune.details(m_id);
    QList<std::pair<QString, QString>> settings;
    for (const auto& [path, value] : flattened(details->config))
        if (path != QLatin1String("name"))
            settings.push_back({path == QLatin1String("model") ? tr("Model") : path == QLatin1String("data") ? tr("Examples") : path == QLatin1String("objective") ? tr("Goal") : fieldWord(path), valueWord(path, value)});
    m_settings->setFacts(settings);
}

void RunView::updateLog()
{
    const RunDetails* details = m_context.fineTune.details(m_id);
    const QList<RunEvent> events = runEvents(*details);
    const bool isAtEnd = m_log->verticalScrollBar()->value() >= m_log->verticalScrollBar()->maximum();
    if (events.size() < m_log->topLevelItemCount()) // a resumed run has gone back to its checkpoint
        m_log->clear();
    QList<QTreeWidgetItem*> added; // what is there stays: a long log is not made anew ten times a second
    for (qsizetype i = m_log->topLevelItemCount(); i < events.size(); ++i) {
        auto* item = new QTreeWidgetItem({QLocale().toString(events[i].step), events[i].text});
        if (events[i].isWarning)
            item->setIcon(1, icon(QStringLiteral("warning"), IconTone::Warning));
        added.push_back(item);
    }
    m_log->addTopLevelItems(added);
    if (isAtEnd)
        m_log->scrollToBottom();
}

void RunView::updateSamples()
{
    const RunDetails* details = m_context.fineTune.details(m_id);
    const int before = m_samples->topLevelItemCount();
    const bool isAtEnd = before == 0 || m_samples->currentItem() == m_samples->topLevelItem(before - 1);
    if (size_t(before) > details->samples.size())
        m_samples->clear();
    QList<QTreeWidgetItem*> added; // what is there stays, as in the log
    for (size_t i = size_t(m_samples->topLevelItemCount()); i < details->samples.size(); ++i) {
        const api::FineTuneSample& sample = details->samples[i];
        const QString text = QString::fromStdString(sample.text);
        auto* item = new QTreeWidgetItem({QLocale().toString(qlonglong(sample.step)), QString::fromStdString(sample.prompt), text.simplified().left(200)});
        item->setData(2, Qt::UserRole, text);
        added.push_back(item);
    }
    m_samples->addTopLevelItems(added);
    if (isAtEnd && m_samples->topLevelItemCount() > 0)
        m_samples->setCurrentItem(m_samples->topLevelItem(m_samples->topLevelItemCount() - 1));
}

void RunView::keepNotes()
{
    m_notesPause.stop();
    m_context.fineTune.setNotes(m_id, m_notes->toPlainText());
}

void RunView::exportConfig()
{
    const RunDetails* details = m_context.fineTune.details(m_id);
    exportRunConfig(m_context, this, details ? details->config : m_context.fineTune.waitingConfig(m_id).value_or(QJsonObject()));
}

} // namespace sy::app
