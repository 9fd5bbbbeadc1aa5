// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/settings/setting_table.h"

#include <QHash>
#include <QObject>
#include <QSettings>
#include <QThread>

#include <functional>
#include <memory>

namespace sy::app {

/// The settings in DATA/settings.ini. Values out of range, or of another type, count as not set: a broken file costs nothing but
/// the choices in it. They are read once; what is set is written by a thread of its own, since a busy disk may take a tenth of a
/// second to say that it has them.
class Settings : public QObject {
    Q_OBJECT
public:
    explicit Settings(const QString& file, QObject* parent = nullptr);
    ~Settings() override; // when all is written

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
    void write(const std::function<void(QSettings& file)>& change);

    QHash<QString, QVariant> m_values; // as in the file
    QThread m_writer;
    std::unique_ptr<QSettings> m_file; // the writer's
};

} // namespace sy::app
