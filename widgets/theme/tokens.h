// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QPalette>

namespace sy::widgets {

/// The colors of a theme by what they are for. Text on its ground reaches a contrast of 4.5, focus rings and icons 3
/// (tests/widgets/tst_theme.cpp measures all pairs). Hues are chosen so that red-green colour blindness loses nothing: states
/// differ in icon and words first, then in blue, amber and vermilion.
struct Tokens {
    QColor window;      // behind everything
    QColor surface;     // cards, lists, the conversation
    QColor raised;      // menus, tooltips, hovered cards
    QColor sunken;      // wells: code, gauges, the rail
    QColor border;      // between areas
    QColor borderStrong; // around controls
    QColor text;
    QColor textMuted;   // secondary text
    QColor textFaint;   // least important text that must still be readable
    QColor accent;      // primary buttons, links, the current place
    QColor accentHover;
    QColor onAccent;    // text on accent
    QColor accentSoft;  // ground of the current row and of the user's messages
    QColor hover;       // ground under the pointer
    QColor focus;       // ring of the control that has the keyboard
    QColor success;
    QColor warning;
    QColor warningSoft;
    QColor danger;
    QColor dangerSoft;
    QColor onDanger;
    QColor passage;     // ground of a highlighted passage
    QColor passageEdge;
    QColor selection;   // selected text
    QColor codeKeyword;
    QColor codeString;
    QColor codeComment;
    QColor codeNumber;
    QColor series[4];   // parts of gauges, in order; distinct for every kind of colour vision
    bool isDark;
};

const Tokens& lightTokens();
const Tokens& darkTokens();

/// The tokens that belong to a palette made by Theme: a widget asks with its own palette() and needs no theme object.
const Tokens& tokens(const QPalette& palette);

/// Distances in logical pixels; every margin and gap is one of them.
namespace space {
inline constexpr int kTiny = 4;
inline constexpr int kSmall = 8;
inline constexpr int kMedium = 12;
inline constexpr int kLarge = 16;
inline constexpr int kHuge = 24;
inline constexpr int kVast = 40;
} // namespace space

namespace radius {
inline constexpr int kSmall = 4;
inline constexpr int kControl = 7;
inline constexpr int kCard = 10;
} // namespace radius

/// WCAG 2 contrast ratio, 1 to 21.
double contrastRatio(const QColor& a, const QColor& b);

} // namespace sy::widgets
