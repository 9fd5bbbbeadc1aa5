// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/settings/setting_table.h"

#include <QObject>
#include <QSettings>

namespace sy::app {

/// The settings in DATA/settings.ini. Values out of range, or of another type, count as not set: a broken file costs nothing but
/// the choices in it.
class Settings : public QObject {
    Q_OBJECT
public:
    explicit Settings(const QString& file, QObject* parent = nullptr);

    QVariant value(const char* key) const;
    QString text(const char* key) const { return value(key).toString(); }
    int number(const char* key) const { return value(key).toInt(); }
    double real(const char* key) const { return value(key).toDouble(); }
    bool flag(const char* key) const { return value(key).toBool(); }
    void set(const char* key, const QVariant& value);
    void reset(const char* key);
    bool isChanged(const char* key) const;

    /// Where the data folder is said, outside of it: the user's configuration folder. Empty: the standard place.
    static QString chosenDataDir();
    static void setChosenDataDir(const QString& dir);

signals:
    void changed(const QString& key);

private:
    QSettings m_file;
};

} // namespace sy::app
