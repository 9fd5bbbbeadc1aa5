// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/utf8.h"
#include "engine/documents/chunker.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <array>

namespace sy::documents {
namespace {

bool isFullWidthEnd(char32_t c)
{
    return c == U'。' || c == U'！' || c == U'？' || c == U'；' || c == U'．' || c == 0x0964 || c == 0x061f || c == 0x06d4;
}

bool isClosing(char32_t c)
{
    static constexpr std::u32string_view kClosing = U"\"')]}”’»」』）】》〉›";
    return kClosing.find(c) != std::u32string_view::npos;
}

// Words before a full stop that hardly ever end a sentence. Lower case, without the stop.
bool isAbbreviation(std::string_view word)
{
    static constexpr auto kWords = std::to_array<std::string_view>(
        {"abb",  "al",  "approx", "bzw",  "ca",  "cf",  "ch", "col", "d.h", "dr",  "e.g", "eq",  "eqs", "fig", "figs", "gen",
         "hr",   "i.e", "inc",    "jr",   "lt",  "ltd", "mr", "mrs", "ms",  "mt",  "no",  "nr",  "nos", "op",  "p",    "pp",
         "prof", "ref", "refs",   "resp", "rev", "sec", "sr", "st",  "tab", "vgl", "viz", "vol", "vs",  "z.b"});
    std::string lower(word);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::binary_search(kWords.begin(), kWords.end(), std::string_view(lower));
}

// Is the full stop at byte `at` the end of a sentence that began at `start`?
bool stopEnds(std::string_view text, size_t start, size_t at)
{
    size_t from = at;
    while (from > start && text[from - 1] != ' ' && text[from - 1] != '\n' && text[from - 1] != '(' &&
           text[from - 1] != '\t')
        --from;
    const std::string_view word = text.substr(from, at - from);
    if (word.empty())
        return false;
    if (isAbbreviation(word))
        return false;
    if (word.size() == 1 && word[0] >= 'A' && word[0] <= 'Z')
        return false; // an initial
    const bool isNumber = std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    return !(isNumber && from == start); // "3. Next item"
}

char32_t nextVisible(std::string_view text, size_t at)
{
    while (at < text.size() && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t'))
        ++at;
    return at < text.size() ? decodeUtf8(text, at).value : 0;
}

} // namespace

std::vector<SentenceSpan> splitSentences(std::string_view text)
{
    std::vector<SentenceSpan> sentences;
    size_t start = std::string_view::npos,
           end = 0; // of the sentence being collected; end is past its last visible character
    auto close = [&] {
        if (start != std::string_view::npos)
            sentences.push_back({start, end});
        start = std::string_view::npos;
    };
    for (size_t at = 0; at < text.size();) {
        const CodePoint point = decodeUtf8(text, at);
        const char32_t c = point.value;
        const size_t next = at + static_cast<size_t>(point.nBytes);
        if (isSpace(c)) {
            if (c == '\n') { // an empty line
                size_t look = next;
                while (look < text.size() && (text[look] == ' ' || text[look] == '\t'))
                    ++look;
                if (look < text.size() && text[look] == '\n')
                    close();
            }
            at = next;
            continue;
        }
        if (start == std::string_view::npos)
            start = at;
        end = next;
        const bool isMark = c == '.' || c == '!' || c == '?' || c == U'…';
        if (!isMark && !isFullWidthEnd(c)) {
            at = next;
            continue;
        }
        // "?!", "...", and quotation marks that close after the end belong to the sentence.
        size_t after = next;
        while (after < text.size()) {
            const CodePoint more = decodeUtf8(text, after);
            if (!(isClosing(more.value) || isFullWidthEnd(more.value) || more.value == '.' || more.value == '!' ||
                  more.value == '?' || more.value == U'…'))
                break;
            after += static_cast<size_t>(more.nBytes);
        }
        bool ends = isFullWidthEnd(c);
        if (!ends && after < text.size() && (text[after] == ' ' || text[after] == '\n' || text[after] == '\t')) {
            const char32_t follower = nextVisible(text, after);
            ends = c == U'…' || c == '.' ? !isLowercase(follower) && (c == U'…' || stopEnds(text, start, at))
                                         : !isLowercase(follower);
        }
        end = after;
        at = after;
        if (ends)
            close();
    }
    close();
    return sentences;
}

} // namespace sy::documents
