// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/palette.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QListView>
#include <QPainter>
#include <QStandardItemModel>
#include <QStyledItemDelegate>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

namespace sy::widgets {

namespace {

constexpr int kItemRole = Qt::UserRole + 1; // index into the items
constexpr int kDetailRole = Qt::UserRole + 2;
constexpr int kMostRows = 10;
constexpr int kWidth = 560;

class PaletteDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override { return {100, QFontMetrics(option.font).height() + 14}; }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Tokens& t = tokens(option.palette);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const QRect area = option.rect.adjusted(0, 1, 0, -1);
        const bool isCurrent = option.state & QStyle::State_Selected;
        if (isCurrent || (option.state & QStyle::State_MouseOver)) {
            painter->setPen(Qt::NoPen);
            painter->setBrush(isCurrent ? t.accentSoft : t.hover);
            painter->drawRoundedRect(area, radius::kControl, radius::kControl);
        }
        const QFontMetrics metrics(option.font), small(smallFont(option.font));
        const int side = metrics.height();
        index.data(Qt::DecorationRole).value<QIcon>().paint(painter, QRect(area.left() + 10, area.center().y() - side / 2, side, side));
        const QString detail = index.data(kDetailRole).toString();
        const int detailWidth = detail.isEmpty() ? 0 : small.horizontalAdvance(detail) + 12;
        const QRect words(area.left() + 10 + side + 10, area.top(), area.width() - side - 30 - detailWidth, area.height());
        painter->setFont(option.font);
        painter->setPen(t.text);
        painter->drawText(words, Qt::AlignVCenter | Qt::AlignLeft, metrics.elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideRight, words.width()));
        painter->setFont(smallFont(option.font));
        painter->setPen(t.textMuted);
        painter->drawText(area.adjusted(0, 0, -10, 0), Qt::AlignVCenter | Qt::AlignRight, detail);
        painter->restore();
    }
};

} // namespace

Palette::Palette(QWidget* parent) : QFrame(parent)
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::kSmall, space::kSmall, space::kSmall, space::kSmall);
    layout->setSpacing(space::kSmall);
    m_input = new QLineEdit(this);
    m_input->setAccessibleName(tr("Name"));
    m_input->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
    layout->addWidget(m_input);
    m_list = new QListView(this);
    m_list->setProperty("kind", "bare");
    m_list->setAccessibleName(tr("Matches"));
    m_list->setFocusPolicy(Qt::NoFocus); // the input keeps it and passes the arrows on
    m_list->setEditTriggers(QAbstractItemView::NoEditTriggers);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setMouseTracking(true);
    m_list->viewport()->setAttribute(Qt::WA_Hover);
    m_list->viewport()->setAutoFillBackground(false);
    m_list->setItemDelegate(new PaletteDelegate(m_list));
    m_model = new QStandardItemModel(this);
    m_list->setModel(m_model);
    layout->addWidget(m_list);
    m_nothing = new QLabel(tr("Nothing has this name"), this);
    m_nothing->setProperty("tone", "muted");
    m_nothing->setAlignment(Qt::AlignCenter);
    m_nothing->setMargin(space::kMedium);
    layout->addWidget(m_nothing);
    hide();
    m_input->installEventFilter(this);
    parent->installEventFilter(this);
    connect(m_input, &QLineEdit::textChanged, this, &Palette::filter);
    connect(m_list, &QListView::clicked, this, [this](const QModelIndex& index) { run(index.row()); });
}

void Palette::open(const QList<PaletteItem>& items, const QString& placeholder)
{
    m_items = items;
    if (isHidden())
        m_focusBefore = QApplication::focusWidget();
    m_input->setPlaceholderText(placeholder);
    m_input->setAccessibleName(placeholder);
    setAccessibleName(placeholder);
    m_input->clear();
    filter({});
    show();
    raise();
    m_input->setFocus(Qt::ShortcutFocusReason);
}

void Palette::dismiss()
{
    if (isHidden())
        return;
    const bool hadFocus = isAncestorOf(QApplication::focusWidget());
    hide();
    if (hadFocus && m_focusBefore)
        m_focusBefore->setFocus(Qt::OtherFocusReason);
}

int Palette::score(const QString& title, const QString& query)
{
    int total = 0;
    for (const QString& word : query.split(QLatin1Char(' '), Qt::SkipEmptyParts)) {
        const qsizetype at = title.indexOf(word, 0, Qt::CaseInsensitive);
        if (at < 0)
            return -1;
        bool beginsWord = false;
        for (qsizetype i = at; i >= 0; i = title.indexOf(word, i + 1, Qt::CaseInsensitive))
            beginsWord = beginsWord || i == 0 || !title[i - 1].isLetterOrNumber();
        total += at == 0 ? 3 : beginsWord ? 2 : 1;
    }
    return total;
}

void Palette::filter(const QString& query)
{
    QList<std::pair<int, int>> found; // score, index
    for (int i = 0; i < m_items.size(); ++i)
        if (const int points = score(m_items[i].title, query); points >= 0)
            found.push_back({points, i});
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
    m_model->clear();
    for (const auto& [points, i] : std::as_const(found)) {
        const PaletteItem& item = m_items[i];
        auto* row = new QStandardItem(icon(item.iconName), item.title);
        row->setData(i, kItemRole);
        row->setData(item.detail, kDetailRole);
        if (!item.detail.isEmpty())
            row->setData(QStringLiteral("%1, %2").arg(item.title, item.detail), Qt::AccessibleTextRole);
        m_model->appendRow(row);
    }
    m_list->setCurrentIndex(m_model->index(0, 0));
    m_list->setVisible(!found.isEmpty());
    m_nothing->setVisible(found.isEmpty());
    place();
}

void Palette::run(int row)
{
    if (row < 0 || row >= m_model->rowCount())
        return;
    const std::function<void()> action = m_items[m_model->item(row)->data(kItemRole).toInt()].run;
    dismiss(); // first: what is run may move the focus
    action();
}

/// In the middle, near the upper edge, never larger than what it lies on.
void Palette::place()
{
    const QSize room = parentWidget()->size();
    const int rowHeight = QFontMetrics(font()).height() + 14;
    const int nRows = std::min(m_model->rowCount(), kMostRows);
    const int top = std::min(72, room.height() / 10);
    const int chrome = m_input->sizeHint().height() + 3 * space::kSmall + 6;
    const int most = std::max(rowHeight, room.height() - 2 * top - chrome);
    m_list->setFixedHeight(std::clamp(nRows * rowHeight + 4, rowHeight, most));
    const int width = std::min(kWidth, room.width() - 2 * space::kMedium);
    const int height = chrome + (nRows > 0 ? m_list->height() : m_nothing->sizeHint().height());
    setGeometry((room.width() - width) / 2, top, width, height);
}

bool Palette::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == parentWidget() && event->type() == QEvent::Resize && isVisible())
        place();
    if (watched == m_input && event->type() == QEvent::FocusOut && static_cast<QFocusEvent*>(event)->reason() != Qt::ActiveWindowFocusReason &&
        static_cast<QFocusEvent*>(event)->reason() != Qt::PopupFocusReason)
        hide(); // a click elsewhere: focus stays where it went
    if (watched == m_input && event->type() == QEvent::ShortcutOverride) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Escape || key == Qt::Key_Return || key == Qt::Key_Enter) {
            event->accept();
            return true;
        }
    }
    if (watched == m_input && event->type() == QEvent::KeyPress) {
        const int row = m_list->currentIndex().row(), last = m_model->rowCount() - 1;
        const auto go = [&](int to) {
            if (last >= 0)
                m_list->setCurrentIndex(m_model->index(std::clamp(to, 0, last), 0));
            return true;
        };
        switch (static_cast<QKeyEvent*>(event)->key()) {
        case Qt::Key_Escape: dismiss(); return true;
        case Qt::Key_Return:
        case Qt::Key_Enter: run(row); return true;
        case Qt::Key_Down: return go(row == last ? 0 : row + 1);
        case Qt::Key_Up: return go(row == 0 ? last : row - 1);
        case Qt::Key_PageDown: return go(row + kMostRows);
        case Qt::Key_PageUp: return go(row - kMostRows);
        case Qt::Key_Tab:
        case Qt::Key_Backtab: return true; // there is nowhere else to go in here
        default: break;
        }
    }
    return QFrame::eventFilter(watched, event);
}

void Palette::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(t.borderStrong, 1));
    painter.setBrush(t.raised);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius::kCard, radius::kCard);
}

} // namespace sy::widgets
