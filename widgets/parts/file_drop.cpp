// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/file_drop.h"

#include "widgets/theme/tokens.h"

#include <QDragEnterEvent>
#include <QMimeData>
#include <QPainter>
#include <QUrl>
#include <algorithm>

namespace sy::widgets {

QStringList droppedFiles(const QMimeData* data)
{
    QStringList paths;
    for (const QUrl& url : data->urls())
        if (url.isLocalFile())
            paths << url.toLocalFile();
    return paths;
}

FileDrop::FileDrop(QWidget* target, std::function<QString()> says, std::function<void(const QStringList&)> dropped)
    : QWidget(target), m_says(std::move(says)), m_dropped(std::move(dropped))
{
    setAttribute(Qt::WA_TransparentForMouseEvents); // the drag goes on over what lies beneath
    target->setAcceptDrops(true);
    target->installEventFilter(this);
    hide();
}

void FileDrop::cover()
{
    setGeometry(parentWidget()->rect());
    raise();
}

bool FileDrop::eventFilter(QObject* watched, QEvent* event)
{
    if (watched != parentWidget())
        return QWidget::eventFilter(watched, event);
    switch (event->type()) {
    case QEvent::DragEnter: {
        auto* enter = static_cast<QDragEnterEvent*>(event);
        if (droppedFiles(enter->mimeData()).isEmpty())
            return false;
        enter->acceptProposedAction();
        m_text = m_says();
        cover();
        show();
        return true;
    }
    case QEvent::DragLeave:
        hide();
        return false;
    case QEvent::Drop: {
        hide();
        auto* drop = static_cast<QDropEvent*>(event);
        const QStringList paths = droppedFiles(drop->mimeData());
        if (paths.isEmpty())
            return false;
        drop->acceptProposedAction();
        m_dropped(paths);
        return true;
    }
    case QEvent::Resize:
        if (isVisible())
            cover();
        return false;
    default:
        return false;
    }
}

void FileDrop::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    QColor veil = t.accentSoft;
    veil.setAlphaF(0.6f);
    painter.setBrush(veil);
    painter.setPen(QPen(t.focus, 2, Qt::DashLine));
    painter.drawRoundedRect(QRectF(rect()).adjusted(6, 6, -6, -6), radius::kCard, radius::kCard);

    const int room = std::max(0, width() - 2 * space::kVast - 2 * space::kLarge);
    const QRect words = fontMetrics().boundingRect(QRect(0, 0, room, height()), Qt::AlignCenter | Qt::TextWordWrap, m_text);
    QRect label(QPoint(0, 0), words.size() + QSize(2 * space::kLarge, 2 * space::kMedium));
    label.moveCenter(rect().center());
    painter.setBrush(t.accent);
    painter.setPen(Qt::NoPen);
    painter.drawRoundedRect(label, radius::kCard, radius::kCard);
    painter.setPen(t.onAccent);
    painter.drawText(label.adjusted(space::kLarge, 0, -space::kLarge, 0), Qt::AlignCenter | Qt::TextWordWrap, m_text);
}

} // namespace sy::widgets
