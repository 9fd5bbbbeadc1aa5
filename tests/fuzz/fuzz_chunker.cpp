// SPDX-License-Identifier: GPL-3.0-or-later
// Any text under any markup and any sizes is cut into chunks that have the promised properties.
#include "engine/documents/chunker.h"
#include "engine/documents/normalize.h"
#include "tests/engine/documents/chunk_properties.h"

#include <cstdio>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sy::documents;
    if (size < 4)
        return 0;
    Document document;
    document.title = "Title";
    document.markup = static_cast<Markup>(data[0] % 4);
    ChunkOptions options;
    options.targetTokens = 1 + data[1];
    options.limitTokens = 64 + data[2] * 2;
    options.hasOverlap = data[3] & 1;
    options.countTokens = sy::test::countPieces;
    const std::string text = normalized(sy::sanitizedUtf8({reinterpret_cast<const char*>(data + 4), size - 4}));
    // A byte that normalization removes from real documents parts the pages; odd lines become headings of laid out pages.
    size_t at = 0;
    while (at <= text.size()) {
        const size_t end = std::min(text.find("%%", at), text.size());
        Page page;
        page.number = static_cast<int>(document.pages.size()) + 1;
        page.text = text.substr(at, end - at);
        if (data[3] & 2)
            page.headings.push_back({0, std::min<int64_t>(5, countCodePoints(page.text)), 1 + data[3] / 64});
        document.pages.push_back(page);
        at = end + 2;
    }
    const std::string broken = sy::test::brokenProperty(document, options, chunkDocument(document, options));
    if (!broken.empty()) {
        std::fprintf(stderr, "%s\n", broken.c_str());
        std::abort();
    }
    return 0;
}
