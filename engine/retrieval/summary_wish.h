// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sy::retrieval {

/// A request for a summary, which no passage answers: "Summarize the ferry handbook", "这份文件讲了什么？".
struct SummaryWish {
    std::string about; // what is left without the words that ask: the name of a document, or a topic; empty: "this", "all"
};

/// Empty when the text asks for something else. English and Chinese.
std::optional<SummaryWish> summaryWish(std::string_view request);

/// The same text without words that stand for any document ("report", "文件"), which need not be part of its name.
std::string withoutDocumentWords(std::string_view about);

} // namespace sy::retrieval
