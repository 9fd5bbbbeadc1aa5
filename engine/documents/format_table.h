// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sy::documents {

/// One document format. The functions run in the calling process: the program goes through Extractor instead, which runs
/// them in the helper. They do not throw for what a file contains.
struct Format {
    std::string_view name; // for file dialogs and lists, e.g. "PDF document"
    std::string_view mediaType;
    std::string_view extensions; // lower case, parted by spaces: "md markdown"
    bool hasPages;               // renderPage and boxesOfSpan work

    Document (*read)(const std::string& path, const std::string& password, const ReadLimits& limits);
    PageImage (*renderPage)(const std::string& path, const std::string& password, int page,
                            double dpi); // nullptr without pages
    std::vector<Rect> (*boxesOfSpan)(const std::string& path, const std::string& password, int page, int64_t start,
                                     int64_t end);
};

std::span<const Format> formats();

/// The format for a path: by extension, a file without one counts as plain text; nullptr for an extension no reader takes.
const Format* formatOfPath(std::string_view path);

/// Reads with the format of the path, or of the content when that says PDF. A path without a reader is Outcome::Error with a
/// message that says so. Sets title, mediaType, and checks that the file is there and can be read.
Document readDocument(const std::string& path, const std::string& password = {}, const ReadLimits& limits = {});

} // namespace sy::documents
