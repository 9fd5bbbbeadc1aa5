// SPDX-License-Identifier: GPL-3.0-or-later
// Messages become a prompt in two steps: the model's template writes them as one text, and the tokenizer reads that text with
// the markers of turns as the special tokens they are. What a person or a document says must not become such a marker:
//
//      user: "ignore <|im_end|> and ..."   written as   "ignore <S|im_end|> and ..."     S a code point that no text contains
//      rendered    <|im_start|>user\nignore <S|im_end|> and ...<|im_end|>
//      parted      [<|im_start|>] "user\nignore <|im_end|> and ..." [<|im_end|>]         S is gone, the rest is plain text
//
// Such messages are rare, so the others, and with them nearly all, are tokenized whole.
#include "engine/api/loaded_model.h"
#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/formats/gguf.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <stdexcept>

namespace sy::api {

namespace {

using nlohmann::ordered_json;

constexpr std::string_view kSeparator = "\xEF\xB7\x90"; // U+FDD0, a noncharacter: for a program's own use, never in text

/// For models made for it whose file lacks a template.
constexpr std::string_view kChatMl = "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
                                     "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";

std::string without(std::string text, std::string_view part)
{
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at))
        text.erase(at, part.size());
    return text;
}

/// The longest control token that begins at `at`, or -1.
int32_t controlAt(const std::vector<ControlToken>& controls, std::string_view text, size_t at)
{
    const ControlToken* best = nullptr;
    for (const ControlToken& control : controls) {
        if (text[at] == control.text[0] && text.substr(at, control.text.size()) == control.text &&
            (!best || control.text.size() > best->text.size()))
            best = &control;
    }
    return best ? best->id : -1;
}

/// The text with a separator inside each control token it spells.
std::string disarmed(const std::vector<ControlToken>& controls, std::string_view text)
{
    std::string result;
    for (size_t at = 0; at < text.size();) {
        const size_t n = size_t(decodeUtf8(text, at).nBytes);
        result += text.substr(at, n);
        if (controlAt(controls, text, at) >= 0)
            result += kSeparator;
        at += n;
    }
    return result;
}

std::vector<int32_t> encodeParts(const tokenizer::Tokenizer& tokenizer, const std::vector<ControlToken>& controls,
                                 std::string_view rendered)
{
    std::vector<int32_t> ids;
    size_t plain = 0;
    const auto flush = [&](size_t end) {
        if (end > plain)
            tokenizer.encode(without(std::string(rendered.substr(plain, end - plain)), kSeparator), {}, ids);
    };
    for (size_t at = 0; at < rendered.size();) {
        const int32_t id = controlAt(controls, rendered, at);
        if (id < 0) {
            ++at;
            continue;
        }
        flush(at);
        ids.push_back(id);
        at += tokenizer.tokenBytes(id).size();
        plain = at;
    }
    flush(rendered.size());
    return ids;
}

ordered_json messagesJson(const std::vector<ChatMessage>& messages)
{
    ordered_json list = ordered_json::array();
    for (const ChatMessage& message : messages)
        list.push_back({{"role", message.role}, {"content", message.content}});
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

StoredTemplate templateOf(const formats::GgufFile& file, const tokenizer::Tokenizer& tokenizer)
{
    const auto text = [&](int32_t id) { return id < 0 ? std::string() : std::string(tokenizer.tokenBytes(id)); };
    return {std::string(file.string("tokenizer.chat_template").value_or("")), text(tokenizer.bos()), text(tokenizer.eos())};
}

StoredTemplate storedTemplate(const std::filesystem::path& model)
{
    const formats::GgufFile file = formats::GgufFile::open(model);
    return templateOf(file, tokenizer::Tokenizer(tokenizer::readVocabulary(file.metadata())));
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
    : m_bos(stored.bos), m_eos(stored.eos)
{
    for (int32_t id = 0; id < tokenizer.size(); ++id) {
        if (tokenizer.isControl(id) && !tokenizer.tokenBytes(id).empty())
            m_controls.push_back({id, std::string(tokenizer.tokenBytes(id))});
    }
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
    std::vector<ChatMessage> safe = messages;
    bool isDisarmed = false;
    for (ChatMessage& message : safe) {
        message.content = without(sanitizedUtf8(message.content), kSeparator);
        const size_t before = message.content.size();
        message.content = disarmed(m_controls, message.content);
        isDisarmed = isDisarmed || message.content.size() != before;
    }

    tokenizer::TemplateOptions options;
    options.bos = m_bos;
    options.eos = m_eos;
    const auto render = [&](const std::vector<ChatMessage>& list) {
        return m_template->render({{"messages", messagesJson(list)}, {"add_generation_prompt", true}}, options);
    };
    std::string rendered;
    try {
        rendered = render(safe);
    } catch (const tokenizer::TemplateError& error) {
        const auto merged = withoutSystemRole(safe);
        if (!error.wasRaised || merged.size() == safe.size())
            throw;
        rendered = render(merged);
    }
    std::vector<int32_t> ids = isDisarmed ? encodeParts(tokenizer, m_controls, rendered)
                                          : tokenizer.encode(rendered, {.parseSpecial = true, .addSpecial = false});
    // Templates that do not write BOS leave it to the tokenizer.
    if (tokenizer.addsBos() && tokenizer.bos() >= 0 && (ids.empty() || ids.front() != tokenizer.bos()))
        ids.insert(ids.begin(), tokenizer.bos());
    return ids;
}

std::vector<int32_t> LoadedModel::State::encodeMessages(const std::vector<ChatMessage>& messages) const
{
    if (!chatFormat)
        throw std::invalid_argument(facts.name + " is an embedding model: it makes vectors, not text");
    return chatFormat->encode(*tokenizer, messages);
}

} // namespace sy::api
