// SPDX-License-Identifier: GPL-3.0-or-later
// What must hold of any cutting of any document; shared by the test and the fuzz target.
#pragma once

#include "engine/core/utf8.h"
#include "engine/documents/chunker.h"
#include "engine/documents/normalize.h"

#include <map>
#include <string>
#include <vector>

namespace sy::test {

/// A tokenizer of the usual behaviour: two special tokens, a piece for five letters of a word, one for a Chinese character.
inline int countPieces(std::string_view text)
{
    int n = 2;
    int letters = 0;
    for (size_t at = 0; at < text.size();) {
        const CodePoint point = decodeUtf8(text, at);
        at += static_cast<size_t>(point.nBytes);
        if (documents::isSpace(point.value) || point.value >= 0x2e80) {
            n += (letters + 4) / 5 + (point.value >= 0x2e80);
            letters = 0;
        } else {
            ++letters;
        }
    }
    return n + (letters + 4) / 5;
}

/// Empty when all properties hold, else what does not.
inline std::string brokenProperty(const documents::Document& document, const documents::ChunkOptions& options,
                                  const std::vector<documents::Chunk>& chunks)
{
    using namespace documents;
    std::map<int, std::u32string> pages;
    std::map<int, std::vector<bool>> isCovered;
    for (const Page& page : document.pages) {
        pages[page.number] = toUtf32(page.text);
        isCovered[page.number].resize(pages[page.number].size());
    }
    int lastPage = 0;
    int64_t lastStart = -1, lastEnd = -1;
    for (const Chunk& chunk : chunks) {
        const std::string where = "chunk at page " + std::to_string(chunk.page) + ", " + std::to_string(chunk.start) + ": ";
        if (!pages.contains(chunk.page) || (chunk.endPage != chunk.page && chunk.endPage != chunk.page + 1))
            return where + "no such page";
        if (chunk.text.empty())
            return where + "empty";
        if (spanText(document, chunk.page, chunk.start, chunk.endPage, chunk.end) != chunk.text)
            return where + "its span is another text";
        if (!isValidUtf8(chunk.text) || !isValidUtf8(chunk.header))
            return where + "not UTF-8";
        if (chunk.page < lastPage || (chunk.page == lastPage && chunk.start <= lastStart))
            return where + "not in order";
        if (chunk.page == lastPage && chunk.start + chunk.nOverlap < lastEnd)
            return where + "overlaps more than it says";
        if (options.countTokens(embeddingText(options, chunk)) > options.limitTokens)
            return where + "more tokens than the limit";
        const std::u32string text = toUtf32(chunk.text);
        if (isSpace(text.front()) || isSpace(text.back()))
            return where + "white space around it";
        for (int page = chunk.page; page <= chunk.endPage; ++page) {
            const auto from = static_cast<size_t>(page == chunk.page ? chunk.start : 0);
            const size_t to = page == chunk.endPage ? static_cast<size_t>(chunk.end) : pages[page].size();
            // What a chunk borrows from the next page does not count: that page's own chunks must have it.
            for (size_t i = from; i < to && page == chunk.page; ++i)
                isCovered[page][i] = true;
        }
        lastPage = chunk.page;
        lastStart = chunk.start;
        lastEnd = chunk.endPage == chunk.page ? chunk.end : static_cast<int64_t>(pages[chunk.page].size());
    }
    for (const auto& [number, text] : pages)
        for (size_t i = 0; i < text.size(); ++i)
            if (!isSpace(text[i]) && !isCovered[number][i])
                return "page " + std::to_string(number) + ", character " + std::to_string(i) + " is in no chunk";
    return {};
}

} // namespace sy::test
