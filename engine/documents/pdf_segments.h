// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/pdf_layout.h"

namespace sy::documents {

/// Words on one baseline without a wide gap. All boxes are flat: page coordinates, in points, turned so that the text runs
/// from left to right and lines follow downwards.
struct PdfSegment {
    std::vector<const PdfWord*> words; // in reading order
    Rect box;                          // flat
    double size = 0;
    int64_t nChars = 0;
    bool isRightToLeft = false;
    bool continuesCell = false; // a further line of the table cell before it
};

/// Segments on one baseline, from left to right.
struct PdfRow {
    std::vector<PdfSegment*> segments;
    Rect box;
};

constexpr double kSegmentGap = 1.2; // of the font size: a wider gap parts two segments

/// The words of each segment, in reading order; letters that were set apart have been joined to words.
std::vector<std::vector<PdfWord>> wordRuns(std::vector<PdfWord>& words, double pageWidth, double pageHeight);
PdfSegment makeSegment(const std::vector<PdfWord>& run, double pageWidth, double pageHeight);
std::vector<PdfRow> rowsOf(std::vector<PdfSegment*> segments);

Rect flatten(const Rect& box, int rotation, double pageWidth, double pageHeight);
bool sharesBaseline(const Rect& a, const Rect& b);
Rect united(const Rect& a, const Rect& b);
char32_t firstChar(std::string_view text);
char32_t lastChar(std::string_view text);

} // namespace sy::documents
