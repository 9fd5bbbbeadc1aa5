// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/settings/setting_table.h"

namespace sy::app {

std::span<const SettingRow> settingTable()
{
    using namespace setting;
    static const SettingRow kRows[] = {
        {kLanguage, QMetaType::QString, QString()}, // empty: the desktop's; "en", "zh_CN"
        {kTheme, QMetaType::QString, QStringLiteral("system")},
        {kTextPercent, QMetaType::Int, 100, 75, 200},
        {kChatPoints, QMetaType::Double, 0.0, 0, 32}, // 0: follows the interface
        {kSendOnEnter, QMetaType::Bool, true},
        {kThreads, QMetaType::Int, 0, 0, 512}, // 0: one per physical core
        {kContextLength, QMetaType::Int, 0, 0, 1 << 20}, // 0: the model's, at most 8192
        {kDrafts, QMetaType::QString, QString()}, // JSON: by model, the model that guesses ahead for it
        {kLastModel, QMetaType::QString, QString()},
        {kLoadingModel, QMetaType::QString, QString()}, // set while a model loads: not loaded at start again after a crash
        {kLastCollection, QMetaType::QString, QString()},
        {kSystemPrompt, QMetaType::QString, QString()},
        {kTemperature, QMetaType::Double, 0.7, 0, 2},
        {kTopK, QMetaType::Int, 40, 0, 1000},
        {kTopP, QMetaType::Double, 0.95, 0.01, 1},
        {kMinP, QMetaType::Double, 0.05, 0, 1},
        {kRepeatPenalty, QMetaType::Double, 1.0, 0.5, 2},
        {kPresencePenalty, QMetaType::Double, 0.0, -2, 2},
        {kFrequencyPenalty, QMetaType::Double, 0.0, -2, 2},
        {kMaxTokens, QMetaType::Int, 0, 0, 1 << 20},
        {kSeed, QMetaType::LongLong, -1, -1, 9e15}, // -1: a new one for each answer
        {kPassages, QMetaType::Int, 6, 1, 20},
        {kTrainingQueue, QMetaType::QString, QString()}, // JSON: what waits to be trained
        {kPage, QMetaType::QString, QStringLiteral("chat")},
        {kGeometry, QMetaType::QByteArray, QByteArray()},
        {kChatListShown, QMetaType::Bool, true},
        {kLastChat, QMetaType::LongLong, 0},
        {kSamplesOffered, QMetaType::Bool, false},
    };
    return kRows;
}

const SettingRow* findSetting(const QString& key)
{
    for (const SettingRow& row : settingTable())
        if (key == QLatin1String(row.key))
            return &row;
    return nullptr;
}

} // namespace sy::app
