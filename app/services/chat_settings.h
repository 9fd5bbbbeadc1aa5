// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/models.h"

#include <QJsonObject>
#include <QString>
#include <functional>
#include <span>

namespace sy::app {

class Settings;

/// One control of the sampling panel and of the defaults in the settings: the same row makes both.
struct SamplingRow {
    const char* key;         // of the setting, and of the override in a chat
    QString (*label)();
    QString (*explanation)();
    double step;
    int decimals;            // 0: whole number
};
std::span<const SamplingRow> samplingTable();

/// Which adapter a chat answers with, and how strongly.
struct AdapterChoice {
    QString id; // empty: none
    double strength = 1; // 0 to 2; 1: as trained
    bool operator==(const AdapterChoice&) const = default;
};

/// What a chat answers with: the defaults of the settings, under what this chat says differently.
class ChatSettings {
public:
    ChatSettings() = default;
    static ChatSettings fromJson(const std::string& json); // unknown or damaged: nothing overridden
    std::string toJson() const;

    bool isOverridden(const char* key) const { return m_values.contains(QLatin1String(key)); }
    bool hasOverrides() const { return !m_values.isEmpty(); }
    void set(const char* key, const QVariant& value) { m_values.insert(QLatin1String(key), QJsonValue::fromVariant(value)); }
    void reset(const char* key) { m_values.remove(QLatin1String(key)); }
    QVariant value(const char* key, const Settings& defaults) const;

    /// The last message of the branch that was chosen; 0: none was, the newest is shown.
    qint64 leaf() const { return m_leaf; }
    void setLeaf(qint64 messageId) { m_leaf = messageId; }

    const AdapterChoice& adapter() const { return m_adapter; }
    void setAdapter(const AdapterChoice& choice) { m_adapter = choice; }

    api::Sampling sampling(const Settings& defaults) const;
    int64_t maxTokens(const Settings& defaults) const;
    QString systemPrompt(const Settings& defaults) const;
    int passages(const Settings& defaults) const;

private:
    QJsonObject m_values;
    qint64 m_leaf = 0;
    AdapterChoice m_adapter;
};

} // namespace sy::app
