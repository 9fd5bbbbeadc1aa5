// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"

#include <functional>
#include <string>
#include <vector>

namespace sy::documents {

/// A word as the PDF library gives it.
struct PdfWord {
    std::string text; // normalized
    Rect box;         // on the page
    double size = 0;  // font size in points
    bool isBold = false;
    bool hasSpaceAfter = false; // the library's opinion; false at the end of its line
    int rotation = 0;           // quarter turns clockwise
};

/// A line of one column, or one row of a table, in reading order.
struct PdfLine {
    std::string text;
    std::vector<Word> words; // code points of text, boxes on the page
    Rect flat;               // the line's box in coordinates where its text runs from left to right
    double size = 0;         // font size of most characters
    bool isBold = false;     // every letter
    bool isRow = false;      // cells of a table, parted by tabs
    int rotation = 0;
    int region = 0;            // lines of one column of text share a number
    double regionLeft = 0;     // where most lines of the region begin
    double regionRight = 0;    // where its full lines end
    double regionPitch = 0;    // usual distance of lines, points; 0 when unknown
    double firstWordWidth = 0; // points
};

/// Puts the words of a page into lines in reading order: columns one after the other, tables row by row, letters that were
/// set apart joined to words.
///
/// rawText   gives the page's text in the order in which it was drawn; asked for only where the geometry alone does not
///           tell two text boxes from a table.
std::vector<PdfLine> layOutPage(std::vector<PdfWord> words, double pageWidth, double pageHeight,
                                const std::function<std::string()>& rawText);

/// A run of lines that belongs together (paragraph, heading, list item, table row): [start, end) in code points of the page.
struct PdfUnit {
    int64_t start = 0;
    int64_t end = 0;
    double size = 0;
    bool isBold = false;
    bool isRow = false;
    bool opensParagraph = false; // an empty line stands before it
    int nLines = 1;
};

struct PdfPageText {
    std::string text;
    std::vector<Word> words;
    std::vector<PdfUnit> units;
};

/// Joins lines to paragraphs: hyphens at line ends go, Chinese lines join without a space, paragraphs are parted by an empty
/// line, list items and table rows by a line feed. Depends on nothing but these lines, so that the boxes of a citation can
/// be found again without reading the whole file.
PdfPageText joinLines(const std::vector<PdfLine>& lines);

} // namespace sy::documents
