// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/checkpoint_list.h"

#include "app/messages/user_message.h"
#include "app/pages/finetune/run_words.h"
#include "app/services/fine_tune_service.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QPushButton>
#include <QTreeWidget>
#include <QVBoxLayout>
#include <algorithm>

namespace sy::app {

using namespace sy::widgets;

namespace {
enum Column { StepColumn, HeldOutColumn, LossColumn, SizeColumn, MarksColumn };
}

CheckpointList::CheckpointList(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, space::kSmall, 0, 0);
    rows->setSpacing(space::kSmall);
    m_hint = new QLabel(this);
    m_hint->setProperty("tone", "muted");
    m_hint->setWordWrap(true);
    rows->addWidget(m_hint);
    m_table = new QTreeWidget(this);
    m_table->setAccessibleName(tr("Checkpoints"));
    m_table->setRootIsDecorated(false);
    m_table->setUniformRowHeights(true);
    m_table->setHeaderLabels({tr("Step"), tr("Held-out loss"), tr("Loss"), tr("Size"), tr("Marks")});
    m_table->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_table->header()->setStretchLastSection(true);
    for (const int column : {StepColumn, HeldOutColumn, LossColumn, SizeColumn})
        m_table->headerItem()->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
    rows->addWidget(m_table, 1);
    m_use = new QPushButton(icon(QStringLiteral("check"), IconTone::Text), tr("Use this one"), this);
    m_use->setToolTip(tr("Chats and exports take the adapter as it was at this step. It can be changed back at any time."));
    rows->addWidget(m_use, 0, Qt::AlignLeft);
    connect(m_table, &QTreeWidget::currentItemChanged, this, &CheckpointList::updateButton);
    connect(m_table, &QTreeWidget::itemActivated, this, &CheckpointList::useCurrent); // Enter and a double click
    connect(m_use, &QPushButton::clicked, this, &CheckpointList::useCurrent);
    FineTuneService& service = context.fineTune;
    connect(&service, &FineTuneService::checkpointsRead, this, [this](const QString& id, const std::vector<api::RunCheckpoint>& checkpoints) {
        if (id == m_id)
            fill(checkpoints);
    });
    connect(&service, &FineTuneService::progressed, this, [this](const QString& id) {
        const RunDetails* details = m_context.fineTune.details(id);
        if (id != m_id || !details || !isVisible())
            return;
        const auto nWritten = size_t(std::ranges::count_if(details->steps, &api::FineTuneStep::isCheckpoint));
        if (nWritten != m_nWritten)
            read();
        m_nWritten = nWritten;
    });
    connect(&service, &FineTuneService::runEnded, this, [this](const QString& id, bool) {
        if (id == m_id && isVisible())
            read();
    });
    connect(&service, &FineTuneService::runsChanged, this, &CheckpointList::updateButton);
    fill({});
}

void CheckpointList::setRun(const QString& id)
{
    m_id = id;
    fill({});
    if (isVisible())
        read();
}

void CheckpointList::read()
{
    if (!m_id.isEmpty() && !m_id.startsWith(QLatin1String("waiting:")))
        m_context.fineTune.readCheckpoints(m_id);
}

void CheckpointList::fill(const std::vector<api::RunCheckpoint>& checkpoints)
{
    const qint64 chosen = current() ? current()->step : -1;
    m_checkpoints = checkpoints;
    const QLocale l;
    const QString none = QStringLiteral("–");
    QList<QTreeWidgetItem*> items;
    QTreeWidgetItem* selected = nullptr;
    for (const api::RunCheckpoint& c : checkpoints) {
        QStringList marks;
        if (c.isUsed)
            marks << tr("in use");
        if (c.isBest)
            marks << tr("best");
        auto* item = new QTreeWidgetItem({l.toString(qlonglong(c.step)), c.evalLoss ? lossText(*c.evalLoss) : none, c.loss ? lossText(*c.loss) : none, formatBytes(c.bytes), marks.join(QStringLiteral(" · "))});
        if (c.isUsed)
            item->setIcon(MarksColumn, icon(QStringLiteral("success"), IconTone::Success));
        for (const int column : {StepColumn, HeldOutColumn, LossColumn, SizeColumn})
            item->setTextAlignment(column, Qt::AlignRight | Qt::AlignVCenter);
        items.push_back(item);
        if (c.step == chosen || (!selected && c.isUsed))
            selected = item;
    }
    m_table->clear();
    m_table->addTopLevelItems(items);
    m_table->setCurrentItem(selected);
    m_table->setVisible(!checkpoints.empty());
    const auto run = m_context.fineTune.run(m_id);
    const bool isWhole = run && run->isWhole;
    m_use->setVisible(!checkpoints.empty() && !isWhole);
    m_hint->setText(checkpoints.empty() ? tr("No checkpoints yet. They are written as the run goes on; see “Checkpoint every” in its settings.")
                    : isWhole          ? tr("The states from which the run could go on. A chat takes the last one; the best one is in the menu Export.")
                                       : tr("The states of the adapter that are kept. Where the held-out loss rises again, an earlier one may answer better."));
    updateButton();
}

std::optional<api::RunCheckpoint> CheckpointList::current() const
{
    const int row = m_table->indexOfTopLevelItem(m_table->currentItem());
    return row >= 0 && size_t(row) < m_checkpoints.size() ? std::optional(m_checkpoints[size_t(row)]) : std::nullopt;
}

void CheckpointList::updateButton()
{
    const auto row = m_context.fineTune.run(m_id);
    const bool isTrained = row && (row->isActive() || row->state == RunState::Elsewhere);
    m_use->setEnabled(row && !row->isWhole && !isTrained && current() && !current()->isUsed);
}

void CheckpointList::useCurrent()
{
    if (m_use->isEnabled() && current())
        m_context.fineTune.useCheckpoint(m_id, current()->step);
}

void CheckpointList::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    read();
}

} // namespace sy::app
