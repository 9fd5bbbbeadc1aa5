// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QtGlobal>

namespace sy::widgets::conversation {

/// Measures of the conversation that laying out, hit testing and drawing must agree on, in logical pixels.
inline constexpr qreal kMaxColumn = 800; // at a text of 10.5 points
inline constexpr qreal kRowGap = 22;
inline constexpr qreal kBubblePadding = 13;
inline constexpr qreal kEndTolerance = 6;

} // namespace sy::widgets::conversation
