// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/run_plots.h"

#include "app/messages/user_message.h"
#include "widgets/plots/plot_view.h"
#include "widgets/theme/tokens.h"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QSlider>
#include <algorithm>
#include <limits>

namespace sy::app {

using namespace sy::widgets;

namespace {

constexpr int kTwoColumns = 640; // of width, for the smaller plots

bool hasExperts(const std::vector<api::FineTuneStep>& steps)
{
    return std::any_of(steps.begin(), steps.end(), [](const api::FineTuneStep& step) { return step.experts.has_value(); });
}

/// Skipped steps have no values: a gap says so.
template <typename F>
QList<QPointF> pointsOf(const std::vector<api::FineTuneStep>& steps, F value)
{
    QList<QPointF> points;
    points.reserve(qsizetype(steps.size()));
    for (const api::FineTuneStep& step : steps)
        points.push_back({double(step.step), step.isSkipped ? std::numeric_limits<double>::quiet_NaN() : double(value(step))});
    return points;
}

} // namespace

RunPlots::RunPlots(QWidget* parent) : QWidget(parent)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, space::kSmall, 0, 0);
    rows->setSpacing(space::kSmall);
    auto* tools = new QHBoxLayout;
    auto* label = new QLabel(tr("Smoothing"), this);
    label->setProperty("tone", "muted");
    m_smoothness = new QSlider(Qt::Horizontal, this);
    m_smoothness->setRange(0, 99);
    m_smoothness->setValue(60); // more lags far behind in a run of a few dozen steps
    m_smoothness->setMaximumWidth(180);
    m_smoothness->setAccessibleName(tr("Smoothing of the loss"));
    m_smoothness->setToolTip(tr("How much the line of the loss is evened out; the pale line is the loss as it is."));
    label->setBuddy(m_smoothness);
    tools->addWidget(label);
    tools->addWidget(m_smoothness, 1);
    tools->addStretch(1);
    rows->addLayout(tools);
    m_grid = new QGridLayout;
    m_grid->setSpacing(space::kMedium);
    rows->addLayout(m_grid, 1);
    const auto plot = [this](const QString& title) {
        auto* made = new PlotView(title, this);
        made->setXName(tr("Step"));
        made->setEmptyText(tr("No step yet"));
        connect(made, &PlotView::saved, this, &RunPlots::saved);
        return made;
    };
    m_loss = plot(tr("Loss"));
    m_rate = plot(tr("Learning rate"));
    m_gradient = plot(tr("Gradient norm"));
    m_speed = plot(tr("Tokens per second"));
    m_memory = plot(tr("Memory"));
    m_memory->setValueText([](double bytes) { return formatBytes(quint64(std::max(0.0, bytes))); });
    m_memory->setStartsAtZero(true);
    m_heaviest = plot(tr("Busiest expert over the mean"));
    m_heaviest->setValueText([](double share) { return tr("%1 ×").arg(QLocale().toString(share, 'f', 2)); });
    m_heaviest->setToolTip(tr("Tokens of the expert that has the most, against the mean of its layer: 1 when all are used alike."));
    m_idle = plot(tr("Idle experts"));
    m_idle->setValueText([](double percent) { return tr("%1 %").arg(QLocale().toString(percent, 'f', 1)); });
    m_idle->setStartsAtZero(true);
    m_idle->setToolTip(tr("Share of all experts that no token of the step went to: they learned nothing from it."));
    m_loss->setMinimumHeight(240);
    connect(m_smoothness, &QSlider::valueChanged, this, &RunPlots::fill);
    connect(&m_fillTimer, &QTimer::timeout, this, &RunPlots::fillNext);
    place(2, false);
}

void RunPlots::setSteps(const std::vector<api::FineTuneStep>& steps)
{
    m_steps = steps;
    place(m_columns, hasExperts(m_steps));
    fill();
}

void RunPlots::fill()
{
    const QList<QPointF> raw = pointsOf(m_steps, [](const auto& s) { return s.loss; });
    const double smoothness = m_smoothness->value() / 100.0;
    QList<PlotSeries> loss;
    if (smoothness > 0)
        loss.push_back({.points = raw, .color = 1, .look = PlotSeries::Look::Faint});
    loss.push_back({.name = tr("trained"), .points = smoothed(raw, smoothness), .color = 1});
    QList<QPointF> held;
    for (const api::FineTuneStep& step : m_steps)
        if (step.evalLoss)
            held.push_back({double(step.step), *step.evalLoss});
    if (!held.isEmpty())
        loss.push_back({.name = tr("held out"), .points = held, .color = 2, .look = PlotSeries::Look::Dots});
    m_loss->setSeries(loss);
    m_nFilled = 0;
    m_fillTimer.start(); // the others one a turn of the event loop: all at once would be felt
}

void RunPlots::fillNext()
{
    switch (m_nFilled++) {
    case 0:
        m_rate->setSeries({{.name = tr("rate"), .points = pointsOf(m_steps, [](const auto& s) { return s.learningRate; }), .color = 3}});
        break;
    case 1:
        m_gradient->setSeries({{.name = tr("norm"), .points = pointsOf(m_steps, [](const auto& s) { return s.gradientNorm; }), .color = 0}});
        break;
    case 2:
        m_speed->setSeries({{.name = tr("tokens/s"), .points = pointsOf(m_steps, [](const auto& s) { return s.tokensPerSecond; }), .color = 3}});
        break;
    case 3:
        m_memory->setSeries({{.name = tr("memory"), .points = pointsOf(m_steps, [](const auto& s) { return s.residentBytes; }), .color = 0}});
        break;
    case 4:
        m_heaviest->setSeries({{.name = tr("busiest / mean"), .points = pointsOf(m_steps, [](const auto& s) { return s.experts ? s.experts->heaviest : std::numeric_limits<double>::quiet_NaN(); }), .color = 2}});
        break;
    default:
        m_idle->setSeries({{.name = tr("idle, %"), .points = pointsOf(m_steps, [](const auto& s) { return s.experts ? 100 * s.experts->idleShare : std::numeric_limits<double>::quiet_NaN(); }), .color = 2}});
        m_fillTimer.stop();
    }
}

void RunPlots::place(int columns, bool hasExperts)
{
    if (columns == m_columns && hasExperts == m_hasExperts)
        return;
    m_columns = columns;
    m_hasExperts = hasExperts;
    m_grid->addWidget(m_loss, 0, 0, 1, columns);
    int at = 0;
    for (PlotView* plot : {m_rate, m_gradient, m_speed, m_memory, m_heaviest, m_idle}) {
        m_grid->addWidget(plot, 1 + at / columns, at % columns);
        ++at;
    }
    for (PlotView* plot : {m_heaviest, m_idle})
        plot->setVisible(hasExperts);
    m_grid->setRowStretch(0, 3);
    for (int row = 1; row <= at; ++row)
        m_grid->setRowStretch(row, row <= (hasExperts ? at : at - 2) / columns ? 2 : 0);
    m_grid->setColumnStretch(0, 1);
    m_grid->setColumnStretch(1, columns > 1 ? 1 : 0);
}

void RunPlots::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    place(width() >= kTwoColumns ? 2 : 1, m_hasExperts);
}

} // namespace sy::app
