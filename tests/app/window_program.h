// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/language.h"
#include "app/main_window.h"
#include "app/pages/chat/chat_page.h"
#include "app/pages/documents/documents_page.h"
#include "app/services/adapter_service.h"
#include "app/services/chat_service.h"
#include "app/services/document_service.h"
#include "app/services/fine_tune_service.h"
#include "app/services/model_service.h"
#include "app/settings/settings.h"
#include "tests/app/fake_engine.h"
#include "widgets/composer/composer.h"
#include "widgets/conversation/conversation_view.h"
#include "widgets/parts/enter_key.h"
#include "widgets/theme/theme.h"

#include <QApplication>
#include <QDir>
#include <QDragEnterEvent>
#include <QLabel>
#include <QMimeData>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>
#include <QUrl>

namespace sy::app::test {

/// The program over a fake engine, or over what one gives.
struct Program {
    explicit Program(FakeEngine& engine) : Program(engine.functions()) {}
    explicit Program(EngineFunctions theFunctions) : functions(std::move(theFunctions))
    {
        settings = std::make_unique<Settings>(dir.filePath(QStringLiteral("settings.ini")));
        chats = std::make_unique<ChatService>(functions.chats, functions.documents, *settings);
        models = std::make_unique<ModelService>(functions.models, *settings);
        documents = std::make_unique<DocumentService>(functions.documents);
        adapters = std::make_unique<AdapterService>(functions.adapters);
        fineTune = std::make_unique<FineTuneService>(functions.fineTune, *settings);
    }
    void open(QSize size = {1280, 800})
    {
        window = std::make_unique<MainWindow>(Services{*chats, *models, *documents, *adapters, *fineTune, *settings, functions});
        window->resize(size);
        window->show();
        (void)QTest::qWaitForWindowExposed(window.get());
        models->loadAtStart();
    }
    ~Program()
    {
        window.reset();
    }
    ChatPage* chatPage() const { return qobject_cast<ChatPage*>(window->page(QStringLiteral("chat"))); }
    DocumentsPage* documentsPage() const { return qobject_cast<DocumentsPage*>(window->page(QStringLiteral("documents"))); }

    QTemporaryDir dir;
    EngineFunctions functions;
    std::unique_ptr<Settings> settings;
    std::unique_ptr<ChatService> chats;
    std::unique_ptr<ModelService> models;
    std::unique_ptr<DocumentService> documents;
    std::unique_ptr<AdapterService> adapters;
    std::unique_ptr<FineTuneService> fineTune;
    std::unique_ptr<MainWindow> window;
};

/// A picture for people, when SWITCHYARD_SHOTS names a folder.
inline void keep(Program& program, const QString& name)
{
    const QString dir = qEnvironmentVariable("SWITCHYARD_SHOTS");
    if (dir.isEmpty())
        return;
    QDir().mkpath(dir);
    QTest::qWait(60);
    program.window->grab().save(dir + QLatin1Char('/') + name + QStringLiteral(".png"));
}

/// The visible button with this text, or null.
inline QPushButton* buttonWith(QWidget* in, const QString& text)
{
    for (auto* button : in->findChildren<QPushButton*>())
        if (button->text() == text && button->isVisible())
            return button;
    return nullptr;
}

/// What the visible labels say, line by line.
inline QString textsOf(const QWidget* widget)
{
    QStringList texts;
    for (const auto* label : widget->findChildren<QLabel*>())
        if (label->isVisible())
            texts << label->text();
    return texts.join(QLatin1Char('\n'));
}

/// Files dragged onto a widget and let go there.
inline void dropFiles(QWidget* on, const QStringList& paths)
{
    QMimeData data;
    QList<QUrl> urls;
    for (const QString& path : paths)
        urls << QUrl::fromLocalFile(path);
    data.setUrls(urls);
    const QPoint at = on->rect().center();
    QDragEnterEvent enter(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(on, &enter);
    QVERIFY(enter.isAccepted());
    QDropEvent drop(at, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(on, &drop);
}

/// Look and language of a test program, put back after each test function by reset().
struct Surroundings {
    Surroundings()
    {
        widgets::installConversationAccessibility();
        widgets::letEnterPressButtons(*qApp);
        reset();
    }
    void reset()
    {
        language.set(QStringLiteral("en"));
        theme.setMode(widgets::ThemeMode::Light);
        theme.setTextPercent(100);
    }
    Language language;
    widgets::Theme theme{*qApp};
};

} // namespace sy::app::test
