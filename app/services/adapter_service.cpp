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

QString adapterText(const QString& name, double strength)
{
    if (name.isEmpty() || qFuzzyCompare(strength, 1.0))
        return name;
    return QStringLiteral("%1 × %2").arg(name, QLocale().toString(strength, 'g', 3));
}

} // namespace sy::app
