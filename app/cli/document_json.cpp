// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/document_json.h"

namespace sy::app {

nlohmann::ordered_json toJson(const api::SearchResult& result)
{
    return {{"document", result.document},       {"title", result.title},
            {"section", result.section},         {"page", result.page},
            {"endPage", result.endPage},         {"start", result.start},
            {"end", result.end},                 {"score", result.score},
            {"lexicalRank", result.lexicalRank}, {"denseRank", result.denseRank},
            {"text", result.text}};
}

nlohmann::ordered_json toJson(const api::Citation& citation)
{
    return {{"marker", citation.marker}, {"document", citation.document}, {"title", citation.title},
            {"page", citation.page},     {"endPage", citation.endPage},   {"start", citation.start},
            {"end", citation.end},       {"text", citation.text},         {"quoteFound", citation.quoteFound},
            {"score", citation.score}};
}

std::string placeText(const std::string& document, int page)
{
    return page > 0 ? document + ", page " + std::to_string(page) : document;
}

} // namespace sy::app
