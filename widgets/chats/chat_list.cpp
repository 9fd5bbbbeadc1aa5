// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/chats/chat_list.h"

#include "widgets/parts/row_delegate.h"
#include "widgets/parts/search_box.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QStandardItemModel>
#include <QVBoxLayout>

namespace sy::widgets {

namespace {

enum Role { IdRole = Qt::UserRole + 1, DetailRole, BusyRole, HeadingRole };

class ChatDelegate : public RenameDelegate {
public:
    using RenameDelegate::RenameDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const QFontMetrics metrics(option.font), small(smallFont(option.font));
        if (index.data(HeadingRole).toBool())
            return {100, small.height() + 18};
        const bool hasDetail = !index.data(DetailRole).toString().isEmpty();
        return {100, metrics.height() + 16 + (hasDetail ? small.height() + 2 : 0)};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Tokens& t = tokens(option.palette);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const QRect area = option.rect.adjusted(4, 1, -4, -1);
        if (index.data(HeadingRole).toBool()) {
            painter->setFont(strongFont(smallFont(option.font)));
            painter->setPen(t.textFaint);
            painter->drawText(area.adjusted(8, 0, 0, -4), Qt::AlignLeft | Qt::AlignBottom, index.data(Qt::DisplayRole).toString());
            painter->restore();
            return;
        }
        paintRowGround(*painter, option, area);
        const QString title = index.data(Qt::DisplayRole).toString();
        const QString detail = index.data(DetailRole).toString();
        QRect text = area.adjusted(10, 0, index.data(BusyRole).toBool() ? -24 : -8, 0);
        painter->setFont(option.font);
        painter->setPen(t.text);
        const QFontMetrics metrics(option.font);
        if (detail.isEmpty()) {
            painter->drawText(text, Qt::AlignVCenter | Qt::AlignLeft, metrics.elidedText(title, Qt::ElideRight, text.width()));
        } else {
            const QFont small = smallFont(option.font);
            painter->drawText(text.adjusted(0, 6, 0, 0), Qt::AlignTop | Qt::AlignLeft, metrics.elidedText(title, Qt::ElideRight, text.width()));
            painter->setFont(small);
            painter->setPen(t.textMuted);
            painter->drawText(text.adjusted(0, 0, 0, -6), Qt::AlignBottom | Qt::AlignLeft,
                              QFontMetrics(small).elidedText(detail, Qt::ElideRight, text.width()));
        }
        if (index.data(BusyRole).toBool()) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(t.accent);
            painter->drawEllipse(QPointF(area.right() - 12, area.center().y()), 3.5, 3.5);
        }
        painter->restore();
    }
};

} // namespace

ChatList::ChatList(QWidget* parent) : QWidget(parent)
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::kMedium, space::kMedium, space::kMedium, space::kSmall);
    layout->setSpacing(space::kSmall);
    m_new = new QPushButton(icon(QStringLiteral("plus"), IconTone::Text), tr("New chat"), this);
    m_new->setToolTip(tr("New chat (Ctrl+N)"));
    layout->addWidget(m_new);
    m_search = new SearchBox(tr("Search chats"), this);
    m_search->setToolTip(tr("Search titles and messages (Ctrl+Shift+F)"));
    layout->addWidget(m_search);
    m_view = new QListView(this);
    m_view->setProperty("kind", "bare");
    m_view->setAccessibleName(tr("Chats"));
    m_view->setMouseTracking(true);
    m_view->viewport()->setAttribute(Qt::WA_Hover);
    m_view->setUniformItemSizes(false);
    m_view->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_view->setSelectionMode(QAbstractItemView::SingleSelection);
    m_view->setEditTriggers(QAbstractItemView::EditKeyPressed | QAbstractItemView::DoubleClicked);
    m_view->setContextMenuPolicy(Qt::CustomContextMenu);
    m_view->setItemDelegate(new ChatDelegate(tr("Title of the chat"), m_view));
    m_view->setFocusPolicy(Qt::NoFocus); // until there are chats
    m_view->viewport()->setAutoFillBackground(false);
    m_model = new QStandardItemModel(this);
    m_view->setModel(m_model);
    m_view->installEventFilter(this);
    m_search->installEventFilter(this);
    layout->addWidget(m_view, 1);

    connect(m_new, &QPushButton::clicked, this, &ChatList::newChatRequested);
    connect(m_search, &SearchBox::searched, this, &ChatList::searchRequested);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        if (!m_isFilling && index.isValid() && !index.data(HeadingRole).toBool())
            emit opened(index.data(IdRole).toLongLong());
    });
    connect(m_model, &QStandardItemModel::itemChanged, this, [this](QStandardItem* item) {
        if (!m_isFilling)
            emit renamed(item->data(IdRole).toLongLong(), item->text().trimmed());
    });
    connect(m_view, &QListView::customContextMenuRequested, this, &ChatList::showMenu);
}

QString ChatList::groupOf(const QDate& day, const QDate& today, const QLocale& locale)
{
    const qint64 age = day.daysTo(today);
    if (age <= 0)
        return tr("Today");
    if (age == 1)
        return tr("Yesterday");
    if (age < 7)
        return tr("Last 7 days");
    if (age < 30)
        return tr("Last 30 days");
    return locale.toString(day, day.year() == today.year() ? tr("MMMM") : tr("MMMM yyyy"));
}

void ChatList::setChats(const QList<ChatListItem>& chats, const QDate& today)
{
    const auto* editor = m_view->viewport()->findChild<QLineEdit*>();
    if (editor && editor->isVisible())
        return; // renaming: the next change brings the list up to date
    const qint64 before = current();
    m_isFilling = true;
    m_chats = chats;
    m_model->clear();
    QString group;
    for (const ChatListItem& chat : chats) {
        const QString own = groupOf(chat.lastActive.date(), today, locale());
        if (own != group) {
            group = own;
            auto* heading = new QStandardItem(own);
            heading->setData(true, HeadingRole);
            heading->setFlags(Qt::NoItemFlags);
            m_model->appendRow(heading);
        }
        auto* item = new QStandardItem(chat.title.isEmpty() ? tr("New chat") : chat.title);
        item->setData(chat.id, IdRole);
        item->setData(chat.detail, DetailRole);
        item->setData(chat.isBusy, BusyRole);
        item->setToolTip(chat.title);
        m_model->appendRow(item);
    }
    m_isFilling = false;
    m_view->setFocusPolicy(chats.isEmpty() ? Qt::NoFocus : Qt::StrongFocus); // an empty one shows no focus
    setCurrent(before);
    update();
}

void ChatList::setCurrent(qint64 id)
{
    m_isFilling = true;
    m_view->setCurrentIndex({});
    for (int row = 0; row < m_model->rowCount(); ++row) {
        if (!m_model->item(row)->data(HeadingRole).toBool() && m_model->item(row)->data(IdRole).toLongLong() == id && id != 0)
            m_view->setCurrentIndex(m_model->index(row, 0));
    }
    m_isFilling = false;
}

qint64 ChatList::current() const
{
    return m_view->currentIndex().data(IdRole).toLongLong();
}

void ChatList::setEmptyText(const QString& text)
{
    m_emptyText = text;
    update();
}

void ChatList::renameCurrent()
{
    if (m_view->currentIndex().isValid())
        m_view->edit(m_view->currentIndex());
}

void ChatList::showMenu(const QPoint& position)
{
    QModelIndex index = m_view->indexAt(position);
    if (!index.isValid() || index.data(HeadingRole).toBool())
        index = m_view->currentIndex();
    if (!index.isValid())
        return;
    const qint64 id = index.data(IdRole).toLongLong();
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QPersistentModelIndex kept(index);
    QAction* rename = menu->addAction(icon(QStringLiteral("edit")), tr("Rename"));
    rename->setShortcut(Qt::Key_F2);
    connect(rename, &QAction::triggered, this, [this, kept] { m_view->edit(kept); });
    QAction* remove = menu->addAction(icon(QStringLiteral("trash")), tr("Delete"));
    remove->setShortcut(Qt::Key_Delete);
    connect(remove, &QAction::triggered, this, [this, id] { emit deleteRequested(id); });
    menu->popup(m_view->viewport()->mapToGlobal(position));
}

bool ChatList::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_view && event->type() == QEvent::KeyPress) {
        const auto* key = static_cast<QKeyEvent*>(event);
        if (key->key() == Qt::Key_Delete && current() != 0) {
            emit deleteRequested(current());
            return true;
        }
    }
    if (watched == m_search && event->type() == QEvent::KeyPress && static_cast<QKeyEvent*>(event)->key() == Qt::Key_Down) {
        m_view->setFocus(Qt::ShortcutFocusReason);
        for (int row = 0; row < m_model->rowCount(); ++row) {
            if (m_model->item(row)->data(HeadingRole).toBool())
                continue;
            m_view->setCurrentIndex(m_model->index(row, 0));
            break;
        }
        return true;
    }
    return QWidget::eventFilter(watched, event);
}

void ChatList::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.fillRect(rect(), t.window);
    if (m_model->rowCount() == 0 && !m_emptyText.isEmpty()) {
        painter.setPen(t.textMuted);
        painter.drawText(m_view->geometry().adjusted(space::kMedium, space::kHuge, -space::kMedium, 0), Qt::AlignTop | Qt::AlignHCenter | Qt::TextWordWrap,
                         m_emptyText);
    }
}

} // namespace sy::widgets
