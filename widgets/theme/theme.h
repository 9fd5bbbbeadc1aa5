// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>
#include <QPalette>

class QApplication;
class QDBusVariant;

namespace sy::widgets {

enum class ThemeMode { System, Light, Dark };

/// Puts palette, fonts and style sheet on the application; follows the desktop while the mode is System. main() owns one.
class Theme : public QObject {
    Q_OBJECT
public:
    explicit Theme(QApplication& app, QObject* parent = nullptr);

    void setMode(ThemeMode mode);
    ThemeMode mode() const { return m_mode; }
    bool isDark() const { return m_isDark; }

    /// Size of the interface's text, 75 to 200 percent. The conversation has a size of its own.
    void setTextPercent(int percent);
    int textPercent() const { return m_textPercent; }

    /// The palette and style sheet of one look; separate so that tests can ask without an application object changing.
    static QPalette paletteFor(bool dark);
    static QString styleSheetFor(bool dark);

signals:
    void changed(bool isDark);

private slots:
    /// org.freedesktop.portal.Settings: the color scheme preference changed (1 dark, 2 light, 0 no preference).
    void portalChanged(const QString& nameSpace, const QString& key, const QDBusVariant& value);

private:
    void askPortal();
    void setSystemScheme(uint scheme);
    void apply();

    QApplication& m_app;
    ThemeMode m_mode = ThemeMode::System;
    bool m_systemIsDark = false;
    bool m_isDark = false;
    int m_textPercent = 100;
};

} // namespace sy::widgets
