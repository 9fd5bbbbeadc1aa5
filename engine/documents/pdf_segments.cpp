// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/documents/pdf_segments.h"

#include "engine/core/utf8.h"
#include "engine/documents/normalize.h"

#include <algorithm>
#include <map>

namespace sy::documents {

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

bool sharesBaseline(const Rect& a, const Rect& b)
{
    const double overlap = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
    return overlap >= 0.5 * std::min(a.bottom - a.top, b.bottom - b.top);
}

namespace {

// The part of a word's box that tells its line. Fonts of mathematical signs claim to reach a whole line below the baseline;
// what they claim above it is reasonable.
Rect flatLine(const PdfWord& word, double width, double height)
{
    Rect flat = flatten(word.box, word.rotation, width, height);
    flat.bottom = std::min(flat.bottom, flat.top + word.size);
    return flat;
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

} // namespace

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

PdfSegment makeSegment(const std::vector<PdfWord>& run, double width, double height)
{
    PdfSegment segment;
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

std::vector<PdfRow> rowsOf(std::vector<PdfSegment*> segments)
{
    std::sort(segments.begin(), segments.end(),
              [](const PdfSegment* a, const PdfSegment* b) { return a->box.top + a->box.bottom < b->box.top + b->box.bottom; });
    std::vector<PdfRow> rows;
    for (PdfSegment* segment : segments) {
        // Against the row's first segment only: a row that grew with each new member would swallow the next line of a
        // neighbouring column whose baselines lie half a line lower.
        if (!rows.empty() && sharesBaseline(rows.back().segments.front()->box, segment->box)) {
            rows.back().segments.push_back(segment);
            rows.back().box = united(rows.back().box, segment->box);
        } else {
            rows.push_back({{segment}, segment->box});
        }
    }
    for (PdfRow& row : rows)
        std::sort(row.segments.begin(), row.segments.end(),
                  [](const PdfSegment* a, const PdfSegment* b) { return a->box.left < b->box.left; });
    return rows;
}

} // namespace sy::documents
