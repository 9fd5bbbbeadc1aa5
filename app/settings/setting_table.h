// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QVariant>
#include <span>

namespace sy::app {

/// A setting: what it is called in the file, what it may be and what it is when nobody chose.
struct SettingRow {
    const char* key;
    QMetaType::Type type;
    QVariant standard;
    double least = 0;
    double most = 0; // equal to least: no range
};

std::span<const SettingRow> settingTable();
const SettingRow* findSetting(const QString& key);

namespace setting {
inline constexpr auto kLanguage = "interface/language";
inline constexpr auto kTheme = "interface/theme";
inline constexpr auto kTextPercent = "interface/textPercent";
inline constexpr auto kChatPoints = "chat/textPoints";
inline constexpr auto kSendOnEnter = "chat/sendOnEnter";
inline constexpr auto kThreads = "engine/threads";
inline constexpr auto kContextLength = "engine/contextLength";
inline constexpr auto kDrafts = "engine/drafts";
inline constexpr auto kLastModel = "engine/lastModel";
inline constexpr auto kLoadingModel = "engine/loadingModel";
inline constexpr auto kLastCollection = "chat/lastCollection";
inline constexpr auto kSystemPrompt = "chat/systemPrompt";
inline constexpr auto kTemperature = "sampling/temperature";
inline constexpr auto kTopK = "sampling/topK";
inline constexpr auto kTopP = "sampling/topP";
inline constexpr auto kMinP = "sampling/minP";
inline constexpr auto kRepeatPenalty = "sampling/repeatPenalty";
inline constexpr auto kPresencePenalty = "sampling/presencePenalty";
inline constexpr auto kFrequencyPenalty = "sampling/frequencyPenalty";
inline constexpr auto kMaxTokens = "sampling/maxTokens";
inline constexpr auto kSeed = "sampling/seed";
inline constexpr auto kPassages = "retrieval/passages";
inline constexpr auto kTrainingQueue = "training/queue";
inline constexpr auto kPage = "window/page";
inline constexpr auto kGeometry = "window/geometry";
inline constexpr auto kChatListShown = "window/chatListShown";
inline constexpr auto kLastChat = "window/lastChat";
inline constexpr auto kSamplesOffered = "window/samplesOffered";
} // namespace setting

} // namespace sy::app
