// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/theme/fonts.h"

#include <QLocale>
#include <QStringList>
#include <algorithm>

namespace sy::widgets {

namespace {
QFont scaled(const QFont& base, double factor)
{
    QFont font(base);
    if (base.pointSizeF() > 0)
        font.setPointSizeF(base.pointSizeF() * factor);
    else
        font.setPixelSize(std::max(1, int(base.pixelSize() * factor)));
    return font;
}
} // namespace

QFont smallFont(const QFont& base)
{
    return scaled(base, 0.9);
}

QFont strongFont(const QFont& base)
{
    QFont font(base);
    font.setWeight(QFont::DemiBold);
    return font;
}

QFont titleFont(const QFont& base)
{
    QFont font = scaled(base, 1.3);
    font.setWeight(QFont::DemiBold);
    return font;
}

QFont headlineFont(const QFont& base)
{
    QFont font = scaled(base, 1.7);
    font.setWeight(QFont::DemiBold);
    return font;
}

QFont monospaceFont(const QFont& base)
{
    QFont font = scaled(base, 0.95);
    // The CJK family behind it keeps Chinese comments in code on mainland forms instead of whatever comes first.
    font.setFamilies({QStringLiteral("JetBrains Mono"), QStringLiteral("Noto Sans Mono"), QStringLiteral("DejaVu Sans Mono"),
                      QStringLiteral("Noto Sans Mono CJK SC"), QStringLiteral("monospace")});
    font.setStyleHint(QFont::Monospace);
    font.setFixedPitch(true);
    return font;
}

QFont interfaceFont(int percent)
{
    QFont font;
    // A Chinese interface takes quotation marks and dashes from the Chinese face, where they are full width; an English one must not.
    const QStringList latin{QStringLiteral("Inter"), QStringLiteral("Noto Sans"), QStringLiteral("Open Sans"), QStringLiteral("Cantarell"),
                            QStringLiteral("DejaVu Sans")};
    const QStringList chinese{QStringLiteral("Noto Sans CJK SC"), QStringLiteral("Source Han Sans SC")};
    font.setFamilies(QLocale().language() == QLocale::Chinese ? chinese + latin : latin + chinese);
    font.setPointSizeF(10.0 * std::clamp(percent, 75, 200) / 100.0);
    return font;
}

} // namespace sy::widgets
