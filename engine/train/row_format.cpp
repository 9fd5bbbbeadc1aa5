// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/row_format.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace sy::train {

namespace {

using nlohmann::json;
using nlohmann::ordered_json;

struct Pair {
    const char* question;
    const char* answer;
};
constexpr Pair kPairs[] = {
    {"prompt", "completion"}, {"prompt", "response"}, {"question", "answer"}, {"query", "response"}, {"input", "output"}};

constexpr std::pair<std::string_view, const char*> kShareGptRoles[] = {
    {"human", "user"},      {"user", "user"},     {"gpt", "assistant"}, {"assistant", "assistant"}, {"chatgpt", "assistant"},
    {"model", "assistant"}, {"system", "system"}, {"tool", "tool"},     {"observation", "tool"}};

[[noreturn]] void bad(const std::string& problem)
{
    throw std::runtime_error(problem);
}

std::string textOf(const json& row, const std::string& key)
{
    const auto found = row.find(key);
    if (found == row.end() || !found->is_string())
        bad("has no text \"" + key + "\"");
    return found->get<std::string>();
}

// A text that may be absent or null.
std::string optionalText(const json& row, const char* key)
{
    const auto found = row.find(key);
    return found == row.end() || found->is_null() ? std::string() : textOf(row, key);
}

void say(ordered_json& list, const char* role, std::string content)
{
    list.push_back({{"role", role}, {"content", std::move(content)}});
}

// A message's text: one, or a list of parts of type text. Calls of tools may stand without one.
std::optional<std::string> contentOf(const json& message)
{
    const auto found = message.find("content");
    const bool isAbsent = found == message.end() || found->is_null();
    if (isAbsent)
        return message.contains("tool_calls") ? std::optional<std::string>(std::string()) : std::nullopt;
    if (found->is_string())
        return found->get<std::string>();
    if (!found->is_array())
        return {};
    std::string text;
    for (const json& part : *found) {
        if (!part.is_object() || part.value("type", "") != "text" || !part.contains("text") || !part["text"].is_string())
            return {};
        text += part["text"].get<std::string>();
    }
    return text;
}

ordered_json messagesOf(const json& row, const std::string& key)
{
    const auto found = row.find(key);
    if (found == row.end() || !found->is_array() || found->empty())
        bad("has no list \"" + key + "\"");
    ordered_json list = ordered_json::array();
    for (const json& message : *found) {
        const bool hasRole = message.is_object() && message.contains("role") && message["role"].is_string();
        const std::optional<std::string> content = hasRole ? contentOf(message) : std::nullopt;
        if (!content)
            bad("has a message without a role and a text");
        ordered_json copy(message);
        copy["content"] = *content;
        list.push_back(std::move(copy));
    }
    return list;
}

ordered_json shareGptMessages(const json& row)
{
    const auto found = row.find("conversations");
    if (found == row.end() || !found->is_array() || found->empty())
        bad("has no list \"conversations\"");
    if (found->front().is_object() && found->front().contains("role"))
        return messagesOf(row, "conversations");
    ordered_json list = ordered_json::array();
    if (const std::string system = optionalText(row, "system"); !system.empty())
        say(list, "system", system);
    for (const json& turn : *found) {
        if (!turn.is_object() || !turn.contains("from") || !turn["from"].is_string() || !turn.contains("value") ||
            !turn["value"].is_string())
            bad("has a turn without \"from\" and \"value\"");
        const auto from = turn["from"].get<std::string>();
        const auto* role =
            std::ranges::find(kShareGptRoles, std::string_view(from), &std::pair<std::string_view, const char*>::first);
        if (role == std::end(kShareGptRoles))
            bad("has a turn of the role \"" + from + "\"");
        say(list, role->second, turn["value"].get<std::string>());
    }
    return list;
}

ordered_json alpacaMessages(const json& row)
{
    ordered_json list = ordered_json::array();
    if (const std::string system = optionalText(row, "system"); row.contains("system") && !row["system"].is_null())
        say(list, "system", system);
    if (const auto history = row.find("history"); history != row.end() && history->is_array()) {
        for (const json& turn : *history) {
            if (!turn.is_array() || turn.size() != 2 || !turn[0].is_string() || !turn[1].is_string())
                bad("has a history that is no list of pairs of texts");
            say(list, "user", turn[0].get<std::string>());
            say(list, "assistant", turn[1].get<std::string>());
        }
    }
    const std::string input = optionalText(row, "input");
    say(list, "user", textOf(row, "instruction") + (input.empty() ? "" : "\n\n" + input));
    say(list, "assistant", textOf(row, "output"));
    return list;
}

// A text in a role, or a list of messages.
void append(ordered_json& list, const json& row, const std::string& key, const char* role)
{
    if (row.contains(key) && row[key].is_array()) {
        for (ordered_json& message : messagesOf(row, key))
            list.push_back(std::move(message));
    } else {
        say(list, role, textOf(row, key));
    }
}

const Pair* pairOf(const json& row)
{
    const auto* found =
        std::ranges::find_if(kPairs, [&](const Pair& p) { return row.contains(p.question) && row.contains(p.answer); });
    return found == std::end(kPairs) ? nullptr : found;
}

ordered_json pairMessages(const json& row)
{
    const Pair* pair = pairOf(row);
    ordered_json list = ordered_json::array();
    append(list, row, pair ? pair->question : "prompt", "user");
    append(list, row, pair ? pair->answer : "completion", "assistant");
    return list;
}

// Prompt and one answer; only the last turn is what is preferred or not.
ordered_json preferenceMessages(const json& row, const char* answer)
{
    ordered_json list = ordered_json::array();
    const bool hasPrompt = row.contains("prompt") && !row["prompt"].is_null();
    const bool isList = row.contains(answer) && row[answer].is_array();
    if (hasPrompt || !isList)
        append(list, row, "prompt", "user");
    append(list, row, answer, "assistant");
    if (list.back()["role"] != "assistant")
        bad("has a list \"" + std::string(answer) + "\" that does not end with the assistant");
    for (size_t i = 0; i + 1 < list.size(); ++i)
        list[i]["weight"] = 0;
    return list;
}

} // namespace

DataFormat recognizeRow(const json& row)
{
    const auto has = [&](const char* key) { return row.contains(key); };
    if (has("ids"))
        return DataFormat::tokens;
    if (has("messages"))
        return DataFormat::messages;
    if (has("conversations"))
        return DataFormat::sharegpt;
    if (has("chosen") && has("rejected"))
        return DataFormat::preference;
    if (has("instruction") && has("output"))
        return DataFormat::alpaca;
    if (pairOf(row))
        return DataFormat::promptCompletion;
    return has("text") ? DataFormat::text : DataFormat::automatic;
}

RowContent readRow(const json& row, DataFormat format)
{
    RowContent content;
    switch (format) {
    case DataFormat::messages:
        content.messages = messagesOf(row, "messages");
        break;
    case DataFormat::sharegpt:
        content.messages = shareGptMessages(row);
        break;
    case DataFormat::alpaca:
        content.messages = alpacaMessages(row);
        break;
    case DataFormat::promptCompletion:
        content.messages = pairMessages(row);
        break;
    case DataFormat::preference:
        content.messages = preferenceMessages(row, "chosen");
        content.otherMessages = preferenceMessages(row, "rejected");
        break;
    case DataFormat::text:
        content.text = textOf(row, "text");
        break;
    case DataFormat::automatic:
    case DataFormat::csv:
    case DataFormat::tokens:
        throw std::invalid_argument("readRow: a format that is no row's");
    }
    return content;
}

} // namespace sy::train
