// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/answer_text.h"

#include "engine/core/utf8.h"
#include "engine/documents/chunker.h"
#include "engine/documents/normalize.h"
#include "engine/retrieval/language.h"
#include "engine/retrieval/prompt.h"

#include <algorithm>

namespace sy::retrieval {

namespace {

bool opensMarker(char32_t c)
{
    return c == '[' || c == U'【' || c == U'［';
}

bool closesMarker(char32_t c)
{
    return c == ']' || c == U'】' || c == U'］';
}

struct Marker {
    size_t nBytes = 0; // 0: no marker here
    bool isUnfinished = false;
    std::vector<int> passages;
};

/// Reads a marker at `at`, which holds an opening bracket.
Marker markerAt(std::string_view text, size_t at)
{
    Marker marker;
    size_t i = at + size_t(decodeUtf8(text, at).nBytes);
    int number = -1;
    const auto take = [&] {
        if (number > 0)
            marker.passages.push_back(number - 1);
        number = -1;
    };
    while (i < text.size()) {
        const CodePoint c = decodeUtf8(text, i);
        i += size_t(c.nBytes);
        if (c.value >= '0' && c.value <= '9' && number < 1000) {
            number = std::max(number, 0) * 10 + int(c.value - '0');
        } else if (c.value == ',' || c.value == ' ' || c.value == U'，' || c.value == U'、') {
            take();
        } else if (closesMarker(c.value)) {
            take();
            if (!marker.passages.empty())
                marker.nBytes = i - at;
            return marker;
        } else {
            return marker;
        }
    }
    marker.isUnfinished = true;
    return marker;
}

bool endsSentence(std::string_view sentence)
{
    static constexpr std::string_view kEnds[] = {".", "!", "?", "。", "！", "？", "；", "…", ".\"", ".”", "。”", "。」", ".)", "。）", "!\"", "?\""};
    return std::any_of(std::begin(kEnds), std::end(kEnds), [&](std::string_view end) { return sentence.ends_with(end); });
}

bool beginsInCjk(std::string_view sentence)
{
    return !sentence.empty() && decodeUtf8(sentence, 0).value >= 0x2E80;
}

bool endsInCjk(std::string_view sentence)
{
    size_t at = sentence.size();
    while (at > 0 && (static_cast<unsigned char>(sentence[at - 1]) & 0xC0) == 0x80)
        --at;
    return at > 0 && decodeUtf8(sentence, at - 1).value >= 0x2E80;
}

} // namespace

Unmarked withoutMarkers(std::string_view text, bool isFinal)
{
    Unmarked out;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        if (opensMarker(c.value)) {
            const Marker marker = markerAt(text, at);
            if (marker.isUnfinished && !isFinal)
                break;
            if (marker.nBytes > 0) {
                while (out.text.ends_with(' '))
                    out.text.pop_back();
                for (const int passage : marker.passages)
                    out.hints.push_back({out.text.size(), passage});
                at += marker.nBytes;
                continue;
            }
        }
        out.text.append(text.substr(at, size_t(c.nBytes)));
        at += size_t(c.nBytes);
    }
    return out;
}

const Support& AnswerText::supportOf(std::string_view sentence, const std::vector<int>& hints)
{
    const auto [entry, isNew] = m_known.try_emplace(std::string(sentence));
    if (isNew)
        entry->second = m_attribution.of(sentence, hints);
    return entry->second;
}

void AnswerText::compose(bool isFinal)
{
    const Unmarked unmarked = withoutMarkers(m_raw, isFinal);
    const auto spans = documents::splitSentences(unmarked.text);
    m_text.clear();
    m_sentences.clear();
    m_cited.clear();
    int64_t length = 0; // of m_text, in code points
    const auto append = [&](std::string_view part) {
        m_text += part;
        length += documents::countCodePoints(part);
    };
    size_t previousEnd = 0;
    for (size_t i = 0; i < spans.size(); ++i) {
        const std::string_view sentence = std::string_view(unmarked.text).substr(spans[i].start, spans[i].end - spans[i].start);
        const bool isLast = i + 1 == spans.size();
        // A sentence counts as finished once another one has begun: an abbreviation looks like an end too.
        const bool isFinished = !isLast || isFinal;
        if (int(i) >= m_maxSentences) {
            m_isEnough = true;
            break;
        }
        if (isLast && isFinal && m_dropsFragment && i > 0 && !endsSentence(sentence))
            break;
        // "The documents do not say." behind a real answer is a slip of the model's.
        if (isFinished && i > 0 && isRefusal(sentence))
            continue;
        const std::string_view gap = std::string_view(unmarked.text).substr(previousEnd, spans[i].start - previousEnd);
        if (!m_text.empty())
            append(gap.find('\n') != std::string_view::npos ? "\n" : beginsInCjk(sentence) ? "" : " ");
        previousEnd = spans[i].end;
        AnswerSentence shown;
        shown.start = length;
        append(sentence);
        shown.end = length;
        if (!isFinished)
            break;
        std::vector<int> hints;
        for (const Unmarked::Hint& hint : unmarked.hints)
            if (hint.at > spans[i].start && (isLast || hint.at <= spans[i + 1].start))
                hints.push_back(hint.passage);
        shown.support = supportOf(sentence, hints);
        for (const int passage : shown.support.passages) {
            auto found = std::find(m_cited.begin(), m_cited.end(), passage);
            if (found == m_cited.end())
                found = m_cited.insert(m_cited.end(), passage);
            shown.markers.push_back(int(found - m_cited.begin()) + 1);
        }
        for (size_t k = 0; k < shown.markers.size(); ++k)
            append((k == 0 && !endsInCjk(sentence) ? " [" : "[") + std::to_string(shown.markers[k]) + "]");
        m_sentences.push_back(std::move(shown));
    }
}

bool AnswerText::add(std::string_view piece)
{
    if (m_isEnough)
        return false;
    m_raw += piece;
    compose(false);
    return !m_isEnough;
}

void AnswerText::finish(bool isCut)
{
    m_dropsFragment = isCut;
    compose(true);
}

} // namespace sy::retrieval
