// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sy::documents {

enum class BlockKind { Heading, Paragraph, ListItem, TableRow, Code };

/// A piece of structure: bytes [start, end) of one page's text, without white space around it. Blocks of a page are in order
/// and together hold every character that is not white space.
struct Block {
    size_t start = 0;
    size_t end = 0;
    BlockKind kind = BlockKind::Paragraph;
    int level = 0;     // headings only
    std::string title; // headings only: the text without its marks
};

/// The span of text within [start, end) without the white space around it; empty when there is nothing else.
struct ByteSpan {
    size_t start = 0;
    size_t end = 0;
    bool isEmpty() const { return start >= end; }
};
ByteSpan trimmedSpan(std::string_view text, size_t start, size_t end);

std::vector<Block> parseBlocks(const Page& page, Markup markup);

} // namespace sy::documents
