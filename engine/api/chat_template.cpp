// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/loaded_model.h"
#include "engine/api/model_text.h"
#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/formats/model_file.h"
#include "engine/tokenizer/chat_prompt.h"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace sy::api {

namespace {

using nlohmann::ordered_json;

/// For models made for it whose file lacks a template.
constexpr std::string_view kChatMl = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
                                     "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

ordered_json messagesJson(const std::vector<ChatMessage>& messages)
{
    ordered_json list = ordered_json::array();
    for (const ChatMessage& message : messages)
        list.push_back({{"role", message.role}, {"content", sanitizedUtf8(message.content)}});
    return list;
}

/// Some models know no system role and say so. What it says then goes in front of the first question.
std::vector<ChatMessage> withoutSystemRole(std::vector<ChatMessage> messages)
{
    if (messages.size() > 1 && messages[0].role == "system" && messages[1].role == "user") {
        messages[1].content = messages[0].content + "\n\n" + messages[1].content;
        messages.erase(messages.begin());
    }
    return messages;
}

std::chrono::local_seconds parseTime(const std::string& text)
{
    int year = 0, hour = 0, minute = 0, second = 0, end = 0;
    unsigned month = 0, day = 0;
    const int n = std::sscanf(text.c_str(), "%d-%u-%uT%d:%d%n:%d%n", &year, &month, &day, &hour, &minute, &end, &second, &end);
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
    if (n < 5 || size_t(end) != text.size() || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
        second > 59)
        throw std::invalid_argument("\"" + text + "\" is no time such as 2026-01-15T09:30");
    return std::chrono::local_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

} // namespace

StoredTemplate templateOf(std::string source, const tokenizer::Tokenizer& tokenizer)
{
    const auto text = [&](int32_t id) { return id < 0 ? std::string() : std::string(tokenizer.tokenBytes(id)); };
    return {std::move(source), text(tokenizer.bos()), text(tokenizer.eos())};
}

StoredTemplate storedTemplate(const std::filesystem::path& model)
{
    ModelText text = readModelText(*formats::openModelFile(model));
    if (!text.vocabulary)
        return {std::move(text.chatTemplate), {}, {}};
    return templateOf(std::move(text.chatTemplate), tokenizer::Tokenizer(std::move(*text.vocabulary)));
}

std::string renderTemplate(const std::string& source, const std::string& contextJson, const std::string& bos, const std::string& eos,
                           const std::string& now)
{
    ordered_json context;
    try {
        context = ordered_json::parse(contextJson);
    } catch (const ordered_json::parse_error& error) {
        throw BadFile("messages", std::string("not JSON: ") + error.what(), int64_t(error.byte));
    }
    if (!context.is_object())
        throw BadFile("messages", "not a JSON object with \"messages\"");
    tokenizer::TemplateOptions options;
    options.bos = bos;
    options.eos = eos;
    if (!now.empty())
        options.now = parseTime(now);
    try {
        return tokenizer::ChatTemplate::parse(source).render(context, options);
    } catch (const tokenizer::TemplateError& error) {
        throw Error(error.message);
    }
}

ChatFormat::ChatFormat(const StoredTemplate& stored, const std::string& source, const tokenizer::Tokenizer& tokenizer)
{
    std::string_view text = stored.source;
    if (text.empty() && tokenizer.find("<|im_start|>") >= 0 && tokenizer.find("<|im_end|>") >= 0)
        text = kChatMl;
    if (text.empty()) {
        m_problem = "its file has no chat template";
        return;
    }
    try {
        m_template.emplace(tokenizer::ChatTemplate::parse(text, source));
    } catch (const BadFile& error) { // such a model can still continue a raw prompt
        m_problem = "its chat template is broken: " + error.problem;
    }
}

std::vector<int32_t> ChatFormat::encode(const tokenizer::Tokenizer& tokenizer, const std::vector<ChatMessage>& messages) const
{
    if (!m_template)
        throw Unsupported("a chat with this model", m_problem);
    try {
        return tokenizer::encodeChat(tokenizer, *m_template, messagesJson(messages)).ids;
    } catch (const tokenizer::TemplateError& error) {
        const auto merged = withoutSystemRole(messages);
        if (!error.wasRaised || merged.size() == messages.size())
            throw;
        return tokenizer::encodeChat(tokenizer, *m_template, messagesJson(merged)).ids;
    }
}

std::vector<int32_t> LoadedModel::State::encodeMessages(const std::vector<ChatMessage>& messages) const
{
    if (!chatFormat)
        throw std::invalid_argument(facts.name + " is an embedding model: it makes vectors, not text");
    const tokenizer::Tokenizer& vocabulary = requireTokenizer(); // throws for a model that has none, before the format is touched
    return chatFormat->encode(vocabulary, messages);
}

} // namespace sy::api
