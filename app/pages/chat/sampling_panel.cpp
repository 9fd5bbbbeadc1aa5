// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/pages/chat/sampling_panel.h"

#include "app/settings/settings.h"
#include "widgets/theme/fonts.h"
#include "widgets/theme/icons.h"
#include "widgets/theme/tokens.h"

#include <QDoubleSpinBox>
#include <QGridLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPainter>
#include <QPlainTextEdit>
#include <QScrollArea>
#include <QToolButton>

namespace sy::app {

using namespace sy::widgets;

QDoubleSpinBox* makeSamplingBox(const SamplingRow& row, QWidget* parent)
{
    const SettingRow* setting = findSetting(QLatin1String(row.key));
    auto* box = new QDoubleSpinBox(parent);
    box->setDecimals(row.decimals);
    box->setRange(setting->least, setting->most);
    box->setSingleStep(row.step);
    box->setAccessibleName(row.label());
    box->setAccessibleDescription(row.explanation());
    box->setToolTip(row.explanation());
    box->setMinimumWidth(110);
    box->setKeyboardTracking(false);
    // A wheel over a form scrolls the form, not the number under the pointer.
    box->setFocusPolicy(Qt::StrongFocus);
    return box;
}

SamplingPanel::SamplingPanel(const Settings& defaults, QWidget* parent) : QWidget(parent), m_defaults(defaults)
{
    setAccessibleName(tr("Settings of this chat"));
    auto* outer = new QVBoxLayout(this);
    outer->setContentsMargins(1, 0, 0, 0);
    outer->setSpacing(0);
    auto* head = new QHBoxLayout;
    head->setContentsMargins(space::kLarge, space::kSmall, space::kSmall, space::kSmall);
    auto* title = new QLabel(tr("Settings of this chat"), this);
    title->setFont(strongFont(font()));
    head->addWidget(title, 1);
    auto* close = new QToolButton(this);
    close->setIcon(icon(QStringLiteral("close")));
    close->setAccessibleName(tr("Close the settings of this chat"));
    close->setToolTip(close->accessibleName());
    head->addWidget(close);
    outer->addLayout(head);
    connect(close, &QToolButton::clicked, this, &SamplingPanel::closeRequested);

    auto* scroll = new QScrollArea(this);
    scroll->setWidgetResizable(true);
    scroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll->setFocusPolicy(Qt::NoFocus);
    auto* content = new QWidget(scroll);
    auto* grid = new QGridLayout(content);
    grid->setContentsMargins(space::kLarge, space::kTiny, space::kLarge, space::kLarge);
    grid->setColumnStretch(0, 1);
    grid->setVerticalSpacing(2);
    int at = 0;
    const auto makeReset = [&](const QString& name) {
        auto* reset = new QToolButton(content);
        reset->setIcon(icon(QStringLiteral("refresh"), IconTone::Accent));
        reset->setIconSize({14, 14});
        reset->setAccessibleName(tr("Back to the default: %1").arg(name));
        reset->setToolTip(reset->accessibleName());
        QSizePolicy policy = reset->sizePolicy();
        policy.setRetainSizeWhenHidden(true);
        reset->setSizePolicy(policy);
        return reset;
    };

    auto* systemLabel = new QLabel(tr("Instructions"), content);
    m_systemReset = makeReset(systemLabel->text());
    grid->addWidget(systemLabel, at, 0);
    grid->addWidget(m_systemReset, at++, 2);
    m_system = new QPlainTextEdit(content);
    m_system->setAccessibleName(systemLabel->text());
    m_system->setPlaceholderText(tr("What the model is told before every message, for example “Answer briefly.”"));
    m_system->setFixedHeight(90);
    m_system->setTabChangesFocus(true);
    systemLabel->setBuddy(m_system);
    grid->addWidget(m_system, at++, 0, 1, 3);
    grid->setRowMinimumHeight(at++, space::kMedium);

    for (const SamplingRow& row : samplingTable()) {
        auto* label = new QLabel(row.label(), content);
        QDoubleSpinBox* box = makeSamplingBox(row, content);
        QToolButton* reset = makeReset(row.label());
        label->setBuddy(box);
        auto* help = new QLabel(row.explanation(), content);
        help->setProperty("tone", "faint");
        help->setFont(smallFont(font()));
        help->setWordWrap(true);
        grid->addWidget(label, at, 0);
        grid->addWidget(box, at, 1);
        grid->addWidget(reset, at++, 2);
        grid->addWidget(help, at++, 0, 1, 3);
        grid->setRowMinimumHeight(at++, space::kSmall);
        m_rows.push_back({row.key, box, reset});
        connect(box, &QDoubleSpinBox::valueChanged, this, [this, key = row.key](double value) {
            if (m_isFilling)
                return;
            m_settings.set(key, value);
            edited();
        });
        connect(reset, &QToolButton::clicked, this, [this, key = row.key, box] {
            m_settings.reset(key);
            box->setFocus();
            edited();
        });
    }
    grid->setRowStretch(at, 1);
    scroll->setWidget(content);
    outer->addWidget(scroll, 1);

    connect(m_system, &QPlainTextEdit::textChanged, this, [this] {
        if (m_isFilling)
            return;
        m_settings.set(setting::kSystemPrompt, m_system->toPlainText());
        m_systemReset->setVisible(true);
        emit settingsEdited(m_settings);
    });
    connect(m_systemReset, &QToolButton::clicked, this, [this] {
        m_settings.reset(setting::kSystemPrompt);
        m_system->setFocus();
        edited();
    });
    setSettings({});
}

void SamplingPanel::edited()
{
    setSettings(ChatSettings(m_settings));
    emit settingsEdited(m_settings);
}

void SamplingPanel::setSettings(const ChatSettings& settings)
{
    m_isFilling = true;
    m_settings = settings;
    for (const Row& row : m_rows) {
        row.box->setValue(settings.value(row.key, m_defaults).toDouble());
        row.reset->setVisible(settings.isOverridden(row.key));
    }
    const QString system = settings.systemPrompt(m_defaults);
    if (m_system->toPlainText() != system)
        m_system->setPlainText(system);
    m_systemReset->setVisible(settings.isOverridden(setting::kSystemPrompt));
    m_isFilling = false;
}

void SamplingPanel::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape)
        emit closeRequested();
    else
        QWidget::keyPressEvent(event);
}

void SamplingPanel::paintEvent(QPaintEvent*)
{
    const Tokens& t = tokens(palette());
    QPainter painter(this);
    painter.fillRect(rect(), t.window);
    painter.fillRect(QRect(0, 0, 1, height()), t.border);
}

} // namespace sy::app
