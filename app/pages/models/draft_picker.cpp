// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/models/draft_picker.h"

#include "app/messages/engine_words.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/theme/tokens.h"

#include <QComboBox>
#include <QLabel>
#include <QStandardItemModel>
#include <QVBoxLayout>
#include <algorithm>
#include <utility>

namespace sy::app {

using namespace sy::widgets;

DraftPicker::DraftPicker(ModelService& models, QWidget* parent) : QWidget(parent), m_models(models)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kMedium);
    auto* row = new FlowLayout(space::kSmall);
    auto* label = new QLabel(tr("Draft model"), this);
    m_draft = new QComboBox(this);
    m_draft->setAccessibleName(label->text());
    m_draft->setToolTip(tr("A smaller model with the same vocabulary that guesses ahead. The answers are the same and come faster."));
    m_draft->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_draft->setMinimumContentsLength(14);
    m_draft->setFocusPolicy(Qt::StrongFocus);
    label->setBuddy(m_draft);
    row->addWidget(label);
    row->addWidget(m_draft);
    rows->addLayout(row);
    m_note = new QLabel(this);
    m_note->setProperty("tone", "muted");
    m_note->setWordWrap(true);
    m_note->setTextFormat(Qt::PlainText);
    rows->addWidget(m_note);
    hide();
    connect(m_draft, &QComboBox::activated, this, [this] {
        m_models.setDraft(m_model, m_draft->currentData().toString());
        updateNote();
        emit chosen();
    });
    connect(&m_models, &ModelService::draftsRead, this, [this](const QString& id, const QList<DraftChoice>& drafts) {
        if (id != m_model)
            return;
        m_drafts = drafts;
        m_areRead = true;
        fill();
    });
    connect(&m_models, &ModelService::modelsChanged, this, &DraftPicker::request);
    connect(&m_models, &ModelService::loadStateChanged, this, &DraftPicker::updateNote);
}

void DraftPicker::setModel(const QString& id)
{
    if (id == m_model)
        return;
    m_model = id;
    m_drafts.clear();
    m_areRead = false;
    fill();
    setVisible(!id.isEmpty());
    request();
}

void DraftPicker::request()
{
    if (!m_model.isEmpty())
        m_models.readDrafts(m_model);
}

// Those that cannot guess stay in the list, so that nobody looks for them, and say why.
void DraftPicker::fill()
{
    const QString chosen = m_models.draftOf(m_model);
    m_draft->clear();
    m_draft->addItem(tr("None"), QString());
    auto* items = qobject_cast<QStandardItemModel*>(m_draft->model());
    for (const DraftChoice& draft : std::as_const(m_drafts)) {
        m_draft->addItem(draft.name, draft.id);
        const int last = m_draft->count() - 1;
        if (draft.id == chosen)
            m_draft->setCurrentIndex(last);
        if (draft.problem.isEmpty())
            continue;
        const QString why = asSentence(engineWords(draft.problem.toStdString()));
        items->item(last)->setEnabled(false);
        m_draft->setItemData(last, why, Qt::ToolTipRole);
        m_draft->setItemData(last, why, Qt::AccessibleDescriptionRole);
    }
    updateNote();
}

void DraftPicker::updateNote()
{
    const QString chosen = m_draft->currentData().toString(), name = m_draft->currentText();
    const auto can = [](const DraftChoice& draft) { return draft.problem.isEmpty(); };
    QString note;
    for (const DraftChoice& draft : std::as_const(m_drafts))
        if (draft.id == chosen && !can(draft))
            note = tr("“%1” cannot guess for this model. %2").arg(name, asSentence(engineWords(draft.problem.toStdString())));
    if (note.isEmpty() && m_areRead && m_models.loadedId() == m_model && m_models.loadedDraft() != chosen)
        note = tr("Holds when the model is loaded the next time.");
    if (note.isEmpty() && m_areRead && std::none_of(m_drafts.cbegin(), m_drafts.cend(), can))
        note = tr("There is none for this model yet: a draft model is a smaller one of the same family, with the same vocabulary.");
    m_note->setText(note);
    m_note->setVisible(!note.isEmpty());
}

} // namespace sy::app
