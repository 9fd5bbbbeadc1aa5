// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/models/memory_bar.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QLocale>
#include <QPainter>
#include <QPainterPath>

namespace sy::widgets {

namespace {
QString amount(quint64 bytes)
{
    return QLocale().formattedDataSize(qint64(bytes), 1, QLocale::DataSizeSIFormat);
}
} // namespace

MemoryBar::MemoryBar(QWidget* parent) : QWidget(parent)
{
    setAccessibleName(tr("Memory needed"));
    QSizePolicy policy(QSizePolicy::Expanding, QSizePolicy::Minimum);
    policy.setHeightForWidth(true);
    setSizePolicy(policy);
}

quint64 MemoryBar::needed() const
{
    quint64 sum = 0;
    for (const Part& part : m_parts)
        sum += part.bytes;
    return sum;
}

bool MemoryBar::fits() const
{
    return needed() <= m_freeBytes;
}

void MemoryBar::setEstimate(const QList<Part>& parts, quint64 freeBytes)
{
    m_parts = parts;
    m_freeBytes = freeBytes;
    QString spoken = tr("%1 needed, %2 free").arg(amount(needed()), amount(freeBytes));
    for (const Part& part : parts)
        spoken += QStringLiteral("; ") + part.name + QStringLiteral(": ") + amount(part.bytes);
    setAccessibleDescription(spoken);
    updateGeometry();
    update();
}

QSize MemoryBar::sizeHint() const
{
    return {360, layOut(360, nullptr)};
}

QSize MemoryBar::minimumSizeHint() const
{
    return {200, layOut(std::max(200, width()), nullptr)};
}

int MemoryBar::heightForWidth(int width) const
{
    return layOut(width, nullptr);
}

int MemoryBar::layOut(int width, QPainter* painter) const
{
    const Tokens& t = tokens(palette());
    const QFont small = smallFont(font());
    const QFontMetrics metrics(font()), smallMetrics(small);
    int y = 0;
    const int side = metrics.height();
    const QString verdict = (fits() ? tr("Fits: %1 needed, %2 free") : tr("Does not fit: %1 needed, %2 free")).arg(amount(needed()), amount(m_freeBytes));
    const QRect words(side + 6, 0, std::max(1, width - side - 6), 10000);
    const int high = std::max(side, QFontMetrics(strongFont(font())).boundingRect(words, Qt::TextWordWrap, verdict).height());
    if (painter) {
        const QColor color = fits() ? t.success : t.danger;
        painter->drawPixmap(QPoint(0, 0), iconPixmap(fits() ? QStringLiteral("success") : QStringLiteral("warning"), side, color, devicePixelRatioF()));
        painter->setPen(color);
        painter->setFont(strongFont(font()));
        painter->drawText(words, Qt::TextWordWrap, verdict);
    }
    y += high + 8;
    const QRectF bar(0, y, width, 12);
    const double full = double(std::max<quint64>(1, std::max(needed(), m_freeBytes)));
    if (painter) {
        painter->save();
        painter->setPen(Qt::NoPen);
        painter->setBrush(t.sunken);
        painter->drawRoundedRect(bar, 5, 5);
        QPainterPath clip;
        clip.addRoundedRect(bar, 5, 5);
        painter->setClipPath(clip);
        qreal x = 0;
        for (qsizetype i = 0; i < m_parts.size(); ++i) {
            const qreal w = double(m_parts[i].bytes) / full * width;
            painter->fillRect(QRectF(x, y, std::max<qreal>(w - 1, 1), 12), t.series[(i + 1) % 4]);
            x += w;
        }
        painter->restore();
        if (!fits())
            painter->fillRect(QRectF(double(m_freeBytes) / full * width - 1, y - 4, 2, 20), t.danger);
    }
    y += 12 + 8;
    int x = 0;
    for (qsizetype i = 0; i < m_parts.size(); ++i) {
        const QString label = QStringLiteral("%1 %2").arg(m_parts[i].name, amount(m_parts[i].bytes));
        const int w = smallMetrics.horizontalAdvance(label) + 16;
        if (x > 0 && x + w > width) {
            x = 0;
            y += smallMetrics.height() + 2;
        }
        if (painter) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(t.series[(i + 1) % 4]);
            painter->drawRoundedRect(QRectF(x, y + smallMetrics.height() / 2.0 - 4, 9, 9), 2, 2);
            painter->setFont(small);
            painter->setPen(t.textMuted);
            painter->drawText(QPoint(x + 14, y + smallMetrics.ascent()), label);
        }
        x += w + 14;
    }
    return y + smallMetrics.height() + 2;
}

void MemoryBar::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    layOut(width(), &painter);
}

} // namespace sy::widgets
