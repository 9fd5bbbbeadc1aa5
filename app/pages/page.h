// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QKeySequence>
#include <QList>
#include <QString>
#include <QWidget>
#include <functional>

namespace sy::widgets {
class Theme;
}

namespace sy::app {

class AdapterService;
class ChatService;
class DocumentService;
class FineTuneService;
class ModelService;
class Settings;
struct EngineFunctions;

/// What the window and its pages work with. Owned by the window's maker; outlives every page.
struct Services {
    ChatService& chats;
    ModelService& models;
    DocumentService& documents;
    AdapterService& adapters;
    FineTuneService& fineTune;
    Settings& settings;
    const EngineFunctions& engine;
};

/// What a page may use: the services, and the window as far as it is a page's business.
struct PageContext : Services {
    std::function<void(const QString& pageId)> goTo;
    std::function<void(const QString& text, const QString& actionText, std::function<void()> action)> toast;
};

/// A command of a page that works from everywhere: the window goes to the page first.
struct PageCommand {
    QString name;
    QKeySequence keys;
    std::function<void()> run;
};

/// Something of a page that Ctrl+K finds by name: a chat, a collection, a model.
struct PageEntry {
    QString title;
    QString detail;
    std::function<void()> run; // after the window has gone to the page
};

/// One main area. Pages are built when first shown and again when the language changes: what must survive that is in the services.
class Page : public QWidget {
    Q_OBJECT
public:
    using QWidget::QWidget;
    virtual QList<PageCommand> commands() { return {}; }
    virtual QList<PageEntry> entries() { return {}; }
    /// The page has become the shown one.
    virtual void activated() {}
    /// False for a drag the page does not want.
    virtual bool takesFiles() const { return false; }
};

} // namespace sy::app
