// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/theme/icons.h"

#include "widgets/theme/tokens.h"

#include <QDir>
#include <QFile>
#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPixmapCache>
#include <QSvgRenderer>

namespace sy::widgets {

namespace {

QColor toneColor(IconTone tone)
{
    const Tokens& t = tokens(QGuiApplication::palette());
    switch (tone) {
    case IconTone::Text: return t.text;
    case IconTone::Muted: return t.textMuted;
    case IconTone::Accent: return t.accent;
    case IconTone::OnAccent: return t.onAccent;
    case IconTone::Success: return t.success;
    case IconTone::Warning: return t.warning;
    case IconTone::Danger: return t.danger;
    }
    return t.text;
}

class TintedIconEngine : public QIconEngine {
public:
    TintedIconEngine(QString name, IconTone tone) : m_name(std::move(name)), m_tone(tone) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override
    {
        const int side = std::min(rect.width(), rect.height());
        const qreal ratio = painter->device()->devicePixelRatioF();
        const QPixmap image = tinted(side, mode, ratio);
        painter->drawPixmap(QRect(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, side, side), image);
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State) override
    {
        return tinted(std::min(size.width(), size.height()), mode, 1.0); // the size is already in device pixels
    }
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override
    {
        return pixmap(size, mode, state);
    }
    QIconEngine* clone() const override { return new TintedIconEngine(m_name, m_tone); }
    bool isNull() override { return false; }

private:
    QPixmap tinted(int side, QIcon::Mode mode, qreal ratio) const
    {
        // On a disabled button the accent is gone, and white on what is left could not be seen.
        QColor color = toneColor(mode == QIcon::Disabled && m_tone == IconTone::OnAccent ? IconTone::Text : m_tone);
        if (mode == QIcon::Disabled)
            color.setAlphaF(0.4f);
        return iconPixmap(m_name, side, color, ratio);
    }

    QString m_name;
    IconTone m_tone;
};

} // namespace

QIcon icon(const QString& name, IconTone tone)
{
    return QIcon(new TintedIconEngine(name, tone));
}

QPixmap iconPixmap(const QString& name, int size, const QColor& color, qreal devicePixelRatio)
{
    const QString key = QStringLiteral("sy:%1:%2:%3:%4").arg(name).arg(size).arg(color.name(QColor::HexArgb)).arg(devicePixelRatio);
    QPixmap pixmap;
    if (QPixmapCache::find(key, &pixmap))
        return pixmap;
    const int pixels = std::max(1, qRound(size * devicePixelRatio));
    pixmap = QPixmap(pixels, pixels);
    pixmap.fill(Qt::transparent);
    QFile file(QStringLiteral(":/icons/%1.svg").arg(name));
    if (file.open(QIODevice::ReadOnly)) {
        QByteArray svg = file.readAll();
        // The stroke is drawn opaque and faded as a whole, so that crossing strokes do not show through each other.
        svg.replace("currentColor", color.name(QColor::HexRgb).toLatin1());
        QSvgRenderer renderer(svg);
        QPainter painter(&pixmap);
        painter.setOpacity(color.alphaF());
        renderer.render(&painter, QRectF(0, 0, pixels, pixels));
    }
    pixmap.setDevicePixelRatio(devicePixelRatio);
    QPixmapCache::insert(key, pixmap);
    return pixmap;
}

QStringList iconNames()
{
    QStringList names;
    for (const QString& file : QDir(QStringLiteral(":/icons")).entryList({QStringLiteral("*.svg")}))
        names << file.chopped(4);
    return names;
}

} // namespace sy::widgets
