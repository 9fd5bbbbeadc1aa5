// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/models/import_model.h"

#include "app/messages/user_message.h"
#include "app/services/model_service.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QMessageBox>
#include <QPushButton>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(ImportModel)
public:
    static QString chooseTitle() { return tr("Choose a model file"); }
    static QString filter() { return tr("Models (*.gguf);;All files (*)"); }
    static QString question(const QString& name) { return tr("How should “%1” be added?").arg(name); }
    static QString explanation(const QString& size)
    {
        return tr("Used where it is, it takes no further space, but must stay there. A copy in the data folder takes %1 more.").arg(size);
    }
    static QString reference() { return tr("Use it where it is"); }
    static QString copy() { return tr("Copy it"); }
    static QString cancel() { return tr("Cancel"); }
};

} // namespace

void chooseModelToImport(QWidget* parent, ModelService& models)
{
    auto* dialog = new QFileDialog(parent, Words::chooseTitle(), QString(), Words::filter());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::ExistingFile);
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, [parent, &models](const QString& path) { importModel(parent, models, path); });
    dialog->open();
}

void importModel(QWidget* parent, ModelService& models, const QString& path)
{
    const QFileInfo file(path);
    auto* box = new QMessageBox(QMessageBox::Question, QStringLiteral("Switchyard"), Words::question(file.fileName()), QMessageBox::NoButton, parent);
    box->setAttribute(Qt::WA_DeleteOnClose);
    box->setInformativeText(Words::explanation(formatBytes(quint64(file.size()))));
    QPushButton* reference = box->addButton(Words::reference(), QMessageBox::AcceptRole);
    QPushButton* copy = box->addButton(Words::copy(), QMessageBox::AcceptRole);
    box->addButton(Words::cancel(), QMessageBox::RejectRole);
    box->setDefaultButton(reference);
    QObject::connect(box, &QMessageBox::buttonClicked, parent, [&models, path, reference, copy](QAbstractButton* button) {
        if (button == reference || button == copy)
            models.import(path, button == copy);
    });
    box->open();
}

} // namespace sy::app
