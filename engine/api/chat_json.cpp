// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/chat_json.h"

#include <nlohmann/json.hpp>

namespace sy::api {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(Citation, marker, document, title, page, endPage, start, end, text, quoteFound, score, isCited)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(SentenceSupport, start, end, markers, isClaim)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE_WITH_DEFAULT(MessageTimings, promptTokens, cachedTokens, generatedTokens, draftedTokens,
                                                trueDrafts, timeToFirstTokenMs, prefillTokensPerSecond, decodeTokensPerSecond, retrievalMs, finish, model, seed,
                                                adapter, adapterStrength)

namespace {

// A passage may hold bytes that are not UTF-8 only if a reader failed its promise; replacing them beats losing the message.
std::string dumped(const nlohmann::json& json)
{
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

template <typename T>
T parsed(const std::string& text)
{
    if (text.empty())
        return {};
    try {
        return nlohmann::json::parse(text).get<T>();
    } catch (const nlohmann::json::exception&) {
        return {};
    }
}

} // namespace

std::string toJson(const std::vector<Citation>& citations)
{
    return citations.empty() ? std::string() : dumped(citations);
}

std::string toJson(const std::vector<SentenceSupport>& support)
{
    return support.empty() ? std::string() : dumped(support);
}

std::string toJson(const std::optional<MessageTimings>& timings)
{
    return timings ? dumped(*timings) : std::string();
}

std::vector<Citation> citationsFromJson(const std::string& text)
{
    return parsed<std::vector<Citation>>(text);
}

std::vector<SentenceSupport> supportFromJson(const std::string& text)
{
    return parsed<std::vector<SentenceSupport>>(text);
}

std::optional<MessageTimings> timingsFromJson(const std::string& text)
{
    if (text.empty())
        return std::nullopt;
    return parsed<MessageTimings>(text);
}

} // namespace sy::api
