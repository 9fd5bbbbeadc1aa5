// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"
#include "engine/documents/pdf_file.h"
#include "engine/documents/pdf_layout.h"

#include <string_view>
#include <vector>

namespace sy::documents {

/// Marks the headings of laid out pages: entries of the outline where their text stands on a line of its own, else lines
/// larger than the body, bold lines, and numbered lines ("2.3 Results", "第二章 …"). units[i] belongs to pages[i].
void markHeadings(std::vector<Page>& pages, const std::vector<std::vector<PdfUnit>>& units,
                  const std::vector<OutlineEntry>& outline);

/// The depth that a heading's own numbering tells: "2.3 Results" 2, "第二章" 1, "第三节" 2, "一、" 1, "（一）" 2; 0 without.
int numberingDepth(std::u32string_view line);

} // namespace sy::documents
