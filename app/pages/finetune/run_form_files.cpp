// SPDX-License-Identifier: GPL-3.0-or-later
// The half of RunForm that has to do with files: examples, and configurations read and written.
#include "app/pages/finetune/run_form.h"

#include "app/pages/finetune/column_mapping.h"
#include "app/pages/finetune/run_config_file.h"
#include "app/services/fine_tune_service.h"
#include "widgets/theme/icons.h"

#include <QFileDialog>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QListWidget>
#include <QPushButton>

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
    readColumns();
    edited();
}

/// Of the files that are new in the list.
void RunForm::readColumns()
{
    for (int i = 0; i < m_data->count(); ++i)
        if (const QString path = m_data->item(i)->text(); !m_columnsOf.contains(path))
            m_context.fineTune.readColumns(path);
}

/// Where no name of a column is known the mapping is guessed, so that there is something to look at and correct.
void RunForm::takeColumns(const QString& path, const api::DataColumns& columns)
{
    m_columnsOf.insert(path, columns);
    bool isGuessed = false;
    for (int i = 0; i < m_data->count(); ++i) {
        QListWidgetItem* item = m_data->item(i);
        const QJsonObject entry = item->data(Qt::UserRole).toJsonObject();
        const bool isOpen = entry.value(QLatin1String("mapping")).toObject().isEmpty() && entry.value(QLatin1String("format")).toString(QStringLiteral("auto")) == QLatin1String("auto");
        if (item->text() != path || !isOpen || !columns.format.empty() || columns.names.empty())
            continue;
        m_mapping->setFile(entry, columns);
        item->setData(Qt::UserRole, m_mapping->entry());
        isGuessed = true;
    }
    showMapping();
    if (isGuessed)
        edited();
}

void RunForm::showMapping()
{
    const QListWidgetItem* item = m_data->currentItem();
    const api::DataColumns columns = item ? m_columnsOf.value(item->text()) : api::DataColumns();
    const QJsonObject entry = item ? item->data(Qt::UserRole).toJsonObject() : QJsonObject();
    const bool isMapped = !entry.value(QLatin1String("mapping")).toObject().isEmpty();
    const bool isOther = columns.format == "sharegpt" || columns.format == "tokens" || (columns.format == "text" && columns.names.size() == 1);
    const bool isUnknown = columns.format.empty() && !columns.names.empty();
    m_columnsButton->setEnabled(!columns.names.empty() && !isOther && !isMapped && !isUnknown);
    const bool isShown = !columns.names.empty() && (isMapped || isUnknown || m_columnsButton->isChecked());
    if (isShown)
        m_mapping->setFile(entry, columns);
    m_mapping->setVisible(isShown);
}

void RunForm::removeFile()
{
    m_columnsOf.remove(m_data->currentItem()->text()); // it may have changed when it is added again
    delete m_data->takeItem(m_data->currentRow());
    showMapping();
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

} // namespace sy::app
