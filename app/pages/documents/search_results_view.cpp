// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/documents/search_results_view.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QFileInfo>
#include <QLocale>
#include <QPainter>
#include <QStandardItemModel>
#include <QTextLayout>
#include <QStyledItemDelegate>

namespace sy::app {

using namespace sy::widgets;

namespace {

enum Role { TitleRole = Qt::UserRole + 1, PlaceRole, WhyRole, TextRole, ScoreRole, NumberRole };

constexpr int kLines = 3; // of the passage

class ResultDelegate : public QStyledItemDelegate {
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const override
    {
        const QFontMetrics title(strongFont(option.font)), small(smallFont(option.font)), body(option.font);
        return {200, title.height() + small.height() + kLines * body.lineSpacing() + 34};
    }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Tokens& t = tokens(option.palette);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        const QRectF card = QRectF(option.rect).adjusted(2, 3, -2, -3);
        const bool isCurrent = option.state & QStyle::State_Selected;
        painter->setPen(QPen(t.border, 1));
        painter->setBrush(isCurrent ? t.accentSoft : option.state & QStyle::State_MouseOver ? t.hover : t.surface);
        painter->drawRoundedRect(card.adjusted(0.5, 0.5, -0.5, -0.5), radius::kControl, radius::kControl);
        if ((option.state & QStyle::State_HasFocus) && option.widget && option.widget->hasFocus()) {
            painter->setBrush(Qt::NoBrush);
            painter->setPen(QPen(t.focus, 2));
            painter->drawRoundedRect(card.adjusted(1, 1, -1, -1), radius::kControl, radius::kControl);
        }
        const QRect inside = card.toRect().adjusted(14, 9, -14, -9);
        const QFont strong = strongFont(option.font), small = smallFont(option.font);
        const QFontMetrics strongMetrics(strong), smallMetrics(small), body(option.font);

        const QString score = index.data(ScoreRole).toString();
        const int scoreWidth = smallMetrics.horizontalAdvance(score) + 8;
        painter->setFont(small);
        painter->setPen(t.textMuted);
        painter->drawText(QRect(inside.right() - scoreWidth, inside.top(), scoreWidth, strongMetrics.height()), Qt::AlignRight | Qt::AlignVCenter, score);
        painter->setFont(strong);
        painter->setPen(t.text);
        // The page must be readable however long the title: the place takes up to two thirds, the title what is left.
        const int room = inside.width() - scoreWidth - 8;
        const QString place = strongMetrics.elidedText(index.data(PlaceRole).toString(), Qt::ElideRight, room * 2 / 3);
        const QString title = strongMetrics.elidedText(QStringLiteral("%1.  %2").arg(index.data(NumberRole).toInt()).arg(index.data(TitleRole).toString()),
                                                       Qt::ElideRight, room - strongMetrics.horizontalAdvance(place));
        painter->drawText(QRect(inside.left(), inside.top(), room, strongMetrics.height()), Qt::AlignVCenter, title + place);
        int y = inside.top() + strongMetrics.height() + 2;
        painter->setFont(small);
        painter->setPen(t.accent);
        painter->drawText(QRect(inside.left(), y, inside.width(), smallMetrics.height()), Qt::AlignVCenter,
                          smallMetrics.elidedText(index.data(WhyRole).toString(), Qt::ElideRight, inside.width()));
        y += smallMetrics.height() + 4;
        painter->setFont(option.font);
        painter->setPen(t.textMuted);
        // Three lines of the passage; the rest is one activation away.
        QTextLayout layout(index.data(TextRole).toString(), option.font);
        layout.beginLayout();
        for (int line = 0; line < kLines; ++line) {
            QTextLine row = layout.createLine();
            if (!row.isValid())
                break;
            row.setLineWidth(inside.width());
            if (line + 1 == kLines) {
                const QString rest = layout.text().mid(row.textStart());
                painter->drawText(QPoint(inside.left(), y + body.ascent()), body.elidedText(rest, Qt::ElideRight, inside.width()));
            } else {
                painter->drawText(QPoint(inside.left(), y + body.ascent()), layout.text().mid(row.textStart(), row.textLength()));
            }
            y += body.lineSpacing();
        }
        layout.endLayout();
        painter->restore();
    }
};

} // namespace

QString whyFound(const api::SearchResult& result)
{
    QStringList parts;
    parts << (result.lexicalRank > 0 ? SearchResultsView::tr("words: place %1").arg(result.lexicalRank) : SearchResultsView::tr("words: not found"));
    parts << (result.denseRank > 0 ? SearchResultsView::tr("meaning: place %1").arg(result.denseRank) : SearchResultsView::tr("meaning: not found"));
    return parts.join(QStringLiteral("   ·   "));
}

SearchResultsView::SearchResultsView(QWidget* parent) : QListView(parent)
{
    setAccessibleName(tr("Results"));
    setProperty("kind", "bare");
    viewport()->setAutoFillBackground(false);
    viewport()->setAttribute(Qt::WA_Hover);
    setMouseTracking(true);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setResizeMode(QListView::Adjust);
    setItemDelegate(new ResultDelegate(this));
    m_model = new QStandardItemModel(this);
    setModel(m_model);
    const auto open = [this](const QModelIndex& index) {
        if (index.isValid() && index.row() < m_results.size())
            emit opened(m_results[index.row()]);
    };
    connect(this, &QListView::clicked, this, open);
    connect(this, &QListView::activated, this, open);
}

void SearchResultsView::setResults(const QList<api::SearchResult>& results)
{
    m_results = results;
    m_model->clear();
    int number = 1;
    for (const api::SearchResult& r : results) {
        auto* item = new QStandardItem;
        const QString title = r.title.empty() ? QFileInfo(QString::fromStdString(r.document)).fileName() : QString::fromStdString(r.title);
        QString place;
        if (r.page > 0)
            place += QStringLiteral(" · ") + tr("page %1").arg(r.page);
        QString section = QString::fromStdString(r.section);
        if (section == title || section.startsWith(title + QStringLiteral(" › "))) // the first heading is the title once more
            section = section.mid(title.size() + 3);
        if (!section.isEmpty())
            place += QStringLiteral(" · ") + section;
        const QString text = QString::fromStdString(r.text).simplified();
        item->setData(title, TitleRole);
        item->setData(place, PlaceRole);
        item->setData(whyFound(r), WhyRole);
        item->setData(text, TextRole);
        item->setData(tr("score %1").arg(locale().toString(r.score, 'f', 3)), ScoreRole);
        item->setData(number++, NumberRole);
        item->setData(QStringLiteral("%1. %2. %3").arg(title + place, whyFound(r), text), Qt::AccessibleTextRole);
        item->setToolTip(tr("Words score %1, meaning score %2").arg(locale().toString(r.lexicalScore, 'f', 3), locale().toString(r.denseScore, 'f', 3)));
        item->setEditable(false);
        m_model->appendRow(item);
    }
}

void SearchResultsView::resizeEvent(QResizeEvent* event)
{
    QListView::resizeEvent(event);
    scheduleDelayedItemsLayout();
}

} // namespace sy::app
