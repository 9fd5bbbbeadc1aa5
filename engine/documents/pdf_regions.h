// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/pdf_segments.h"

#include <memory>

namespace sy::documents {

/// Cuts the segments of a page into regions in reading order, see pdf_layout.cpp: each is one column of text, or a table, or
/// what lies between them. rawText as in layOutPage().
class PdfRegions {
public:
    explicit PdfRegions(const std::function<std::string()>& rawText);
    ~PdfRegions();

    std::vector<std::vector<PdfRow>> cut(const std::vector<PdfSegment*>& segments);

private:
    std::unique_ptr<class PdfDrawingOrder> m_drawn;
};

} // namespace sy::documents
