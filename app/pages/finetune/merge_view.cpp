// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/merge_view.h"

#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"
#include "widgets/parts/elided_label.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/scrolled.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDesktopServices>
#include <QDir>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QLocale>
#include <QMessageBox>
#include <QProgressBar>
#include <QPushButton>
#include <QRegularExpression>
#include <QUrl>
#include <QVBoxLayout>

namespace sy::app {

using namespace sy::widgets;

namespace {

using namespace std::chrono_literals;

constexpr auto kPause = 300ms;
constexpr int kWidest = 46; // lines of text

enum TextChoice { Examples, TextFile };

QLabel* addLabel(const QString& text, QWidget* buddy, QVBoxLayout* rows)
{
    auto* label = new QLabel(text, buddy->parentWidget());
    label->setBuddy(buddy);
    buddy->setAccessibleName(text);
    rows->addSpacing(space::kTiny);
    rows->addWidget(label);
    return label;
}

QLabel* mutedLabel(const QString& text, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setProperty("tone", "muted");
    label->setWordWrap(true);
    return label;
}

QString detailsOf(const UserMessage& message)
{
    return message.title + QLatin1Char('\n') + message.text() + QLatin1Char('\n') + message.technical;
}

/// "qwen-7b.gguf" and "Ferry desk" give "qwen-7b-Ferry-desk"; of a split model the first part's name has no number.
QString nameFor(const QString& model, const QString& adapter)
{
    static const QRegularExpression part(QStringLiteral("-\\d{5}-of-\\d{5}$")), notForFiles(QStringLiteral("[\\s/\\\\:*?\"<>|]+"));
    QString stem = QFileInfo(model).fileName();
    if (stem.endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive))
        stem.chop(5);
    return QString(stem.remove(part) + QLatin1Char('-') + adapter).replace(notForFiles, QStringLiteral("-"));
}

} // namespace

MergeView::MergeView(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    build();
    m_pause.setSingleShot(true);
    m_pause.setInterval(kPause);
    connect(&m_pause, &QTimer::timeout, this, &MergeView::countNow);
    connectService();
    setLook(Look::Form);
}

void MergeView::build()
{
    setAccessibleName(tr("Merge an adapter into a model"));
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    auto* content = new QWidget(this);
    outer->addWidget(scrolled(content, this));
    auto* across = new QHBoxLayout(content);
    across->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kMedium);
    auto* column = new QWidget(content);
    column->setMaximumWidth(kWidest * fontMetrics().height());
    across->addWidget(column, 100);
    across->addStretch(1);
    auto* rows = new QVBoxLayout(column);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kSmall);
    m_title = new QLabel(column);
    m_title->setFont(titleFont(font()));
    m_title->setTextFormat(Qt::PlainText);
    m_title->setWordWrap(true);
    rows->addWidget(m_title);
    m_hint = mutedLabel(tr("Writes a new model with what the adapter has learned in its weights, for programs that cannot load adapters. Model and adapter stay as they are."), column);
    rows->addWidget(m_hint);
    m_notice = new Notice(column);
    rows->addWidget(m_notice);
    m_form = buildForm();
    m_work = buildWork();
    m_result = buildResult();
    for (QWidget* look : {m_form, m_work, m_result}) {
        look->setParent(column);
        rows->addWidget(look);
    }
    rows->addStretch(1);
    connect(m_notice, &Notice::copied, this, [this] { m_context.toast(tr("Copied"), {}, {}); });
    connect(m_notMeasured, &Notice::copied, this, [this] { m_context.toast(tr("Copied"), {}, {}); });
}

QWidget* MergeView::buildForm()
{
    auto* form = new QWidget(this);
    auto* rows = new QVBoxLayout(form);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kTiny);
    m_model = new QComboBox(form);
    m_model->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    addLabel(tr("Model"), m_model, rows);
    rows->addWidget(m_model);
    m_name = new QLineEdit(form);
    addLabel(tr("File name"), m_name, rows);
    rows->addWidget(m_name);
    auto* folder = new QHBoxLayout;
    m_folderLabel = new ElidedLabel(form);
    m_folderLabel->setProperty("tone", "muted");
    m_folderButton = new QPushButton(icon(QStringLiteral("folder"), IconTone::Text), tr("Another folder…"), form);
    m_folderButton->setToolTip(tr("In the models folder the new model is in the list of models at once"));
    folder->addWidget(m_folderLabel, 1);
    folder->addWidget(m_folderButton);
    rows->addLayout(folder);
    m_type = new QComboBox(form);
    m_type->addItem(tr("As in the model"), QString());
    for (const char* type : {"Q8_0", "F16", "BF16", "F32"})
        m_type->addItem(QLatin1String(type), QLatin1String(type));
    addLabel(tr("Type of the weights that change"), m_type, rows);
    rows->addWidget(m_type);
    rows->addWidget(mutedLabel(tr("With few bits some of what was learned is lost in rounding; Q8_0 keeps nearly all of it and takes more room."), form));
    m_strength = new QDoubleSpinBox(form);
    m_strength->setRange(0, 2);
    m_strength->setSingleStep(0.1);
    m_strength->setValue(1);
    m_strength->setToolTip(tr("1: as it was trained"));
    addLabel(tr("Strength of the adapter"), m_strength, rows);
    rows->addWidget(m_strength);
    rows->addSpacing(space::kSmall);
    m_measures = new QCheckBox(tr("Measure what merging costs"), form);
    m_measures->setToolTip(tr("Compares how well the model, the adapter on it and the merged model predict the same text"));
    rows->addWidget(m_measures);
    m_text = new QComboBox(form);
    m_text->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    m_text->setAccessibleName(tr("Text to measure on"));
    rows->addWidget(m_text);
    m_size = mutedLabel({}, form);
    rows->addSpacing(space::kSmall);
    rows->addWidget(m_size);
    m_why = mutedLabel({}, form);
    rows->addWidget(m_why);
    auto* buttons = new FlowLayout(space::kSmall);
    m_start = new QPushButton(icon(QStringLiteral("play"), IconTone::OnAccent), tr("Merge"), form);
    m_start->setProperty("kind", "primary");
    auto* cancel = new QPushButton(tr("Cancel"), form);
    buttons->addWidget(m_start);
    buttons->addWidget(cancel);
    rows->addSpacing(space::kSmall);
    rows->addLayout(buttons);
    connect(m_model, &QComboBox::activated, this, [this] {
        m_nextName = 1;
        fillName();
        edited();
    });
    connect(m_name, &QLineEdit::textEdited, this, [this] {
        m_isNameTyped = true;
        edited();
    });
    connect(m_name, &QLineEdit::returnPressed, this, [this] {
        if (m_start->isEnabled())
            start();
    });
    connect(m_folderButton, &QPushButton::clicked, this, &MergeView::chooseFolder);
    connect(m_type, &QComboBox::currentIndexChanged, this, &MergeView::edited);
    connect(m_strength, &QDoubleSpinBox::valueChanged, this, &MergeView::updateForm);
    connect(m_measures, &QCheckBox::toggled, this, &MergeView::updateForm);
    connect(m_text, &QComboBox::activated, this, [this] {
        if (m_text->currentData() == TextFile && m_textFile.isEmpty())
            chooseText();
        updateForm();
    });
    connect(m_start, &QPushButton::clicked, this, &MergeView::start);
    connect(cancel, &QPushButton::clicked, this, [this] { emit closed(m_adapter); });
    return form;
}

QWidget* MergeView::buildWork()
{
    auto* work = new QWidget(this);
    auto* rows = new QVBoxLayout(work);
    rows->setContentsMargins(0, space::kSmall, 0, 0);
    rows->setSpacing(space::kSmall);
    m_state = new QLabel(work);
    m_state->setWordWrap(true);
    m_progress = new QProgressBar(work);
    m_progress->setTextVisible(false);
    m_progress->setAccessibleName(tr("Progress of the merge"));
    m_stop = new QPushButton(icon(QStringLiteral("stop"), IconTone::Text), tr("Cancel"), work);
    rows->addWidget(m_state);
    rows->addWidget(m_progress);
    rows->addWidget(m_stop, 0, Qt::AlignLeft);
    rows->addWidget(mutedLabel(tr("It goes on when you leave this page."), work));
    connect(m_stop, &QPushButton::clicked, &m_context.adapters, &AdapterService::cancelMerge);
    return work;
}

QWidget* MergeView::buildResult()
{
    auto* result = new QWidget(this);
    auto* rows = new QVBoxLayout(result);
    rows->setContentsMargins(0, space::kSmall, 0, 0);
    rows->setSpacing(space::kSmall);
    m_outcome = new QLabel(result);
    m_outcome->setFont(strongFont(font()));
    m_outcome->setWordWrap(true);
    rows->addWidget(m_outcome);
    auto* buttons = new FlowLayout(space::kSmall);
    m_chat = new QPushButton(icon(QStringLiteral("chat"), IconTone::OnAccent), tr("Use in chat"), result);
    m_chat->setProperty("kind", "primary");
    auto* folder = new QPushButton(icon(QStringLiteral("folder"), IconTone::Text), tr("Show in folder"), result);
    auto* close = new QPushButton(tr("Close"), result);
    for (QPushButton* button : {m_chat, folder, close})
        buttons->addWidget(button);
    rows->addLayout(buttons);
    m_notMeasured = new Notice(result);
    rows->addWidget(m_notMeasured);
    m_facts = new FactsTable(result);
    rows->addSpacing(space::kSmall);
    rows->addWidget(m_facts);
    connect(m_chat, &QPushButton::clicked, this, [this] { emit chatRequested(QString::fromStdString(m_last.file.model), QString::fromStdString(m_last.request.out.string())); });
    connect(folder, &QPushButton::clicked, this, [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(QString::fromStdString(m_last.request.out.parent_path().string()))); });
    connect(close, &QPushButton::clicked, this, [this] { emit closed(m_adapter); });
    return result;
}

void MergeView::connectService()
{
    AdapterService& service = m_context.adapters;
    connect(&service, &AdapterService::mergePlanned, this, [this](quint64 request, const api::MergePlan& plan) {
        if (request == m_planRequest)
            takePlan(plan);
    });
    connect(&service, &AdapterService::mergePlanFailed, this, [this](quint64 request, const UserMessage& message) {
        if (request != m_planRequest)
            return;
        m_plan.reset();
        setFailure(message);
        updateForm();
    });
    connect(&service, &AdapterService::mergeChanged, this, &MergeView::updateWork);
    connect(&service, &AdapterService::mergeEnded, this, &MergeView::showResult);
    connect(&service, &AdapterService::mergeFailed, this, [this](const MergeRequest&, const UserMessage& message) {
        backToForm();
        setFailure(message);
    });
    connect(&service, &AdapterService::mergeCancelled, this, &MergeView::backToForm);
    connect(&m_context.models, &ModelService::modelsChanged, this, &MergeView::fillModels);
}

void MergeView::setLook(Look look)
{
    m_form->setVisible(look == Look::Form);
    m_work->setVisible(look == Look::Working);
    m_result->setVisible(look == Look::Done);
    m_hint->setVisible(look != Look::Done);
    if (look == Look::Form)
        m_title->setText(tr("Merge “%1” into a model").arg(m_context.adapters.nameOf(m_adapter)));
    else
        m_notice->setNotice({}, {}, {});
    if (!isVisible())
        return;
    QWidget* first = look == Look::Form ? static_cast<QWidget*>(m_name) : look == Look::Working ? m_stop : m_chat;
    first->setFocus();
}

void MergeView::open(const QString& adapter)
{
    if (m_context.adapters.mergeJob()) {
        updateWork();
        return;
    }
    m_adapter = adapter;
    setLook(Look::Form);
    m_folder = QDir(QString::fromStdString(m_context.engine.dataDir)).filePath(QStringLiteral("models"));
    m_isNameTyped = false;
    m_nextName = 1;
    m_textFile.clear();
    m_type->setCurrentIndex(0);
    m_strength->setValue(1);
    m_model->clear();
    fillModels();
    fillTexts();
    m_measures->setChecked(m_text->findData(Examples) >= 0);
    countNow();
}

void MergeView::backToForm()
{
    if (m_name->text().isEmpty()) { // it was filled in before the page was built anew
        open(m_adapter);
        return;
    }
    setLook(Look::Form);
    countNow();
}

void MergeView::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    (m_form->isVisible() ? static_cast<QWidget*>(m_name) : m_work->isVisible() ? m_stop : m_chat)->setFocus();
}

/// The chat models there are, and the one that the adapter was trained on, which may be none of them.
void MergeView::fillModels()
{
    const AdapterInfo* adapter = m_context.adapters.find(m_adapter);
    if (!adapter || m_form->isHidden())
        return;
    const QString own = QString::fromStdString(adapter->modelPath), before = m_model->currentData().toString();
    const bool wasEmpty = m_model->count() == 0;
    m_model->clear();
    for (const api::ModelEntry& model : m_context.models.models())
        if (model.kind == api::ModelKind::chat && !model.isMissing)
            m_model->addItem(QString::fromStdString(model.name), QString::fromStdString(model.path.string()));
    if (!own.isEmpty() && m_model->findData(own) < 0)
        m_model->addItem(QFileInfo(own).fileName(), own);
    m_model->setCurrentIndex(std::max(0, m_model->findData(wasEmpty ? own : before)));
    if (wasEmpty) {
        fillName();
        edited();
    }
}

void MergeView::fillTexts()
{
    m_text->clear();
    const AdapterInfo* adapter = m_context.adapters.find(m_adapter);
    if (adapter && !adapter->isImported)
        m_text->addItem(tr("On the first examples that it was trained on"), Examples);
    m_text->addItem(m_textFile.isEmpty() ? tr("On a text file…") : tr("On %1").arg(QFileInfo(m_textFile).fileName()), TextFile);
}

void MergeView::fillName()
{
    if (m_isNameTyped)
        return;
    const QString name = nameFor(m_model->currentData().toString(), m_context.adapters.nameOf(m_adapter));
    m_name->setText(name + (m_nextName > 1 ? QStringLiteral("-%1").arg(m_nextName) : QString()) + QStringLiteral(".gguf"));
    m_name->setCursorPosition(0);
}

void MergeView::chooseFolder()
{
    auto* dialog = new QFileDialog(this, tr("Where to put the new model"), m_folder);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        m_folder = path;
        m_nextName = 1;
        fillName();
        edited();
    });
    dialog->open();
}

void MergeView::chooseText()
{
    auto* dialog = new QFileDialog(this, tr("Choose a text to measure on"), {}, tr("Texts (*.txt *.md *.jsonl);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        m_textFile = path;
        fillTexts();
        m_text->setCurrentIndex(m_text->findData(TextFile));
        m_measures->setChecked(true);
        updateForm();
    });
    dialog->open();
}

void MergeView::edited()
{
    m_plan.reset();
    m_notice->setNotice({}, {}, {});
    updateForm();
    m_pause.start();
}

MergeRequest MergeView::request() const
{
    MergeRequest request;
    if (const AdapterInfo* adapter = m_context.adapters.find(m_adapter))
        request.adapter = *adapter;
    request.model = m_model->currentData().toString().toStdString();
    QString name = m_name->text().trimmed();
    if (!name.endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive))
        name += QStringLiteral(".gguf");
    request.out = QDir(m_folder).filePath(name).toStdString();
    request.options = {m_type->currentData().toString().toStdString(), m_strength->value(), request.adapter.name};
    request.isMeasured = m_measures->isChecked();
    request.text = m_text->currentData() == TextFile ? m_textFile.toStdString() : std::string();
    return request;
}

QString MergeView::missing() const
{
    if (!m_context.adapters.find(m_adapter))
        return tr("The adapter is not there any more.");
    if (m_model->currentIndex() < 0)
        return tr("Get or add a chat model on the Models page first.");
    const QString name = m_name->text().trimmed();
    if (name.isEmpty() || name.compare(QLatin1String(".gguf"), Qt::CaseInsensitive) == 0)
        return tr("Give the file a name.");
    if (name.contains(QLatin1Char('/')))
        return tr("The file name cannot have a “/”; choose the folder with the button.");
    if (QString::fromStdString(request().out.string()) == m_model->currentData().toString())
        return tr("That is the model itself: choose another file name.");
    if (m_measures->isChecked() && m_text->currentData() == TextFile && m_textFile.isEmpty())
        return tr("Choose a text to measure on, or measure nothing.");
    return {};
}

void MergeView::countNow()
{
    m_pause.stop();
    m_plan.reset();
    m_notice->setNotice({}, {}, {});
    if (missing().isEmpty())
        m_planRequest = m_context.adapters.planMerge(request());
    updateForm();
}

void MergeView::takePlan(const api::MergePlan& plan)
{
    if (plan.isThere && !m_isNameTyped) { // nobody has asked for this name
        ++m_nextName;
        fillName();
        countNow();
        return;
    }
    m_plan = plan;
    if (plan.outBytes > plan.availableBytes)
        setFailure({tr("Not enough room on the disk"), tr("%1 needed, %2 free.").arg(formatBytes(plan.outBytes), formatBytes(plan.availableBytes)),
                    tr("Free some disk space, choose another folder, or a type with fewer bits."), {}});
    updateForm();
}

void MergeView::updateForm()
{
    m_folderLabel->setText(m_folder);
    m_text->setEnabled(m_measures->isChecked());
    const QString lacking = missing();
    const bool hasRoom = m_plan && m_plan->outBytes <= m_plan->availableBytes;
    m_start->setEnabled(lacking.isEmpty() && hasRoom);
    QString size = m_plan ? tr("The new file takes %1, the model has %2; %3 are free.").arg(formatBytes(m_plan->outBytes), formatBytes(m_plan->inBytes), formatBytes(m_plan->availableBytes)) : QString();
    if (!m_plan && lacking.isEmpty() && m_notice->isHidden())
        size = tr("Reading the model…");
    if (m_plan && m_plan->isThere)
        size += QLatin1Char(' ') + tr("A file of this name is there.");
    m_size->setText(size);
    m_size->setVisible(!size.isEmpty());
    m_why->setText(lacking);
    m_why->setVisible(!lacking.isEmpty());
}

void MergeView::setFailure(const UserMessage& message)
{
    m_notice->setNotice(message.title, message.text(), detailsOf(message));
}

void MergeView::start()
{
    if (m_plan && m_plan->isThere)
        askToReplace();
    else
        m_context.adapters.merge(request());
}

void MergeView::askToReplace()
{
    auto* box = new QMessageBox(this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setWindowTitle(QStringLiteral("Switchyard"));
    box->setText(tr("Replace “%1”?").arg(QString::fromStdString(request().out.filename().string())));
    box->setInformativeText(tr("The file that is there is lost when the new one is whole."));
    QPushButton* replace = box->addButton(tr("Replace"), QMessageBox::DestructiveRole);
    QPushButton* cancel = box->addButton(tr("Cancel"), QMessageBox::RejectRole);
    box->setDefaultButton(cancel);
    box->setEscapeButton(cancel);
    connect(box, &QMessageBox::buttonClicked, this, [this, replace](QAbstractButton* button) {
        if (button == replace)
            m_context.adapters.merge(request());
    });
    box->open();
}

void MergeView::updateWork()
{
    const std::optional<MergeJob>& job = m_context.adapters.mergeJob();
    if (!job)
        return;
    using Phase = MergeJob::Phase;
    m_adapter = QString::fromStdString(job->request.adapter.id);
    m_title->setText(tr("Merging “%1”").arg(QString::fromStdString(job->request.adapter.name)));
    if (m_work->isHidden())
        setLook(Look::Working);
    QStringList parts;
    const bool isMeasuring = job->phase == Phase::Measuring, isWritten = job->phase == Phase::Merging && job->total > 0 && job->done == job->total;
    parts << (job->isStopping    ? tr("Stopping…")
              : job->phase == Phase::Reading ? tr("Reading the text to measure on…")
              : isWritten        ? tr("Writing the file to the disk…")
              : isMeasuring      ? tr("Measuring what it costs")
                                 : tr("Writing %1").arg(QString::fromStdString(job->request.out.filename().string())));
    if (job->total > 0 && !job->isStopping && !isWritten)
        parts << tr("%1 %").arg(100 * job->done / job->total);
    if (job->secondsLeft >= 0 && !job->isStopping)
        parts << formatSecondsLeft(job->secondsLeft);
    m_state->setText(parts.join(QStringLiteral(" · ")));
    m_progress->setRange(0, job->total > 0 && !isWritten ? 1000 : 0);
    if (job->total > 0)
        m_progress->setValue(int(1000 * job->done / job->total));
    m_stop->setText(isMeasuring ? tr("Skip measuring") : tr("Cancel"));
    m_stop->setToolTip(isMeasuring ? tr("The new model is whole already and stays") : tr("Leaves nothing behind"));
    m_stop->setEnabled(!job->isStopping);
}

void MergeView::showResult(const Merge& merge)
{
    m_last = merge;
    m_adapter = QString::fromStdString(merge.request.adapter.id);
    const QLocale l;
    const api::MergeResult& r = merge.file.result;
    m_title->setText(tr("“%1” is merged").arg(QString::fromStdString(merge.request.adapter.name)));
    m_outcome->setText(merge.file.model.empty() ? tr("The new model is written.") : tr("The new model is written and in the list of models."));
    QList<std::pair<QString, QString>> facts;
    facts.push_back({tr("File"), QString::fromStdString(merge.request.out.string())});
    facts.push_back({tr("Size"), tr("%1, the model has %2").arg(formatBytes(r.outBytes), formatBytes(r.inBytes))});
    facts.push_back({tr("Matrices changed"), l.toString(qlonglong(r.nMatrices))});
    if (merge.quality) {
        const api::MergeQuality& q = *merge.quality;
        const auto number = [&](double perplexity) { return l.toString(perplexity, 'f', 3); };
        const double change = 100 * (q.merged / q.adapter - 1);
        facts.push_back({tr("Measured on"), tr("%1 tokens of %2").arg(l.toString(qlonglong(q.nTokens)), merge.request.text.empty() ? tr("the examples") : QString::fromStdString(merge.request.text.filename().string()))});
        facts.push_back({tr("Perplexity of the model"), number(q.model)});
        facts.push_back({tr("With the adapter"), number(q.adapter)});
        facts.push_back({tr("Merged"), tr("%1 (%2 % against the adapter; less is better)").arg(number(q.merged), (change >= 0 ? QStringLiteral("+") : QString()) + l.toString(change, 'f', 2))});
    } else if (merge.notMeasured.title.isEmpty()) {
        facts.push_back({tr("Quality"), tr("not measured")});
    }
    m_facts->setFacts(facts);
    m_notMeasured->setNotice(merge.notMeasured.title, merge.notMeasured.text(), detailsOf(merge.notMeasured));
    setLook(Look::Done);
}

} // namespace sy::app
