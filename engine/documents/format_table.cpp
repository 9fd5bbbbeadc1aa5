// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/format_table.h"

#include "engine/documents/pdf_reader.h"
#include "engine/documents/text_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sys/stat.h>

namespace sy::documents {
namespace {

constexpr Format kFormats[] = {
    {"PDF document", "application/pdf", "pdf", true, readPdf, renderPdfPage, pdfBoxesOfSpan},
    {"Markdown text", "text/markdown", "md markdown mdown mkd", false, readMarkdown, nullptr, nullptr},
    {"Table of values", "text/csv", "csv tsv", false, readTable, nullptr, nullptr},
    {"Plain text", "text/plain", "txt text log rst asc org adoc tex", false, readPlainText, nullptr, nullptr},
};

std::string_view fileNameOf(std::string_view path)
{
    return path.substr(path.rfind('/') + 1); // npos + 1 is 0
}

std::string extensionOf(std::string_view path)
{
    const std::string_view name = fileNameOf(path);
    const size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0)
        return {};
    std::string extension(name.substr(dot + 1));
    std::transform(extension.begin(), extension.end(), extension.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return extension;
}

bool hasExtension(const Format& format, std::string_view extension)
{
    std::string_view rest = format.extensions;
    while (!rest.empty()) {
        const size_t end = std::min(rest.find(' '), rest.size());
        if (rest.substr(0, end) == extension)
            return true;
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return false;
}

// Exactly at the start: a text may well mention the signature.
bool startsLikePdf(const std::string& path)
{
    std::ifstream file(path, std::ios::binary);
    char start[5] = {};
    file.read(start, sizeof start);
    return std::string_view(start, static_cast<size_t>(file.gcount())) == "%PDF-";
}

Document failed(const std::string& message)
{
    Document document;
    document.outcome = Outcome::Error;
    document.message = message;
    return document;
}

std::string withoutExtension(std::string_view path)
{
    const std::string_view name = fileNameOf(path);
    const size_t dot = name.rfind('.');
    const std::string_view stem = dot == std::string_view::npos || dot == 0 ? name : name.substr(0, dot);
    return std::string(stem.empty() ? std::string_view("document") : stem);
}

Document readChecked(const std::string& path, const std::string& password, const ReadLimits& limits)
{
    struct stat info {};
    if (stat(path.c_str(), &info) != 0)
        return failed("The file could not be opened: " + std::string(std::strerror(errno)) + ".");
    if (!S_ISREG(info.st_mode))
        return failed(S_ISDIR(info.st_mode) ? "This is a folder, not a file." : "This is not an ordinary file.");
    if (info.st_size == 0)
        return failed("The file is empty.");
    if (info.st_size > limits.maxFileBytes)
        return failed("The file is larger than " + std::to_string(limits.maxFileBytes / 1'000'000) +
                      " MB, the most that is read.");
    if (std::ifstream probe(path, std::ios::binary); !probe)
        return failed("The file could not be opened: " + std::string(std::strerror(errno)) + ".");

    const Format* format = formatOfPath(path);
    if ((format == nullptr || !format->hasPages) && startsLikePdf(path))
        format = &kFormats[0];
    if (format == nullptr)
        return failed("There is no reader for ." + extensionOf(path) + " files; save it as PDF or as text.");
    Document document = format->read(path, password, limits);
    document.mediaType = format->mediaType;
    return document;
}

} // namespace

std::string_view outcomeName(Outcome outcome)
{
    switch (outcome) {
    case Outcome::Ok:
        return "ok";
    case Outcome::Partial:
        return "partial";
    case Outcome::NoText:
        return "no_text";
    case Outcome::Password:
        return "password";
    case Outcome::Error:
        break;
    }
    return "error";
}

std::span<const Format> formats()
{
    return kFormats;
}

const Format* formatOfPath(std::string_view path)
{
    const std::string extension = extensionOf(path);
    if (extension.empty())
        return &kFormats[std::size(kFormats) - 1];
    const auto found =
        std::find_if(std::begin(kFormats), std::end(kFormats), [&](const Format& f) { return hasExtension(f, extension); });
    return found == std::end(kFormats) ? nullptr : found;
}

Document readDocument(const std::string& path, const std::string& password, const ReadLimits& limits)
{
    Document document = readChecked(path, password, limits);
    if (document.title.empty())
        document.title = withoutExtension(path);
    return document;
}

} // namespace sy::documents
