// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/first_run/first_run_panel.h"

#include "app/pages/models/import_model.h"
#include "app/services/engine_functions.h"
#include "app/services/model_service.h"
#include "widgets/parts/file_drop.h"
#include "widgets/parts/notice.h"
#include "widgets/parts/progress_list.h"
#include "widgets/parts/scrolled.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QFrame>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <QSet>

namespace sy::app {

using namespace sy::widgets;

namespace {
constexpr int kCardWidth = 620;
}

QString jobTitle(const ModelJob& job)
{
    switch (job.kind) {
    case ModelJob::Kind::Import: return FirstRunPanel::tr("Adding %1").arg(job.title);
    case ModelJob::Kind::Verify: return FirstRunPanel::tr("Checking %1").arg(job.title);
    case ModelJob::Kind::Fetch: return FirstRunPanel::tr("Getting %1").arg(job.title);
    }
    return job.title;
}

QString jobDetail(const ModelJob& job)
{
    if (job.isWaiting)
        return FirstRunPanel::tr("Waiting for its turn");
    QString step;
    if (job.step == QLatin1String("downloading"))
        step = FirstRunPanel::tr("Downloading");
    else if (job.step == QLatin1String("verifying"))
        step = FirstRunPanel::tr("Checking the download");
    else if (job.step == QLatin1String("assembling"))
        step = FirstRunPanel::tr("Putting the parts together");
    else if (job.step == QLatin1String("converting"))
        step = FirstRunPanel::tr("Converting");
    if (job.total == 0)
        return step;
    const QString bytes = FirstRunPanel::tr("%1 of %2").arg(formatBytes(job.done), formatBytes(job.total));
    return step.isEmpty() ? bytes : step + QStringLiteral(" · ") + bytes;
}

double jobFraction(const ModelJob& job)
{
    if (job.isWaiting)
        return 0;
    return job.total > 0 ? double(job.done) / double(job.total) : -1;
}

QString cancelWords(const ModelJob& job)
{
    switch (job.kind) {
    case ModelJob::Kind::Fetch: return FirstRunPanel::tr("Download stopped. The finished parts are kept: Download goes on from there.");
    case ModelJob::Kind::Import: return FirstRunPanel::tr("“%1” was not added.").arg(job.title);
    case ModelJob::Kind::Verify: return FirstRunPanel::tr("The check was stopped.");
    }
    return {};
}

void showNotice(Notice* notice, const UserMessage& message)
{
    notice->setNotice(message.title, message.text(), message.title + QLatin1Char('\n') + message.text() + QLatin1Char('\n') + message.technical);
}

FirstRunPanel::FirstRunPanel(PageContext& context, QWidget* parent) : QWidget(parent), m_context(context)
{
    new FileDrop(this, [] { return tr("Drop to import the model"); }, [this](const QStringList& paths) { importModels(this, m_context.models, paths); });
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    auto* content = new QWidget(this);
    auto* rows = new QVBoxLayout(content);
    rows->setContentsMargins(space::kHuge, space::kHuge, space::kHuge, space::kHuge);
    rows->setSpacing(space::kMedium);
    rows->addStretch(2);
    m_logo = new QLabel(content);
    m_logo->setAlignment(Qt::AlignCenter);
    rows->addWidget(m_logo);
    m_title = new QLabel(tr("Welcome to Switchyard"), content);
    m_title->setAlignment(Qt::AlignCenter);
    m_title->setWordWrap(true);
    rows->addWidget(m_title);
    auto* intro = new QLabel(tr("Chat with your documents on this computer. Nothing leaves it. A language model is all that is missing."), content);
    intro->setAlignment(Qt::AlignCenter);
    intro->setWordWrap(true);
    intro->setProperty("tone", "muted");
    rows->addWidget(intro);
    rows->addSpacing(space::kSmall);

    const auto addCentered = [rows](QWidget* widget) {
        auto* line = new QHBoxLayout;
        line->addStretch(1);
        line->addWidget(widget, 20);
        line->addStretch(1);
        rows->addLayout(line);
    };
    const auto makeCard = [&](const QString& title, QLabel** text, QPushButton** button, const QString& action) {
        auto* card = new QFrame(content);
        card->setProperty("kind", "card");
        card->setMaximumWidth(kCardWidth);
        auto* row = new QHBoxLayout(card);
        row->setContentsMargins(space::kLarge, space::kLarge, space::kLarge, space::kLarge);
        row->setSpacing(space::kLarge);
        auto* words = new QVBoxLayout;
        words->setSpacing(space::kTiny);
        auto* name = new QLabel(title, card);
        name->setFont(strongFont(font()));
        name->setWordWrap(true);
        words->addWidget(name);
        *text = new QLabel(card);
        (*text)->setWordWrap(true);
        (*text)->setProperty("tone", "muted");
        words->addWidget(*text);
        row->addLayout(words, 1);
        *button = new QPushButton(action, card);
        row->addWidget(*button, 0, Qt::AlignVCenter);
        addCentered(card);
    };
    makeCard(tr("Download the starter models"), &m_downloadText, &m_download, tr("Download"));
    m_download->setProperty("kind", "primary");
    m_download->setAccessibleName(tr("Download the starter models"));
    QLabel* importText = nullptr;
    makeCard(tr("Use a model you have"), &importText, &m_import, tr("Choose…"));
    m_import->setMenu(makeImportMenu(this, m_context.models));
    m_import->setAccessibleName(tr("Use a model you have"));
    importText->setText(tr("A GGUF file or a folder of safetensors from your disk. You can also drop it here."));

    m_progress = new ProgressList(content);
    m_progress->setMaximumWidth(kCardWidth);
    addCentered(m_progress);
    m_failure = new Notice(content);
    m_failure->setMaximumWidth(kCardWidth);
    m_failure->setClosable(true);
    addCentered(m_failure);
    rows->addStretch(3);
    outer->addWidget(scrolled(content, this));
    setFocusProxy(m_download);
    decorate();

    ModelService& models = m_context.models;
    connect(m_download, &QPushButton::clicked, this, [this, &models] {
        m_failure->hide();
        for (const api::CatalogueEntry& model : models.catalogue())
            if (!model.isInstalled)
                models.fetch(QString::fromStdString(model.id));
    });
    connect(m_progress, &ProgressList::cancelRequested, this, [this, &models](const QString& id) {
        for (const ModelJob& job : models.jobs())
            if (job.id == id)
                m_context.toast(cancelWords(job), {}, {});
        models.cancelJob(id);
    });
    connect(&models, &ModelService::modelsChanged, this, &FirstRunPanel::update);
    connect(&models, &ModelService::jobChanged, this, &FirstRunPanel::update);
    connect(&models, &ModelService::jobEnded, this, [this](const QString& id) {
        const bool hadFocus = m_progress->isAncestorOf(window()->focusWidget());
        m_progress->removeJob(id);
        update();
        if (hadFocus)
            setFocus(); // the button is gone
    });
    connect(&models, &ModelService::failed, this, [this](const UserMessage& message) { showNotice(m_failure, message); });
    connect(m_failure, &Notice::copied, this, [this] { m_context.toast(tr("Copied"), {}, {}); });
    update();
}

void FirstRunPanel::decorate()
{
    m_logo->setPixmap(iconPixmap(QStringLiteral("logo"), 56, tokens(palette()).accent, devicePixelRatioF()));
    m_title->setFont(headlineFont(font()));
}

void FirstRunPanel::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (m_logo && (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange))
        decorate();
}

void FirstRunPanel::update()
{
    QSet<QString> underWay;
    for (const ModelJob& job : m_context.models.jobs()) {
        underWay.insert(job.id);
        m_progress->setJob(job.id, jobTitle(job), jobDetail(job), jobFraction(job));
    }
    quint64 bytes = 0;
    QStringList names;
    bool canFetch = false;
    for (const api::CatalogueEntry& model : m_context.models.catalogue()) {
        if (model.isInstalled)
            continue;
        bytes += model.downloadBytes > 0 ? model.downloadBytes : model.bytes;
        names << (model.kind == api::ModelKind::chat ? tr("%1 (%2) to answer") : tr("%1 (%2) to search by meaning"))
                     .arg(QString::fromStdString(model.name), QString::fromStdString(model.license));
        canFetch = canFetch || !underWay.contains(QStringLiteral("fetch:") + QString::fromStdString(model.id));
    }
    m_downloadText->setText(names.isEmpty() ? tr("Everything in the catalogue is installed.")
                                            : tr("%1. %2 to download.").arg(names.join(tr(" and ")), formatBytes(bytes)));
    const bool hadFocus = window()->focusWidget() == m_download;
    m_download->setEnabled(canFetch);
    setFocusProxy(canFetch ? m_download : m_import);
    if (hadFocus && !canFetch)
        m_import->setFocus();
}

} // namespace sy::app
