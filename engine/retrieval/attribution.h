// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/passages.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace sy::retrieval {

/// What a sentence of the answer rests on.
struct Support {
    std::vector<int> passages; // indices of the passages shown, the best one first; empty with isClaim: nothing supports it
    bool isClaim = true;       // false: a greeting, a heading, a question back
    double share = 0; // of the weight of what the sentence adds to the question: how much the best passage has, 0 to 1
};

/// How near a sentence is in meaning to a passage, as a cosine above what unrelated texts have; for sentences whose words do
/// not decide, such as an answer in another language than the passage.
using Closeness = std::function<double(std::string_view sentence, size_t passage)>;

/// Finds, sentence by sentence, the passages that an answer rests on. The words decide: each weighs log(1 + n / df) over the
/// n passages shown, so what all of them have counts little; at least half of what the sentence adds to the question has to
/// be in the passage, and its numbers and names in the passage or in the question. Chinese is compared by pairs of
/// characters. The model's own number is a hint that breaks a near tie.
class Attribution {
public:
    Attribution(std::span<const Passage> passages, std::string_view question, Closeness closeness = {});

    /// hints: passage indices that the model wrote behind the sentence.
    Support of(std::string_view sentence, std::span<const int> hints = {}) const;

private:
    struct Words {
        std::unordered_set<std::string> terms;
        std::unordered_set<std::string> numbers;
        std::string lowerCase;
    };
    double weight(const std::string& term) const;
    bool hasFacts(std::string_view sentence, const Words& passage) const;

    std::vector<Words> m_passages;
    Words m_question;
    std::unordered_map<std::string, int> m_documentFrequency;
    Closeness m_closeness;
    bool m_isCjk = false; // most of the passages' text
};

/// The numbers in a text, without thousands separators: "5,174 aircraft" gives 5174. Full-width digits count too.
std::vector<std::string> numbersIn(std::string_view text);

} // namespace sy::retrieval
