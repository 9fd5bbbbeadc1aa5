// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/prepared_document.h"

#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/core/utf8.h"
#include "engine/documents/format_table.h"
#include "engine/documents/normalize.h"
#include "engine/store/terms.h"

#include <utility>

namespace sy::retrieval {

namespace {

constexpr int kDefaultWindow = 512;

DocumentStatus statusOf(documents::Outcome outcome)
{
    switch (outcome) {
    case documents::Outcome::Ok:
    case documents::Outcome::Partial:
        return DocumentStatus::indexed;
    case documents::Outcome::NoText:
        return DocumentStatus::needsOcr;
    case documents::Outcome::Password:
        return DocumentStatus::needsPassword;
    case documents::Outcome::Error:
        break;
    }
    return DocumentStatus::failed;
}

void cut(PreparedDocument& prepared, const documents::Document& document, const IngestSettings& settings, std::stop_token stop)
{
    documents::ChunkOptions options;
    options.countTokens = estimatedTokens;
    options.limitTokens = kDefaultWindow;
    if (settings.embedder) {
        options.countTokens = [embedder = settings.embedder](std::string_view text) { return embedder->countTokens(text); };
        options.limitTokens = settings.embedder->windowTokens();
        options.prefix = settings.embedder->passagePrefix();
    }
    prepared.chunks = documents::chunkDocument(document, options, std::move(stop));
    prepared.row.nChunks = int64_t(prepared.chunks.size());
    for (const documents::Chunk& chunk : prepared.chunks)
        prepared.embeddingTexts.push_back(chunk.header.empty() ? chunk.text : chunk.header + "\n" + chunk.text);
    prepared.vectors.resize(prepared.chunks.size());
}

} // namespace

int estimatedTokens(std::string_view text)
{
    // Multilingual tokenizers make a token of about four Latin letters and of one and a half Chinese characters.
    int64_t quarters = 8;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        quarters += store::isCjk(c.value) ? 3 : c.value < 0x80 ? 1 : 2;
        at += size_t(c.nBytes);
    }
    return int(quarters / 4);
}

std::string sectionName(const std::vector<std::string>& headingPath)
{
    std::string out;
    for (const std::string& heading : headingPath) {
        if (!out.empty())
            out += " › ";
        out += heading;
    }
    return out;
}

std::string lexicalHeader(const std::string& title, const std::vector<std::string>& headingPath)
{
    if (headingPath.empty() || (headingPath.size() == 1 && headingPath.front() == title))
        return title;
    // A Markdown document's title is its first heading as well.
    const bool isRepeated = headingPath.front() == title;
    const std::string section = sectionName(isRepeated ? std::vector(headingPath.begin() + 1, headingPath.end()) : headingPath);
    return title.empty() ? section : title + " › " + section;
}

PreparedDocument prepareFile(DocumentRow row, bool isForced, const IngestSettings& settings, const ReadDocument& read, std::stop_token stop)
{
    PreparedDocument prepared;
    prepared.row = std::move(row);
    DocumentRow& result = prepared.row;
    std::string hash;
    try {
        hash = sha256HexOfFile(result.path, stop);
    } catch (const StorageFailure& failure) {
        result.status = DocumentStatus::failed;
        result.message = "The file cannot be read: " + failure.detail + ". Check that it is there and that you may read it.";
        return prepared;
    }
    // The row of an indexed document keeps its hash while it is pending, also over a kill.
    const bool isSame = hash == result.sha256 && result.nChunks > 0;
    const auto keep = [&] {
        prepared.isUnchanged = true;
        result.status = DocumentStatus::indexed;
        return prepared;
    };
    if (!isForced && isSame)
        return keep();
    const auto password = settings.passwords.find(result.path);
    const documents::Document document = read(result.path, password == settings.passwords.end() ? std::string() : password->second, stop);
    // Indexed with a password once, which is not stored: reading everything anew must not lose what needs it again.
    if (isSame && document.outcome == documents::Outcome::Password)
        return keep();
    result.sha256 = hash;
    result.message.clear();
    result.status = statusOf(document.outcome);
    result.message = document.message;
    result.title = document.title;
    result.nPages = int(document.pages.size());
    result.nChunks = 0;
    if (result.status == DocumentStatus::indexed) {
        cut(prepared, document, settings, stop);
        if (prepared.chunks.empty() && result.message.empty())
            result.message = "There is no text in the file.";
    }
    return prepared;
}

PreparedDocument prepareRecord(DocumentRow row, const std::string& text, const IngestSettings& settings, std::stop_token stop)
{
    PreparedDocument prepared;
    prepared.row = std::move(row);
    documents::Document document;
    document.outcome = documents::Outcome::Ok;
    document.title = prepared.row.title;
    document.pages.emplace_back();
    document.pages.back().text = documents::normalized(sanitizedUtf8(text));
    prepared.row.status = DocumentStatus::indexed;
    prepared.row.nPages = 1;
    cut(prepared, document, settings, stop);
    return prepared;
}

} // namespace sy::retrieval
