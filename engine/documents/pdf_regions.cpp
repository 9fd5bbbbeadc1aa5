// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/pdf_regions.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace sy::documents {

// What the drawing order says about neighbours: does the text of b directly follow that of a?
class PdfDrawingOrder {
public:
    explicit PdfDrawingOrder(const std::function<std::string()>& rawText) : m_rawText(rawText) {}

    bool isNext(const PdfSegment& a, const PdfSegment& b)
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

namespace {

constexpr double kMinGutter = 7;    // points
constexpr int kMaxDepth = 12;
constexpr size_t kRowsBeforeGutter = 40;

struct Strip {
    double left;
    double right;
};

std::vector<Strip> freeStrips(const PdfRow& row)
{
    std::vector<Strip> strips;
    double at = -1e9;
    for (const PdfSegment* segment : row.segments) {
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

struct Side {
    std::vector<PdfSegment*> segments;
    std::vector<PdfRow> rows;
    Rect box;
    bool isProse = false;
    bool isLongProse = false;
};

Side makeSide(std::vector<PdfSegment*> segments)
{
    Side side;
    side.segments = std::move(segments);
    side.rows = rowsOf(side.segments);
    double weight = 0, filled = 0;
    for (const PdfRow& row : side.rows)
        side.box = &row == &side.rows.front() ? row.box : united(side.box, row.box);
    for (const PdfSegment* segment : side.segments) {
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
bool areColumns(const Side& left, const Side& right, PdfDrawingOrder& drawn)
{
    if (left.isLongProse && right.isLongProse)
        return true;
    int nAligned = 0, nExact = 0, nRowWise = 0, nColumnWise = 0, nPairs = 0;
    for (const PdfRow& a : left.rows)
        for (const PdfRow& b : right.rows)
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
    Regions(PdfDrawingOrder& drawn, std::vector<std::vector<PdfRow>>& out) : m_drawn(drawn), m_out(out) {}

    void cut(const std::vector<PdfSegment*>& segments, int depth)
    {
        const std::vector<PdfRow> rows = rowsOf(segments);
        std::vector<PdfRow> plain; // rows waiting to be put out as one region
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
    void flush(std::vector<PdfRow>& plain)
    {
        if (!plain.empty())
            m_out.push_back(std::move(plain));
        plain.clear();
    }

    // The longest run of rows from `first` that leaves a strip free with text on both sides; puts out its columns.
    bool cutColumns(const std::vector<PdfRow>& rows, size_t first, size_t& last, std::vector<PdfRow>& plain, int depth)
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
            std::vector<PdfSegment*> left, right;
            for (size_t i = first; i < end; ++i)
                for (PdfSegment* segment : rows[i].segments)
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
                std::erase_if(left, [&](const PdfSegment* s) { return s->box.top >= rows[keep].box.top - 0.01; });
                std::erase_if(right, [&](const PdfSegment* s) { return s->box.top >= rows[keep].box.top - 0.01; });
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

    PdfDrawingOrder& m_drawn;
    std::vector<std::vector<PdfRow>>& m_out;
};

} // namespace

PdfRegions::PdfRegions(const std::function<std::string()>& rawText) : m_drawn(std::make_unique<PdfDrawingOrder>(rawText)) {}
PdfRegions::~PdfRegions() = default;

std::vector<std::vector<PdfRow>> PdfRegions::cut(const std::vector<PdfSegment*>& segments)
{
    std::vector<std::vector<PdfRow>> regions;
    Regions(*m_drawn, regions).cut(segments, 0);
    return regions;
}

} // namespace sy::documents
