// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QFont>

namespace sy::widgets {

/// Fonts by role, all relative to the base font so that one setting scales the interface. `base` is a widget's own font().
QFont smallFont(const QFont& base);
QFont strongFont(const QFont& base);
QFont titleFont(const QFont& base);
QFont headlineFont(const QFont& base);
QFont monospaceFont(const QFont& base);

/// The interface font: a humanist face with Chinese glyphs of the mainland forms behind it. percent 75 to 200.
QFont interfaceFont(int percent);

} // namespace sy::widgets
