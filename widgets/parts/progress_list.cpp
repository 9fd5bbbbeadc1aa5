// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/parts/progress_list.h"

#include "widgets/parts/elided_label.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QFrame>
#include <QGridLayout>
#include <QLabel>
#include <QProgressBar>
#include <QPushButton>
#include <QVBoxLayout>

namespace sy::widgets {

ProgressList::ProgressList(QWidget* parent) : QWidget(parent)
{
    m_layout = new QVBoxLayout(this);
    m_layout->setContentsMargins(0, 0, 0, 0);
    m_layout->setSpacing(space::kSmall);
    hide();
}

ProgressList::Card* ProgressList::find(const QString& id)
{
    for (Card& card : m_cards)
        if (card.id == id)
            return &card;
    return nullptr;
}

bool ProgressList::hasJob(const QString& id) const
{
    return const_cast<ProgressList*>(this)->find(id) != nullptr;
}

void ProgressList::setJob(const QString& id, const QString& title, const QString& detail, double fraction, bool canCancel)
{
    Card* card = find(id);
    if (!card) {
        auto* frame = new QFrame(this);
        frame->setProperty("kind", "card");
        auto* grid = new QGridLayout(frame);
        grid->setContentsMargins(space::kLarge, space::kMedium, space::kMedium, space::kMedium);
        grid->setVerticalSpacing(space::kTiny + 2);
        Card made{id, frame, new QLabel(frame), new ElidedLabel(frame), new QProgressBar(frame), new QPushButton(tr("Cancel"), frame)};
        made.title->setFont(strongFont(font()));
        made.title->setTextFormat(Qt::PlainText);
        made.detail->setProperty("tone", "muted");
        made.detail->setFont(smallFont(font()));
        made.bar->setTextVisible(false);
        grid->addWidget(made.title, 0, 0);
        grid->addWidget(made.bar, 1, 0);
        grid->addWidget(made.detail, 2, 0);
        grid->addWidget(made.cancel, 0, 1, 3, 1, Qt::AlignVCenter);
        grid->setColumnStretch(0, 1);
        m_layout->addWidget(frame);
        connect(made.cancel, &QPushButton::clicked, this, [this, id] {
            setStopping(id);
            emit cancelRequested(id);
        });
        m_cards.push_back(made);
        card = &m_cards.back();
        show();
    }
    card->title->setText(title);
    card->detail->setText(detail);
    card->bar->setAccessibleName(title);
    card->bar->setRange(0, fraction < 0 ? 0 : 1000);
    if (fraction >= 0)
        card->bar->setValue(int(fraction * 1000));
    card->cancel->setVisible(canCancel);
    card->cancel->setAccessibleName(tr("Cancel: %1").arg(title));
}

void ProgressList::setStopping(const QString& id)
{
    if (Card* card = find(id)) {
        card->cancel->setText(tr("Stopping…"));
        card->cancel->setEnabled(false);
    }
}

void ProgressList::removeJob(const QString& id)
{
    for (qsizetype i = 0; i < m_cards.size(); ++i) {
        if (m_cards[i].id != id)
            continue;
        m_cards[i].frame->hide();
        m_cards[i].frame->deleteLater();
        m_cards.removeAt(i);
        break;
    }
    setVisible(!m_cards.isEmpty());
}

} // namespace sy::widgets
