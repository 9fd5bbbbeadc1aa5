// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/plan_panel.h"

#include "app/pages/finetune/run_fields.h"
#include "app/pages/finetune/run_words.h"
#include "widgets/models/memory_bar.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/notice.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"
#include "widgets/training/token_preview.h"

#include <QFileInfo>
#include <QHeaderView>
#include <QJsonArray>
#include <QJsonDocument>
#include <QLabel>
#include <QLocale>
#include <QProgressBar>
#include <QPushButton>
#include <QTabWidget>
#include <QTimer>
#include <QTreeWidget>
#include <QVBoxLayout>

namespace sy::app {

using namespace sy::widgets;

PlanPanel::PlanPanel(QWidget* parent) : QWidget(parent)
{
    auto* rows = new QVBoxLayout(this);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kSmall);
    m_busy = new QProgressBar(this);
    m_busy->setTextVisible(false);
    m_busy->setRange(0, 0);
    m_busy->setAccessibleName(tr("Counting…"));
    QSizePolicy policy = m_busy->sizePolicy();
    policy.setRetainSizeWhenHidden(true); // what is below does not jump
    m_busy->setSizePolicy(policy);
    rows->addWidget(m_busy);
    m_hint = new QLabel(this);
    m_hint->setProperty("tone", "muted");
    m_hint->setWordWrap(true);
    rows->addWidget(m_hint);
    m_notice = new Notice(this);
    rows->addWidget(m_notice);
    m_memoryTitle = new QLabel(tr("Memory"), this);
    m_memoryTitle->setFont(strongFont(font()));
    rows->addWidget(m_memoryTitle);
    m_memory = new MemoryBar(this);
    rows->addWidget(m_memory);
    m_factsTitle = new QLabel(tr("Counts"), this);
    m_factsTitle->setFont(strongFont(font()));
    rows->addWidget(m_factsTitle);
    m_facts = new FactsTable(this);
    rows->addWidget(m_facts);
    m_measure = new QPushButton(icon(QStringLiteral("clock"), IconTone::Text), tr("Measure the time"), this);
    rows->addWidget(m_measure, 0, Qt::AlignLeft);
    connect(m_measure, &QPushButton::clicked, this, &PlanPanel::measureToggled);
    m_tabs = new QTabWidget(this);
    m_tabs->setAccessibleName(tr("The data as the model reads it"));
    m_preview = new TokenPreview(m_tabs);
    m_preview->setLegend(tr("Underlined on a colored ground: what the model learns to write. The rest it only reads."));
    m_dropped = new QTreeWidget(m_tabs);
    m_dropped->setAccessibleName(tr("Texts that are left out"));
    m_dropped->setRootIsDecorated(false);
    m_dropped->setUniformRowHeights(true);
    m_dropped->setHeaderLabels({tr("File"), tr("Row"), tr("Tokens"), tr("Why")});
    m_dropped->header()->setResizeContentsPrecision(20);
    m_dropped->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    m_dropped->header()->setStretchLastSection(true);
    m_tabs->addTab(m_preview, tr("Preview"));
    m_tabs->addTab(m_dropped, tr("Left out"));
    m_tabs->setMinimumHeight(260);
    rows->addWidget(m_tabs, 1);
    rows->addStretch(0); // with the rest hidden what is said stays at the top
    setEmpty({});
}

void PlanPanel::setEmpty(const QString& hint)
{
    m_busy->hide();
    m_notice->setNotice({}, {}, {});
    m_hint->setText(hint);
    m_hint->setVisible(!hint.isEmpty());
    for (QWidget* widget : {static_cast<QWidget*>(m_memoryTitle), static_cast<QWidget*>(m_memory), static_cast<QWidget*>(m_factsTitle), static_cast<QWidget*>(m_facts), static_cast<QWidget*>(m_measure), static_cast<QWidget*>(m_tabs)})
        widget->hide();
}

void PlanPanel::setWorking()
{
    m_busy->setRange(0, 0);
    m_busy->show();
    if (m_facts->isHidden()) {
        m_hint->setText(tr("Reading the model and the data…"));
        m_hint->show();
    }
}

void PlanPanel::setReading(double share)
{
    m_busy->setRange(0, 1000);
    m_busy->setValue(int(1000 * share));
    m_hint->setText(tr("Reading the data: %1 %").arg(int(100 * share)));
    m_busy->setToolTip(m_hint->text()); // the hint itself is not there beside what was counted before
}

void PlanPanel::setFailure(const UserMessage& message)
{
    setEmpty({});
    m_notice->setNotice(message.title, message.text(), message.title + QLatin1Char('\n') + message.text() + QLatin1Char('\n') + message.technical);
}

UserMessage PlanPanel::refusal(const api::FineTunePlan& plan)
{
    if (plan.texts == 0 && plan.tooLong > 0 && plan.withoutLabels == 0)
        return {tr("Every example is longer than the context"), tr("The longest has %1 tokens.").arg(QLocale().toString(qlonglong(plan.longestTokens))), tr("Take a longer context, or shorter examples."), {}};
    if (plan.texts == 0)
        return {tr("There is nothing to train in the data"), tr("%n row(s) were read.", nullptr, int(plan.rows)), tr("Look at the rows that are left out, and at the format of the file."), {}};
    if (plan.trainedTokens == 0)
        return {tr("No token of the data is trained"), {}, tr("The examples need answers of the assistant."), {}};
    if (plan.peakBytes > plan.availableBytes) {
        QStringList changes;
        for (const api::FineTuneChange& change : plan.changes) {
            const QString path = QString::fromStdString(change.setting);
            const QJsonValue value = QJsonDocument::fromJson(QByteArray::fromStdString('[' + change.value + ']')).array().at(0);
            changes << tr("%1: %2 (%3)").arg(fieldWord(path), valueWord(path, value), formatBytes(change.peakBytes));
        }
        return {tr("Does not fit into memory"), tr("%1 needed, %2 free.").arg(formatBytes(plan.peakBytes), formatBytes(plan.availableBytes)),
                changes.isEmpty() ? tr("No single setting would make it fit: choose a smaller model, or unload the one in the chat.")
                                  : tr("Any one of these would make it fit. %1.").arg(changes.join(QStringLiteral("; "))), {}};
    }
    return {};
}

void PlanPanel::setPlan(const api::FineTunePlan& plan, const QString& expectedTime, bool isWhole)
{
    m_busy->hide();
    m_hint->hide();
    for (QWidget* widget : {static_cast<QWidget*>(m_memoryTitle), static_cast<QWidget*>(m_memory), static_cast<QWidget*>(m_factsTitle), static_cast<QWidget*>(m_facts), static_cast<QWidget*>(m_measure)})
        widget->show();
    const UserMessage refused = refusal(plan);
    m_notice->setNotice(refused.title, refused.text(), refused.title + QLatin1Char('\n') + refused.text());
    m_memory->setEstimate({{tr("Model"), plan.weightBytes}, {isWhole ? tr("Gradients and optimizer") : tr("Adapter and optimizer"), plan.trainedBytes}, {tr("Activations"), plan.activationBytes}, {tr("Other"), plan.otherBytes}}, plan.availableBytes);
    const QLocale l;
    const auto count = [&](int64_t n) { return l.toString(qlonglong(n)); };
    QList<std::pair<QString, QString>> facts;
    QStringList formats;
    for (const auto& [format, rows] : plan.formats)
        formats << tr("%1 of %2").arg(formatWord(format), count(rows));
    facts.push_back({tr("Rows"), plan.formats.size() == 1 ? QStringLiteral("%1 (%2)").arg(count(plan.rows), formatWord(plan.formats.begin()->first)) : formats.isEmpty() ? count(plan.rows) : QStringLiteral("%1 (%2)").arg(count(plan.rows), formats.join(QStringLiteral(", ")))});
    facts.push_back({tr("Trained"), tr("%1 texts, %2 tokens, %3 of them learned").arg(count(plan.texts), count(plan.tokens), count(plan.trainedTokens))});
    facts.push_back({tr("Held out"), count(plan.heldOutTexts)});
    facts.push_back({tr("Longest text"), tr("%1 tokens").arg(count(plan.longestTokens))});
    if (plan.duplicates > 0)
        facts.push_back({tr("Repeated rows"), count(plan.duplicates)});
    QStringList personal;
    for (const auto& [kind, n] : plan.personalData)
        if (n > 0)
            personal << tr("%1: %2").arg(personalWord(kind), count(n));
    if (!personal.isEmpty())
        facts.push_back({tr("Looks personal"), personal.join(QStringLiteral(", "))});
    if (plan.withoutEnd > 0)
        facts.push_back({tr("Without an end"), tr("%1: the model would not learn to stop there").arg(count(plan.withoutEnd))});
    facts.push_back({tr("Trained parameters"), count(plan.trainedParameters)});
    if (!plan.experts.empty()) {
        int64_t n = 0;
        for (const auto& [layer, experts] : plan.experts)
            n += int64_t(experts.size());
        facts.push_back({tr("Experts trained"), tr("%1 of %2").arg(count(n), count(plan.expertsPerLayer * int64_t(plan.experts.size())))});
    }
    facts.push_back({tr("Steps"), count(plan.steps)});
    facts.push_back({tr("Time"), expectedTime});
    m_shown = facts;
    m_facts->setFacts(facts);
    // In a turn of its own: both at once, when they are first shown, would be felt. What waits for 0 is posted and comes in this one.
    QTimer::singleShot(1, this, [this, plan] { fillRows(plan); });
}

void PlanPanel::setTime(const QString& expectedTime)
{
    if (m_shown.isEmpty())
        return;
    m_shown.back().second = expectedTime;
    m_facts->setFacts(m_shown);
}

void PlanPanel::setMeasure(bool isPossible, bool isMeasuring, const QString& whyNot)
{
    m_measure->setEnabled(isPossible || isMeasuring);
    m_measure->setText(isMeasuring ? tr("Stop measuring") : tr("Measure the time"));
    m_measure->setIcon(icon(isMeasuring ? QStringLiteral("stop") : QStringLiteral("clock"), IconTone::Text));
    m_measure->setToolTip(isPossible || isMeasuring ? tr("Takes a step with a few of the examples and throws it away. With a large model this takes a minute.") : whyNot);
}

void PlanPanel::fillRows(const api::FineTunePlan& plan)
{
    if (m_facts->isHidden()) // emptied meanwhile
        return;
    const QLocale l;
    const auto count = [&](int64_t n) { return l.toString(qlonglong(n)); };
    QList<PreviewText> texts;
    for (const api::FineTuneRow& row : plan.preview) {
        PreviewText text{tr("%1, row %2 · %3 tokens").arg(QFileInfo(QString::fromStdString(row.file)).fileName(), count(row.row), count(row.tokens)),
                         row.outcome == api::FineTuneRow::Outcome::used ? QString() : outcomeWord(row.outcome), {}};
        for (const api::FineTunePiece& piece : row.pieces)
            text.pieces.push_back({QString::fromStdString(piece.text), piece.isTrained});
        texts.push_back(text);
    }
    m_preview->setTexts(texts);
    m_dropped->clear();
    QList<QTreeWidgetItem*> items;
    for (const api::FineTuneRow& row : plan.dropped)
        items.push_back(new QTreeWidgetItem({QFileInfo(QString::fromStdString(row.file)).fileName(), count(row.row), count(row.tokens), outcomeWord(row.outcome)}));
    m_dropped->addTopLevelItems(items);
    const int64_t nDropped = plan.tooLong + plan.withoutLabels;
    m_tabs->setTabText(1, nDropped > 0 ? tr("Left out (%1)").arg(count(nDropped)) : tr("Left out"));
    m_tabs->setTabEnabled(1, nDropped > 0);
    m_tabs->show();
}

} // namespace sy::app
