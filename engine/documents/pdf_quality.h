// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/pdf_file.h"
#include "engine/documents/pdf_layout.h"

#include <vector>

namespace sy::documents {

/// Whether the text that came out of a PDF file can be what a reader sees on its pages.
struct TextQuality {
    int64_t nChars = 0; // code points other than white space
    bool isGarbledThroughout = false;
    std::vector<int> garbledPages; // page numbers
    std::vector<int> imagePages;   // hardly any text, but much ink; empty when they are few in a long file
};

/// Looks at each page once, in order.
class QualityJudge {
public:
    explicit QualityJudge(const PdfFile& file) : m_file(file) {}
    void add(int page, const PdfPageText& text, double width, double height);
    TextQuality result() const;

private:
    const PdfFile& m_file;
    TextQuality m_quality;
    std::vector<int> m_sparsePages;
    int m_nPages = 0;
    int m_nTextPages = 0;
    int64_t m_nSuspicious = 0;
    int64_t m_nLetters = 0;
};

} // namespace sy::documents
