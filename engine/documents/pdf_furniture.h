// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/pdf_layout.h"

#include <span>
#include <string>
#include <vector>

namespace sy::documents {

/// Pages before and after a page that decide what of it is a running header, footer or page number. Few and fixed, so that
/// one page's text can be made again, for the boxes of a citation, without reading the whole file.
inline constexpr int kFurnitureReach = 4;

/// What one page shows near its edges: text, also with digits masked, and its height on the page.
struct EdgeLine {
    std::string text;
    std::string masked;
    double top = 0;
    size_t index = 0; // into the page's lines
    bool isPageNumber = false;
};
std::vector<EdgeLine> edgeLines(const std::vector<PdfLine>& lines, double pageHeight);

/// Removes from lines what repeats at the same height on at least three pages of the neighbourhood (word for word on two
/// of a file of two or three pages), and page numbers that do so too. On the first page a header stays: it may be the title.
///
/// before, after   edge lines of up to kFurnitureReach pages each, in page order; before is empty on the first page only
void dropFurniture(std::vector<PdfLine>& lines, const std::vector<EdgeLine>& edges,
                   std::span<const std::vector<EdgeLine>> before, std::span<const std::vector<EdgeLine>> after);

} // namespace sy::documents
