// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

class QApplication;

namespace sy::widgets {

/// From now on Enter presses the button that has the focus, as Space does. Qt does this in dialogs only.
void letEnterPressButtons(QApplication& app);

} // namespace sy::widgets
