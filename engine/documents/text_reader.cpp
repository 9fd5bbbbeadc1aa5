// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/text_reader.h"

#include "engine/core/utf8.h"
#include "engine/documents/charset.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <fstream>

namespace sy::documents {
namespace {

// Reads at most the limit: what lies beyond would not be shown anyway.
std::string readBytes(const std::string& path, int64_t maxBytes)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    std::string bytes;
    if (!file)
        return bytes;
    const auto size = static_cast<int64_t>(file.tellg());
    bytes.resize(static_cast<size_t>(std::clamp<int64_t>(size, 0, maxBytes)));
    file.seekg(0);
    file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<size_t>(std::max<std::streamsize>(file.gcount(), 0)));
    return bytes;
}

std::string firstMarkdownHeading(std::string_view text)
{
    for (size_t at = 0, nLines = 0; at < text.size() && nLines < 60; ++nLines) {
        const size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (line.starts_with("# ")) {
            line.remove_prefix(2);
            while (!line.empty() && (line.back() == '#' || line.back() == ' '))
                line.remove_suffix(1);
            return std::string(line.substr(0, 200));
        }
        if (line.starts_with("title:")) { // front matter
            line.remove_prefix(6);
            while (!line.empty() && (line.front() == ' ' || line.front() == '"' || line.front() == '\''))
                line.remove_prefix(1);
            while (!line.empty() && (line.back() == ' ' || line.back() == '"' || line.back() == '\''))
                line.remove_suffix(1);
            if (!line.empty())
                return std::string(line.substr(0, 200));
        }
        at = end + 1;
    }
    return {};
}

Document readText(const std::string& path, Markup markup, const ReadLimits& limits)
{
    Document document;
    document.markup = markup;
    const int64_t maxBytes = std::min(limits.maxFileBytes, limits.maxTextBytes);
    const std::string bytes = readBytes(path, maxBytes + 1);
    const bool isCut = static_cast<int64_t>(bytes.size()) > maxBytes;
    const std::string_view view = std::string_view(bytes).substr(0, static_cast<size_t>(maxBytes));

    const CharsetGuess guess = guessCharset(view);
    if (guess.charset.empty()) {
        document.outcome = Outcome::Error;
        document.message = "This is not a text file: " + guess.problem + ".";
        return document;
    }
    document.charset = guess.charset;
    Page page;
    int64_t nReplaced = guess.nBadBytes;
    const std::string_view body = view.substr(static_cast<size_t>(guess.bomBytes));
    if (guess.charset == "UTF-8") {
        page.text = guess.nBadBytes == 0 ? normalized(body) : normalized(sanitizedUtf8(body));
    } else {
        const Decoded decoded = decodeText(body, guess.charset);
        nReplaced = decoded.nReplaced;
        page.text = normalized(decoded.utf8);
    }
    if (static_cast<int64_t>(page.text.size()) > limits.maxTextBytes) { // two bytes of GB18030 are three of UTF-8
        page.text.resize(static_cast<size_t>(limits.maxTextBytes));
        page.text.resize(page.text.size() - incompleteUtf8Tail(page.text));
    }
    if (markup == Markup::Markdown)
        document.title = firstMarkdownHeading(page.text);

    if (std::all_of(page.text.begin(), page.text.end(), [](char c) { return c == ' ' || c == '\n' || c == '\t'; })) {
        document.outcome = Outcome::Error;
        document.message = "The file is empty.";
        return document;
    }
    document.outcome = Outcome::Ok;
    if (isCut) {
        document.outcome = Outcome::Partial;
        document.message = "The file is too long: only its first " + std::to_string(maxBytes / 1'000'000) + " MB were read.";
    } else if (nReplaced > 0) {
        document.outcome = Outcome::Partial;
        document.message = "The file is damaged in " + std::to_string(nReplaced) + (nReplaced == 1 ? " place" : " places") +
                           ", where its bytes are no " + guess.charset + " text; the rest was read.";
    }
    document.pages.push_back(std::move(page));
    return document;
}

} // namespace

Document readPlainText(const std::string& path, const std::string&, const ReadLimits& limits)
{
    return readText(path, Markup::Plain, limits);
}

Document readMarkdown(const std::string& path, const std::string&, const ReadLimits& limits)
{
    return readText(path, Markup::Markdown, limits);
}

Document readTable(const std::string& path, const std::string&, const ReadLimits& limits)
{
    return readText(path, Markup::Table, limits);
}

} // namespace sy::documents
