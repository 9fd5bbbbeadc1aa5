// SPDX-License-Identifier: GPL-3.0-or-later
// From words with boxes to lines in reading order.
//
// The library's own order follows blocks that it guesses; it interleaves two text boxes side by side and takes tables apart.
// So only its lines are used:
//
//   words ──> segments (words on one baseline without a wide gap) ──> regions ──> lines
//
// A region is cut at a gutter: a vertical strip, at least kMinGutter wide, that a run of consecutive rows leaves free and
// that has text on both sides. What is a gutter in geometry may be the space between two columns of prose (read the left one
// first) or between two columns of a table (read row by row):
//
//   prose prose prose │ prose prose prose        Item one    12.50
//   prose prose prose │ prose prose prose        Item two     7.80
//
// Prose on both sides decides for columns. Otherwise the order of drawing decides: programs draw one text box after the
// other, but a table row by row. Columns are cut again until no gutter is left.
#include "engine/documents/pdf_layout.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"
#include "engine/documents/pdf_regions.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>

namespace sy::documents {
namespace {

double gapBetween(const Rect& a, const Rect& b)
{
    return std::max(b.left - a.right, a.left - b.right);
}

// How far apart the Chinese characters of a line are set: justified lines have gaps everywhere, which mean nothing.
double usualCjkGap(const std::vector<PdfSegment*>& segments, double width, double height)
{
    std::vector<double> gaps;
    for (const PdfSegment* segment : segments)
        for (size_t i = 0; i < segment->words.size(); ++i) {
            const PdfWord& word = *segment->words[i];
            if (!isCjk(firstChar(word.text)))
                continue;
            gaps.insert(gaps.end(), static_cast<size_t>(std::max<int64_t>(countCodePoints(word.text) - 1, 0)), 0.0);
            if (i > 0 && isCjk(lastChar(segment->words[i - 1]->text)))
                gaps.push_back(gapBetween(flatten(segment->words[i - 1]->box, word.rotation, width, height),
                                          flatten(word.box, word.rotation, width, height)));
        }
    if (gaps.empty())
        return 0;
    const auto middle = gaps.begin() + static_cast<ptrdiff_t>(gaps.size() / 2);
    std::nth_element(gaps.begin(), middle, gaps.end());
    return std::max(0.0, *middle);
}

bool needsSpace(const PdfWord& a, const Rect& flatA, const PdfWord& b, const Rect& flatB, double cjkGap)
{
    const double size = std::max({a.size, b.size, 1.0});
    const double gap = gapBetween(flatA, flatB);
    if (isCjk(lastChar(a.text)) && isCjk(firstChar(b.text)))
        return gap > cjkGap + 0.22 * size;
    return a.hasSpaceAfter || gap > 0.12 * size;
}

PdfLine makeLine(const PdfRow& row, bool isRow, double width, double height)
{
    PdfLine line;
    line.flat = row.box;
    line.isRow = isRow;
    line.rotation = row.segments.front()->words.front()->rotation;
    std::vector<PdfSegment*> segments = row.segments;
    int64_t nRightToLeft = 0, nChars = 0;
    for (const PdfSegment* segment : segments) {
        nChars += segment->nChars;
        nRightToLeft += segment->isRightToLeft ? segment->nChars : 0;
    }
    if (nRightToLeft * 2 > nChars)
        std::reverse(segments.begin(), segments.end());
    const double cjkGap = usualCjkGap(segments, width, height);
    std::map<double, int64_t> charsOfSize;
    const PdfWord* previous = nullptr;
    Rect previousFlat;
    int64_t at = 0;
    line.isBold = true;
    for (const PdfSegment* segment : segments)
        for (const PdfWord* word : segment->words) {
            const Rect flat = flatten(word->box, word->rotation, width, height);
            if (previous != nullptr) {
                const bool isNewSegment = word == segment->words.front();
                if (isNewSegment && isRow && !segment->continuesCell) {
                    line.text += '\t';
                    ++at;
                } else if (segment->continuesCell && isNewSegment) {
                    if (!isCjk(lastChar(previous->text)) || !isCjk(firstChar(word->text))) {
                        line.text += ' ';
                        ++at;
                    }
                } else if (isNewSegment ? gapBetween(previousFlat, flat) > 0.12 * word->size
                                        : needsSpace(*previous, previousFlat, *word, flat, cjkGap)) {
                    line.text += ' ';
                    ++at;
                }
            } else {
                line.firstWordWidth = flat.right - flat.left;
            }
            const int64_t n = countCodePoints(word->text);
            line.words.push_back({at, at + n, word->box});
            line.text += word->text;
            at += n;
            charsOfSize[word->size] += n;
            line.isBold = line.isBold && word->isBold;
            previous = word;
            previousFlat = flat;
        }
    line.size = std::max_element(charsOfSize.begin(), charsOfSize.end(), [](auto& a, auto& b) {
                    return a.second < b.second;
                })->first;
    // Chinese has no words to break at: a line is full when one more character would not fit.
    if (isCjk(firstChar(line.text)))
        line.firstWordWidth = std::min(line.firstWordWidth, line.size);
    return line;
}

bool hasCells(const PdfRow& row)
{
    for (size_t i = 1; i < row.segments.size(); ++i)
        if (row.segments[i]->box.left - row.segments[i - 1]->box.right > kSegmentGap * row.segments[i]->size)
            return true;
    return false;
}

// One line with a wide gap is no table; the line between two rows may be a cell's second one.
bool isTableRow(const std::vector<PdfRow>& rows, size_t i)
{
    bool hasNeighbour = false;
    for (size_t k = i > 2 ? i - 2 : 0; k < std::min(rows.size(), i + 3); ++k)
        hasNeighbour = hasNeighbour || (k != i && hasCells(rows[k]));
    return hasNeighbour && hasCells(rows[i]);
}

bool hasDigits(const PdfSegment& segment)
{
    return std::any_of(segment.words.begin(), segment.words.end(), [](const PdfWord* word) {
        return std::any_of(word->text.begin(), word->text.end(), [](char c) { return c >= '0' && c <= '9'; });
    });
}

// Lines of a table that are the second lines of cells in the row above:
//
//   Echelle        812    calibration        one row: "Echelle spectrograph", "812", "calibration lamp"
//   spectrograph          lamp
//   Photometer     390    filter wheel
//
// They stand closer to the line above than rows do, under some of its cells, and without numbers, which do not wrap.
void mergeWrappedCells(std::vector<PdfRow>& rows, std::vector<bool>& isRow)
{
    double widest = 0;
    for (size_t i = 1; i < rows.size(); ++i)
        if (isRow[i - 1] || isRow[i])
            widest = std::max(widest, rows[i].box.top - rows[i - 1].box.top);
    std::vector<PdfRow> merged;
    std::vector<bool> mergedIsRow;
    double lastTop = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
        PdfRow& row = rows[i];
        const double step = row.box.top - lastTop;
        lastTop = row.box.top;
        bool continues = !merged.empty() && mergedIsRow.back() && step < 0.8 * widest &&
                         step < 1.6 * row.segments.front()->size && row.segments.size() < merged.back().segments.size();
        std::vector<size_t> cells;
        for (const PdfSegment* segment : row.segments) {
            if (!continues)
                break;
            size_t cell = merged.back().segments.size();
            for (size_t k = 0; k < merged.back().segments.size(); ++k) {
                const PdfSegment& above = *merged.back().segments[k];
                if (std::min(above.box.right, segment->box.right) > std::max(above.box.left, segment->box.left) &&
                    !hasDigits(*segment))
                    cell = k; // the last of its lines
            }
            continues = cell < merged.back().segments.size() && (cells.empty() || cell > cells.back());
            cells.push_back(cell);
        }
        if (!continues) {
            mergedIsRow.push_back(isRow[i]);
            merged.push_back(std::move(row));
            continue;
        }
        PdfRow& above = merged.back();
        for (size_t k = cells.size(); k-- > 0;) {
            row.segments[k]->continuesCell = true;
            above.segments.insert(above.segments.begin() + static_cast<ptrdiff_t>(cells[k]) + 1, row.segments[k]);
        }
        above.box = united(above.box, row.box);
    }
    rows = std::move(merged);
    isRow = std::move(mergedIsRow);
}

double mostCommonLeft(const std::vector<PdfLine*>& lines)
{
    std::map<int, int> votes;
    for (const PdfLine* line : lines)
        ++votes[static_cast<int>(std::lround(line->flat.left / 2))];
    // Ties go to the leftmost: with as many first lines as others the paragraph's body is the one further left.
    auto best = votes.begin();
    for (auto it = votes.begin(); it != votes.end(); ++it)
        if (it->second > best->second)
            best = it;
    return best->first * 2.0;
}

void measureRegion(std::vector<PdfLine*> lines)
{
    if (lines.empty())
        return;
    const double left = mostCommonLeft(lines);
    std::vector<double> rights, pitches;
    for (size_t i = 0; i < lines.size(); ++i) {
        rights.push_back(lines[i]->flat.right);
        if (i > 0 && std::abs(lines[i]->size - lines[i - 1]->size) < 0.5) {
            const double pitch = lines[i]->flat.bottom - lines[i - 1]->flat.bottom;
            if (pitch > 0.8 * lines[i]->size && pitch < 2.5 * lines[i]->size)
                pitches.push_back(pitch);
        }
    }
    std::sort(rights.begin(), rights.end());
    std::sort(pitches.begin(), pitches.end());
    for (PdfLine* line : lines) {
        line->regionLeft = left;
        line->regionRight = rights[rights.size() * 9 / 10];
        line->regionPitch =
            pitches.empty() ? 0 : pitches[pitches.size() / 3]; // lower third: gaps between paragraphs are outliers
    }
}

} // namespace

std::vector<PdfLine> layOutPage(std::vector<PdfWord> words, double pageWidth, double pageHeight,
                                const std::function<std::string()>& rawText)
{
    const std::vector<std::vector<PdfWord>> runs = wordRuns(words, pageWidth, pageHeight);
    std::vector<PdfSegment> segments;
    segments.reserve(runs.size());
    for (const auto& run : runs)
        segments.push_back(makeSegment(run, pageWidth, pageHeight));

    PdfRegions regions(rawText);
    std::vector<PdfLine> lines;
    int region = 0;
    for (int rotation = 0; rotation < 4; ++rotation) {
        std::vector<PdfSegment*> turned;
        for (PdfSegment& segment : segments)
            if ((segment.words.front()->rotation & 3) == rotation)
                turned.push_back(&segment);
        if (turned.empty())
            continue;
        for (std::vector<PdfRow>& rows : regions.cut(turned)) {
            const size_t first = lines.size();
            std::vector<bool> isRow(rows.size());
            for (size_t i = 0; i < rows.size(); ++i)
                isRow[i] = isTableRow(rows, i);
            mergeWrappedCells(rows, isRow);
            for (size_t i = 0; i < rows.size(); ++i) {
                lines.push_back(makeLine(rows[i], isRow[i], pageWidth, pageHeight));
                lines.back().region = region;
            }
            std::vector<PdfLine*> ofRegion;
            for (size_t i = first; i < lines.size(); ++i)
                ofRegion.push_back(&lines[i]);
            measureRegion(ofRegion);
            ++region;
        }
    }
    return lines;
}

} // namespace sy::documents
