// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QPixmap>
#include <QString>

namespace sy::widgets {

/// How an icon takes its color; it follows the palette at the moment it is painted, so a theme change needs no new icons.
enum class IconTone { Text, Muted, Accent, OnAccent, Success, Warning, Danger };

/// An icon of resources/icons by file name without the ending. Disabled icons fade, sharp at every scale.
QIcon icon(const QString& name, IconTone tone = IconTone::Muted);

/// The same as a pixmap of `size` logical pixels, for code that paints itself.
QPixmap iconPixmap(const QString& name, int size, const QColor& color, qreal devicePixelRatio);

/// Names of all icons, for the test that draws each.
QStringList iconNames();

} // namespace sy::widgets
