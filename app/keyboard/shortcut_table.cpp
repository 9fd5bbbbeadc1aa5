// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/keyboard/shortcut_table.h"

#include "app/pages/page_table.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QCoreApplication>
#include <QDialog>
#include <QDialogButtonBox>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QVBoxLayout>

namespace sy::app {

using namespace sy::widgets;

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(Shortcuts)
public:
    static QList<ShortcutGroup> table();
    static QString title() { return tr("Keyboard shortcuts"); }
};

QList<ShortcutGroup> Words::table()
{
    QStringList pages;
    for (const PageRow& row : pageTable())
        pages << row.title();
    return {
        {tr("Everywhere"),
         {
             {tr("Go to a chat, a collection, a model or a command"), QStringLiteral("Ctrl+K")},
             {pages.join(tr(", ")), QStringLiteral("Ctrl+1 … Ctrl+%1").arg(pages.size())},
             {tr("New chat"), QStringLiteral("Ctrl+N")},
             {tr("Search all chats"), QStringLiteral("Ctrl+Shift+F")},
             {tr("New fine-tuning run"), QStringLiteral("Ctrl+Shift+N")},
             {tr("Add files"), QStringLiteral("Ctrl+O")},
             {tr("Undo what was just deleted or removed"), QStringLiteral("Ctrl+Z")},
             {tr("Settings"), QStringLiteral("Ctrl+,")},
             {tr("This list"), QStringLiteral("F1, Ctrl+/")},
             {tr("Quit"), QStringLiteral("Ctrl+Q")},
         }},
        {tr("In a chat"),
         {
             {tr("Go to the input"), QStringLiteral("Ctrl+L")},
             {tr("Send, new line"), tr("Enter, Shift+Enter")},
             {tr("Stop the answer"), QStringLiteral("Esc")},
             {tr("Answer again"), QStringLiteral("Ctrl+R")},
             {tr("Edit the last message"), tr("↑ in the empty input")},
             {tr("Find in this chat"), QStringLiteral("Ctrl+F")},
             {tr("Next and previous match"), QStringLiteral("F3, Shift+F3")},
             {tr("Save this chat as a file"), QStringLiteral("Ctrl+Shift+E")},
             {tr("Show or hide the chats"), QStringLiteral("Ctrl+B")},
             {tr("Answer side by side"), QStringLiteral("Ctrl+D")},
         }},
        {tr("In the conversation"),
         {
             {tr("Previous and next message"), QStringLiteral("Ctrl+↑, Ctrl+↓")},
             {tr("Citations, links and buttons of a message"), tr("← and →, Enter")},
             {tr("Copy the selection or the message"), QStringLiteral("Ctrl+C")},
             {tr("Delete the message"), tr("Del")},
         }},
        {tr("In lists"),
         {
             {tr("Rename a chat or a run"), QStringLiteral("F2")},
             {tr("Delete a chat or a run, remove documents"), tr("Del")},
         }},
        {tr("In plots"),
         {
             {tr("Values, one after the other"), tr("← and →")},
             {tr("Zoom"), QStringLiteral("+, −")},
             {tr("Move along"), QStringLiteral("Shift+←, Shift+→")},
             {tr("Show everything"), tr("Home")},
         }},
    };
}

} // namespace

QList<ShortcutGroup> shortcutTable()
{
    return Words::table();
}

void showShortcuts(QWidget* window)
{
    auto* dialog = new QDialog(window);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(Words::title());
    auto* rows = new QVBoxLayout(dialog);
    rows->setContentsMargins(0, 0, 0, space::kMedium);
    auto* scroll = new QScrollArea(dialog);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    auto* content = new QWidget(scroll);
    auto* grid = new QGridLayout(content);
    grid->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kLarge);
    grid->setHorizontalSpacing(space::kHuge);
    grid->setVerticalSpacing(space::kSmall);
    grid->setColumnStretch(0, 1);
    int row = 0;
    for (const ShortcutGroup& group : shortcutTable()) {
        auto* title = new QLabel(group.title, content);
        title->setFont(strongFont(content->font()));
        if (row > 0)
            title->setContentsMargins(0, space::kMedium, 0, 0);
        grid->addWidget(title, row++, 0, 1, 2);
        for (const ShortcutRow& shortcut : group.rows) {
            auto* name = new QLabel(shortcut.name, content);
            name->setWordWrap(true);
            auto* keys = new QLabel(shortcut.keys, content);
            keys->setProperty("tone", "muted");
            grid->addWidget(name, row, 0);
            grid->addWidget(keys, row++, 1, Qt::AlignRight | Qt::AlignTop);
        }
    }
    grid->setRowStretch(row, 1);
    scroll->setWidget(content);
    rows->addWidget(scroll, 1);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, dialog);
    buttons->setContentsMargins(space::kHuge, 0, space::kHuge, 0);
    rows->addWidget(buttons);
    QObject::connect(buttons, &QDialogButtonBox::rejected, dialog, &QDialog::reject);
    const QSize wanted(520, content->sizeHint().height() + buttons->sizeHint().height() + 3 * space::kMedium);
    dialog->resize(wanted.boundedTo(window->size() - QSize(space::kVast, space::kVast)));
    dialog->open();
    buttons->button(QDialogButtonBox::Close)->setFocus();
}

} // namespace sy::app
