// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/training/run_list.h"

#include "widgets/parts/row_delegate.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListView>
#include <QMenu>
#include <QPainter>
#include <QPushButton>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <algorithm>

namespace sy::widgets {

namespace {

enum Role { IdRole = Qt::UserRole + 1, StateRole, IconRole, ToneRole, DetailRole, ProgressRole };

QColor colorOf(IconTone tone, const Tokens& t)
{
    switch (tone) {
    case IconTone::Accent: return t.accent;
    case IconTone::Success: return t.success;
    case IconTone::Warning: return t.warning;
    case IconTone::Danger: return t.danger;
    default: return t.textMuted;
    }
}

class RunDelegate : public RenameDelegate {
public:
    using RenameDelegate::RenameDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const QFontMetrics metrics(option.font), small(smallFont(option.font));
        const bool hasDetail = !index.data(DetailRole).toString().isEmpty();
        const bool hasBar = index.data(ProgressRole).toDouble() >= 0;
        return {100, metrics.height() + small.height() * (hasDetail ? 2 : 1) + 20 + (hasBar ? 8 : 0)};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Tokens& t = tokens(option.palette);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const QRect area = option.rect.adjusted(4, 1, -4, -1);
        const bool isCurrent = option.state & QStyle::State_Selected;
        paintRowGround(*painter, option, area);
        const QFont small = smallFont(option.font);
        const QFontMetrics metrics(option.font), smallMetrics(small);
        const QColor color = colorOf(IconTone(index.data(ToneRole).toInt()), t);
        const int side = metrics.height();
        int y = area.top() + 6;
        painter->drawPixmap(QPointF(area.left() + 8, y), iconPixmap(index.data(IconRole).toString(), side, color, painter->device()->devicePixelRatioF()));
        const int left = area.left() + 8 + side + 8, width = area.right() - left - 8;
        painter->setFont(option.font);
        painter->setPen(t.text);
        painter->drawText(QRect(left, y, width, metrics.height()), Qt::AlignLeft | Qt::AlignVCenter,
                          metrics.elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideRight, width));
        y += metrics.height() + 2;
        painter->setFont(small);
        painter->setPen(color);
        painter->drawText(QRect(left, y, width, smallMetrics.height()), Qt::AlignLeft | Qt::AlignVCenter,
                          smallMetrics.elidedText(index.data(StateRole).toString(), Qt::ElideRight, width));
        y += smallMetrics.height();
        if (const QString detail = index.data(DetailRole).toString(); !detail.isEmpty()) {
            painter->setPen(t.textMuted);
            painter->drawText(QRect(left, y, width, smallMetrics.height()), Qt::AlignLeft | Qt::AlignVCenter, smallMetrics.elidedText(detail, Qt::ElideRight, width));
            y += smallMetrics.height();
        }
        if (const double progress = index.data(ProgressRole).toDouble(); progress >= 0) {
            const QRectF bar(left, y + 4, width, 4);
            painter->setPen(Qt::NoPen);
            painter->setBrush(isCurrent ? t.surface : t.sunken);
            painter->drawRoundedRect(bar, 2, 2);
            painter->setBrush(t.accent);
            painter->drawRoundedRect(QRectF(bar.left(), bar.top(), std::max(4.0, bar.width() * progress), bar.height()), 2, 2);
        }
        painter->restore();
    }
};

void fill(QStandardItem* item, const RunListItem& run)
{
    item->setText(run.name);
    item->setData(run.id, IdRole);
    item->setData(run.state, StateRole);
    item->setData(run.iconName, IconRole);
    item->setData(int(run.tone), ToneRole);
    item->setData(run.detail, DetailRole);
    item->setData(run.progress, ProgressRole);
    item->setToolTip(run.name);
    item->setAccessibleText(QStringLiteral("%1, %2, %3").arg(run.name, run.state, run.detail));
}

} // namespace

RunList::RunList(QWidget* parent) : QWidget(parent)
{
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(space::kMedium, space::kMedium, space::kMedium, space::kSmall);
    layout->setSpacing(space::kSmall);
    m_new = new QPushButton(icon(QStringLiteral("plus"), IconTone::Text), tr("New run"), this);
    layout->addWidget(m_new);
    m_import = new QPushButton(icon(QStringLiteral("import"), IconTone::Text), tr("Import an adapter"), this);
    auto* importMenu = new QMenu(m_import);
    connect(importMenu->addAction(tr("GGUF file…")), &QAction::triggered, this, &RunList::importFileRequested);
    connect(importMenu->addAction(tr("PEFT folder…")), &QAction::triggered, this, &RunList::importFolderRequested);
    m_import->setMenu(importMenu);
    layout->addWidget(m_import);
    m_view = new QListView(this);
    m_view->setProperty("kind", "bare");
    m_view->setAccessibleName(tr("Runs"));
    m_view->setMouseTracking(true);
    m_view->viewport()->setAttribute(Qt::WA_Hover);
    m_view->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_view->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_view->setEditTriggers(QAbstractItemView::EditKeyPressed);
    m_view->setContextMenuPolicy(Qt::CustomContextMenu);
    m_view->setItemDelegate(new RunDelegate(tr("Name of the run"), m_view));
    m_view->viewport()->setAutoFillBackground(false);
    m_model = new QStandardItemModel(this);
    m_view->setModel(m_model);
    m_view->installEventFilter(this);
    layout->addWidget(m_view, 1);
    connect(m_new, &QPushButton::clicked, this, &RunList::newRequested);
    connect(m_view->selectionModel(), &QItemSelectionModel::currentChanged, this, [this](const QModelIndex& index) {
        if (!m_isFilling && index.isValid())
            emit opened(index.data(IdRole).toString());
    });
    connect(m_view, &QListView::clicked, this, [this](const QModelIndex& index) { // also of the current one: a form may be in front of it
        if (index.isValid())
            emit opened(index.data(IdRole).toString());
    });
    connect(m_model, &QStandardItemModel::itemChanged, this, [this](QStandardItem* item) {
        if (!m_isFilling)
            emit renamed(item->data(IdRole).toString(), item->text().trimmed());
    });
    connect(m_view, &QListView::customContextMenuRequested, this, &RunList::showMenu);
}

void RunList::setRuns(const QList<RunListItem>& runs)
{
    if (runs == m_runs)
        return;
    const auto* editor = m_view->viewport()->findChild<QLineEdit*>();
    if (editor && editor->isVisible())
        return; // renaming: the next change brings the list up to date
    const bool isSame = runs.size() == m_runs.size()
                        && std::equal(runs.cbegin(), runs.cend(), m_runs.cbegin(), [](const RunListItem& a, const RunListItem& b) { return a.id == b.id; });
    const QString before = current();
    m_isFilling = true;
    if (!isSame) {
        m_model->clear();
        for (qsizetype i = 0; i < runs.size(); ++i)
            m_model->appendRow(new QStandardItem);
    }
    for (qsizetype i = 0; i < runs.size(); ++i)
        if (!isSame || runs[i] != m_runs[i])
            fill(m_model->item(int(i)), runs[i]);
    m_runs = runs;
    m_isFilling = false;
    if (!isSame)
        setCurrent(before);
    update();
}

void RunList::setCurrent(const QString& id)
{
    if (id == current()) // also: a name that is being edited stays open
        return;
    m_isFilling = true;
    m_view->setCurrentIndex({});
    for (int row = 0; row < m_model->rowCount(); ++row)
        if (m_model->item(row)->data(IdRole).toString() == id && !id.isEmpty())
            m_view->setCurrentIndex(m_model->index(row, 0));
    m_isFilling = false;
}

QString RunList::current() const
{
    return m_view->currentIndex().data(IdRole).toString();
}

void RunList::setEmptyText(const QString& text)
{
    m_emptyText = text;
    update();
}

void RunList::renameCurrent()
{
    if (m_view->currentIndex().isValid()) {
        m_view->setFocus();
        m_view->edit(m_view->currentIndex());
    }
}

void RunList::showMenu(const QPoint& position)
{
    QModelIndex index = m_view->indexAt(position);
    if (!index.isValid())
        index = m_view->currentIndex();
    if (!index.isValid())
        return;
    const QString id = index.data(IdRole).toString();
    auto* menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    const QPersistentModelIndex kept(index);
    QAction* rename = menu->addAction(icon(QStringLiteral("edit")), tr("Rename"));
    rename->setShortcut(Qt::Key_F2);
    connect(rename, &QAction::triggered, this, [this, kept] { m_view->edit(kept); });
    const bool canDuplicate = std::any_of(m_runs.cbegin(), m_runs.cend(), [&](const RunListItem& run) { return run.id == id && run.canDuplicate; });
    if (canDuplicate)
        connect(menu->addAction(icon(QStringLiteral("copy")), tr("Duplicate as a new run")), &QAction::triggered, this, [this, id] { emit duplicateRequested(id); });
    QAction* remove = menu->addAction(icon(QStringLiteral("trash")), tr("Delete"));
    remove->setShortcut(Qt::Key_Delete);
    connect(remove, &QAction::triggered, this, [this, id] { emit deleteRequested(id); });
    menu->popup(m_view->viewport()->mapToGlobal(position));
}

bool RunList::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_view && event->type() == QEvent::KeyPress) {
        const int key = static_cast<QKeyEvent*>(event)->key();
        if (key == Qt::Key_Delete && !current().isEmpty()) {
            emit deleteRequested(current());
            return true;
        }
        if ((key == Qt::Key_Return || key == Qt::Key_Enter) && !current().isEmpty() && !m_view->viewport()->findChild<QLineEdit*>()) {
            emit opened(current());
            return true;
        }
    }
    return QWidget::eventFilter(watched, event);
}

void RunList::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.fillRect(rect(), t.window);
    if (m_model->rowCount() == 0 && !m_emptyText.isEmpty()) {
        painter.setPen(t.textMuted);
        painter.drawText(m_view->geometry().adjusted(space::kMedium, space::kHuge, -space::kMedium, 0), Qt::AlignTop | Qt::AlignHCenter | Qt::TextWordWrap, m_emptyText);
    }
}

} // namespace sy::widgets
