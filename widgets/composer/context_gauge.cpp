// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/composer/context_gauge.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QLocale>
#include <QPainter>
#include <cmath>

namespace sy::widgets {

namespace {
constexpr int kBarWidth = 72;
constexpr int kBarHeight = 6;
} // namespace

ContextGauge::ContextGauge(QWidget* parent) : QWidget(parent)
{
    setAccessibleName(tr("Context"));
    setSizePolicy(QSizePolicy::Maximum, QSizePolicy::Fixed);
    hide(); // nothing to show before a model is loaded
}

qint64 ContextGauge::total() const
{
    qint64 sum = 0;
    for (const Part& part : m_parts)
        sum += part.nTokens;
    return sum;
}

bool ContextGauge::isOverfull() const
{
    return m_contextLength > 0 && total() > m_contextLength;
}

QString ContextGauge::summary() const
{
    if (m_contextLength <= 0)
        return {};
    return tr("%1 %").arg(std::lround(100.0 * double(total()) / double(m_contextLength)));
}

void ContextGauge::setUsage(const QList<Part>& parts, qint64 contextLength)
{
    m_parts = parts;
    m_contextLength = contextLength;
    setVisible(contextLength > 0);
    QString tip = QStringLiteral("<b>%1</b><table cellspacing=\"2\">") // a heading across the columns would widen the first one
                      .arg(tr("%1 of %2 tokens of context").arg(locale().toString(total()), locale().toString(contextLength)).toHtmlEscaped());
    QString spoken = tr("%1 of %2 tokens of context").arg(locale().toString(total()), locale().toString(contextLength));
    const Tokens& t = tokens(palette());
    for (qsizetype i = 0; i < parts.size(); ++i) {
        tip += QStringLiteral("<tr><td><span style=\"color:%1\">■</span></td><td>%2</td><td align=\"right\">&nbsp;&nbsp;%3</td></tr>")
                   .arg(t.series[i % 4].name(), parts[i].name.toHtmlEscaped(), locale().toString(parts[i].nTokens));
        spoken += QStringLiteral("; ") + parts[i].name + QStringLiteral(": ") + locale().toString(parts[i].nTokens);
    }
    tip += QStringLiteral("</table>");
    if (isOverfull())
        tip += QStringLiteral("<p>%1</p>").arg(tr("This does not fit. Shorten the message, start a new chat, or load the model with a longer context.").toHtmlEscaped());
    setToolTip(tip);
    setAccessibleDescription(spoken);
    updateGeometry();
    update();
}

/// Where it is narrow the number alone stays.
QSize ContextGauge::minimumSizeHint() const
{
    return {sizeHint().width() - kBarWidth - 6, sizeHint().height()};
}

QSize ContextGauge::sizeHint() const
{
    const QFontMetrics metrics(smallFont(font()));
    return {kBarWidth + 6 + metrics.horizontalAdvance(QStringLiteral("100 %")) + 4, std::max(metrics.height() + 4, 20)};
}

void ContextGauge::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const int barWidth = width() - minimumSizeHint().width() - 6;
    const bool hasBar = barWidth >= kBarWidth / 3;
    const QRectF bar(0, (height() - kBarHeight) / 2.0, barWidth, kBarHeight);
    painter.setPen(Qt::NoPen);
    painter.setBrush(t.border);
    if (hasBar)
        painter.drawRoundedRect(bar, 3, 3);
    if (hasBar && m_contextLength > 0) {
        painter.save();
        painter.setClipRect(bar);
        qreal x = bar.left();
        const double scale = bar.width() / double(std::max(m_contextLength, total()));
        for (qsizetype i = 0; i < m_parts.size(); ++i) {
            const qreal w = double(m_parts[i].nTokens) * scale;
            if (w <= 0)
                continue;
            painter.setBrush(isOverfull() ? t.danger : t.series[i % 4]);
            painter.drawRect(QRectF(x, bar.top(), std::max(0.5, w - 0.5), bar.height()));
            x += w;
        }
        painter.restore();
    }
    painter.setFont(smallFont(font()));
    painter.setPen(isOverfull() ? t.danger : t.textMuted);
    const qreal textLeft = hasBar ? barWidth + 6 : 0;
    painter.drawText(QRectF(textLeft, 0, width() - textLeft, height()), Qt::AlignVCenter | Qt::AlignLeft, summary());
}

} // namespace sy::widgets
