// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"

#include <string>
#include <vector>

namespace sy::documents {

/// Reader of PDF through poppler. Offsets in pdfBoxesOfSpan count code points of the Page::text that readPdf gives.
Document readPdf(const std::string& path, const std::string& password, const ReadLimits& limits);
PageImage renderPdfPage(const std::string& path, const std::string& password, int page, double dpi);
std::vector<Rect> pdfBoxesOfSpan(const std::string& path, const std::string& password, int page, int64_t start, int64_t end);

/// Is the package poppler-data there, without which Chinese, Japanese and Korean text of many PDF files cannot be read?
bool hasPopplerData();

} // namespace sy::documents
