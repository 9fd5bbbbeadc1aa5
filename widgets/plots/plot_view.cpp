// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plots/plot_view.h"

#include "widgets/plots/plot_canvas.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QToolButton>
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

namespace sy::widgets {

namespace {

constexpr double kMargin = 0.06;     // of the range, above and below the lines
constexpr qsizetype kMostMarks = 200; // on one line: more would cover each other

/// Says its values with the plot's own words.
class WordTicker : public QCPAxisTicker {
public:
    explicit WordTicker(std::function<QString(double)> text) : m_text(std::move(text)) {}

protected:
    QString getTickLabel(double tick, const QLocale& locale, QChar format, int precision) override
    {
        return m_text ? m_text(tick) : QCPAxisTicker::getTickLabel(tick, locale, format, precision);
    }

private:
    std::function<QString(double)> m_text;
};

/// Steps are whole: between two of them nothing has a name.
class WholeTicker : public QCPAxisTicker {
protected:
    double getTickStep(const QCPRange& range) override { return std::max(1.0, std::floor(QCPAxisTicker::getTickStep(range))); }
};

QColor withAlpha(QColor color, double alpha)
{
    color.setAlphaF(float(alpha));
    return color;
}

} // namespace

QList<QPointF> smoothed(const QList<QPointF>& points, double smoothness)
{
    QList<QPointF> result;
    result.reserve(points.size());
    double average = 0, weight = 0;
    for (const QPointF& point : points) {
        if (!std::isfinite(point.y())) {
            result.push_back(point);
            continue;
        }
        average = smoothness * average + (1 - smoothness) * point.y();
        weight = smoothness * weight + (1 - smoothness);
        result.push_back({point.x(), average / weight});
    }
    return result;
}

PlotView::PlotView(const QString& title, QWidget* parent) : QWidget(parent), m_title(title)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(0);
    auto* head = new QHBoxLayout;
    head->setSpacing(2);
    m_titleLabel = new QLabel(title, this);
    m_titleLabel->setFont(strongFont(font()));
    const auto button = [&](const QString& iconName, const QString& name) {
        auto* made = new QToolButton(this);
        if (!iconName.isEmpty())
            made->setIcon(icon(iconName));
        made->setIconSize({16, 16});
        made->setAccessibleName(tr("%1: %2").arg(title, name));
        made->setToolTip(name);
        return made;
    };
    m_log = button({}, tr("Logarithmic axis"));
    m_log->setText(QStringLiteral("log"));
    m_log->setCheckable(true);
    m_all = button(QStringLiteral("fit"), tr("Show everything"));
    m_save = button(QStringLiteral("download"), tr("Save the plot or its numbers"));
    m_save->setPopupMode(QToolButton::InstantPopup);
    auto* menu = new QMenu(m_save);
    connect(menu->addAction(tr("Image (PNG)…")), &QAction::triggered, this, [this] { save(QStringLiteral("png")); });
    connect(menu->addAction(tr("Drawing (SVG)…")), &QAction::triggered, this, [this] { save(QStringLiteral("svg")); });
    connect(menu->addAction(tr("Numbers (CSV)…")), &QAction::triggered, this, [this] { save(QStringLiteral("csv")); });
    m_save->setMenu(menu);
    head->addWidget(m_titleLabel, 1);
    for (QToolButton* made : {m_log, m_all, m_save})
        head->addWidget(made);
    rows->addLayout(head);
    m_canvas = new PlotCanvas(*this);
    m_canvas->xAxis->setTicker(QSharedPointer<WholeTicker>::create());
    m_canvas->setAccessibleName(tr("Plot: %1").arg(title));
    m_canvas->setToolTip(tr("The wheel zooms, dragging pans, a double click shows everything.\nKeys: ← → values, + − zoom, Shift+← → pan, Home everything."));
    rows->addWidget(m_canvas, 1);
    connect(m_log, &QToolButton::toggled, this, &PlotView::setLogarithmic);
    connect(m_all, &QToolButton::clicked, this, &PlotView::showAll);
    applyColors();
}

PlotView::~PlotView() = default;

QWidget* PlotView::canvas() const
{
    return m_canvas;
}

void PlotView::setXName(const QString& name)
{
    m_xName = name;
    m_canvas->xAxis->setLabel(name);
}

void PlotView::setValueText(std::function<QString(double)> text)
{
    m_valueText = std::move(text);
    setLogarithmic(m_isLogarithmic);
}

void PlotView::setEmptyText(const QString& text)
{
    m_canvas->emptyText->setText(text);
    rebuild();
}

void PlotView::setStartsAtZero(bool starts)
{
    m_startsAtZero = starts;
    showAll();
}

void PlotView::setSeries(const QList<PlotSeries>& series)
{
    m_series = series;
    rebuild();
}

/// The library's lines, from ours. Lines are kept where their number is the same: a running plot gets new values four times a second.
void PlotView::rebuild()
{
    while (m_canvas->graphCount() > m_series.size())
        m_canvas->removeGraph(m_canvas->graphCount() - 1);
    while (m_canvas->graphCount() < m_series.size())
        m_canvas->addGraph();
    m_canvas->shownLegend->clearItems();
    const auto nNamed = std::count_if(m_series.cbegin(), m_series.cend(), [](const PlotSeries& s) { return !s.name.isEmpty(); });
    for (qsizetype i = 0; i < m_series.size(); ++i) {
        const PlotSeries& s = m_series[i];
        QCPGraph* graph = m_canvas->graph(int(i));
        graph->setName(s.name);
        QVector<QCPGraphData> data;
        data.reserve(s.points.size());
        for (const QPointF& point : s.points) {
            const bool isShown = std::isfinite(point.y()) && (!m_isLogarithmic || point.y() > 0);
            data.push_back({point.x(), isShown ? point.y() : qQNaN()});
        }
        graph->data()->set(data, true);
        if (!s.name.isEmpty() && nNamed > 1) // one alone is what the title says
            graph->addToLegend(m_canvas->shownLegend);
    }
    m_canvas->shownLegend->setVisible(nNamed > 1);
    applyColors();
    if (!m_isZoomed)
        fit();
    if (m_cursor)
        setCursor(m_cursor);
    if (isVisible()) // one behind another tab is drawn when it is looked at
        m_canvas->drawSoon();
    const double last = std::accumulate(m_series.cbegin(), m_series.cend(), 0.0, [](double x, const PlotSeries& s) { return s.points.isEmpty() ? x : std::max(x, s.points.back().x()); });
    m_canvas->setAccessibleDescription(valuesAt(last));
}

void PlotView::applyColors()
{
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    m_canvas->setBackground(QBrush(t.surface));
    for (QCPAxis* axis : {m_canvas->xAxis, m_canvas->yAxis, m_canvas->xAxis2, m_canvas->yAxis2}) {
        axis->setBasePen(QPen(t.border));
        axis->setTickPen(QPen(t.border));
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLabelColor(t.textMuted);
        axis->setLabelColor(t.textMuted);
        axis->setTickLabelFont(small);
        axis->setLabelFont(small);
        axis->grid()->setPen(QPen(t.border, 1, Qt::DotLine));
        axis->grid()->setZeroLinePen(QPen(t.border));
        axis->grid()->setSubGridVisible(false);
    }
    m_canvas->shownLegend->setFont(small);
    m_canvas->shownLegend->setTextColor(t.text);
    static constexpr Qt::PenStyle kDashes[] = {Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};
    for (int i = 0; i < m_canvas->graphCount(); ++i) {
        const PlotSeries& s = m_series[i];
        const QColor color = t.series[s.color & 3];
        QCPGraph* graph = m_canvas->graph(i);
        switch (s.look) {
        case PlotSeries::Look::Line:
            graph->setPen(QPen(color, 2, kDashes[s.dash & 3]));
            graph->setLineStyle(QCPGraph::lsLine);
            graph->setScatterStyle(s.points.size() == 1 ? QCPScatterStyle(QCPScatterStyle::ssDisc, color, color, 6) : QCPScatterStyle());
            break;
        case PlotSeries::Look::Faint:
            graph->setPen(QPen(withAlpha(color, 0.5), 1));
            graph->setLineStyle(QCPGraph::lsLine);
            graph->setScatterStyle(QCPScatterStyle());
            break;
        case PlotSeries::Look::Dots:
            graph->setPen(QPen(color, 1.5, s.points.size() > kMostMarks ? Qt::SolidLine : Qt::DashLine));
            graph->setLineStyle(QCPGraph::lsLine);
            graph->setScatterStyle(s.points.size() > kMostMarks ? QCPScatterStyle() : QCPScatterStyle(QCPScatterStyle::ssDiamond, color, t.surface, 8));
            break;
        }
    }
    m_canvas->cursorLine->setPen(QPen(t.textMuted, 1, Qt::DashLine));
    m_canvas->cursorText->setFont(small);
    m_canvas->cursorText->setColor(t.text);
    m_canvas->cursorText->setBrush(QBrush(t.raised));
    m_canvas->cursorText->setPen(QPen(t.borderStrong));
    m_canvas->emptyText->setFont(font());
    m_canvas->emptyText->setColor(t.textMuted);
    m_canvas->emptyText->setBrush(QBrush(t.surface));
    m_titleLabel->setFont(strongFont(font()));
    if (isVisible())
        m_canvas->drawSoon();
}

void PlotView::fit()
{
    double left = qInf(), right = -qInf(), low = qInf(), high = -qInf();
    for (const PlotSeries& s : std::as_const(m_series)) {
        for (const QPointF& point : s.points) {
            if (!std::isfinite(point.y()) || (m_isLogarithmic && point.y() <= 0))
                continue;
            left = std::min(left, point.x());
            right = std::max(right, point.x());
            low = std::min(low, point.y());
            high = std::max(high, point.y());
        }
    }
    // Numbers on an axis of nothing would be made up.
    m_canvas->emptyText->setVisible(left > right && !m_canvas->emptyText->text().isEmpty());
    for (QCPAxis* axis : {m_canvas->xAxis, m_canvas->yAxis})
        axis->setTickLabels(left <= right);
    if (left > right) {
        m_canvas->xAxis->setRange(0, 10);
        m_canvas->yAxis->setRange(m_isLogarithmic ? 0.1 : 0, 1);
        return;
    }
    if (left == right)
        right = left + 1;
    m_canvas->xAxis->setRange(left, right);
    if (m_isLogarithmic) {
        const double factor = std::pow(std::max(high / low, 1.05), kMargin);
        m_canvas->yAxis->setRange(low / factor, high * factor);
    } else {
        const double margin = high > low ? (high - low) * kMargin : std::max(std::abs(high) * 0.05, 1e-9);
        m_canvas->yAxis->setRange(low < 0 ? low - margin : m_startsAtZero ? 0 : std::max(0.0, low - margin), high + (m_startsAtZero ? high * kMargin : margin));
    }
}

void PlotView::setLogarithmic(bool isLogarithmic)
{
    m_isLogarithmic = isLogarithmic;
    const QSignalBlocker block(m_log);
    m_log->setChecked(isLogarithmic);
    QCPAxis* y = m_canvas->yAxis;
    y->setScaleType(isLogarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (isLogarithmic) {
        y->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
        y->setNumberFormat(QStringLiteral("gbd"));
        y->setNumberPrecision(3);
    } else {
        y->setTicker(QSharedPointer<WordTicker>::create(m_valueText));
        y->setNumberFormat(QStringLiteral("g"));
        y->setNumberPrecision(5);
    }
    m_isZoomed = false;
    rebuild();
}

void PlotView::showAll()
{
    m_isZoomed = false;
    fit();
    m_canvas->drawSoon();
}

QPointF PlotView::xRange() const
{
    return {m_canvas->xAxis->range().lower, m_canvas->xAxis->range().upper};
}

QPointF PlotView::yRange() const
{
    return {m_canvas->yAxis->range().lower, m_canvas->yAxis->range().upper};
}

void PlotView::zoom(double factor, std::optional<QPointF> at)
{
    m_isZoomed = true;
    const QPointF center = at.value_or(QPointF(m_canvas->xAxis->range().center(), m_isLogarithmic ? std::sqrt(m_canvas->yAxis->range().lower * m_canvas->yAxis->range().upper) : m_canvas->yAxis->range().center()));
    m_canvas->xAxis->scaleRange(factor, center.x());
    m_canvas->yAxis->scaleRange(factor, center.y());
    m_canvas->drawSoon();
}

void PlotView::pan(double share)
{
    m_isZoomed = true;
    m_canvas->xAxis->moveRange(m_canvas->xAxis->range().size() * share);
    m_canvas->drawSoon();
}

QString PlotView::valuesAt(double x) const
{
    const auto before = [](const QPointF& p, double v) { return p.x() < v; };
    std::optional<double> nearest; // of all lines: those that have no value there are not named
    for (const PlotSeries& s : m_series) {
        const auto after = std::lower_bound(s.points.cbegin(), s.points.cend(), x, before);
        for (auto it = after == s.points.cbegin() ? after : after - 1; it != s.points.cend() && it <= after; ++it)
            if (!nearest || std::abs(it->x() - x) < std::abs(*nearest - x))
                nearest = it->x();
    }
    if (!nearest)
        return {};
    const QLocale locale;
    QStringList lines{QStringLiteral("%1 %2").arg(m_xName, locale.toString(*nearest, 'g', 8)).trimmed()};
    for (const PlotSeries& s : m_series) {
        const auto it = std::lower_bound(s.points.cbegin(), s.points.cend(), *nearest, before);
        if (it == s.points.cend() || it->x() != *nearest || !std::isfinite(it->y()) || s.name.isEmpty())
            continue;
        lines << QStringLiteral("%1: %2").arg(s.name, m_valueText ? m_valueText(it->y()) : locale.toString(it->y(), 'g', 5));
    }
    return lines.join(QLatin1Char('\n'));
}

void PlotView::setCursor(std::optional<double> x)
{
    const QString text = x ? valuesAt(*x) : QString();
    m_cursor = text.isEmpty() ? std::nullopt : x;
    m_canvas->cursorLine->setVisible(m_cursor.has_value());
    m_canvas->cursorText->setVisible(m_cursor.has_value());
    if (m_cursor) {
        const QCPRange y = m_canvas->yAxis->range();
        m_canvas->cursorLine->start->setCoords(*x, y.lower);
        m_canvas->cursorLine->end->setCoords(*x, y.upper);
        m_canvas->cursorText->setText(text);
        // On the side with more room, so that it never covers what it speaks of and never leaves the plot.
        const bool isLeft = *x < m_canvas->xAxis->range().center();
        m_canvas->cursorText->setPositionAlignment(Qt::AlignTop | (isLeft ? Qt::AlignLeft : Qt::AlignRight));
        m_canvas->cursorText->position->setType(QCPItemPosition::ptAbsolute);
        const QRect area = m_canvas->axisRect()->rect();
        const double pixel = std::clamp(m_canvas->xAxis->coordToPixel(*x), double(area.left()), double(area.right()));
        m_canvas->cursorText->position->setCoords(pixel + (isLeft ? 8 : -8), area.top() + 6);
        m_canvas->setAccessibleDescription(text);
    }
    m_canvas->layer(QStringLiteral("cursor"))->replot();
}

void PlotView::moveCursor(int step)
{
    std::set<double> xs;
    const QCPRange shown = m_canvas->xAxis->range();
    for (const PlotSeries& s : std::as_const(m_series))
        for (const QPointF& point : s.points)
            if (shown.contains(point.x()))
                xs.insert(point.x());
    if (xs.empty())
        return;
    auto it = m_cursor ? xs.lower_bound(*m_cursor) : step > 0 ? xs.begin() : std::prev(xs.end());
    if (m_cursor && step > 0 && it != xs.end() && *it == *m_cursor)
        ++it;
    else if (m_cursor && step < 0 && it != xs.begin())
        --it;
    setCursor(it == xs.end() ? *std::prev(xs.end()) : *it);
}

bool PlotView::saveImage(const QString& path)
{
    setCursor({});
    if (!path.endsWith(QLatin1String(".svg"), Qt::CaseInsensitive))
        return m_canvas->savePng(path, m_canvas->width(), m_canvas->height(), 2.0);
    QSaveFile file(path);
    if (!file.open(QIODevice::WriteOnly))
        return false;
    QSvgGenerator generator;
    generator.setOutputDevice(&file);
    generator.setSize(m_canvas->size());
    generator.setViewBox(m_canvas->rect());
    generator.setTitle(m_title);
    QCPPainter painter;
    if (!painter.begin(&generator))
        return false;
    painter.setMode(QCPPainter::pmVectorized);
    painter.setMode(QCPPainter::pmNoCaching);
    m_canvas->toPainter(&painter, m_canvas->width(), m_canvas->height());
    painter.end();
    return file.commit();
}

QByteArray PlotView::toCsv() const
{
    std::set<double> xs;
    QStringList head{m_xName};
    for (const PlotSeries& s : m_series) {
        if (s.name.isEmpty())
            continue;
        QString name = s.name;
        head << (name.contains(QLatin1Char(',')) || name.contains(QLatin1Char('"')) ? QLatin1Char('"') + name.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"') : name);
        for (const QPointF& point : s.points)
            xs.insert(point.x());
    }
    QByteArray csv = head.join(QLatin1Char(',')).toUtf8() + '\n';
    QList<qsizetype> next(m_series.size(), 0);
    for (const double x : xs) {
        csv += QByteArray::number(x, 'g', 12);
        for (qsizetype i = 0; i < m_series.size(); ++i) {
            const PlotSeries& s = m_series[i];
            if (s.name.isEmpty())
                continue;
            csv += ',';
            qsizetype& at = next[i];
            while (at < s.points.size() && s.points[at].x() < x)
                ++at;
            if (at < s.points.size() && s.points[at].x() == x && std::isfinite(s.points[at].y()))
                csv += QByteArray::number(s.points[at].y(), 'g', 9);
        }
        csv += '\n';
    }
    return csv;
}

void PlotView::save(const QString& suffix)
{
    auto* dialog = new QFileDialog(this, tr("Save “%1”").arg(m_title), m_title + QLatin1Char('.') + suffix);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(suffix);
    connect(dialog, &QFileDialog::fileSelected, this, [this, suffix](const QString& path) {
        bool isSaved = false;
        if (suffix == QLatin1String("csv")) {
            QSaveFile file(path);
            const QByteArray csv = toCsv();
            isSaved = file.open(QIODevice::WriteOnly) && file.write(csv) == csv.size() && file.commit();
        } else {
            isSaved = saveImage(path);
        }
        emit saved(path, isSaved);
    });
    dialog->open();
}

void PlotView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    m_canvas->drawSoon();
}

void PlotView::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange)
        applyColors();
}

} // namespace sy::widgets
