// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/settings/settings.h"

#include <QStandardPaths>

namespace sy::app {

namespace {

QString locationFile()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericConfigLocation) + QStringLiteral("/Switchyard/location.ini");
}

} // namespace

Settings::Settings(const QString& file, QObject* parent) : QObject(parent), m_file(file, QSettings::IniFormat) {}

QVariant Settings::value(const char* key) const
{
    const SettingRow* row = findSetting(QLatin1String(key));
    Q_ASSERT(row);
    QVariant value = m_file.value(QLatin1String(key));
    if (!value.isValid() || !value.convert(QMetaType(row->type)))
        return row->standard;
    if (row->least < row->most) {
        const double number = value.toDouble();
        if (!(number >= row->least && number <= row->most))
            return row->standard;
    }
    return value;
}

void Settings::set(const char* key, const QVariant& value)
{
    if (this->value(key) == value && m_file.contains(QLatin1String(key)))
        return;
    m_file.setValue(QLatin1String(key), value);
    emit changed(QLatin1String(key));
}

void Settings::reset(const char* key)
{
    m_file.remove(QLatin1String(key));
    emit changed(QLatin1String(key));
}

bool Settings::isChanged(const char* key) const
{
    return value(key) != findSetting(QLatin1String(key))->standard;
}

QString Settings::chosenDataDir()
{
    return QSettings(locationFile(), QSettings::IniFormat).value(QStringLiteral("dataFolder")).toString();
}

void Settings::setChosenDataDir(const QString& dir)
{
    QSettings file(locationFile(), QSettings::IniFormat);
    if (dir.isEmpty())
        file.remove(QStringLiteral("dataFolder"));
    else
        file.setValue(QStringLiteral("dataFolder"), dir);
}

} // namespace sy::app
