// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/adapter_service.h"

#include <QLocale>

namespace sy::app {

AdapterService::AdapterService(AdapterFunctions functions, QObject* parent) : QObject(parent), m_functions(std::move(functions))
{
    qRegisterMetaType<UserMessage>();
}

void AdapterService::refresh()
{
    m_queue.run(
        this, [list = m_functions.list](std::stop_token) { return list(); },
        [this](std::vector<AdapterInfo> adapters) {
            m_adapters = QList<AdapterInfo>(adapters.begin(), adapters.end());
            m_isListed = true;
            emit adaptersChanged();
        },
        [this](const UserMessage& message) { emit failed(message); });
}

QList<AdapterInfo> AdapterService::adaptersOf(const std::string& modelPath) const
{
    QList<AdapterInfo> fitting;
    for (const AdapterInfo& adapter : m_adapters)
        if (adapter.modelPath == modelPath || adapter.modelPath.empty())
            fitting.push_back(adapter);
    return fitting;
}

const AdapterInfo* AdapterService::find(const QString& id) const
{
    for (const AdapterInfo& adapter : m_adapters)
        if (adapter.id == id.toStdString())
            return &adapter;
    return nullptr;
}

QString AdapterService::nameOf(const QString& id) const
{
    const AdapterInfo* adapter = find(id);
    return adapter ? QString::fromStdString(adapter->name) : id;
}

void AdapterService::import(const QString& path)
{
    m_queue.run(
        this, [import = m_functions.import, path = path.toStdString()](std::stop_token) { return import(path); },
        [this](const AdapterInfo& adapter) {
            m_adapters.push_back(adapter); // can be shown at once; the list follows
            emit adaptersChanged();
            emit imported(QString::fromStdString(adapter.id), QString::fromStdString(adapter.name));
            refresh();
        },
        [this, path](const UserMessage& message) { emit importFailed(path, message); });
}

void AdapterService::exportTo(const QString& id, const QString& path, bool isPeft)
{
    m_queue.run(
        this, [write = m_functions.exportTo, id = id.toStdString(), path = path.toStdString(), isPeft](std::stop_token) { return write(id, path, isPeft); },
        [this, id](const std::filesystem::path& written) { emit exported(id, QString::fromStdString(written.string())); },
        [this, id](const UserMessage& message) { emit exportFailed(id, message); });
}

void AdapterService::rename(const QString& id, const QString& name)
{
    for (AdapterInfo& adapter : m_adapters) {
        if (adapter.id != id.toStdString() || !adapter.isImported)
            continue;
        adapter.name = name.toStdString(); // what is held is up to date at once; the disk follows
        m_queue.run(
            this, [rename = m_functions.rename, adapter, name = name.toStdString()](std::stop_token) { rename(adapter, name); },
            [this] { refresh(); },
            [this](const UserMessage& message) {
                emit failed(message);
                refresh();
            });
        emit adaptersChanged();
        return;
    }
}

void AdapterService::remove(const QString& id)
{
    const AdapterInfo* found = find(id);
    if (!found || !found->isImported)
        return;
    m_queue.run(
        this, [remove = m_functions.remove, adapter = *found](std::stop_token) { remove(adapter); },
        [this, adapter = *found] {
            m_removed = adapter;
            m_adapters.removeIf([&](const AdapterInfo& one) { return one.id == adapter.id && one.isImported; });
            emit adaptersChanged();
            emit removed(QString::fromStdString(adapter.id), QString::fromStdString(adapter.name));
            refresh();
        },
        [this](const UserMessage& message) { emit failed(message); });
}

void AdapterService::restore(const QString& id)
{
    if (m_removed.id != id.toStdString())
        return;
    m_queue.run(
        this, [restore = m_functions.restore, adapter = m_removed](std::stop_token) { return restore(adapter); },
        [this](const std::string& now) {
            emit restored(QString::fromStdString(now));
            refresh();
        },
        [this](const UserMessage& message) { emit failed(message); });
}

QString adapterText(const QString& name, double strength)
{
    if (name.isEmpty() || qFuzzyCompare(strength, 1.0))
        return name;
    return QStringLiteral("%1 × %2").arg(name, QLocale().toString(strength, 'g', 3));
}

} // namespace sy::app
