// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/adapter_view.h"

#include "app/messages/user_message.h"
#include "app/pages/finetune/adapter_files.h"
#include "app/services/adapter_service.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QVBoxLayout>

namespace sy::app {

using namespace sy::widgets;

AdapterView::AdapterView(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    setAccessibleName(tr("Imported adapter"));
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kMedium);
    rows->setSpacing(space::kSmall);
    m_title = new QLabel(this);
    m_title->setFont(titleFont(font()));
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    m_state = new QLabel(tr("Imported. Chats use it like one that was trained here."), this);
    m_state->setProperty("tone", "muted");
    m_state->setWordWrap(true);
    rows->addWidget(m_title);
    rows->addWidget(m_state);
    auto* buttons = new FlowLayout(space::kSmall);
    auto* chat = new QPushButton(icon(QStringLiteral("chat"), IconTone::OnAccent), tr("Chat with it"), this);
    chat->setProperty("kind", "primary");
    m_export = new QPushButton(icon(QStringLiteral("download"), IconTone::Text), tr("Export"), this);
    auto* menu = new QMenu(m_export);
    addExportActions(m_context, menu, this, [this] { return m_id; }, [this] { emit mergeRequested(m_id); });
    m_export->setMenu(menu);
    auto* rename = new QPushButton(icon(QStringLiteral("edit"), IconTone::Text), tr("Rename"), this);
    auto* remove = new QPushButton(icon(QStringLiteral("trash"), IconTone::Text), tr("Delete"), this);
    for (QPushButton* button : {chat, m_export, rename, remove})
        buttons->addWidget(button);
    rows->addLayout(buttons);
    rows->addSpacing(space::kMedium);
    m_facts = new FactsTable(this);
    rows->addWidget(m_facts);
    rows->addStretch(1);
    connect(chat, &QPushButton::clicked, this, [this] { emit chatRequested(m_id); });
    connect(rename, &QPushButton::clicked, this, [this] { emit renameRequested(m_id); });
    connect(remove, &QPushButton::clicked, this, [this] { emit deleteRequested(m_id); });
    connect(&context.adapters, &AdapterService::adaptersChanged, this, &AdapterView::refresh);
}

void AdapterView::setAdapter(const QString& id)
{
    m_id = id;
    refresh();
}

void AdapterView::refresh()
{
    const AdapterInfo* adapter = m_context.adapters.find(m_id);
    if (!adapter)
        return;
    m_title->setText(QString::fromStdString(adapter->name));
    const bool isGguf = adapter->file.extension() == ".gguf";
    QList<std::pair<QString, QString>> facts;
    facts.push_back({tr("Format"), isGguf ? tr("GGUF file") : tr("PEFT folder")});
    facts.push_back({tr("Model"), adapter->model.empty() ? tr("it does not say; whether it fits is seen when it is used") : QString::fromStdString(adapter->model)});
    facts.push_back({tr("Size"), formatBytes(adapter->bytes)});
    facts.push_back({tr("Stored at"), QString::fromStdString(adapter->file.string())});
    m_facts->setFacts(facts);
}

} // namespace sy::app
