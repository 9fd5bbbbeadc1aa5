// SPDX-License-Identifier: GPL-3.0-or-later
// The half of DocumentsPage that acts: collections, files, searching.
#include "app/pages/documents/documents_page.h"

#include "app/pages/documents/collection_search.h"
#include "app/services/document_service.h"
#include "app/services/engine_functions.h"
#include "app/settings/settings.h"
#include "widgets/source/source_panel.h"

#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QInputDialog>
#include <QLabel>
#include <QMessageBox>
#include <QPushButton>
#include <QSplitter>

namespace sy::app {

using namespace sy::widgets;

namespace {

/// A question for one line of text, without a nested event loop.
void askForText(QWidget* parent, const QString& title, const QString& label, const QString& text, bool isPassword,
                std::function<void(const QString&)> answered)
{
    auto* dialog = new QInputDialog(parent);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(title);
    dialog->setLabelText(label);
    dialog->setTextValue(text);
    dialog->resize(parent->fontMetrics().averageCharWidth() * 60, dialog->sizeHint().height());
    if (isPassword)
        dialog->setTextEchoMode(QLineEdit::Password);
    QObject::connect(dialog, &QInputDialog::textValueSelected, parent, [answered = std::move(answered)](const QString& value) {
        if (!value.trimmed().isEmpty())
            answered(value.trimmed());
    });
    dialog->open();
}

} // namespace

void DocumentsPage::newCollection()
{
    askForText(this, tr("New collection"), tr("Name of the collection:"), tr("My documents"), false, [this](const QString& name) {
        awaitCollection(name);
        m_context.documents.create(name);
        if (!m_pendingPaths.isEmpty()) {
            m_context.documents.ingest(name, m_pendingPaths);
            m_pendingPaths.clear();
        }
    });
}

void DocumentsPage::renameCollection()
{
    askForText(this, tr("Rename collection"), tr("New name:"), m_current, false, [this, old = m_current](const QString& name) {
        if (name == old)
            return;
        m_current = name;
        m_search->setCollection(name);
        m_context.documents.rename(old, name);
    });
}

void DocumentsPage::removeCollection()
{
    auto* box = new QMessageBox(QMessageBox::NoIcon, QStringLiteral("Switchyard"), tr("Remove the collection “%1”?").arg(m_current), QMessageBox::NoButton, this);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(tr("The index is deleted. The files themselves stay where they are."));
    QPushButton* yes = box->addButton(tr("Remove"), QMessageBox::DestructiveRole);
    box->setDefaultButton(box->addButton(tr("Keep"), QMessageBox::RejectRole));
    connect(box, &QMessageBox::buttonClicked, this, [this, yes, name = m_current](QAbstractButton* button) {
        if (button == yes)
            m_context.documents.remove(name);
    });
    box->open();
}

void DocumentsPage::addFiles()
{
    auto* dialog = new QFileDialog(this, tr("Add files"), QString(), tr("Documents (%1);;All files (*)").arg(m_context.documents.extensions().join(QLatin1Char(' '))));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &DocumentsPage::add);
    dialog->open();
}

void DocumentsPage::addFolder()
{
    auto* dialog = new QFileDialog(this, tr("Add a folder"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::filesSelected, this, &DocumentsPage::add);
    dialog->open();
}

void DocumentsPage::addSamples()
{
    awaitCollection(tr("Samples"));
    // The documents themselves; the folder also holds what they were made from.
    QStringList paths;
    for (const QFileInfo& file : QDir(QString::fromStdString(m_context.engine.samplesDir)).entryInfoList(m_context.documents.extensions(), QDir::Files))
        paths << file.filePath();
    if (paths.isEmpty())
        paths << QString::fromStdString(m_context.engine.samplesDir);
    m_context.documents.ingest(m_current, paths);
}

void DocumentsPage::add(const QStringList& paths)
{
    if (paths.isEmpty())
        return;
    if (!m_current.isEmpty()) {
        m_context.documents.ingest(m_current, paths);
        return;
    }
    // No collection yet: a folder lends its name, files ask for one.
    if (paths.size() == 1 && QFileInfo(paths.front()).isDir()) {
        awaitCollection(QFileInfo(paths.front()).fileName());
        m_context.documents.ingest(m_current, paths);
        return;
    }
    m_pendingPaths = paths;
    newCollection();
}

void DocumentsPage::askInChat()
{
    m_context.settings.set(setting::kLastCollection, m_current);
    m_context.settings.set(setting::kLastChat, 0); // the chat page takes up both when it is shown
    m_context.goTo(QStringLiteral("chat"));
}

void DocumentsPage::removeSelected()
{
    const QStringList paths = selectedPaths();
    if (paths.isEmpty())
        return;
    for (const QString& path : paths)
        m_context.documents.removeDocument(m_current, path);
    m_context.toast(tr("%n document(s) removed from the collection", nullptr, int(paths.size())), tr("Undo"),
                    [&documents = m_context.documents, collection = m_current, paths] { documents.ingest(collection, paths); });
}

void DocumentsPage::reindexSelected()
{
    const QStringList paths = selectedPaths();
    if (!paths.isEmpty())
        m_context.documents.ingest(m_current, paths, true);
}

void DocumentsPage::askPassword()
{
    const QStringList paths = selectedPaths();
    if (paths.size() != 1)
        return;
    for (const api::DocumentRow& row : std::as_const(m_rows)) {
        if (QString::fromStdString(row.path) != paths.front())
            continue;
        if (row.status != api::DocumentStatus::needsPassword) {
            m_context.documents.ingest(m_current, paths, true);
            return;
        }
        askForText(this, tr("Password"), tr("Password of %1:").arg(QFileInfo(paths.front()).fileName()), {}, true,
                   [this, path = paths.front(), collection = m_current](const QString& password) { m_context.documents.setPassword(collection, path, password); });
    }
}

void DocumentsPage::showResult(const api::SearchResult& result, int number)
{
    m_shown = result;
    const bool wasHidden = m_source->isHidden();
    m_source->show();
    updateLook();
    if (wasHidden) {
        const int side = std::clamp(int(width() * 0.4), 280, 640);
        const int left = m_left->isVisible() ? m_left->width() : 0;
        m_splitter->setSizes({left, std::max(300, width() - side - left), side});
    }
    const QString path = QString::fromStdString(result.document);
    m_source->showSources({{number, result.title.empty() ? QFileInfo(path).fileName() : QString::fromStdString(result.title), path, result.page,
                            QString::fromStdString(result.text), result.score, false, {}}},
                          number);
}

} // namespace sy::app
