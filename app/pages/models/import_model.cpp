// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/models/import_model.h"

#include "app/messages/user_message.h"
#include "app/services/model_service.h"
#include "widgets/theme/icons.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>
#include <QMessageBox>
#include <QPushButton>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(ImportModel)
public:
    static QString file() { return tr("Model file…"); }
    static QString folder() { return tr("Model folder…"); }
    static QString chooseFiles() { return tr("Choose a model file"); }
    static QString chooseFolder() { return tr("Choose a folder with config.json and safetensors"); }
    static QString filter() { return tr("Models (*.gguf);;All files (*)"); }
    static QString question(const QString& name) { return tr("How should “%1” be added?").arg(name); }
    static QString question(int n) { return tr("How should %n model(s) be added?", nullptr, n); }
    static QString explanation(const QString& size)
    {
        return tr("Used where it is, it takes no further space, but must stay there. A copy in the data folder takes %1 more.").arg(size);
    }
    static QString reference() { return tr("Use it where it is"); }
    static QString copy() { return tr("Copy it"); }
    static QString cancel() { return tr("Cancel"); }
};

bool isModelFolder(const QString& path)
{
    return QFileInfo(path + QStringLiteral("/config.json")).isFile();
}

quint64 bytesOf(const QString& path)
{
    const QFileInfo info(path);
    if (!info.isDir())
        return quint64(info.size());
    quint64 bytes = 0;
    for (const QFileInfo& file : QDir(path).entryInfoList(QDir::Files))
        bytes += quint64(file.size());
    return bytes;
}

void choose(QWidget* parent, ModelService& models, bool folder)
{
    auto* dialog = folder ? new QFileDialog(parent, Words::chooseFolder()) : new QFileDialog(parent, Words::chooseFiles(), QString(), Words::filter());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(folder ? QFileDialog::Directory : QFileDialog::ExistingFiles);
    QObject::connect(dialog, &QFileDialog::filesSelected, parent, [parent, &models](const QStringList& paths) { importModels(parent, models, paths); });
    dialog->open();
}

} // namespace

QMenu* makeImportMenu(QWidget* parent, ModelService& models)
{
    auto* menu = new QMenu(parent);
    QObject::connect(menu->addAction(widgets::icon(QStringLiteral("file")), Words::file()), &QAction::triggered, parent,
                     [parent, &models] { choose(parent, models, false); });
    QObject::connect(menu->addAction(widgets::icon(QStringLiteral("folder")), Words::folder()), &QAction::triggered, parent,
                     [parent, &models] { choose(parent, models, true); });
    return menu;
}

QStringList modelsAmong(const QStringList& paths)
{
    QStringList found;
    for (const QString& path : paths) {
        const QFileInfo info(path);
        QStringList here{path};
        if (info.isDir() && !isModelFolder(path)) {
            QStringList inside;
            for (const QFileInfo& file : QDir(path).entryInfoList({QStringLiteral("*.gguf")}, QDir::Files, QDir::Name))
                inside << file.filePath();
            if (!inside.isEmpty())
                here = inside;
        } else if (!info.isDir() && info.suffix().compare(QLatin1String("gguf"), Qt::CaseInsensitive) != 0 && isModelFolder(info.path())) {
            here = {info.path()};
        }
        for (const QString& model : std::as_const(here))
            if (!found.contains(model))
                found << model;
    }
    return found;
}

void importModels(QWidget* parent, ModelService& models, const QStringList& paths)
{
    const QStringList chosen = modelsAmong(paths);
    if (chosen.isEmpty())
        return;
    quint64 bytes = 0;
    for (const QString& path : chosen)
        bytes += bytesOf(path);
    auto* box = new QMessageBox(parent);
    box->setWindowTitle(QStringLiteral("Switchyard"));
    box->setText(chosen.size() == 1 ? Words::question(QFileInfo(chosen.front()).fileName()) : Words::question(int(chosen.size())));
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(Words::explanation(formatBytes(bytes)));
    QPushButton* reference = box->addButton(Words::reference(), QMessageBox::AcceptRole);
    QPushButton* copy = box->addButton(Words::copy(), QMessageBox::AcceptRole);
    box->addButton(Words::cancel(), QMessageBox::RejectRole);
    box->setDefaultButton(reference);
    QObject::connect(box, &QMessageBox::buttonClicked, parent, [&models, chosen, reference, copy](QAbstractButton* button) {
        if (button == reference || button == copy)
            for (const QString& path : chosen)
                models.import(path, button == copy);
    });
    box->open();
}

} // namespace sy::app
