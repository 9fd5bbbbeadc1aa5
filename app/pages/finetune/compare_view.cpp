// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/compare_view.h"

#include "app/pages/finetune/run_fields.h"
#include "app/pages/finetune/run_words.h"
#include "app/services/fine_tune_service.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/parts/scrolled.h"
#include "widgets/plots/plot_view.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QCheckBox>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QMap>
#include <QSet>
#include <QSlider>
#include <QSplitter>
#include <QTableWidget>
#include <QToolButton>
#include <limits>

namespace sy::app {

using namespace sy::widgets;

CompareView::CompareView(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    setAccessibleName(tr("Compare runs"));
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    auto* content = new QWidget(this);
    outer->addWidget(scrolled(content, this));
    auto* rows = new QVBoxLayout(content);
    rows->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kMedium);
    rows->setSpacing(space::kSmall);
    auto* head = new QHBoxLayout;
    auto* title = new QLabel(tr("Compare runs"), content);
    title->setFont(titleFont(font()));
    auto* close = new QToolButton(content);
    close->setIcon(icon(QStringLiteral("close")));
    close->setAccessibleName(tr("Close the comparison"));
    close->setToolTip(close->accessibleName());
    head->addWidget(title, 1);
    head->addWidget(close);
    rows->addLayout(head);
    m_hint = new QLabel(content);
    m_hint->setProperty("tone", "muted");
    m_hint->setWordWrap(true);
    rows->addWidget(m_hint);
    m_chips = new QWidget(content);
    m_chipLayout = new FlowLayout(space::kTiny);
    m_chips->setLayout(m_chipLayout);
    rows->addWidget(m_chips);
    auto* tools = new QHBoxLayout;
    m_heldOut = new QCheckBox(tr("Held-out loss"), content);
    auto* label = new QLabel(tr("Smoothing"), content);
    label->setProperty("tone", "muted");
    m_smoothness = new QSlider(Qt::Horizontal, content);
    m_smoothness->setRange(0, 99);
    m_smoothness->setValue(60);
    m_smoothness->setMaximumWidth(180);
    m_smoothness->setAccessibleName(tr("Smoothing of the loss"));
    label->setBuddy(m_smoothness);
    tools->addWidget(m_heldOut);
    tools->addSpacing(space::kMedium);
    tools->addWidget(label);
    tools->addWidget(m_smoothness, 1);
    tools->addStretch(1);
    rows->addLayout(tools);
    auto* splitter = new QSplitter(Qt::Vertical, content);
    splitter->setChildrenCollapsible(false);
    m_plot = new PlotView(tr("Loss"), splitter);
    m_plot->setXName(tr("Step"));
    m_plot->setEmptyText(tr("None of the chosen runs has such values"));
    m_plot->setMinimumHeight(230);
    m_table = new QTableWidget(splitter);
    m_table->setAccessibleName(tr("What differs"));
    m_table->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setTabKeyNavigation(false);
    m_table->horizontalHeader()->setSectionResizeMode(QHeaderView::Stretch);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 12);
    m_table->setShowGrid(false);
    m_table->setAlternatingRowColors(true);
    m_table->setMinimumHeight(120);
    splitter->addWidget(m_plot);
    splitter->addWidget(m_table);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setSizes({300, 250});
    rows->addWidget(splitter, 1);
    connect(close, &QToolButton::clicked, this, [this] { emit closed(m_chosen.value(0)); });
    connect(m_heldOut, &QCheckBox::toggled, this, &CompareView::fill);
    connect(m_smoothness, &QSlider::valueChanged, this, &CompareView::fill);
    connect(m_plot, &PlotView::saved, this, [this](const QString& path, bool isSaved) {
        m_context.toast(isSaved ? tr("Saved as %1").arg(QFileInfo(path).fileName()) : tr("%1 could not be written").arg(QFileInfo(path).fileName()), {}, {});
    });
    FineTuneService& service = context.fineTune;
    connect(&service, &FineTuneService::detailsChanged, this, [this](const QString& id) {
        if (m_chosen.contains(id))
            fill();
    });
    connect(&service, &FineTuneService::runsChanged, this, [this] {
        if (!isVisible())
            return;
        fillChips();
        fillTable();
    });
    connect(&service, &FineTuneService::progressed, this, [this](const QString& id) {
        if (isVisible() && m_chosen.contains(id))
            fill();
    });
}

void CompareView::setFirst(const QString& id)
{
    m_chosen = {id};
    const auto first = m_context.fineTune.run(id);
    for (const RunRow& row : m_context.fineTune.runs())
        if (m_chosen.size() < 2 && row.id != id && row.step > 0 && row.state != RunState::Waiting && first && row.model == first->model)
            m_chosen << row.id;
    for (const QString& chosen : std::as_const(m_chosen))
        if (!m_context.fineTune.details(chosen))
            m_context.fineTune.readDetails(chosen);
    fillChips();
    fill();
}

QToolButton* CompareView::chip(const QString& id) const
{
    for (auto* button : m_chips->findChildren<QToolButton*>())
        if (button->property("run").toString() == id)
            return button;
    return nullptr;
}

/// The runs that there are; those already shown stay, so that the keyboard keeps its place.
void CompareView::fillChips()
{
    QStringList ids;
    for (const RunRow& row : m_context.fineTune.runs()) {
        if (row.step == 0 || row.state == RunState::Waiting)
            continue;
        ids << row.id;
        QToolButton* button = chip(row.id);
        if (!button) {
            button = new QToolButton(m_chips);
            button->setProperty("kind", "chip");
            button->setProperty("run", row.id);
            button->setCheckable(true);
            button->setToolButtonStyle(Qt::ToolButtonTextOnly);
            m_chipLayout->addWidget(button);
            connect(button, &QToolButton::toggled, this, [this, id = row.id](bool isOn) { toggle(id, isOn); });
        }
        const QSignalBlocker block(button);
        button->setText(fontMetrics().elidedText(row.name, Qt::ElideMiddle, 200));
        button->setAccessibleName(row.name);
        button->setToolTip(row.name);
        button->setChecked(m_chosen.contains(row.id));
        button->setEnabled(m_chosen.contains(row.id) || m_chosen.size() < kMost);
    }
    for (auto* button : m_chips->findChildren<QToolButton*>())
        if (!ids.contains(button->property("run").toString()))
            delete button;
    m_chosen.removeIf([&](const QString& id) { return !ids.contains(id); });
    m_hint->setText(ids.size() < 2 ? tr("There is only one run so far. Duplicate it, change a setting, and compare.") : tr("Choose up to four."));
}

void CompareView::toggle(const QString& id, bool isOn)
{
    m_chosen.removeAll(id);
    if (isOn)
        m_chosen << id;
    if (isOn && !m_context.fineTune.details(id))
        m_context.fineTune.readDetails(id);
    fillChips();
    fill();
}

void CompareView::fill()
{
    QList<PlotSeries> series;
    for (int i = 0; i < m_chosen.size(); ++i) {
        const RunDetails* details = m_context.fineTune.details(m_chosen[i]);
        const auto row = m_context.fineTune.run(m_chosen[i]);
        if (!details || !row)
            continue;
        QList<QPointF> points;
        for (const api::FineTuneStep& step : details->steps) {
            if (m_heldOut->isChecked() && !step.evalLoss)
                continue;
            const double loss = m_heldOut->isChecked() ? *step.evalLoss : step.isSkipped ? std::numeric_limits<double>::quiet_NaN() : step.loss;
            points.push_back({double(step.step), loss});
        }
        const double smoothness = m_heldOut->isChecked() ? 0 : m_smoothness->value() / 100.0;
        series.push_back({.name = row->name, .points = smoothed(points, smoothness), .color = i, .look = PlotSeries::Look::Line, .dash = i});
    }
    m_smoothness->setEnabled(!m_heldOut->isChecked());
    m_plot->setSeries(series);
    fillTable();
}

/// How they ended first, then every setting in which two of them differ.
void CompareView::fillTable()
{
    const QLocale l;
    struct Line {
        QString name;
        QStringList values;
    };
    QList<Line> lines{{tr("State"), {}}, {tr("Steps"), {}}, {tr("Last loss"), {}}, {tr("Best held-out loss"), {}}, {tr("Time"), {}}, {tr("Highest memory"), {}}};
    QStringList names;
    QSet<QString> paths;
    QList<QMap<QString, QString>> of;
    for (const QString& id : std::as_const(m_chosen)) {
        const RunRow row = m_context.fineTune.run(id).value_or(RunRow());
        names << row.name;
        const QString none = QStringLiteral("–");
        lines[0].values << stateWords(row.state).text;
        lines[1].values << l.toString(row.step);
        lines[2].values << (row.loss > 0 ? lossText(row.loss) : none);
        lines[3].values << (row.bestEvalLoss ? lossText(*row.bestEvalLoss) : none);
        lines[4].values << (row.seconds > 0 ? durationText(row.seconds) : none);
        lines[5].values << (row.peakBytes > 0 ? formatBytes(row.peakBytes) : none);
        QMap<QString, QString> own;
        if (const RunDetails* details = m_context.fineTune.details(id))
            for (const auto& [path, value] : flattened(details->config))
                if (path != QLatin1String("name"))
                    own.insert(path, valueWord(path, value));
        of.push_back(own);
        for (auto it = own.cbegin(); it != own.cend(); ++it)
            paths.insert(it.key());
    }
    QStringList sorted(paths.cbegin(), paths.cend());
    sorted.sort();
    for (const QString& path : std::as_const(sorted)) {
        QStringList values;
        for (const auto& own : std::as_const(of))
            values << own.value(path);
        values.removeDuplicates();
        if (values.size() < 2)
            continue;
        Line line{path == QLatin1String("model") ? tr("Model") : path == QLatin1String("data") ? tr("Examples") : fieldWord(path), {}};
        for (const auto& own : std::as_const(of))
            line.values << own.value(path);
        lines.push_back(line);
    }
    m_table->setRowCount(int(lines.size()));
    m_table->setColumnCount(int(names.size()));
    m_table->setHorizontalHeaderLabels(names);
    QStringList heads;
    for (int row = 0; row < lines.size(); ++row) {
        heads << lines[row].name;
        for (int column = 0; column < lines[row].values.size(); ++column) {
            auto* item = new QTableWidgetItem(lines[row].values[column]);
            item->setToolTip(item->text()); // a row is one line high
            m_table->setItem(row, column, item);
        }
    }
    m_table->setVerticalHeaderLabels(heads);
}

} // namespace sy::app
