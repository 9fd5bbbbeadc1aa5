// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/theme/tokens.h"

#include <cmath>

namespace sy::widgets {

const Tokens& lightTokens()
{
    static const Tokens t{
        .window = QColor(0xF4, 0xF5, 0xF7),
        .surface = QColor(0xFF, 0xFF, 0xFF),
        .raised = QColor(0xFF, 0xFF, 0xFF),
        .sunken = QColor(0xEC, 0xEE, 0xF2),
        .border = QColor(0xDD, 0xE1, 0xE7),
        .borderStrong = QColor(0x8B, 0x94, 0xA3),
        .text = QColor(0x19, 0x1D, 0x24),
        .textMuted = QColor(0x4D, 0x56, 0x64),
        .textFaint = QColor(0x5E, 0x67, 0x75),
        .accent = QColor(0x23, 0x57, 0xC0),
        .accentHover = QColor(0x1B, 0x47, 0xA1),
        .onAccent = QColor(0xFF, 0xFF, 0xFF),
        .accentSoft = QColor(0xE4, 0xEC, 0xFB),
        .hover = QColor(0xE9, 0xEC, 0xF1),
        .focus = QColor(0x15, 0x4F, 0xD6),
        .success = QColor(0x0B, 0x6E, 0x66),
        .warning = QColor(0x8F, 0x4F, 0x00),
        .warningSoft = QColor(0xFD, 0xF2, 0xDF),
        .danger = QColor(0xB3, 0x26, 0x1E),
        .dangerSoft = QColor(0xFC, 0xE9, 0xE6),
        .onDanger = QColor(0xFF, 0xFF, 0xFF),
        .passage = QColor(0xFF, 0xE6, 0x8A),
        .passageEdge = QColor(0xC9, 0x8A, 0x00),
        .selection = QColor(0xB7, 0xCF, 0xF7),
        .codeKeyword = QColor(0x1F, 0x4F, 0xB0),
        .codeString = QColor(0x8A, 0x46, 0x0A),
        .codeComment = QColor(0x5B, 0x65, 0x73),
        .codeNumber = QColor(0x0B, 0x66, 0x60),
        .series = {QColor(0x33, 0x3B, 0x48), QColor(0x2F, 0x6B, 0xDB), QColor(0xC9, 0x7A, 0x0A), QColor(0x1A, 0x93, 0x8A)},
        .isDark = false,
    };
    return t;
}

const Tokens& darkTokens()
{
    static const Tokens t{
        .window = QColor(0x14, 0x17, 0x1C),
        .surface = QColor(0x1A, 0x1E, 0x24),
        .raised = QColor(0x24, 0x2A, 0x33),
        .sunken = QColor(0x10, 0x13, 0x17),
        .border = QColor(0x2E, 0x35, 0x40),
        .borderStrong = QColor(0x6E, 0x79, 0x8A),
        .text = QColor(0xE7, 0xEA, 0xEF),
        .textMuted = QColor(0xAE, 0xB6, 0xC3),
        .textFaint = QColor(0x98, 0xA2, 0xB1),
        .accent = QColor(0x7F, 0xAB, 0xFF),
        .accentHover = QColor(0xA3, 0xC3, 0xFF),
        .onAccent = QColor(0x0B, 0x17, 0x2E),
        .accentSoft = QColor(0x22, 0x30, 0x4C),
        .hover = QColor(0x26, 0x2C, 0x36),
        .focus = QColor(0x8C, 0xB8, 0xFF),
        .success = QColor(0x5C, 0xC8, 0xBC),
        .warning = QColor(0xF2, 0xB0, 0x5E),
        .warningSoft = QColor(0x3A, 0x2E, 0x1B),
        .danger = QColor(0xFF, 0x8F, 0x80),
        .dangerSoft = QColor(0x40, 0x23, 0x22),
        .onDanger = QColor(0x2A, 0x07, 0x05),
        .passage = QColor(0x6A, 0x54, 0x10),
        .passageEdge = QColor(0xF0, 0xC2, 0x4A),
        .selection = QColor(0x2F, 0x4B, 0x80),
        .codeKeyword = QColor(0x8F, 0xB6, 0xFF),
        .codeString = QColor(0xF0, 0xB4, 0x7E),
        .codeComment = QColor(0x94, 0x9E, 0xAD),
        .codeNumber = QColor(0x6F, 0xD2, 0xC6),
        .series = {QColor(0xD3, 0xDA, 0xE4), QColor(0x6F, 0x9F, 0xFA), QColor(0xEB, 0xA8, 0x4C), QColor(0x4F, 0xC2, 0xB5)},
        .isDark = true,
    };
    return t;
}

const Tokens& tokens(const QPalette& palette)
{
    // Not Window or Base: a style sheet that makes a widget transparent changes those in its palette. Shadow it leaves alone.
    return palette.color(QPalette::Active, QPalette::Shadow).lightness() < 128 ? darkTokens() : lightTokens();
}

namespace {
double luminance(const QColor& color)
{
    const auto linear = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF());
}
} // namespace

double contrastRatio(const QColor& a, const QColor& b)
{
    const double la = luminance(a), lb = luminance(b);
    return (std::max(la, lb) + 0.05) / (std::min(la, lb) + 0.05);
}

} // namespace sy::widgets
