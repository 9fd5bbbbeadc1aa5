// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/enter_key.h"

#include <QAbstractButton>
#include <QApplication>
#include <QDialog>
#include <QKeyEvent>

namespace sy::widgets {

namespace {

class EnterAsSpace : public QObject {
public:
    using QObject::QObject;

protected:
    bool eventFilter(QObject* watched, QEvent* event) override
    {
        if (event->type() != QEvent::KeyPress && event->type() != QEvent::KeyRelease)
            return false;
        const auto* key = static_cast<QKeyEvent*>(event);
        const bool isEnter = (key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter) && !(key->modifiers() & ~Qt::KeypadModifier);
        auto* button = isEnter ? qobject_cast<QAbstractButton*>(watched) : nullptr;
        if (!button || qobject_cast<QDialog*>(button->window())) // a dialog has its default button
            return false;
        QKeyEvent space(event->type(), Qt::Key_Space, Qt::NoModifier, QStringLiteral(" "), key->isAutoRepeat());
        QCoreApplication::sendEvent(button, &space);
        return true;
    }
};

} // namespace

void letEnterPressButtons(QApplication& app)
{
    app.installEventFilter(new EnterAsSpace(&app));
}

} // namespace sy::widgets
