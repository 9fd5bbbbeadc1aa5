// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/adapter_files.h"

#include "app/pages/page.h"
#include "app/services/adapter_service.h"

#include <QCoreApplication>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QMenu>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(AdapterFiles)
public:
    static QString ggufAction() { return tr("Adapter as a GGUF file…"); }
    static QString peftAction() { return tr("Adapter as a PEFT folder…"); }
    static QString ggufHint() { return tr("For this program and llama.cpp"); }
    static QString peftHint() { return tr("For PEFT and other Python programs"); }
    static QString mergeAction() { return tr("Merged into a model…"); }
    static QString mergeHint() { return tr("A whole new model, for programs that cannot load adapters"); }
    static QString exportTitle() { return tr("Export the adapter"); }
    static QString peftTitle() { return tr("Where to put the folder of the adapter"); }
    static QString importTitle() { return tr("Import an adapter"); }
    static QString importFolderTitle() { return tr("Import a folder with adapter_config.json"); }
    static QString filter() { return tr("GGUF adapters (*.gguf);;All files (*)"); }
    static QString exporting(const QString& name) { return tr("Exporting “%1”…").arg(name); }
    static QString importing(const QString& name) { return tr("Importing “%1”…").arg(name); }
};

QFileDialog* opened(QWidget* parent, const QString& title, const QString& name = {}, const QString& filter = {})
{
    auto* dialog = new QFileDialog(parent, title, name, filter);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    return dialog;
}

void exportAdapter(PageContext& context, QWidget* parent, const QString& id, bool isPeft)
{
    QString name = context.adapters.nameOf(id);
    name.replace(QLatin1Char('/'), QLatin1Char('-'));
    QFileDialog* dialog = isPeft ? opened(parent, Words::peftTitle()) : opened(parent, Words::exportTitle(), name + QStringLiteral(".gguf"), Words::filter());
    if (isPeft) {
        dialog->setFileMode(QFileDialog::Directory);
        dialog->setOption(QFileDialog::ShowDirsOnly);
    } else {
        dialog->setAcceptMode(QFileDialog::AcceptSave);
        dialog->setDefaultSuffix(QStringLiteral("gguf"));
    }
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, [&context, id, name, isPeft](const QString& path) {
        context.toast(Words::exporting(name), {}, {});
        context.adapters.exportTo(id, isPeft ? QDir(path).filePath(name) : path, isPeft);
    });
    dialog->open();
}

} // namespace

void addExportActions(PageContext& context, QMenu* menu, QWidget* parent, const std::function<QString()>& id, const std::function<void()>& merge)
{
    menu->setToolTipsVisible(true);
    QAction* gguf = menu->addAction(Words::ggufAction());
    gguf->setToolTip(Words::ggufHint());
    QAction* peft = menu->addAction(Words::peftAction());
    peft->setToolTip(Words::peftHint());
    QObject::connect(gguf, &QAction::triggered, parent, [&context, parent, id] { exportAdapter(context, parent, id(), false); });
    QObject::connect(peft, &QAction::triggered, parent, [&context, parent, id] { exportAdapter(context, parent, id(), true); });
    QAction* merged = menu->addAction(Words::mergeAction());
    merged->setToolTip(Words::mergeHint());
    QObject::connect(merged, &QAction::triggered, parent, merge);
}

void importAdapter(PageContext& context, QWidget* parent, bool isFolder)
{
    QFileDialog* dialog = isFolder ? opened(parent, Words::importFolderTitle()) : opened(parent, Words::importTitle(), {}, Words::filter());
    dialog->setFileMode(isFolder ? QFileDialog::Directory : QFileDialog::ExistingFile);
    dialog->setOption(QFileDialog::ShowDirsOnly, isFolder);
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, [&context](const QString& path) {
        context.toast(Words::importing(QFileInfo(path).fileName()), {}, {});
        context.adapters.import(path);
    });
    dialog->open();
}

bool looksLikeAdapter(const QString& path)
{
    return path.endsWith(QLatin1String(".gguf"), Qt::CaseInsensitive) || QFileInfo::exists(QDir(path).filePath(QStringLiteral("adapter_config.json")));
}

} // namespace sy::app
