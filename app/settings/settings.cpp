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

Settings::Settings(const QString& file, QObject* parent) : QObject(parent), m_file(std::make_unique<QSettings>(file, QSettings::IniFormat))
{
    for (const QString& key : m_file->allKeys())
        m_values.insert(key, m_file->value(key));
    m_file->moveToThread(&m_writer);
    m_writer.setObjectName(QStringLiteral("settings"));
    m_writer.start();
}

Settings::~Settings()
{
    write([this](QSettings&) { m_writer.quit(); }); // after what waits before it
    m_writer.wait();
}

void Settings::write(const std::function<void(QSettings& file)>& change)
{
    QMetaObject::invokeMethod(m_file.get(), [this, change] { change(*m_file); }, Qt::QueuedConnection);
}

QVariant Settings::value(const char* key) const
{
    const SettingRow* row = findSetting(QLatin1String(key));
    Q_ASSERT(row);
    QVariant value = m_values.value(QLatin1String(key));
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
    const QString name = QLatin1String(key);
    if (this->value(key) == value && m_values.contains(name))
        return;
    m_values.insert(name, value);
    write([name, value](QSettings& file) { file.setValue(name, value); });
    emit changed(name);
}

void Settings::reset(const char* key)
{
    const QString name = QLatin1String(key);
    m_values.remove(name);
    write([name](QSettings& file) { file.remove(name); });
    emit changed(name);
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
