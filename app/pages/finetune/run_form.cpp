// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/run_form.h"

#include "app/pages/finetune/column_mapping.h"
#include "app/pages/finetune/field_control.h"
#include "app/pages/finetune/pattern_table.h"
#include "app/pages/finetune/plan_panel.h"
#include "app/pages/finetune/run_words.h"
#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/scrolled.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QFileInfo>
#include <QFrame>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QToolButton>
#include <algorithm>

namespace sy::app {

using namespace sy::widgets;

namespace {

using namespace std::chrono_literals;

constexpr int kTwoColumns = 44; // lines of text: so wide that the plan has room beside the form
constexpr auto kPause = 450ms;
constexpr double kWholeRate = 2e-5, kFromNothingRate = 1e-3; // an adapter's is the engine's default

bool isFromNothing(const QJsonObject& config)
{
    return isWhole(config) && valueAt(config, QStringLiteral("adapter.initial")) == QLatin1String("random");
}

/// What an engine would refuse, and why, that is known without asking it.
UserMessage refusalOf(const QJsonObject& config)
{
    if (isWhole(config) && config.value(QLatin1String("objective")) == QLatin1String("dpo"))
        return {RunForm::tr("DPO cannot train the whole model"), RunForm::tr("It compares with the model as it was, which is not kept then."), RunForm::tr("Choose the goal ORPO, which learns from the same examples, or another method."), {}};
    const QJsonObject adapter = config.value(QLatin1String("adapter")).toObject();
    if (!adapter.value(QLatin1String("initial")).toString().isEmpty() && adapter.value(QLatin1String("experts")).toString(QStringLiteral("all")) != QLatin1String("all"))
        return {RunForm::tr("An adapter that goes on keeps its experts"), RunForm::tr("Experts are chosen for adapters that begin anew."), RunForm::tr("Choose all experts, or begin a new adapter."), {}};
    return {};
}

QFrame* makeCard(const QString& title, QWidget* parent, QVBoxLayout** rows)
{
    auto* card = new QFrame(parent);
    card->setProperty("kind", "card");
    *rows = new QVBoxLayout(card);
    (*rows)->setContentsMargins(space::kLarge, space::kMedium, space::kLarge, space::kLarge);
    (*rows)->setSpacing(space::kTiny);
    auto* label = new QLabel(title, card);
    label->setFont(strongFont(parent->font()));
    (*rows)->addWidget(label);
    return card;
}

QLabel* addLabel(const QString& text, QWidget* buddy, QVBoxLayout* rows)
{
    auto* label = new QLabel(text, buddy->parentWidget());
    label->setBuddy(buddy);
    rows->addSpacing(space::kTiny);
    rows->addWidget(label);
    return label;
}

} // namespace

RunForm::RunForm(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    setAccessibleName(tr("New run"));
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    outer->setSpacing(0);
    auto* content = new QWidget(this);
    auto* rows = new QVBoxLayout(content);
    rows->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kLarge);
    rows->setSpacing(space::kMedium);
    auto* head = new FlowLayout(space::kSmall);
    auto* title = new QLabel(tr("New run"), content);
    title->setFont(titleFont(font()));
    auto* importButton = new QPushButton(tr("Import a configuration…"), content);
    auto* exportButton = new QPushButton(tr("Export…"), content);
    exportButton->setToolTip(tr("Saves these settings as a file that “switchyard finetune --config” takes too"));
    head->addWidget(title);
    head->addWidget(importButton);
    head->addWidget(exportButton);
    rows->addLayout(head);
    m_failure = new Notice(content);
    m_failure->setClosable(true);
    rows->addWidget(m_failure);
    m_columns = new QBoxLayout(QBoxLayout::LeftToRight);
    m_columns->setSpacing(space::kLarge);
    auto* left = new QWidget(content);
    auto* leftRows = new QVBoxLayout(left);
    leftRows->setContentsMargins(0, 0, 0, 0);
    leftRows->setSpacing(space::kMedium);
    leftRows->addWidget(buildWhat(left));
    leftRows->addWidget(buildHow(left));
    leftRows->addStretch(1);
    auto* right = new QWidget(content);
    auto* rightRows = new QVBoxLayout(right);
    rightRows->setContentsMargins(0, 0, 0, 0);
    rightRows->setSpacing(space::kMedium);
    QVBoxLayout* planRows = nullptr;
    QFrame* planCard = makeCard(tr("What it takes"), right, &planRows);
    m_plan = new PlanPanel(planCard);
    planRows->addWidget(m_plan, 1);
    rightRows->addWidget(planCard, 1);
    rightRows->addWidget(buildCommand(right));
    m_columns->addWidget(left, 5);
    m_columns->addWidget(right, 6);
    rows->addLayout(m_columns, 1);
    outer->addWidget(scrolled(content, this), 1);

    auto* line = new QFrame(this);
    line->setProperty("kind", "line");
    outer->addWidget(line);
    auto* foot = new QHBoxLayout;
    foot->setContentsMargins(space::kHuge, space::kSmall, space::kHuge, space::kSmall);
    foot->setSpacing(space::kSmall);
    m_why = new QLabel(this);
    m_why->setProperty("tone", "muted");
    m_why->setWordWrap(true);
    auto* cancel = new QPushButton(tr("Cancel"), this);
    m_start = new QPushButton(icon(QStringLiteral("play"), IconTone::OnAccent), tr("Start training"), this);
    m_start->setProperty("kind", "primary");
    foot->addWidget(m_why, 1);
    foot->addWidget(cancel);
    foot->addWidget(m_start);
    outer->addLayout(foot);

    m_pause.setSingleShot(true);
    m_pause.setInterval(kPause);
    connect(&m_pause, &QTimer::timeout, this, &RunForm::countNow);
    connect(importButton, &QPushButton::clicked, this, &RunForm::importConfig);
    connect(exportButton, &QPushButton::clicked, this, &RunForm::exportConfig);
    connect(cancel, &QPushButton::clicked, this, &RunForm::cancelled);
    connect(m_start, &QPushButton::clicked, this, [this] { emit startRequested(config()); });
    FineTuneService& service = context.fineTune;
    connect(&service, &FineTuneService::defaultsRead, this, [this] {
        fillObjectives();
        buildFields();
    });
    connect(&service, &FineTuneService::planReading, this, [this](quint64 request, double share) {
        if (request == m_request)
            m_plan->setReading(share);
    });
    connect(&service, &FineTuneService::planRead, this, [this](quint64 request, const api::FineTunePlan& plan) {
        if (request != m_request)
            return;
        m_counted = plan;
        m_refusal = PlanPanel::refusal(plan);
        m_plan->setPlan(plan, expectedTime(plan), isWhole(config()));
        updateStart();
        updateMeasure();
    });
    connect(&service, &FineTuneService::planFailed, this, [this](quint64 request, const UserMessage& message) {
        if (request != m_request)
            return;
        m_refusal = message;
        m_plan->setFailure(message);
        updateStart();
    });
    connect(&service, &FineTuneService::runsChanged, this, [this] {
        updateStart();
        updateMeasure();
    });
    connect(&service, &FineTuneService::columnsRead, this, &RunForm::takeColumns);
    connectTime();
    connect(&context.models, &ModelService::modelsChanged, this, &RunForm::fillModels);
    fillModels();
    fillObjectives();
    buildFields();
    setConfig({});
}

QWidget* RunForm::buildWhat(QWidget* parent)
{
    QVBoxLayout* rows = nullptr;
    QFrame* card = makeCard(tr("What to learn"), parent, &rows);
    m_name = new QLineEdit(card);
    m_name->setMaxLength(80);
    m_name->setAccessibleName(tr("Name"));
    addLabel(tr("Name"), m_name, rows);
    rows->addWidget(m_name);
    m_model = new QComboBox(card);
    m_model->setAccessibleName(tr("Model"));
    m_model->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_model->setMinimumContentsLength(12);
    m_model->setFocusPolicy(Qt::StrongFocus);
    addLabel(tr("Model"), m_model, rows);
    rows->addWidget(m_model);
    m_data = new QListWidget(card);
    m_data->setAccessibleName(tr("Files with examples"));
    m_data->setTextElideMode(Qt::ElideMiddle);
    m_data->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_data->setFixedHeight(fontMetrics().height() * 4 + 14);
    addLabel(tr("Examples"), m_data, rows);
    rows->addWidget(m_data);
    auto* hint = new QLabel(tr("JSON, JSON lines, CSV or plain text: conversations, instructions, prompts with completions, preferences. You can also drop files here."), card);
    hint->setProperty("tone", "faint");
    hint->setWordWrap(true);
    hint->setFont(smallFont(font()));
    rows->addWidget(hint);
    auto* buttons = new FlowLayout(space::kSmall);
    auto* add = new QPushButton(icon(QStringLiteral("plus"), IconTone::Text), tr("Add files…"), card);
    m_removeFile = new QPushButton(tr("Remove"), card);
    m_removeFile->setAccessibleName(tr("Remove the file from the examples"));
    m_columnsButton = new QPushButton(tr("Columns"), card);
    m_columnsButton->setCheckable(true);
    m_columnsButton->setToolTip(tr("Which column of the chosen file is the question, and which the answer"));
    buttons->addWidget(add);
    buttons->addWidget(m_removeFile);
    buttons->addWidget(m_columnsButton);
    rows->addLayout(buttons);
    m_mapping = new ColumnMapping(card);
    m_mapping->hide();
    rows->addWidget(m_mapping);
    m_objective = new QComboBox(card);
    m_objective->setAccessibleName(tr("Goal"));
    m_objective->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_objective->setMinimumContentsLength(12);
    m_objective->setFocusPolicy(Qt::StrongFocus);
    m_objectiveLabel = addLabel(tr("Goal"), m_objective, rows);
    rows->addWidget(m_objective);
    connect(m_name, &QLineEdit::textEdited, this, &RunForm::edited);
    connect(m_model, &QComboBox::currentIndexChanged, this, &RunForm::edited);
    connect(m_objective, &QComboBox::currentIndexChanged, this, &RunForm::edited);
    connect(add, &QPushButton::clicked, this, &RunForm::chooseFiles);
    connect(m_removeFile, &QPushButton::clicked, this, &RunForm::removeFile);
    connect(m_data, &QListWidget::itemSelectionChanged, this, [this] {
        m_removeFile->setEnabled(m_data->currentRow() >= 0);
        m_columnsButton->setChecked(false);
        showMapping();
    });
    connect(m_columnsButton, &QPushButton::toggled, this, &RunForm::showMapping);
    connect(m_mapping, &ColumnMapping::edited, this, [this] {
        if (QListWidgetItem* item = m_data->currentItem())
            item->setData(Qt::UserRole, m_mapping->entry());
        edited();
    });
    m_removeFile->setEnabled(false);
    m_columnsButton->setEnabled(false);
    return card;
}

QWidget* RunForm::buildHow(QWidget* parent)
{
    QVBoxLayout* rows = nullptr;
    QFrame* card = makeCard(tr("How to learn it"), parent, &rows);
    m_basicRows = new QVBoxLayout;
    m_basicRows->setSpacing(2);
    rows->addLayout(m_basicRows);
    m_advanced = new QToolButton(card);
    m_advanced->setText(tr("Advanced"));
    m_advanced->setAccessibleName(tr("Advanced settings"));
    m_advanced->setCheckable(true);
    m_advanced->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    m_advanced->setIcon(icon(QStringLiteral("chevron-right")));
    rows->addSpacing(space::kTiny);
    rows->addWidget(m_advanced);
    m_advancedArea = new QWidget(card);
    m_advancedRows = new QVBoxLayout(m_advancedArea);
    m_advancedRows->setContentsMargins(0, 0, 0, 0);
    m_advancedRows->setSpacing(2);
    m_advancedArea->hide();
    rows->addWidget(m_advancedArea);
    connect(m_advanced, &QToolButton::toggled, this, [this](bool isOpen) {
        m_advanced->setIcon(icon(isOpen ? QStringLiteral("chevron-down") : QStringLiteral("chevron-right")));
        m_advancedArea->setVisible(isOpen);
    });
    return card;
}

QWidget* RunForm::buildCommand(QWidget* parent)
{
    QVBoxLayout* rows = nullptr;
    QFrame* card = makeCard(tr("The same as a command"), parent, &rows);
    m_command = new QPlainTextEdit(card);
    m_command->setReadOnly(true);
    m_command->setTabChangesFocus(true);
    m_command->setFont(monospaceFont(font()));
    m_command->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_command->setAccessibleName(tr("Command that does the same"));
    m_command->setFixedHeight(m_command->fontMetrics().lineSpacing() * 5 + 24);
    rows->addWidget(m_command);
    auto* copy = new QPushButton(icon(QStringLiteral("copy"), IconTone::Text), tr("Copy the command"), card);
    rows->addWidget(copy, 0, Qt::AlignLeft);
    connect(copy, &QPushButton::clicked, this, [this] {
        QApplication::clipboard()->setText(m_command->toPlainText());
        m_context.toast(tr("Copied"), {}, {});
    });
    return card;
}

/// From the table, those that the engine knows.
void RunForm::buildFields()
{
    const QJsonObject& defaults = m_context.fineTune.defaults();
    if (!m_fields.isEmpty() || defaults.isEmpty())
        return;
    const QJsonObject before = config();
    for (const RunField& field : runFields()) {
        const QJsonValue standard = valueAt(defaults, QString::fromLatin1(field.path));
        if (standard.isUndefined())
            continue;
        QWidget* parent = field.isAdvanced ? m_advancedArea : m_advancedArea->parentWidget();
        QVBoxLayout* rows = field.isAdvanced ? m_advancedRows : m_basicRows;
        auto* control = new FieldControl(field, standard, parent);
        rows->addWidget(control->widget());
        m_fields.push_back(control);
        if (qstrcmp(field.path, "adapter.method") == 0 || qstrcmp(field.path, "adapter.initial") == 0)
            connect(control, &FieldControl::edited, this, &RunForm::followRate);
        connect(control, &FieldControl::edited, this, &RunForm::edited);
        if (qstrcmp(field.path, "adapter.initial") == 0) {
            m_fromNothing = new QLabel(tr("The model will know nothing but what these examples teach it, and no language that is not in them."), parent);
            m_fromNothing->setProperty("tone", "warning");
            m_fromNothing->setWordWrap(true);
            rows->addWidget(m_fromNothing);
        }
        if (qstrcmp(field.path, "adapter.targets") != 0)
            continue;
        m_patterns = new PatternTable(m_advancedArea);
        m_advancedRows->addSpacing(space::kTiny);
        m_advancedRows->addWidget(m_patterns);
        connect(m_patterns, &PatternTable::edited, this, &RunForm::edited);
    }
    setConfig(before);
}

void RunForm::fillModels()
{
    const QString before = m_model->currentData().toString();
    m_isFilling = true;
    m_model->clear();
    for (const api::ModelEntry& model : m_context.models.models())
        if (model.kind == api::ModelKind::chat && !model.isMissing)
            m_model->addItem(QString::fromStdString(model.name), QString::fromStdString(model.id));
    m_isFilling = false;
    QString wanted = before.isEmpty() ? m_config.value(QLatin1String("model")).toString() : before;
    if (wanted.isEmpty())
        wanted = m_context.models.loadedId();
    if (m_model->findData(wanted) < 0 && !wanted.isEmpty() && !before.isEmpty()) // a path in an imported configuration
        m_model->addItem(QFileInfo(wanted).fileName(), wanted);
    m_model->setCurrentIndex(std::max(0, m_model->findData(wanted)));
    edited();
}

void RunForm::fillObjectives()
{
    const QStringList& objectives = m_context.fineTune.objectives();
    m_isFilling = true;
    m_objective->clear();
    for (const QString& objective : objectives)
        m_objective->addItem(objectiveWord(objective), objective);
    const int wanted = m_objective->findData(m_config.value(QLatin1String("objective")).toString());
    m_objective->setCurrentIndex(std::max(0, wanted));
    m_isFilling = false;
}

void RunForm::setConfig(const QJsonObject& config)
{
    m_isFilling = true;
    m_config = config;
    m_failure->setNotice({}, {}, {});
    m_name->setText(config.value(QLatin1String("name")).toString());
    m_name->setPlaceholderText(m_context.fineTune.defaults().value(QLatin1String("name")).toString());
    QString model = config.value(QLatin1String("model")).toString();
    if (model.isEmpty())
        model = m_context.models.loadedId();
    for (const api::ModelEntry& entry : m_context.models.models()) // a configuration may name it by its path
        if (entry.path.string() == model.toStdString())
            model = QString::fromStdString(entry.id);
    if (m_model->findData(model) < 0 && !model.isEmpty())
        m_model->addItem(QFileInfo(model).fileName(), model);
    m_model->setCurrentIndex(std::max(0, m_model->findData(model)));
    m_data->clear();
    for (const QJsonValue& file : config.value(QLatin1String("data")).toArray()) {
        auto* item = new QListWidgetItem(icon(QStringLiteral("file")), file.toObject().value(QLatin1String("path")).toString(), m_data);
        item->setData(Qt::UserRole, file.toObject());
        item->setToolTip(item->text());
    }
    const int objective = m_objective->findData(config.value(QLatin1String("objective")).toString());
    m_objective->setCurrentIndex(std::max(0, objective));
    for (FieldControl* field : std::as_const(m_fields)) {
        const QString path = QString::fromLatin1(field->field().path);
        const QJsonValue given = valueAt(config, path);
        const bool isElse = field->field().of == RunField::Of::Whole && !isWhole(config); // an adapter to go on from
        field->setValue(given.isUndefined() || isElse ? valueAt(m_context.fineTune.defaults(), path) : given);
    }
    if (m_patterns)
        m_patterns->setPatterns(valueAt(config, QStringLiteral("adapter.rankPattern")).toObject(), valueAt(config, QStringLiteral("adapter.alphaPattern")).toObject());
    m_usualRate = usualRate(this->config());
    m_isFilling = false;
    if (m_data->count() > 0)
        m_data->setCurrentRow(0);
    readColumns();
    showMapping();
    edited();
}

QJsonObject RunForm::config() const
{
    QJsonObject config = m_config;
    const QString name = m_name->text().trimmed();
    config.insert(QStringLiteral("name"), name.isEmpty() ? m_context.fineTune.defaults().value(QLatin1String("name")).toString() : name);
    config.insert(QStringLiteral("model"), m_model->currentData().toString());
    if (m_objective->count() > 0)
        config.insert(QStringLiteral("objective"), m_objective->currentData().toString());
    QJsonArray data;
    for (int i = 0; i < m_data->count(); ++i)
        data.append(m_data->item(i)->data(Qt::UserRole).toJsonObject());
    config.insert(QStringLiteral("data"), data);
    for (const FieldControl* field : m_fields)
        if (field->field().of == RunField::Of::Both)
            setValueAt(config, QString::fromLatin1(field->field().path), field->value());
    const QJsonObject& defaults = m_context.fineTune.defaults();
    const auto here = isWhole(config) ? RunField::Of::Whole : RunField::Of::Adapter;
    for (const FieldControl* field : m_fields) { // what is not shown is not said; what it was comes back with the method
        const QString path = QString::fromLatin1(field->field().path);
        const bool isKept = here == RunField::Of::Adapter && valueAt(m_config, path).isString() && !isWhole(m_config); // an adapter to go on from
        if (field->field().of == here)
            setValueAt(config, path, field->value());
        else if (field->field().of != RunField::Of::Both && !isKept)
            setValueAt(config, path, valueAt(defaults, path));
    }
    if (m_patterns && here == RunField::Of::Whole) {
        setValueAt(config, QStringLiteral("adapter.rankPattern"), QJsonObject());
        setValueAt(config, QStringLiteral("adapter.alphaPattern"), QJsonObject());
    } else if (m_patterns) {
        setValueAt(config, QStringLiteral("adapter.rankPattern"), m_patterns->ranks());
        setValueAt(config, QStringLiteral("adapter.alphaPattern"), m_patterns->alphas());
    }
    return config;
}

FieldControl* RunForm::field(const char* path) const
{
    for (FieldControl* field : m_fields)
        if (QLatin1String(field->field().path) == QLatin1String(path))
            return field;
    return nullptr;
}

QWidget* RunForm::control(const char* path) const
{
    const FieldControl* found = field(path);
    return found ? found->control() : nullptr;
}

void RunForm::updateScope()
{
    const QJsonObject now = config();
    const auto other = isWhole(now) ? RunField::Of::Adapter : RunField::Of::Whole;
    for (const FieldControl* field : std::as_const(m_fields))
        field->widget()->setVisible(field->field().of != other);
    if (m_patterns)
        m_patterns->setVisible(other != RunField::Of::Adapter);
    if (m_fromNothing)
        m_fromNothing->setVisible(isFromNothing(now));
}

double RunForm::usualRate(const QJsonObject& config) const
{
    return isFromNothing(config) ? kFromNothingRate : isWhole(config) ? kWholeRate : valueAt(m_context.fineTune.defaults(), QStringLiteral("optimizer.learningRate")).toDouble();
}

/// A rate that nobody has chosen becomes that of what is trained now.
void RunForm::followRate()
{
    const double usual = usualRate(config());
    FieldControl* rate = field("optimizer.learningRate");
    if (rate && qFuzzyCompare(rate->value().toDouble(), m_usualRate))
        rate->setValue(usual);
    m_usualRate = usual;
}

void RunForm::setFailure(const UserMessage& message)
{
    m_failure->setNotice(message.title, message.text(), message.title + QLatin1Char('\n') + message.text() + QLatin1Char('\n') + message.technical);
}

void RunForm::edited()
{
    if (m_isFilling)
        return;
    m_counted.reset();
    m_refusal = {};
    m_context.fineTune.cancelPlan(); // of what is no longer so
    if (m_context.fineTune.isMeasuring() && measuredPart() != m_measuredOf)
        m_context.fineTune.cancelMeasure();
    updateScope();
    m_command->setPlainText(runCommand(config(), m_context.fineTune.defaults()));
    if (m_data->count() == 0 || m_model->currentIndex() < 0) {
        m_pause.stop();
        m_plan->setEmpty(m_model->count() == 0 ? tr("Get or add a chat model on the Models page first.") : tr("Add files with examples to see what the model would read, and what it takes."));
    } else if (m_refusal = refusalOf(config()); !m_refusal.title.isEmpty()) {
        m_pause.stop();
        m_plan->setFailure(m_refusal);
    } else {
        m_plan->setWorking();
        if (isVisible())
            m_pause.start();
    }
    updateStart();
    updateMeasure();
}

void RunForm::countNow()
{
    m_request = m_context.fineTune.plan(config());
}

void RunForm::updateStart()
{
    const bool hasWhat = m_data->count() > 0 && m_model->currentIndex() >= 0;
    m_start->setEnabled(hasWhat && m_counted && m_refusal.title.isEmpty());
    const bool isBusy = m_context.fineTune.isTraining();
    m_start->setText(isBusy ? tr("Add to the queue") : tr("Start training"));
    m_why->setText(!hasWhat                       ? QString()
                   : !m_refusal.title.isEmpty()   ? m_refusal.remedy.isEmpty() ? m_refusal.title : tr("%1. %2").arg(m_refusal.title, m_refusal.remedy)
                   : !m_counted                   ? tr("Counting…")
                   : isBusy                       ? tr("Another run is being trained; this one begins after it.")
                                                  : QString());
}

void RunForm::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_columns->setDirection(width() >= kTwoColumns * fontMetrics().height() ? QBoxLayout::LeftToRight : QBoxLayout::TopToBottom);
}

void RunForm::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    edited(); // what is not looked at is not counted
}

} // namespace sy::app
