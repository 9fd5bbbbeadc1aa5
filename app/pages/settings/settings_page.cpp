// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/settings/settings_page.h"

#include "app/keyboard/shortcut_table.h"
#include "app/pages/chat/sampling_panel.h"
#include "app/services/engine_functions.h"
#include "app/settings/settings.h"
#include "widgets/parts/scrolled.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDesktopServices>
#include <QDoubleSpinBox>
#include <QFileDialog>
#include <QFrame>
#include <QGridLayout>
#include <QLabel>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QUrl>
#include <algorithm>
#include <utility>

namespace sy::app {

using namespace sy::widgets;

SettingsPage::SettingsPage(PageContext& context, QWidget* parent) : Page(parent), m_context(context)
{
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(0, 0, 0, 0);
    m_content = new QWidget(this);
    auto* columns = new QHBoxLayout(m_content);
    columns->setContentsMargins(space::kHuge, space::kLarge, space::kHuge, space::kHuge);
    auto* column = new QWidget(m_content);
    column->setMaximumWidth(760);
    columns->addStretch(1);
    columns->addWidget(column, 100);
    columns->addStretch(1);
    m_rows = new QVBoxLayout(column);
    m_rows->setContentsMargins(0, 0, 0, 0);
    m_rows->setSpacing(space::kLarge);
    auto* title = new QLabel(tr("Settings"), column);
    title->setFont(titleFont(font()));
    m_rows->addWidget(title);
    addAppearance();
    addChat();
    addSampling();
    addEngine();
    addPrivacy();
    addShortcuts();
    alignControls();
    m_rows->addStretch(1);
    outer->addWidget(scrolled(m_content, this));
}

void SettingsPage::activated()
{
    if (m_first)
        m_first->setFocus();
}

QGridLayout* SettingsPage::addSection(const QString& title)
{
    auto* card = new QFrame(m_content);
    card->setProperty("kind", "card");
    auto* grid = new QGridLayout(card);
    grid->setContentsMargins(space::kLarge, space::kLarge, space::kLarge, space::kLarge);
    grid->setHorizontalSpacing(space::kLarge);
    grid->setVerticalSpacing(space::kTiny);
    grid->setColumnStretch(0, 1);
    auto* label = new QLabel(title, card);
    label->setFont(strongFont(font()));
    grid->addWidget(label, 0, 0, 1, 2);
    grid->setRowMinimumHeight(1, space::kTiny);
    m_rows->addWidget(card);
    return grid;
}

void SettingsPage::addRow(QGridLayout* grid, const QString& label, QWidget* control, const QString& help)
{
    const int row = grid->rowCount();
    auto* name = new QLabel(label, control->parentWidget());
    name->setWordWrap(true);
    name->setBuddy(control);
    if (control->accessibleName().isEmpty())
        control->setAccessibleName(label);
    grid->addWidget(name, row, 0);
    grid->addWidget(control, row, 1, Qt::AlignRight);
    if (!help.isEmpty()) {
        auto* text = new QLabel(help, control->parentWidget());
        text->setProperty("tone", "faint");
        text->setFont(smallFont(font()));
        text->setWordWrap(true);
        grid->addWidget(text, row + 1, 0, 1, 2);
        control->setAccessibleDescription(help);
    }
    grid->setRowMinimumHeight(row + 2, space::kTiny);
}

/// One edge for all that is chosen or counted.
void SettingsPage::alignControls()
{
    QWidgetList controls;
    for (auto* box : m_content->findChildren<QComboBox*>())
        controls << box;
    for (auto* box : m_content->findChildren<QAbstractSpinBox*>())
        controls << box;
    int widest = 0;
    for (const QWidget* control : std::as_const(controls))
        widest = std::max(widest, control->sizeHint().width());
    for (QWidget* control : std::as_const(controls))
        control->setMinimumWidth(widest);
}

void SettingsPage::addAppearance()
{
    Settings& settings = m_context.settings;
    QGridLayout* grid = addSection(tr("Appearance"));
    QWidget* card = grid->parentWidget();
    auto* language = new QComboBox(card);
    language->addItem(tr("Same as the system"), QString());
    language->addItem(QStringLiteral("English"), QStringLiteral("en"));
    language->addItem(QStringLiteral("简体中文"), QStringLiteral("zh_CN"));
    language->setCurrentIndex(std::max(0, language->findData(settings.text(setting::kLanguage))));
    addRow(grid, tr("Language"), language);
    m_first = language;
    connect(language, &QComboBox::currentIndexChanged, this, [&settings, language] { settings.set(setting::kLanguage, language->currentData()); });

    auto* theme = new QComboBox(card);
    theme->addItem(tr("Same as the system"), QStringLiteral("system"));
    theme->addItem(tr("Light"), QStringLiteral("light"));
    theme->addItem(tr("Dark"), QStringLiteral("dark"));
    theme->setCurrentIndex(std::max(0, theme->findData(settings.text(setting::kTheme))));
    addRow(grid, tr("Theme"), theme);
    connect(theme, &QComboBox::currentIndexChanged, this, [&settings, theme] { settings.set(setting::kTheme, theme->currentData()); });

    auto* percent = new QComboBox(card);
    for (const int value : {75, 90, 100, 110, 125, 150, 175, 200})
        percent->addItem(tr("%1 %").arg(value), value);
    percent->setCurrentIndex(std::max(0, percent->findData(settings.number(setting::kTextPercent))));
    addRow(grid, tr("Size of the interface’s text"), percent);
    connect(percent, &QComboBox::currentIndexChanged, this, [&settings, percent] { settings.set(setting::kTextPercent, percent->currentData()); });

    auto* points = new QComboBox(card);
    points->addItem(tr("Same as the interface"), 0.0);
    for (const double value : {9.0, 10.0, 11.0, 12.0, 14.0, 16.0, 18.0, 22.0})
        points->addItem(tr("%1 points").arg(value), value);
    points->setCurrentIndex(std::max(0, points->findData(settings.real(setting::kChatPoints))));
    addRow(grid, tr("Size of the text in chats"), points);
    connect(points, &QComboBox::currentIndexChanged, this, [&settings, points] { settings.set(setting::kChatPoints, points->currentData()); });
}

void SettingsPage::addChat()
{
    Settings& settings = m_context.settings;
    QGridLayout* grid = addSection(tr("Chat"));
    QWidget* card = grid->parentWidget();
    auto* send = new QComboBox(card);
    send->addItem(tr("Enter"), true);
    send->addItem(tr("Ctrl+Enter"), false);
    send->setCurrentIndex(settings.flag(setting::kSendOnEnter) ? 0 : 1);
    addRow(grid, tr("Send with"), send, tr("Shift+Enter always breaks the line. Enter never sends while an input method is composing."));
    connect(send, &QComboBox::currentIndexChanged, this, [&settings, send] { settings.set(setting::kSendOnEnter, send->currentData()); });
    const int row = grid->rowCount();
    auto* label = new QLabel(tr("Instructions for every chat"), card);
    auto* system = new QPlainTextEdit(settings.text(setting::kSystemPrompt), card);
    system->setAccessibleName(label->text());
    system->setPlaceholderText(tr("What the model is told before every message, for example “Answer briefly.”"));
    system->setFixedHeight(80);
    system->setTabChangesFocus(true);
    label->setBuddy(system);
    grid->addWidget(label, row, 0, 1, 2);
    grid->addWidget(system, row + 1, 0, 1, 2);
    connect(system, &QPlainTextEdit::textChanged, this, [&settings, system] { settings.set(setting::kSystemPrompt, system->toPlainText()); });
}

void SettingsPage::addSampling()
{
    Settings& settings = m_context.settings;
    QGridLayout* grid = addSection(tr("Defaults for new answers"));
    QWidget* card = grid->parentWidget();
    QList<std::pair<const char*, QDoubleSpinBox*>> boxes;
    for (const SamplingRow& row : samplingTable()) {
        QDoubleSpinBox* box = makeSamplingBox(row, card);
        box->setValue(settings.value(row.key).toDouble());
        addRow(grid, row.label(), box, row.explanation());
        boxes.push_back({row.key, box});
        connect(box, &QDoubleSpinBox::valueChanged, this, [&settings, key = row.key](double value) { settings.set(key, value); });
    }
    auto* reset = new QPushButton(tr("Back to the original defaults"), card);
    grid->addWidget(reset, grid->rowCount(), 0, 1, 2, Qt::AlignLeft);
    connect(reset, &QPushButton::clicked, this, [&settings, boxes] {
        for (const auto& [key, box] : boxes) {
            settings.reset(key);
            const QSignalBlocker block(box);
            box->setValue(settings.value(key).toDouble());
        }
    });
}

void SettingsPage::addEngine()
{
    Settings& settings = m_context.settings;
    QGridLayout* grid = addSection(tr("Engine"));
    QWidget* card = grid->parentWidget();
    auto* threads = new QSpinBox(card);
    threads->setRange(0, 512);
    threads->setSpecialValueText(tr("Automatic"));
    threads->setValue(settings.number(setting::kThreads));
    threads->setMinimumWidth(110);
    threads->setFocusPolicy(Qt::StrongFocus);
    addRow(grid, tr("Threads"), threads, tr("%n in use now. A change takes effect at the next start.", nullptr, m_context.engine.nThreads));
    connect(threads, &QSpinBox::valueChanged, this, [&settings](int value) { settings.set(setting::kThreads, value); });
    auto* folder = new QPushButton(tr("Change…"), card);
    folder->setAccessibleName(tr("Change the data folder"));
    addRow(grid, tr("Data folder"), folder, tr("%1\nChats, indexes and models are kept here. A change takes effect at the next start; nothing is moved.").arg(QString::fromStdString(m_context.engine.dataDir)));
    connect(folder, &QPushButton::clicked, this, &SettingsPage::chooseDataFolder);
    auto* open = new QPushButton(tr("Open"), card);
    open->setAccessibleName(tr("Open the data folder"));
    addRow(grid, tr("Show the data folder"), open);
    connect(open, &QPushButton::clicked, this, [this] { QDesktopServices::openUrl(QUrl::fromLocalFile(QString::fromStdString(m_context.engine.dataDir))); });
}

void SettingsPage::chooseDataFolder()
{
    auto* dialog = new QFileDialog(this, tr("Choose the data folder"), QString::fromStdString(m_context.engine.dataDir));
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setFileMode(QFileDialog::Directory);
    dialog->setOption(QFileDialog::ShowDirsOnly);
    connect(dialog, &QFileDialog::fileSelected, this, [this](const QString& path) {
        Settings::setChosenDataDir(path);
        m_context.toast(tr("%1 will be used from the next start.").arg(path), {}, {});
    });
    dialog->open();
}

void SettingsPage::addPrivacy()
{
    QGridLayout* grid = addSection(tr("Privacy"));
    auto* text = new QLabel(tr("Chats, documents and answers stay on this computer. The network is used for one thing only: downloading a model from the catalogue, when you press Download."),
                            grid->parentWidget());
    text->setWordWrap(true);
    text->setProperty("tone", "muted");
    grid->addWidget(text, grid->rowCount(), 0, 1, 2);
}

void SettingsPage::addShortcuts()
{
    QGridLayout* grid = addSection(tr("Keyboard"));
    auto* show = new QPushButton(tr("Show"), grid->parentWidget());
    show->setAccessibleName(tr("Show all keyboard shortcuts"));
    addRow(grid, tr("All keyboard shortcuts"), show, tr("Everything can be reached by keyboard. F1 shows the list from anywhere; Ctrl+K finds chats, collections, models and commands by name."));
    connect(show, &QPushButton::clicked, this, [this] { showShortcuts(window()); });
}

} // namespace sy::app
