// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/finetune/run_config_file.h"

#include "app/pages/page.h"

#include <QCoreApplication>
#include <QFileDialog>
#include <QFileInfo>
#include <QJsonDocument>
#include <QSaveFile>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(RunConfigFile)
public:
    static QString title() { return tr("Export the configuration"); }
    static QString filter() { return tr("Configurations (*.json)"); }
    static QString saved(const QString& file) { return tr("Saved as %1").arg(file); }
    static QString notSaved(const QString& why) { return tr("Could not be saved: %1").arg(why); }
};

} // namespace

void exportRunConfig(PageContext& context, QWidget* parent, const QJsonObject& config)
{
    QString name = config.value(QLatin1String("name")).toString();
    name.replace(QLatin1Char('/'), QLatin1Char('-'));
    auto* dialog = new QFileDialog(parent, Words::title(), name + QStringLiteral(".json"), Words::filter());
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(QStringLiteral("json"));
    QObject::connect(dialog, &QFileDialog::fileSelected, parent, [&context, config](const QString& path) {
        QSaveFile file(path);
        const QByteArray text = QJsonDocument(config).toJson();
        const bool isSaved = file.open(QIODevice::WriteOnly) && file.write(text) == text.size() && file.commit();
        context.toast(isSaved ? Words::saved(QFileInfo(path).fileName()) : Words::notSaved(file.errorString()), {}, {});
    });
    dialog->open();
}

} // namespace sy::app
