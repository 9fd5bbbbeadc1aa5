// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "app/services/engine_functions.h"
#include "app/services/work_queue.h"

#include <QList>
#include <QObject>

namespace sy::app {

/// The adapters that there are, for the pickers. Read on a worker; what a chat uses is in its settings.
class AdapterService : public QObject {
    Q_OBJECT
public:
    explicit AdapterService(AdapterFunctions functions, QObject* parent = nullptr);

    void refresh(); // adaptersChanged follows
    bool isListed() const { return m_isListed; }
    const QList<AdapterInfo>& adapters() const { return m_adapters; }
    /// Those that were trained on this file, and those that may have been.
    QList<AdapterInfo> adaptersOf(const std::string& modelPath) const;
    const AdapterInfo* find(const QString& id) const; // null when there is none
    /// Its name, or the id when it is no longer there.
    QString nameOf(const QString& id) const;

    void import(const QString& path); // imported() or importFailed() follows
    /// As a file, or as a folder as PEFT has it; exported() or exportFailed() follows with the id.
    void exportTo(const QString& id, const QString& path, bool isPeft);
    void rename(const QString& id, const QString& name); // of an imported one
    void remove(const QString& id);                      // likewise; removed() follows
    void restore(const QString& id);                     // of the one that was removed last; restored() follows

signals:
    void adaptersChanged();
    void imported(const QString& id, const QString& name);
    void importFailed(const QString& path, const sy::app::UserMessage& message);
    void exported(const QString& id, const QString& path);
    void exportFailed(const QString& id, const sy::app::UserMessage& message);
    void removed(const QString& id, const QString& name);
    void restored(const QString& id);
    void failed(const sy::app::UserMessage& message);

private:
    AdapterFunctions m_functions;
    QList<AdapterInfo> m_adapters;
    AdapterInfo m_removed;
    bool m_isListed = false;
    WorkQueue m_queue; // last: joined before anything it uses is gone
};

/// "support tone", or "support tone × 0.5" where the strength is not 1. Empty without an adapter.
QString adapterText(const QString& name, double strength);

} // namespace sy::app
