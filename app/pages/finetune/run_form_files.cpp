// SPDX-License-Identifier: GPL-3.0-or-later
// The half of RunForm that has to do with files: examples, and configurations read and written.
#include "app/pages/finetune/run_form.h"

#include "app/pages/finetune/run_config_file.h"
#include "app/services/fine_tune_service.h"
#include "widgets/composer/composer.h"
#include "widgets/parts/file_drop.h"
#include "widgets/theme/icons.h"

#include <QDragEnterEvent>
#include <QFileDialog>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QListWidget>
#include <QMimeData>

namespace sy::app {

using namespace sy::widgets;

void RunForm::addFiles(const QStringList& paths)
{
    for (const QString& path : paths) {
        if (path.endsWith(QLatin1String(".json"), Qt::CaseInsensitive)) {
            QFile file(path);
            const QJsonObject object = file.size() < 1'000'000 && file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll()).object() : QJsonObject();
            if (object.contains(QLatin1String("data")) && object.contains(QLatin1String("model"))) { // a configuration, not examples
                setConfig(object);
                return;
            }
        }
        bool isThere = false;
        for (int i = 0; i < m_data->count(); ++i)
            isThere = isThere || m_data->item(i)->text() == path;
        if (isThere)
            continue;
        auto* item = new QListWidgetItem(icon(QStringLiteral("file")), path, m_data);
        item->setData(Qt::UserRole, QJsonObject{{QStringLiteral("path"), path}});
        item->setToolTip(path);
        if (m_data->currentRow() < 0)
            m_data->setCurrentItem(item);
    }
    edited();
}

void RunForm::removeFile()
{
    delete m_data->takeItem(m_data->currentRow());
    edited();
}

void RunForm::chooseFiles()
{
    auto* dialog = new QFileDialog(this, tr("Files with examples"), QString(), tr("Examples (*.jsonl *.json *.ndjson *.csv *.tsv *.txt *.md);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFiles);
    connect(dialog, &QFileDialog::filesSelected, this, &RunForm::addFiles);
    dialog->open();
}

void RunForm::importConfig()
{
    auto* dialog = new QFileDialog(this, tr("Import a configuration"), QString(), tr("Configurations (*.json);;All files (*)"));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        QFile file(path);
        QJsonParseError error;
        const QJsonObject object = file.open(QIODevice::ReadOnly) ? QJsonDocument::fromJson(file.readAll(), &error).object() : QJsonObject();
        if (object.isEmpty())
            setFailure({tr("“%1” is no configuration").arg(QFileInfo(path).fileName()), file.isOpen() ? error.errorString() + QLatin1Char('.') : file.errorString() + QLatin1Char('.'), tr("Choose a file that was exported here or written by “switchyard finetune --print-config”."), path});
        else
            setConfig(object);
    });
    dialog->open();
}

void RunForm::exportConfig()
{
    exportRunConfig(m_context, this, config());
}

void RunForm::dragEnterEvent(QDragEnterEvent* event)
{
    if (!droppedFiles(event->mimeData()).isEmpty())
        event->acceptProposedAction();
}

void RunForm::dropEvent(QDropEvent* event)
{
    event->acceptProposedAction();
    addFiles(droppedFiles(event->mimeData()));
}

} // namespace sy::app
