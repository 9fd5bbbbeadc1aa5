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

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

namespace sy::documents {
namespace {

constexpr double kSegmentGap = 1.2; // of the font size: a wider gap parts two segments
constexpr double kMinGutter = 7;    // points
constexpr int kMaxDepth = 12;
constexpr size_t kRowsBeforeGutter = 40;

struct Segment {
    std::vector<const PdfWord*> words; // in reading order
    Rect box;                          // flat
    double size = 0;
    int64_t nChars = 0;
    bool isRightToLeft = false;
    bool continuesCell = false; // a further line of the table cell before it
};

struct Row {
    std::vector<Segment*> segments;
    Rect box;
};

// Page coordinates turned so that the text of a rotation runs left to right and lines follow downwards.
Rect flatten(const Rect& box, int rotation, double width, double height)
{
    switch (rotation & 3) {
    case 1:
        return {box.top, width - box.right, box.bottom, width - box.left};
    case 2:
        return {width - box.right, height - box.bottom, width - box.left, height - box.top};
    case 3:
        return {height - box.bottom, box.left, height - box.top, box.right};
    default:
        return box;
    }
}

// The part of a word's box that tells its line. Fonts of mathematical signs claim to reach a whole line below the baseline;
// what they claim above it is reasonable.
Rect flatLine(const PdfWord& word, double width, double height)
{
    Rect flat = flatten(word.box, word.rotation, width, height);
    flat.bottom = std::min(flat.bottom, flat.top + word.size);
    return flat;
}

char32_t firstChar(std::string_view text)
{
    return text.empty() ? 0 : decodeUtf8(text, 0).value;
}

char32_t lastChar(std::string_view text)
{
    if (text.empty())
        return 0;
    size_t at = text.size() - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80)
        --at;
    return decodeUtf8(text, at).value;
}

Rect united(const Rect& a, const Rect& b)
{
    return {std::min(a.left, b.left), std::min(a.top, b.top), std::max(a.right, b.right), std::max(a.bottom, b.bottom)};
}

double verticalOverlap(const Rect& a, const Rect& b)
{
    return std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
}

bool sharesBaseline(const Rect& a, const Rect& b)
{
    return verticalOverlap(a, b) >= 0.5 * std::min(a.bottom - a.top, b.bottom - b.top);
}

// Words that the library broke into letters ("H e r e  i s"): the gaps inside words are much narrower than those between.
// Letters that are all equally far apart stay as they are unless there are many: "A B C D" may be four answers.
void joinSpacedLetters(std::vector<PdfWord>& line, double pageWidth, double pageHeight)
{
    if (line.size() < 6)
        return;
    int64_t nLetters = 0, nChars = 0, nSingle = 0;
    for (const PdfWord& word : line) {
        const auto text = toUtf32(word.text);
        nChars += static_cast<int64_t>(text.size());
        nSingle += text.size() == 1;
        for (const char32_t c : text) {
            if (isCjk(c))
                return;
            nLetters += isLetter(c);
        }
    }
    const auto n = static_cast<int64_t>(line.size());
    if (nSingle * 10 < n * 6 || nChars * 10 > n * 20 || nLetters * 10 < nChars * 8)
        return;
    std::vector<double> gaps;
    for (size_t i = 1; i < line.size(); ++i)
        gaps.push_back(flatten(line[i].box, line[i].rotation, pageWidth, pageHeight).left -
                       flatten(line[i - 1].box, line[i - 1].rotation, pageWidth, pageHeight).right);
    std::vector<double> sorted = gaps;
    std::sort(sorted.begin(), sorted.end());
    double threshold = 0, widestStep = 0;
    for (size_t i = 1; i < sorted.size(); ++i)
        if (sorted[i] - sorted[i - 1] > widestStep) {
            widestStep = sorted[i] - sorted[i - 1];
            threshold = (sorted[i] + sorted[i - 1]) / 2;
        }
    const double narrow = std::max(0.0, sorted[sorted.size() / 4]);
    if (widestStep < 0.1 * line.front().size || threshold < 1.5 * narrow) {
        if (n < 10 || sorted.back() > 0.6 * line.front().size)
            return;
        threshold = sorted.back() + 1;
    }
    std::vector<PdfWord> joined{line.front()};
    for (size_t i = 1; i < line.size(); ++i) {
        if (gaps[i - 1] < threshold) {
            joined.back().text += line[i].text;
            joined.back().box = united(joined.back().box, line[i].box);
            joined.back().hasSpaceAfter = line[i].hasSpaceAfter;
        } else {
            joined.push_back(line[i]);
        }
    }
    line = std::move(joined);
}

// Does b go on in the line of a?
bool follows(const PdfWord& a, const Rect& flatA, const PdfWord& b, const Rect& flatB)
{
    if (a.rotation != b.rotation || !sharesBaseline(flatA, flatB))
        return false;
    const double size = std::max({a.size, b.size, 1.0});
    double gap = flatB.left - flatA.right;
    if (gap < -0.5 * size && isRightToLeft(firstChar(a.text)) && isRightToLeft(firstChar(b.text)))
        gap = flatA.left - flatB.right;
    if (gap < -0.5 * size || gap > kSegmentGap * size)
        return false;
    return a.hasSpaceAfter || gap < 0.35 * size;
}

std::vector<std::vector<PdfWord>> wordRuns(std::vector<PdfWord>& words, double width, double height)
{
    std::vector<std::vector<PdfWord>> runs;
    for (PdfWord& word : words) {
        if (word.text.empty())
            continue;
        const Rect flat = flatLine(word, width, height);
        if (!runs.empty()) {
            const PdfWord& last = runs.back().back();
            if (follows(last, flatLine(last, width, height), word, flat)) {
                runs.back().push_back(std::move(word));
                continue;
            }
        }
        runs.push_back({std::move(word)});
    }
    for (auto& run : runs)
        joinSpacedLetters(run, width, height);
    return runs;
}

Segment makeSegment(const std::vector<PdfWord>& run, double width, double height)
{
    Segment segment;
    std::map<double, int64_t> charsOfSize;
    int64_t nRightToLeft = 0;
    for (const PdfWord& word : run) {
        segment.words.push_back(&word);
        const int64_t n = countCodePoints(word.text);
        segment.nChars += n;
        charsOfSize[word.size] += n;
        nRightToLeft += isRightToLeft(firstChar(word.text));
    }
    segment.size = std::max_element(charsOfSize.begin(), charsOfSize.end(), [](auto& a, auto& b) {
                       return a.second < b.second;
                   })->first;
    segment.isRightToLeft = nRightToLeft * 2 > static_cast<int64_t>(run.size());
    // The height is that of the words in the usual size: indices and exponents would pull the line up or down.
    bool hasHeight = false;
    for (const PdfWord& word : run) {
        const Rect flat = flatLine(word, width, height);
        if (&word == &run.front())
            segment.box = {flat.left, 0, flat.right, 0};
        segment.box.left = std::min(segment.box.left, flat.left);
        segment.box.right = std::max(segment.box.right, flat.right);
        if (word.size == segment.size) {
            segment.box.top = hasHeight ? std::min(segment.box.top, flat.top) : flat.top;
            segment.box.bottom = hasHeight ? std::max(segment.box.bottom, flat.bottom) : flat.bottom;
            hasHeight = true;
        }
    }
    return segment;
}

// --- regions ---

std::vector<Row> rowsOf(std::vector<Segment*> segments)
{
    std::sort(segments.begin(), segments.end(),
              [](const Segment* a, const Segment* b) { return a->box.top + a->box.bottom < b->box.top + b->box.bottom; });
    std::vector<Row> rows;
    for (Segment* segment : segments) {
        // Against the row's first segment only: a row that grew with each new member would swallow the next line of a
        // neighbouring column whose baselines lie half a line lower.
        if (!rows.empty() && sharesBaseline(rows.back().segments.front()->box, segment->box)) {
            rows.back().segments.push_back(segment);
            rows.back().box = united(rows.back().box, segment->box);
        } else {
            rows.push_back({{segment}, segment->box});
        }
    }
    for (Row& row : rows)
        std::sort(row.segments.begin(), row.segments.end(),
                  [](const Segment* a, const Segment* b) { return a->box.left < b->box.left; });
    return rows;
}

struct Strip {
    double left;
    double right;
};

std::vector<Strip> freeStrips(const Row& row)
{
    std::vector<Strip> strips;
    double at = -1e9;
    for (const Segment* segment : row.segments) {
        if (segment->box.left > at)
            strips.push_back({at, segment->box.left});
        at = std::max(at, segment->box.right);
    }
    strips.push_back({at, 1e9});
    return strips;
}

std::vector<Strip> intersected(const std::vector<Strip>& a, const std::vector<Strip>& b)
{
    std::vector<Strip> result;
    for (size_t i = 0, k = 0; i < a.size() && k < b.size();) {
        const double left = std::max(a[i].left, b[k].left), right = std::min(a[i].right, b[k].right);
        if (right - left >= kMinGutter)
            result.push_back({left, right});
        (a[i].right < b[k].right ? i : k) += 1;
    }
    return result;
}

// What the drawing order says about neighbours: does the text of b directly follow that of a?
class DrawingOrder {
public:
    explicit DrawingOrder(const std::function<std::string()>& rawText) : m_rawText(rawText) {}

    bool isNext(const Segment& a, const Segment& b)
    {
        if (!m_text) {
            m_text = m_rawText ? withoutSpaces(normalized(m_rawText(), {.foldsGlyphForms = true})) : std::string();
        }
        std::string tail, head;
        for (auto it = a.words.rbegin(); it != a.words.rend() && tail.size() < 24; ++it)
            tail = withoutSpaces((*it)->text) + tail;
        for (auto it = b.words.begin(); it != b.words.end() && head.size() < 24; ++it)
            head += withoutSpaces((*it)->text);
        return m_text->find(tail + head) != std::string::npos;
    }

private:
    static std::string withoutSpaces(std::string_view text)
    {
        std::string out;
        for (const char c : text)
            if (c != ' ' && c != '\n' && c != '\t')
                out += c;
        return out;
    }
    const std::function<std::string()>& m_rawText;
    std::optional<std::string> m_text;
};

struct Side {
    std::vector<Segment*> segments;
    std::vector<Row> rows;
    Rect box;
    bool isProse = false;
    bool isLongProse = false;
};

Side makeSide(std::vector<Segment*> segments)
{
    Side side;
    side.segments = std::move(segments);
    side.rows = rowsOf(side.segments);
    double weight = 0, filled = 0;
    for (const Row& row : side.rows)
        side.box = &row == &side.rows.front() ? row.box : united(side.box, row.box);
    for (const Segment* segment : side.segments) {
        for (const PdfWord* word : segment->words)
            for (size_t at = 0; at < word->text.size();) {
                const CodePoint point = decodeUtf8(word->text, at);
                at += static_cast<size_t>(point.nBytes);
                weight += isCjk(point.value) ? 2.0 : 1.0;
            }
        filled += segment->box.right - segment->box.left;
    }
    const auto n = static_cast<double>(side.rows.size());
    const double fill = filled / (n * std::max(1.0, side.box.right - side.box.left));
    const double charsPerLine = weight / n;
    side.isProse = n >= 3 && charsPerLine >= 16 && fill >= 0.6;
    side.isLongProse = n >= 5 && charsPerLine >= 22 && fill >= 0.7;
    return side;
}

// Left column first, or row by row?
bool areColumns(const Side& left, const Side& right, DrawingOrder& drawn)
{
    if (left.isLongProse && right.isLongProse)
        return true;
    int nAligned = 0, nExact = 0, nRowWise = 0, nColumnWise = 0, nPairs = 0;
    for (const Row& a : left.rows)
        for (const Row& b : right.rows)
            if (sharesBaseline(a.box, b.box)) {
                ++nAligned;
                nExact += std::abs(a.box.bottom - b.box.bottom) < 0.15;
                nRowWise += drawn.isNext(*a.segments.back(), *b.segments.front());
                break;
            }
    for (const Side* side : {&left, &right})
        for (size_t i = 1; i < side->rows.size(); ++i) {
            ++nPairs;
            nColumnWise += drawn.isNext(*side->rows[i - 1].segments.back(), *side->rows[i].segments.front());
        }
    if (nPairs == 0 || nAligned == 0) // one line beside one line, or nothing beside anything: top to bottom is as good
        return false;
    const double columnShare = static_cast<double>(nColumnWise) / nPairs;
    const double rowShare = static_cast<double>(nRowWise) / nAligned;
    if (left.isProse && right.isProse)
        return columnShare >= rowShare;
    // Spreadsheets sometimes draw column by column; their rows line up to the last digit, text boxes hardly ever do.
    const bool isGrid = nAligned >= 3 && nExact * 10 >= nAligned * 9;
    return columnShare >= 0.6 && rowShare <= 0.25 && !isGrid;
}

class Regions {
public:
    Regions(DrawingOrder& drawn, std::vector<std::vector<Row>>& out) : m_drawn(drawn), m_out(out) {}

    void cut(const std::vector<Segment*>& segments, int depth)
    {
        const std::vector<Row> rows = rowsOf(segments);
        std::vector<Row> plain; // rows waiting to be put out as one region
        for (size_t first = 0; first < rows.size();) {
            size_t last = first;
            if (depth < kMaxDepth && cutColumns(rows, first, last, plain, depth))
                first = last;
            else
                plain.push_back(rows[first++]);
        }
        flush(plain);
    }

private:
    void flush(std::vector<Row>& plain)
    {
        if (!plain.empty())
            m_out.push_back(std::move(plain));
        plain.clear();
    }

    // The longest run of rows from `first` that leaves a strip free with text on both sides; puts out its columns.
    bool cutColumns(const std::vector<Row>& rows, size_t first, size_t& last, std::vector<Row>& plain, int depth)
    {
        std::vector<Strip> strips = freeStrips(rows[first]);
        Rect box = rows[first].box;
        auto isInside = [&](const Strip& s) { return s.right > box.left && s.left < box.right; };
        bool hasGutter = false;
        size_t end = first + 1;
        // Until a gutter shows the rows may lie on one side of it only, like the first lines of the longer column.
        for (; end < rows.size() && (hasGutter || end - first < kRowsBeforeGutter); ++end) {
            std::vector<Strip> next = intersected(strips, freeStrips(rows[end]));
            const Rect smaller = box;
            box = united(box, rows[end].box);
            const bool stays = std::any_of(next.begin(), next.end(), isInside);
            if (next.empty() || (hasGutter && !stays)) {
                box = smaller;
                break;
            }
            hasGutter = hasGutter || stays;
            strips = std::move(next);
        }
        std::erase_if(strips, [&](const Strip& s) { return !isInside(s); });
        if (end - first < 2)
            return false;
        for (const Strip& strip : byWidth(strips)) {
            std::vector<Segment*> left, right;
            for (size_t i = first; i < end; ++i)
                for (Segment* segment : rows[i].segments)
                    (segment->box.right <= strip.left + 0.01 ? left : right).push_back(segment);
            if (left.empty() || right.empty())
                continue;
            const Side a = makeSide(left), b = makeSide(right);
            if (!areColumns(a, b, m_drawn))
                continue;
            // Rows after the shorter column, past a wide gap, belong to what comes below and not to the longer column.
            const double sharedBottom = std::min(a.box.bottom, b.box.bottom);
            size_t keep = end;
            for (size_t i = first + 1; i < end; ++i)
                if (rows[i].box.top > sharedBottom &&
                    rows[i].box.top - rows[i - 1].box.bottom > 1.2 * rows[i].segments.front()->size) {
                    keep = i;
                    break;
                }
            if (keep < end) {
                std::erase_if(left, [&](const Segment* s) { return s->box.top >= rows[keep].box.top - 0.01; });
                std::erase_if(right, [&](const Segment* s) { return s->box.top >= rows[keep].box.top - 0.01; });
            }
            flush(plain);
            cut(left, depth + 1);
            cut(right, depth + 1);
            last = keep;
            return true;
        }
        return false;
    }

    static std::vector<Strip> byWidth(std::vector<Strip> strips)
    {
        std::sort(strips.begin(), strips.end(),
                  [](const Strip& a, const Strip& b) { return a.right - a.left > b.right - b.left; });
        return strips;
    }

    DrawingOrder& m_drawn;
    std::vector<std::vector<Row>>& m_out;
};

// --- lines ---

double gapBetween(const Rect& a, const Rect& b)
{
    return std::max(b.left - a.right, a.left - b.right);
}

// How far apart the Chinese characters of a line are set: justified lines have gaps everywhere, which mean nothing.
double usualCjkGap(const std::vector<Segment*>& segments, double width, double height)
{
    std::vector<double> gaps;
    for (const Segment* segment : segments)
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

PdfLine makeLine(const Row& row, bool isRow, double width, double height)
{
    PdfLine line;
    line.flat = row.box;
    line.isRow = isRow;
    line.rotation = row.segments.front()->words.front()->rotation;
    std::vector<Segment*> segments = row.segments;
    int64_t nRightToLeft = 0, nChars = 0;
    for (const Segment* segment : segments) {
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
    for (const Segment* segment : segments)
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

bool hasCells(const Row& row)
{
    for (size_t i = 1; i < row.segments.size(); ++i)
        if (row.segments[i]->box.left - row.segments[i - 1]->box.right > kSegmentGap * row.segments[i]->size)
            return true;
    return false;
}

// One line with a wide gap is no table; the line between two rows may be a cell's second one.
bool isTableRow(const std::vector<Row>& rows, size_t i)
{
    bool hasNeighbour = false;
    for (size_t k = i > 2 ? i - 2 : 0; k < std::min(rows.size(), i + 3); ++k)
        hasNeighbour = hasNeighbour || (k != i && hasCells(rows[k]));
    return hasNeighbour && hasCells(rows[i]);
}

bool hasDigits(const Segment& segment)
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
void mergeWrappedCells(std::vector<Row>& rows, std::vector<bool>& isRow)
{
    double widest = 0;
    for (size_t i = 1; i < rows.size(); ++i)
        if (isRow[i - 1] || isRow[i])
            widest = std::max(widest, rows[i].box.top - rows[i - 1].box.top);
    std::vector<Row> merged;
    std::vector<bool> mergedIsRow;
    double lastTop = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
        Row& row = rows[i];
        const double step = row.box.top - lastTop;
        lastTop = row.box.top;
        bool continues = !merged.empty() && mergedIsRow.back() && step < 0.8 * widest &&
                         step < 1.6 * row.segments.front()->size && row.segments.size() < merged.back().segments.size();
        std::vector<size_t> cells;
        for (const Segment* segment : row.segments) {
            if (!continues)
                break;
            size_t cell = merged.back().segments.size();
            for (size_t k = 0; k < merged.back().segments.size(); ++k) {
                const Segment& above = *merged.back().segments[k];
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
        Row& above = merged.back();
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
    std::vector<Segment> segments;
    segments.reserve(runs.size());
    for (const auto& run : runs)
        segments.push_back(makeSegment(run, pageWidth, pageHeight));

    DrawingOrder drawn(rawText);
    std::vector<PdfLine> lines;
    int region = 0;
    for (int rotation = 0; rotation < 4; ++rotation) {
        std::vector<Segment*> turned;
        for (Segment& segment : segments)
            if ((segment.words.front()->rotation & 3) == rotation)
                turned.push_back(&segment);
        if (turned.empty())
            continue;
        std::vector<std::vector<Row>> regions;
        Regions(drawn, regions).cut(turned, 0);
        for (std::vector<Row>& rows : regions) {
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
