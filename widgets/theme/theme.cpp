// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/theme/theme.h"

#include "widgets/theme/fonts.h"
#include "widgets/theme/tokens.h"

#include <QApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QFile>
#include <QStyleFactory>

namespace sy::widgets {

namespace {
constexpr auto kPortalService = "org.freedesktop.portal.Desktop";
constexpr auto kPortalPath = "/org/freedesktop/portal/desktop";
constexpr auto kPortalInterface = "org.freedesktop.portal.Settings";
constexpr auto kAppearance = "org.freedesktop.appearance";
constexpr auto kColorScheme = "color-scheme";
} // namespace

Theme::Theme(QApplication& app, QObject* parent) : QObject(parent), m_app(app)
{
    // Before we change anything the palette is the desktop's: the fallback where no portal answers.
    m_systemIsDark = app.palette().color(QPalette::Window).lightness() < 128;
    app.setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
    askPortal();
    apply();
}

void Theme::setMode(ThemeMode mode)
{
    m_mode = mode;
    apply();
}

void Theme::setTextPercent(int percent)
{
    m_textPercent = percent;
    apply();
}

void Theme::askPortal()
{
    QDBusConnection bus = QDBusConnection::sessionBus();
    if (!bus.isConnected())
        return;
    bus.connect(QString::fromLatin1(kPortalService), QString::fromLatin1(kPortalPath), QString::fromLatin1(kPortalInterface),
                QStringLiteral("SettingChanged"), this, SLOT(portalChanged(QString, QString, QDBusVariant)));
    QDBusMessage call = QDBusMessage::createMethodCall(QString::fromLatin1(kPortalService), QString::fromLatin1(kPortalPath),
                                                       QString::fromLatin1(kPortalInterface), QStringLiteral("Read"));
    call << QString::fromLatin1(kAppearance) << QString::fromLatin1(kColorScheme);
    auto* watcher = new QDBusPendingCallWatcher(bus.asyncCall(call), this); // asynchronous: start must not wait for a portal
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this](QDBusPendingCallWatcher* done) {
        const QDBusPendingReply<QDBusVariant> reply = *done;
        if (!reply.isError()) {
            QVariant value = reply.value().variant();
            if (value.canConvert<QDBusVariant>()) // Read wraps twice
                value = value.value<QDBusVariant>().variant();
            setSystemScheme(value.toUInt());
        }
        done->deleteLater();
    });
}

void Theme::portalChanged(const QString& nameSpace, const QString& key, const QDBusVariant& value)
{
    if (nameSpace == QLatin1String(kAppearance) && key == QLatin1String(kColorScheme))
        setSystemScheme(value.variant().toUInt());
}

void Theme::setSystemScheme(uint scheme)
{
    if (scheme == 0)
        return;
    m_systemIsDark = scheme == 1;
    if (m_mode == ThemeMode::System)
        apply();
}

void Theme::apply()
{
    m_isDark = m_mode == ThemeMode::Dark || (m_mode == ThemeMode::System && m_systemIsDark);
    m_app.setFont(interfaceFont(m_textPercent));
    m_app.setPalette(paletteFor(m_isDark));
    m_app.setStyleSheet(styleSheetFor(m_isDark));
    emit changed(m_isDark);
}

QPalette Theme::paletteFor(bool dark)
{
    const Tokens& t = dark ? darkTokens() : lightTokens();
    QPalette p;
    p.setColor(QPalette::Window, t.window);
    p.setColor(QPalette::WindowText, t.text);
    p.setColor(QPalette::Base, t.surface);
    p.setColor(QPalette::AlternateBase, t.sunken);
    p.setColor(QPalette::Text, t.text);
    p.setColor(QPalette::PlaceholderText, t.textFaint);
    p.setColor(QPalette::Button, t.surface);
    p.setColor(QPalette::ButtonText, t.text);
    p.setColor(QPalette::BrightText, t.danger);
    p.setColor(QPalette::Highlight, t.selection);
    p.setColor(QPalette::HighlightedText, t.text);
    p.setColor(QPalette::Link, t.accent);
    p.setColor(QPalette::LinkVisited, t.accent);
    p.setColor(QPalette::ToolTipBase, t.raised);
    p.setColor(QPalette::ToolTipText, t.text);
    p.setColor(QPalette::Light, t.raised);
    p.setColor(QPalette::Midlight, t.border);
    p.setColor(QPalette::Mid, t.border);
    p.setColor(QPalette::Dark, t.borderStrong);
    p.setColor(QPalette::Shadow, t.sunken);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        p.setColor(QPalette::Disabled, role, dark ? QColor(0x74, 0x7D, 0x8B) : QColor(0x8C, 0x95, 0xA2));
    return p;
}

QString Theme::styleSheetFor(bool dark)
{
    const Tokens& t = dark ? darkTokens() : lightTokens();
    QFile file(QStringLiteral(":/themes/switchyard.qss"));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    QString sheet = QString::fromUtf8(file.readAll());
    const std::pair<const char*, QColor> names[] = {
        // Longer names first: @accentSoft must not be read as @accent.
        {"@accentHover", t.accentHover}, {"@accentSoft", t.accentSoft}, {"@onAccent", t.onAccent}, {"@accent", t.accent},
        {"@borderStrong", t.borderStrong}, {"@border", t.border}, {"@textMuted", t.textMuted}, {"@textFaint", t.textFaint},
        {"@text", t.text}, {"@window", t.window}, {"@surface", t.surface}, {"@raised", t.raised}, {"@sunken", t.sunken},
        {"@hover", t.hover}, {"@focus", t.focus}, {"@success", t.success}, {"@warningSoft", t.warningSoft},
        {"@warning", t.warning}, {"@dangerSoft", t.dangerSoft}, {"@danger", t.danger}, {"@onDanger", t.onDanger},
        {"@selection", t.selection},
    };
    for (const auto& [name, color] : names)
        sheet.replace(QLatin1String(name), color.name());
    sheet.replace(QLatin1String("@disabled"), dark ? QStringLiteral("#747d8b") : QStringLiteral("#8c95a2"));
    sheet.replace(QLatin1String("@shade"), dark ? QStringLiteral("dark") : QStringLiteral("light"));
    return sheet;
}

} // namespace sy::widgets
