// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/services/chat_settings.h"

#include "app/settings/settings.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <algorithm>

namespace sy::app {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(Sampling)
public:
    static QString temperature() { return tr("Temperature"); }
    static QString temperatureHelp() { return tr("How freely words are chosen. 0 always takes the likeliest; higher values vary more."); }
    static QString topK() { return tr("Top-k"); }
    static QString topKHelp() { return tr("Only the k likeliest tokens are considered. 0 turns this off."); }
    static QString topP() { return tr("Top-p"); }
    static QString topPHelp() { return tr("Only the likeliest tokens that together reach this share are considered. 1 turns this off."); }
    static QString minP() { return tr("Min-p"); }
    static QString minPHelp() { return tr("Leaves out tokens less likely than this share of the likeliest one. 0 turns this off."); }
    static QString repeat() { return tr("Repetition penalty"); }
    static QString repeatHelp() { return tr("Makes tokens that just appeared less likely. 1 turns this off."); }
    static QString presence() { return tr("Presence penalty"); }
    static QString presenceHelp() { return tr("Lowers tokens that appeared at all. 0 turns this off."); }
    static QString frequency() { return tr("Frequency penalty"); }
    static QString frequencyHelp() { return tr("Lowers tokens by how often they appeared. 0 turns this off."); }
    static QString maxTokens() { return tr("Longest answer"); }
    static QString maxTokensHelp() { return tr("Tokens after which an answer ends. 0 leaves it to the model and its context."); }
    static QString seed() { return tr("Seed"); }
    static QString seedHelp() { return tr("The same seed gives the same answer. −1 draws a new one each time."); }
    static QString passages() { return tr("Passages retrieved"); }
    static QString passagesHelp() { return tr("How many passages are looked up in the documents for each question."); }
};

constexpr auto kLeaf = QLatin1String("branch");
constexpr auto kAdapter = QLatin1String("adapter"), kStrength = QLatin1String("adapterStrength");

} // namespace

std::span<const SamplingRow> samplingTable()
{
    static const SamplingRow kRows[] = {
        {setting::kTemperature, Words::temperature, Words::temperatureHelp, 0.1, 2},
        {setting::kTopP, Words::topP, Words::topPHelp, 0.05, 2},
        {setting::kTopK, Words::topK, Words::topKHelp, 1, 0},
        {setting::kMinP, Words::minP, Words::minPHelp, 0.01, 2},
        {setting::kRepeatPenalty, Words::repeat, Words::repeatHelp, 0.05, 2},
        {setting::kPresencePenalty, Words::presence, Words::presenceHelp, 0.1, 2},
        {setting::kFrequencyPenalty, Words::frequency, Words::frequencyHelp, 0.1, 2},
        {setting::kMaxTokens, Words::maxTokens, Words::maxTokensHelp, 128, 0},
        {setting::kSeed, Words::seed, Words::seedHelp, 1, 0},
        {setting::kPassages, Words::passages, Words::passagesHelp, 1, 0},
    };
    return kRows;
}

ChatSettings ChatSettings::fromJson(const std::string& json)
{
    ChatSettings settings;
    settings.m_values = QJsonDocument::fromJson(QByteArray::fromStdString(json)).object();
    settings.m_leaf = settings.m_values.take(kLeaf).toInteger();
    settings.m_adapter.id = settings.m_values.take(kAdapter).toString();
    settings.m_adapter.strength = std::clamp(settings.m_values.take(kStrength).toDouble(1), 0.0, 2.0);
    return settings;
}

std::string ChatSettings::toJson() const
{
    QJsonObject all = m_values;
    if (m_leaf != 0)
        all.insert(kLeaf, m_leaf);
    if (!m_adapter.id.isEmpty()) {
        all.insert(kAdapter, m_adapter.id);
        all.insert(kStrength, m_adapter.strength);
    }
    return all.isEmpty() ? std::string() : QJsonDocument(all).toJson(QJsonDocument::Compact).toStdString();
}

QVariant ChatSettings::value(const char* key, const Settings& defaults) const
{
    const SettingRow* row = findSetting(QLatin1String(key));
    QVariant own = m_values.value(QLatin1String(key)).toVariant();
    if (!own.isValid() || !row || !own.convert(QMetaType(row->type)))
        return defaults.value(key);
    if (row->least < row->most && (own.toDouble() < row->least || own.toDouble() > row->most))
        return defaults.value(key);
    return own;
}

api::Sampling ChatSettings::sampling(const Settings& defaults) const
{
    api::Sampling s;
    s.temperature = value(setting::kTemperature, defaults).toDouble();
    s.topK = value(setting::kTopK, defaults).toInt();
    s.topP = value(setting::kTopP, defaults).toDouble();
    s.minP = value(setting::kMinP, defaults).toDouble();
    s.repeatPenalty = value(setting::kRepeatPenalty, defaults).toDouble();
    s.presencePenalty = value(setting::kPresencePenalty, defaults).toDouble();
    s.frequencyPenalty = value(setting::kFrequencyPenalty, defaults).toDouble();
    if (const qint64 seed = value(setting::kSeed, defaults).toLongLong(); seed >= 0)
        s.seed = uint64_t(seed);
    return s;
}

int64_t ChatSettings::maxTokens(const Settings& defaults) const
{
    return value(setting::kMaxTokens, defaults).toLongLong();
}

QString ChatSettings::systemPrompt(const Settings& defaults) const
{
    return value(setting::kSystemPrompt, defaults).toString();
}

int ChatSettings::passages(const Settings& defaults) const
{
    return value(setting::kPassages, defaults).toInt();
}

} // namespace sy::app
