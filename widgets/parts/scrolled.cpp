// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/scrolled.h"

#include <QScrollArea>

namespace sy::widgets {

QWidget* scrolled(QWidget* content, QWidget* parent)
{
    auto* scroll = new QScrollArea(parent);
    scroll->setWidgetResizable(true);
    scroll->setFrameShape(QFrame::NoFrame);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    scroll->setWidget(content);
    return scroll;
}

} // namespace sy::widgets
