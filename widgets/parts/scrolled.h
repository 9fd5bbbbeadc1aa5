// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QWidget;

namespace sy::widgets {

/// A frame in which the content is as wide as there is room, and goes up and down; what is in it has the focus, never the frame.
QWidget* scrolled(QWidget* content, QWidget* parent);

} // namespace sy::widgets
