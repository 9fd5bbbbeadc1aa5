// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/window.h"

#include "app/cli/cli.h"
#include "app/language.h"
#include "app/main_window.h"
#include "app/services/adapter_service.h"
#include "app/services/bind_engine.h"
#include "app/services/chat_service.h"
#include "app/services/document_service.h"
#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"
#include "app/settings/settings.h"
#include "widgets/conversation/conversation_view.h"
#include "widgets/parts/enter_key.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QMessageBox>
#include <QTimer>

namespace sy::app {

namespace {

/// Documents that come with the program: beside the source tree's build, or where a package puts them.
QString findSamples()
{
    const QString base = QCoreApplication::applicationDirPath();
    for (const QString& place : {QStringLiteral("/../share/switchyard/samples"), QStringLiteral("/../../../resources/samples"), QStringLiteral("/resources/samples")})
        if (QDir(base + place).exists())
            return QDir(base + place).canonicalPath();
    return {};
}

void applyTheme(widgets::Theme& theme, const Settings& settings)
{
    const QString mode = settings.text(setting::kTheme);
    theme.setMode(mode == QLatin1String("light")  ? widgets::ThemeMode::Light
                  : mode == QLatin1String("dark") ? widgets::ThemeMode::Dark
                                                  : widgets::ThemeMode::System);
}

} // namespace

int runWindow(int argc, char** argv, const WindowStart& start)
{
    QApplication::setHighDpiScaleFactorRoundingPolicy(Qt::HighDpiScaleFactorRoundingPolicy::PassThrough);
    QApplication app(argc, argv);
    QApplication::setApplicationName(QStringLiteral("Switchyard"));
    QApplication::setDesktopFileName(QStringLiteral("switchyard"));
    widgets::installConversationAccessibility();
    widgets::letEnterPressButtons(app);

    QString dataDir = QString::fromStdString(start.engine.dataDir.string());
    if (dataDir.isEmpty())
        dataDir = Settings::chosenDataDir();
    if (dataDir.isEmpty())
        dataDir = QString::fromStdString(api::defaultDataDir().string());
    QDir().mkpath(dataDir);
    Settings settings(dataDir + QStringLiteral("/settings.ini"));
    Language language;
    language.set(settings.text(setting::kLanguage));
    widgets::Theme theme(app);
    applyTheme(theme, settings);
    theme.setTextPercent(settings.number(setting::kTextPercent));
    QApplication::setWindowIcon(widgets::icon(QStringLiteral("logo"), widgets::IconTone::Accent));
    QObject::connect(&settings, &Settings::changed, &app, [&](const QString& key) {
        if (key == QLatin1String(setting::kTheme))
            applyTheme(theme, settings);
        else if (key == QLatin1String(setting::kTextPercent))
            theme.setTextPercent(settings.number(setting::kTextPercent));
        else if (key == QLatin1String(setting::kLanguage)) {
            language.set(settings.text(setting::kLanguage));
            theme.setTextPercent(settings.number(setting::kTextPercent)); // the font's order of families follows the language
        }
    });

    std::unique_ptr<api::Engine> engine;
    EngineFunctions functions;
    try {
        api::EngineOptions options = start.engine;
        options.dataDir = dataDir.toStdString();
        if (options.nThreads == 0)
            options.nThreads = settings.number(setting::kThreads);
        options.executable = QCoreApplication::applicationFilePath().toStdString();
        engine = std::make_unique<api::Engine>(options);
        functions = bindEngine(*engine);
        functions.samplesDir = findSamples().toStdString();
    } catch (const std::exception& error) {
        const UserMessage message = describe(error);
        QMessageBox box(QMessageBox::Critical, QStringLiteral("Switchyard"), message.title);
        box.setInformativeText(message.text());
        box.setDetailedText(message.technical);
        box.exec();
        return 1;
    }

    int status = 0;
    {
        ModelService models(functions.models, settings);
        ChatService chats(functions.chats, functions.documents, settings); // goes before the models, whose contexts it keeps
        DocumentService documents(functions.documents);
        AdapterService adapters(functions.adapters);
        FineTuneService fineTune(functions.fineTune, settings);
        chats.tidyUp(); // before the window asks for any chat: the queue keeps the order
        MainWindow window({chats, models, documents, adapters, fineTune, settings, functions});
        window.show();
        models.loadAtStart();
        documents.resumeUnfinished();
        status = QApplication::exec();
        window.hide();
    } // services wait for their workers here, before the engine goes
    return status;
}

} // namespace sy::app
