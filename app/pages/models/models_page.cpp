// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/models/models_page.h"

#include "app/messages/engine_words.h"
#include "app/pages/first_run/first_run_panel.h"
#include "app/pages/models/draft_picker.h"
#include "app/pages/models/import_model.h"
#include "app/settings/settings.h"
#include "engine/core/error.h"
#include "widgets/models/memory_bar.h"
#include "widgets/parts/facts_table.h"
#include "widgets/parts/file_drop.h"
#include "widgets/parts/flow_layout.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/progress_list.h"
#include "widgets/parts/row_delegate.h"
#include "widgets/parts/scrolled.h"
#include "widgets/parts/state_panel.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QFrame>
#include <QHBoxLayout>
#include <QLabel>
#include <QListWidget>
#include <QLocale>
#include <QMessageBox>
#include <QPushButton>
#include <QSpinBox>
#include <QSplitter>
#include <QStackedWidget>
#include <algorithm>
#include <utility>

namespace sy::app {

using namespace sy::widgets;

namespace {
constexpr int kIdRole = Qt::UserRole + 1;
constexpr int kStandardContext = 8192; // what a context of 0 means to the engine, at most

QString kindWord(api::ModelKind kind)
{
    return kind == api::ModelKind::chat ? ModelsPage::tr("Chat model") : ModelsPage::tr("Embedding model");
}

QString countWord(qint64 parameters)
{
    const QLocale locale;
    if (parameters >= 1'000'000'000)
        return ModelsPage::tr("%1 billion").arg(locale.toString(double(parameters) / 1e9, 'f', 2));
    return ModelsPage::tr("%1 million").arg(locale.toString(double(parameters) / 1e6, 'f', 1));
}
} // namespace

ModelsPage::ModelsPage(PageContext& context, QWidget* parent) : Page(parent), m_context(context)
{
    new FileDrop(this, [] { return tr("Drop to import the model"); }, [this](const QStringList& paths) { importModels(this, m_context.models, paths); });
    auto* layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    auto* splitter = new QSplitter(Qt::Horizontal, this);
    splitter->setHandleWidth(1);
    splitter->setChildrenCollapsible(false);
    layout->addWidget(splitter);

    auto* left = new QWidget(splitter);
    auto* rows = new QVBoxLayout(left);
    rows->setContentsMargins(space::kMedium, space::kMedium, space::kMedium, space::kSmall);
    rows->setSpacing(space::kSmall);
    auto* import = new QPushButton(icon(QStringLiteral("import"), IconTone::Text), tr("Add a model"), left);
    import->setMenu(makeImportMenu(this, context.models));
    rows->addWidget(import);
    m_list = new QListWidget(left);
    m_list->setProperty("kind", "bare");
    m_list->setAccessibleName(tr("Models"));
    m_list->setItemDelegate(new RowDelegate(m_list));
    m_list->viewport()->setAttribute(Qt::WA_Hover);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setTextElideMode(Qt::ElideMiddle);
    rows->addWidget(m_list, 1);
    splitter->addWidget(left);

    auto* right = new QWidget(splitter);
    right->setProperty("ground", "surface");
    right->setAttribute(Qt::WA_StyledBackground);
    auto* rightRows = new QVBoxLayout(right);
    rightRows->setContentsMargins(0, 0, 0, 0);
    rightRows->setSpacing(0);
    m_stack = new QStackedWidget(right);
    m_state = new StatePanel(m_stack);
    m_firstRun = new FirstRunPanel(context, m_stack);
    m_detail = new QWidget(m_stack);
    buildDetail(m_detail);
    m_stack->addWidget(m_state);
    m_stack->addWidget(m_firstRun);
    m_stack->addWidget(scrolled(m_detail, m_stack));
    rightRows->addWidget(m_stack, 1);
    right->setMinimumWidth(300);
    splitter->addWidget(right);
    splitter->setStretchFactor(1, 1);
    splitter->setSizes({300, 800});

    connect(m_list, &QListWidget::currentItemChanged, this, [this](QListWidgetItem* item) {
        if (item && !item->data(kIdRole).toString().isEmpty())
            select(item->data(kIdRole).toString());
    });
    connectServices();
    fillList();
    updateLook();
}

void ModelsPage::buildDetail(QWidget* detail)
{
    auto* outer = new QHBoxLayout(detail);
    outer->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kHuge);
    auto* column = new QWidget(detail);
    column->setMaximumWidth(820);
    outer->addWidget(column, 100);
    outer->addStretch(1);
    auto* rows = new QVBoxLayout(column);
    rows->setContentsMargins(0, 0, 0, 0);
    rows->setSpacing(space::kMedium);
    m_title = new QLabel(column);
    m_title->setFont(titleFont(font()));
    m_title->setWordWrap(true);
    m_title->setTextFormat(Qt::PlainText);
    m_subtitle = new QLabel(column);
    m_subtitle->setProperty("tone", "muted");
    m_subtitle->setWordWrap(true);
    m_progress = new ProgressList(column);
    rows->addWidget(m_progress);
    m_jobFailure = new Notice(column);
    m_jobFailure->setClosable(true);
    rows->addWidget(m_jobFailure);
    rows->addWidget(m_title);
    rows->addWidget(m_subtitle);

    m_failure = new Notice(column);
    rows->addWidget(m_failure);

    auto* card = new QFrame(column);
    card->setProperty("kind", "card");
    auto* cardRows = new QVBoxLayout(card);
    cardRows->setContentsMargins(space::kLarge, space::kLarge, space::kLarge, space::kLarge);
    cardRows->setSpacing(space::kMedium);
    m_memoryTitle = new QLabel(tr("Memory"), card);
    m_memoryTitle->setFont(strongFont(font()));
    cardRows->addWidget(m_memoryTitle);
    m_memory = new MemoryBar(card);
    cardRows->addWidget(m_memory);
    auto* contextRow = new FlowLayout(space::kSmall);
    m_contextLabel = new QLabel(tr("Context length"), card);
    m_contextLength = new QSpinBox(card);
    m_contextLength->setRange(512, 1 << 20);
    m_contextLength->setSingleStep(1024);
    m_contextLength->setSuffix(tr(" tokens"));
    m_contextLength->setAccessibleName(m_contextLabel->text());
    m_contextLength->setToolTip(tr("How much text the model can attend to at once. Longer takes more memory."));
    m_contextLength->setKeyboardTracking(false);
    m_contextLength->setFocusPolicy(Qt::StrongFocus);
    m_contextLabel->setBuddy(m_contextLength);
    contextRow->addWidget(m_contextLabel);
    contextRow->addWidget(m_contextLength);
    cardRows->addLayout(contextRow);
    m_draft = new DraftPicker(m_context.models, card);
    cardRows->addWidget(m_draft);
    m_note = new QLabel(card);
    m_note->setProperty("tone", "muted");
    m_note->setWordWrap(true);
    cardRows->addWidget(m_note);
    auto* buttons = new FlowLayout(space::kSmall);
    m_load = new QPushButton(card);
    m_load->setProperty("kind", "primary");
    m_loadAnyway = new QPushButton(tr("Load anyway"), card);
    m_fetch = new QPushButton(icon(QStringLiteral("download"), IconTone::OnAccent), tr("Download"), card);
    m_fetch->setProperty("kind", "primary");
    m_verify = new QPushButton(tr("Check the file"), card);
    m_verify->setToolTip(tr("Compares the file with its recorded SHA-256"));
    m_remove = new QPushButton(tr("Remove…"), card);
    for (QPushButton* button : {m_load, m_loadAnyway, m_fetch, m_verify, m_remove})
        buttons->addWidget(button);
    cardRows->addLayout(buttons);
    rows->addWidget(card);

    auto* factsCard = new QFrame(column);
    factsCard->setProperty("kind", "card");
    auto* factsRows = new QVBoxLayout(factsCard);
    factsRows->setContentsMargins(space::kLarge, space::kLarge, space::kLarge, space::kLarge);
    factsRows->setSpacing(space::kMedium);
    auto* factsTitle = new QLabel(tr("Facts"), factsCard);
    factsTitle->setFont(strongFont(font()));
    factsRows->addWidget(factsTitle);
    m_facts = new FactsTable(factsCard);
    factsRows->addWidget(m_facts);
    rows->addWidget(factsCard);
    rows->addStretch(1);

    connect(m_load, &QPushButton::clicked, this, &ModelsPage::load);
    connect(m_loadAnyway, &QPushButton::clicked, this, [this] { m_context.models.load(m_current, m_contextLength->value(), true); });
    connect(m_verify, &QPushButton::clicked, this, [this] { m_context.models.verify(m_current); });
    connect(m_remove, &QPushButton::clicked, this, &ModelsPage::remove);
    connect(m_fetch, &QPushButton::clicked, this, [this] { m_context.models.fetch(m_current.mid(10)); });
    connect(m_contextLength, &QSpinBox::valueChanged, this, [this](int value) {
        m_context.settings.set(setting::kContextLength, value);
        requestFacts();
    });
    connect(m_draft, &DraftPicker::chosen, this, &ModelsPage::requestFacts);
    for (Notice* notice : {m_jobFailure, m_failure})
        connect(notice, &Notice::copied, this, [this] { m_context.toast(tr("Copied"), {}, {}); });
}

void ModelsPage::connectServices()
{
    ModelService& models = m_context.models;
    connect(m_progress, &ProgressList::cancelRequested, this, [this, &models](const QString& id) {
        for (const ModelJob& job : models.jobs())
            if (job.id == id)
                m_context.toast(cancelWords(job), {}, {});
        models.cancelJob(id);
    });
    connect(&models, &ModelService::modelsChanged, this, [this] {
        fillList();
        updateLook();
        const auto isIt = [this](const api::ModelEntry& model) { return model.id == m_awaited.toStdString(); };
        const QList<api::ModelEntry>& all = m_context.models.models();
        if (!m_awaited.isEmpty() && std::any_of(all.cbegin(), all.cend(), isIt))
            select(std::exchange(m_awaited, {}));
    });
    connect(&models, &ModelService::loadStateChanged, this, [this] {
        fillList();
        updateDetail();
        requestFacts(); // the free memory has changed
    });
    connect(&models, &ModelService::factsRead, this, [this](const QString& id, const api::ModelFacts& facts, const api::MemoryEstimate& estimate) {
        if (id == m_current) {
            m_factsFailure = {};
            showFacts(facts, estimate);
        }
    });
    connect(&models, &ModelService::factsFailed, this, [this](const QString& id, const UserMessage& message) {
        if (id != m_current)
            return;
        m_factsFailure = message;
        m_facts->setFacts({});
        m_isSupported = false;
        updateDetail();
    });
    connect(&models, &ModelService::jobChanged, this, &ModelsPage::updateJobs);
    connect(&models, &ModelService::jobEnded, this, [this](const QString& id) {
        if (m_progress->isAncestorOf(window()->focusWidget()))
            m_list->setFocus(); // the button goes
        m_progress->removeJob(id);
        updateDetail();
    });
    connect(&models, &ModelService::imported, this, [this](const QString& id, const QString& name) {
        m_awaited = id; // the list with it is being read
        showNotice(m_jobFailure, {});
        m_context.toast(tr("“%1” added").arg(name), {}, {});
    });
    connect(&models, &ModelService::verified, this, [this](const QString& id, bool isUnchanged) {
        const QString name = QString::fromStdString(entry(id).name);
        if (isUnchanged)
            m_context.toast(tr("“%1” is as it was recorded.").arg(name), {}, {});
        showNotice(m_jobFailure, isUnchanged ? UserMessage{} : UserMessage{tr("“%1” has changed since it was recorded").arg(name), tr("Its SHA-256 is another one now: the file was damaged or replaced."), tr("Get it again before trusting it."), {}});
    });
    connect(&models, &ModelService::fetched, this, [this](const QString& id) {
        m_context.toast(tr("Download finished"), {}, {});
        if (m_current == QStringLiteral("catalogue:") + id)
            m_awaited = id;
        if (!m_context.models.model())
            m_context.models.loadAtStart();
    });
    connect(&models, &ModelService::failed, this, [this](const UserMessage& message) {
        showNotice(m_jobFailure, message);
    });
}

QList<PageEntry> ModelsPage::entries()
{
    QList<PageEntry> entries;
    for (const api::ModelEntry& model : m_context.models.models()) {
        const QString id = QString::fromStdString(model.id);
        entries.push_back({QString::fromStdString(model.name), formatBytes(model.bytes), [this, id] { select(id); }});
    }
    return entries;
}

void ModelsPage::activated()
{
    m_context.models.refresh();
    if (m_stack->currentWidget() == m_firstRun)
        m_firstRun->setFocus();
    else
        m_list->setFocus();
}

api::ModelEntry ModelsPage::entry(const QString& id) const
{
    for (const api::ModelEntry& model : m_context.models.models())
        if (QString::fromStdString(model.id) == id)
            return model;
    return {};
}

void ModelsPage::fillList()
{
    const QSignalBlocker block(m_list);
    m_list->clear();
    const auto heading = [&](const QString& text) {
        auto* item = new QListWidgetItem(text, m_list);
        item->setFlags(Qt::NoItemFlags);
        item->setFont(strongFont(smallFont(font())));
        item->setForeground(tokens(palette()).textFaint);
        item->setSizeHint(QSize(100, fontMetrics().height() + 16));
    };
    const auto add = [&](const QString& id, const QString& name, const QString& iconName, IconTone tone, const QString& tip) {
        auto* item = new QListWidgetItem(icon(iconName, tone), name, m_list);
        item->setData(kIdRole, id);
        item->setToolTip(tip);
        item->setSizeHint(QSize(100, fontMetrics().height() + 16));
        if (id == m_current)
            m_list->setCurrentItem(item);
    };
    for (const api::ModelKind kind : {api::ModelKind::chat, api::ModelKind::embedding}) {
        bool isFirst = true;
        for (const api::ModelEntry& model : m_context.models.models()) {
            if (model.kind != kind)
                continue;
            if (std::exchange(isFirst, false))
                heading(kind == api::ModelKind::chat ? tr("Chat models") : tr("Embedding models"));
            const QString id = QString::fromStdString(model.id);
            const bool isLoaded = m_context.models.loadedId() == id;
            const bool isLoading = m_context.models.loadState() == ModelService::LoadState::Loading && m_context.models.loadingId() == id;
            QString name = QString::fromStdString(model.name);
            QString tip = name + QLatin1Char('\n') + QString::fromStdString(model.path.string());
            if (isLoaded)
                tip += QLatin1Char('\n') + tr("Loaded");
            if (model.isMissing)
                tip += QLatin1Char('\n') + tr("The file is gone");
            add(id, name, model.isMissing ? QStringLiteral("warning") : isLoaded ? QStringLiteral("success") : isLoading ? QStringLiteral("clock") : QStringLiteral("models"),
                model.isMissing ? IconTone::Warning : isLoaded ? IconTone::Success : IconTone::Muted, tip);
        }
    }
    bool isFirst = true;
    for (const api::CatalogueEntry& model : m_context.models.catalogue()) {
        if (model.isInstalled || m_context.models.models().isEmpty()) // without any model the page itself offers them all
            continue;
        if (std::exchange(isFirst, false))
            heading(tr("To download"));
        add(QStringLiteral("catalogue:") + QString::fromStdString(model.id), QString::fromStdString(model.name), QStringLiteral("download"), IconTone::Muted,
            QString::fromStdString(model.description));
    }
    if (!m_list->currentItem()) {
        m_current.clear();
        const QString wanted = m_context.models.loadedId();
        for (int i = 0; i < m_list->count(); ++i) {
            const QString id = m_list->item(i)->data(kIdRole).toString();
            if (!id.isEmpty() && (m_current.isEmpty() || id == wanted)) {
                m_list->setCurrentRow(i);
                m_current = id;
            }
        }
        requestFacts();
    }
}

void ModelsPage::select(const QString& id)
{
    if (id == m_current)
        return;
    m_current = id;
    m_factsFailure = {};
    m_facts->setFacts({});
    m_modelContext = 0;
    for (int i = 0; i < m_list->count(); ++i)
        if (m_list->item(i)->data(kIdRole).toString() == id)
            m_list->setCurrentRow(i);
    requestFacts();
    updateLook();
}

void ModelsPage::requestFacts()
{
    if (m_current.isEmpty() || isCatalogueItem() || entry().id.empty() || entry().isMissing)
        return;
    m_context.models.readFacts(m_current, m_context.settings.number(setting::kContextLength));
}

void ModelsPage::updateLook()
{
    ModelService& models = m_context.models;
    if (!models.isListed()) {
        m_state->setLook(StatePanel::Look::Working, QString(), tr("Reading the list of models…"), {});
        m_stack->setCurrentWidget(m_state);
        return;
    }
    if (models.models().isEmpty()) {
        m_stack->setCurrentWidget(m_firstRun);
        return;
    }
    m_stack->setCurrentIndex(2);
    updateDetail();
    updateJobs();
}

void ModelsPage::updateJobs()
{
    for (const ModelJob& job : m_context.models.jobs())
        m_progress->setJob(job.id, jobTitle(job), jobDetail(job), jobFraction(job));
}

void ModelsPage::updateDetail()
{
    ModelService& models = m_context.models;
    const bool isOffer = isCatalogueItem();
    const api::ModelEntry model = entry();
    const bool isChat = isOffer ? false : model.kind == api::ModelKind::chat;
    const bool isLoaded = models.loadedId() == m_current && !m_current.isEmpty();
    const bool isLoading = models.loadState() == ModelService::LoadState::Loading && models.loadingId() == m_current;
    m_fetch->setVisible(isOffer);
    m_load->setVisible(isChat);
    m_verify->setVisible(!isOffer);
    m_remove->setVisible(!isOffer);
    m_memory->setVisible(isChat && m_modelContext > 0);
    m_memoryTitle->setVisible(isChat);
    m_contextLabel->setVisible(isChat);
    m_contextLength->setVisible(isChat);
    m_draft->setModel(isChat && !model.isMissing ? m_current : QString());
    m_verify->setEnabled(!model.isMissing);
    m_facts->parentWidget()->setVisible(!isOffer && !model.isMissing && m_factsFailure.title.isEmpty());

    if (isOffer) {
        for (const api::CatalogueEntry& offer : models.catalogue()) {
            if (QStringLiteral("catalogue:") + QString::fromStdString(offer.id) != m_current)
                continue;
            m_title->setText(QString::fromStdString(offer.name));
            m_subtitle->setText(QStringList{kindWord(offer.kind), QString::fromStdString(offer.license), tr("%1 to download").arg(formatBytes(offer.downloadBytes > 0 ? offer.downloadBytes : offer.bytes))}.join(QStringLiteral(" · ")));
            m_note->setText(QString::fromStdString(offer.description));
            m_note->setVisible(!offer.description.empty());
        }
        m_loadAnyway->hide();
        m_failure->hide();
        bool isFetching = false;
        for (const ModelJob& job : models.jobs())
            isFetching = isFetching || job.id == QStringLiteral("fetch:") + m_current.mid(10);
        m_fetch->setEnabled(!isFetching);
        return;
    }
    m_title->setText(QString::fromStdString(model.name));
    QStringList facts{kindWord(model.kind)};
    if (!model.architecture.empty())
        facts << QString::fromStdString(model.architecture);
    facts << formatBytes(model.bytes);
    facts << (isLoaded ? tr("loaded") : model.isMissing ? tr("the file is gone") : model.isReferenced ? tr("used where it is") : tr("in the data folder"));
    m_subtitle->setText(facts.join(QStringLiteral(" · ")));
    m_note->setVisible(!isChat || model.isMissing);
    m_note->setText(model.isMissing ? tr("The file was moved or deleted. Put it back, or remove the entry and add the file again.")
                                    : tr("Used to search documents by meaning. It is loaded when it is needed."));
    m_load->setText(isLoaded ? tr("Unload") : isLoading ? tr("Loading…") : tr("Load"));
    m_load->setEnabled(isLoaded || (!isLoading && !model.isMissing && m_isSupported && m_fits && models.loadState() != ModelService::LoadState::Loading));
    m_loadAnyway->setVisible(isChat && !isLoaded && !isLoading && m_isSupported && !m_fits);
    const bool loadFailed = models.loadState() == ModelService::LoadState::Failed && models.loadingId() == m_current;
    const UserMessage message = !m_factsFailure.title.isEmpty() ? m_factsFailure
                                : loadFailed                    ? models.loadFailure()
                                : isLoaded                      ? models.draftFailure()
                                                                : UserMessage{};
    showNotice(m_failure, message);
}

void ModelsPage::showFacts(const api::ModelFacts& facts, const api::MemoryEstimate& estimate)
{
    m_isSupported = facts.isSupported;
    m_modelContext = int(facts.contextLength);
    if (facts.isDamaged) {
        m_factsFailure = describe(BadFile(entry().path.string(), facts.unsupportedReason));
    } else if (!facts.isSupported) {
        m_factsFailure = {tr("This version cannot use the file"), asSentence(engineWords(facts.unsupportedReason)), tr("Choose another model."),
                          QString::fromStdString(facts.unsupportedReason)};
    }
    const bool isLoaded = m_context.models.loadedId() == m_current;
    m_fits = estimate.fits() || isLoaded;
    QList<MemoryBar::Part> parts{{tr("Weights"), estimate.weightsBytes}, {tr("KV cache"), estimate.kvBytes}, {tr("Computing"), estimate.computeBytes}};
    if (estimate.draftBytes > 0)
        parts.push_back({tr("Draft model"), estimate.draftBytes});
    m_memory->setEstimate(parts, estimate.availableBytes);
    {
        const QSignalBlocker block(m_contextLength);
        m_contextLength->setMaximum(std::max(512, m_modelContext));
        const int chosen = m_context.settings.number(setting::kContextLength);
        m_contextLength->setValue(chosen > 0 ? std::min(chosen, std::max(512, m_modelContext)) : std::min(kStandardContext, std::max(512, m_modelContext)));
    }
    const QLocale l;
    QList<std::pair<QString, QString>> rows;
    rows.push_back({tr("Architecture"), QString::fromStdString(facts.architecture)});
    if (!facts.name.empty())
        rows.push_back({tr("Name in the file"), QString::fromStdString(facts.name)});
    if (!facts.license.empty())
        rows.push_back({tr("License"), QString::fromStdString(facts.license)});
    if (facts.nParameters > 0)
        rows.push_back({tr("Parameters"), facts.nActiveParameters > 0 && facts.nActiveParameters != facts.nParameters
                                              ? tr("%1, %2 per token").arg(countWord(facts.nParameters), countWord(facts.nActiveParameters))
                                              : countWord(facts.nParameters)});
    QStringList types;
    for (const auto& [type, bytes] : facts.quantization)
        types << QStringLiteral("%1 %2").arg(QString::fromStdString(type), formatBytes(bytes));
    if (!types.isEmpty())
        rows.push_back({tr("Quantization"), types.join(QStringLiteral(", "))});
    if (facts.contextLength > 0)
        rows.push_back({tr("Context length"), tr("%1 tokens").arg(l.toString(qlonglong(facts.contextLength)))});
    if (facts.nLayers > 0)
        rows.push_back({tr("Layers"), l.toString(facts.nLayers)});
    if (facts.nExperts > 0)
        rows.push_back({tr("Experts"), tr("%1, %2 per token").arg(l.toString(facts.nExperts), l.toString(facts.nExpertsUsed))});
    if (facts.nVocabulary > 0)
        rows.push_back({tr("Vocabulary"), l.toString(qlonglong(facts.nVocabulary))});
    if (facts.memory.kvBytesPerToken > 0)
        rows.push_back({tr("KV cache per token"), formatBytes(facts.memory.kvBytesPerToken)});
    rows.push_back({tr("File"), QString::fromStdString(entry().path.string())});
    if (!entry().sha256.empty())
        rows.push_back({tr("SHA-256"), QString::fromStdString(entry().sha256)});
    for (const std::string& warning : facts.warnings)
        rows.push_back({tr("Note"), engineWords(warning)});
    m_facts->setFacts(rows);
    updateDetail();
}

void ModelsPage::load()
{
    if (m_context.models.loadedId() == m_current)
        m_context.models.unload();
    else
        m_context.models.load(m_current, m_contextLength->value());
}

void ModelsPage::remove()
{
    const api::ModelEntry model = entry();
    auto* box = new QMessageBox(QMessageBox::NoIcon, QStringLiteral("Switchyard"), tr("Remove “%1”?").arg(QString::fromStdString(model.name)), QMessageBox::NoButton, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(model.isReferenced ? tr("It is only taken off the list; the file stays where it is.") : tr("The file in the data folder is deleted (%1).").arg(formatBytes(model.bytes)));
    QPushButton* yes = box->addButton(tr("Remove"), QMessageBox::DestructiveRole);
    box->setDefaultButton(box->addButton(tr("Keep"), QMessageBox::RejectRole));
    connect(box, &QMessageBox::buttonClicked, this, [this, yes, id = m_current](QAbstractButton* button) {
        if (button == yes)
            m_context.models.remove(id);
    });
    box->open();
}

} // namespace sy::app
