// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace sy::documents {

/// The unit that is embedded, searched and cited.
///
/// [start, end) are code points: start counts in the text of page `page`, end in that of `endPage`. text is exactly that
/// span (spanText gives it again); where it runs over a page break the two parts are joined with one \n. endPage is page or
/// page + 1: only a sentence that goes on over the break takes a chunk onto the next page, and the part on the next page
/// is also in the next chunk, so every character belongs to some chunk that begins on its own page.
struct Chunk {
    int page = 1;
    int endPage = 1;
    int64_t start = 0;
    int64_t end = 0;
    int64_t pageBreak = -1;               // code points into text where endPage begins; -1 on a single page
    int64_t nOverlap = 0;                 // leading code points that repeat the end of the chunk before
    std::vector<std::string> headingPath; // outermost first; a Markdown document's own title may be the first
    std::string header;                   // "title › section › subsection", for the embedder and the lexical index only
    std::string text;
};

struct ChunkOptions {
    int targetTokens = 300; // of text alone; a chunk is closed when the next piece would take it past this
    int limitTokens = 512;  // of prefix + header + text, counted together; never exceeded
    std::string prefix;     // what the embedder puts in front of a passage ("passage: ")
    bool hasOverlap = true; // repeat the last sentence of a chunk in the next one of the same section

    /// How many tokens the embedder makes of a text, special tokens included. Called on whole prefix + header + text
    /// only where an estimate says that it is close, so it may be slow (a tokenizer).
    std::function<int(std::string_view)> countTokens;
};

/// "title › section › subsection", each part cut to maxPoints code points; of deep paths the outermost and the three
/// innermost.
std::string contextHeader(std::string_view title, const std::vector<std::string>& headingPath, size_t maxPoints = 80);

/// What the embedder reads for a chunk: prefix + header + "\n" + text.
std::string embeddingText(const ChunkOptions& options, const Chunk& chunk);

/// Cuts a document into chunks, in order. They cover every non-space character, never cross a heading of level 1 or 2, and
/// keep table rows, list items and code blocks whole where they fit. A chunk of headings alone occurs only where the
/// section is empty or goes on on the next page. Headers that would take more than a third of limitTokens are shortened.
/// Throws Cancelled when stop is requested, std::invalid_argument without countTokens or when limitTokens is
/// too small for the prefix and 16 more tokens.
std::vector<Chunk> chunkDocument(const Document& document, const ChunkOptions& options, std::stop_token stop = {});

/// The text of a chunk, cut again from the document. For citations made later from stored numbers.
std::string spanText(const Document& document, int page, int64_t start, int endPage, int64_t end);

/// A sentence in a text: [start, end) in bytes, without surrounding white space. Knows 。！？； and . ! ? before a space,
/// common abbreviations, initials, decimals; a line break with an empty line ends a sentence too.
struct SentenceSpan {
    size_t start = 0;
    size_t end = 0;
};
std::vector<SentenceSpan> splitSentences(std::string_view text);

} // namespace sy::documents
