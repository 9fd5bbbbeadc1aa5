// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/attribution.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::retrieval {

/// A sentence of the answer as it is shown.
struct AnswerSentence {
    int64_t start = 0, end = 0; // code points of the answer, without the markers behind it
    std::vector<int> markers;   // from 1
    Support support;
};

/// Turns the model's stream into the answer that is shown: its own markers are taken out, every finished sentence gets ours, and
/// after a few sentences it is enough, since a small model goes on copying the passage.
class AnswerText {
public:
    AnswerText(const Attribution& attribution, int maxSentences) : m_attribution(attribution), m_maxSentences(maxSentences) {}

    /// Takes what the model wrote next. False: the answer is complete, stop generating.
    bool add(std::string_view piece);
    /// No more comes. isCut: the model was stopped in the middle (length, cancel), so a last sentence without an end is dropped
    /// when there is another one.
    void finish(bool isCut);

    const std::string& text() const { return m_text; }
    const std::vector<AnswerSentence>& sentences() const { return m_sentences; } // finished ones
    const std::vector<int>& cited() const { return m_cited; }                    // passage indices; marker n is cited()[n - 1]

private:
    void compose(bool isFinal);
    const Support& supportOf(std::string_view sentence, const std::vector<int>& hints);

    const Attribution& m_attribution;
    int m_maxSentences;
    std::string m_raw;
    bool m_isEnough = false;
    bool m_dropsFragment = false;
    std::string m_text;
    std::vector<AnswerSentence> m_sentences;
    std::vector<int> m_cited;
    std::unordered_map<std::string, Support> m_known; // by sentence; composing runs again with every token
};

/// Model text with citation markers taken out: "[2]", "【1】", "[1, 3]", "［4］". An unfinished one at the end is held back
/// unless isFinal.
struct Unmarked {
    struct Hint {
        size_t at;   // bytes into text
        int passage; // index, from 0
    };
    std::string text;
    std::vector<Hint> hints;
};
Unmarked withoutMarkers(std::string_view text, bool isFinal);

} // namespace sy::retrieval
