// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/attribution.h"

#include "engine/core/utf8.h"
#include "engine/retrieval/language.h"
#include "engine/retrieval/query_terms.h"
#include "engine/store/terms.h"

#include <algorithm>
#include <cmath>

namespace sy::retrieval {

namespace {

// Below this share of its words' weight in one passage a sentence is not supported; an honest paraphrase of one passage keeps
// half to two thirds.
constexpr double kMinShare = 0.5;
constexpr double kNearTie = 0.9;        // another passage this near to the best one: the hint, then the meaning, decides
constexpr double kSecondPassageGain = 0.2; // share that a second passage must add to be cited too
constexpr double kMinCloseness = 0.06;  // cosine above the mean; see Closeness
constexpr double kQuestionWeight = 0.5; // "5174." names no passage; the question's words help

std::string lowered(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
    return out;
}

/// Content words and pairs: what attribution compares.
std::unordered_set<std::string> contentTerms(std::string_view text)
{
    const std::string stripped = withoutChineseStopWords(text);
    std::unordered_set<std::string> terms;
    store::forEachTerm(stripped, store::TermMode::query, [&](const store::Term& term) {
        if (term.isCjk || !isEnglishStopWord(lowered(stripped.substr(term.start, term.end - term.start))))
            terms.emplace(term.text);
    });
    return terms;
}

/// Words with a capital inside a sentence, which names have; the first word has one anyway.
std::vector<std::string> namesIn(std::string_view sentence)
{
    std::vector<std::string> names;
    bool isFirst = true;
    size_t i = 0;
    while (i < sentence.size()) {
        const auto isLetter = [&](size_t at) { return at < sentence.size() && ((sentence[at] | 0x20) >= 'a' && (sentence[at] | 0x20) <= 'z'); };
        if (!isLetter(i)) {
            ++i;
            continue;
        }
        const size_t start = i;
        while (isLetter(i))
            ++i;
        const std::string_view word = sentence.substr(start, i - start);
        if (!isFirst && word.size() > 2 && word[0] >= 'A' && word[0] <= 'Z' && !isEnglishStopWord(lowered(word)))
            names.push_back(lowered(word));
        isFirst = false;
    }
    return names;
}

} // namespace

std::vector<std::string> numbersIn(std::string_view text)
{
    std::vector<std::string> numbers;
    std::string current;
    const auto digitOf = [](char32_t c) { return c >= '0' && c <= '9' ? int(c - '0') : c >= 0xFF10 && c <= 0xFF19 ? int(c - 0xFF10) : -1; };
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        at += size_t(c.nBytes);
        if (const int digit = digitOf(c.value); digit >= 0) {
            current += char('0' + digit);
            continue;
        }
        const bool isSeparator = (c.value == ',' || c.value == '.') && !current.empty() && at < text.size() && digitOf(decodeUtf8(text, at).value) >= 0;
        if (isSeparator) {
            if (c.value == '.')
                current += '.';
            continue;
        }
        if (!current.empty())
            numbers.push_back(std::move(current));
        current.clear();
    }
    if (!current.empty())
        numbers.push_back(std::move(current));
    return numbers;
}

Attribution::Attribution(std::span<const Passage> passages, std::string_view question, Closeness closeness) : m_closeness(std::move(closeness))
{
    const auto wordsOf = [](const std::string& text) {
        const auto numbers = numbersIn(text);
        Words words{contentTerms(text), {numbers.begin(), numbers.end()}, lowered(text)};
        words.terms.insert(numbers.begin(), numbers.end()); // "5,174" is the word 5174 too
        return words;
    };
    std::string all;
    for (const Passage& passage : passages) {
        m_passages.push_back(wordsOf(passage.hit.title + "\n" + passage.hit.section + "\n" + passage.text));
        for (const std::string& term : m_passages.back().terms)
            ++m_documentFrequency[term];
        all += passage.text;
    }
    m_question = wordsOf(std::string(question));
    m_isCjk = isMostlyCjk(all);
}

double Attribution::weight(const std::string& term) const
{
    const auto found = m_documentFrequency.find(term);
    // A word that no passage has is evidence against all of them, and weighs more than one that a single passage has.
    return std::log(1 + double(m_passages.size()) / (found == m_documentFrequency.end() ? 0.7 : double(found->second)));
}

bool Attribution::hasFacts(std::string_view sentence, const Words& passage) const
{
    for (const std::string& number : numbersIn(sentence))
        if (!passage.numbers.contains(number) && !m_question.numbers.contains(number))
            return false;
    for (const std::string& name : namesIn(sentence))
        if (passage.lowerCase.find(name) == std::string::npos && m_question.lowerCase.find(name) == std::string::npos)
            return false;
    return true;
}

Support Attribution::of(std::string_view sentence, std::span<const int> hints) const
{
    Support support;
    const auto terms = contentTerms(sentence);
    const bool isQuestion = sentence.ends_with("?") || sentence.ends_with("？");
    if (terms.empty() || isQuestion || m_passages.empty()) {
        support.isClaim = !terms.empty() && !isQuestion;
        return support;
    }
    double total = 0, added = 0, ofQuestion = 0;
    for (const std::string& term : terms) {
        total += weight(term);
        added += m_question.terms.contains(term) ? 0 : weight(term);
    }
    for (const std::string& term : m_question.terms)
        ofQuestion += weight(term);

    const size_t n = m_passages.size();
    std::vector<double> share(n, 0), addedShare(n, 0), score(n, 0);
    for (size_t i = 0; i < n; ++i) {
        double has = 0, hasAdded = 0, hasQuestion = 0;
        for (const std::string& term : terms) {
            if (!m_passages[i].terms.contains(term))
                continue;
            has += weight(term);
            hasAdded += m_question.terms.contains(term) ? 0 : weight(term);
        }
        for (const std::string& term : m_question.terms)
            hasQuestion += m_passages[i].terms.contains(term) ? weight(term) : 0;
        share[i] = has / total;
        addedShare[i] = added > 0 ? hasAdded / added : share[i];
        score[i] = has + kQuestionWeight * hasQuestion;
        if (!hasFacts(sentence, m_passages[i]))
            score[i] *= 0.5; // a passage with the right number goes before one with the right words
    }
    size_t best = size_t(std::max_element(score.begin(), score.end()) - score.begin());
    std::vector<size_t> near;
    for (size_t i = 0; i < n; ++i)
        if (score[i] >= kNearTie * score[best])
            near.push_back(i);
    if (near.size() > 1) {
        const auto hinted = std::find_if(near.begin(), near.end(), [&](size_t i) { return std::find(hints.begin(), hints.end(), int(i)) != hints.end(); });
        if (hinted != near.end())
            best = *hinted;
        else if (m_closeness)
            best = *std::max_element(near.begin(), near.end(), [&](size_t a, size_t b) { return m_closeness(sentence, a) < m_closeness(sentence, b); });
    }
    support.share = share[best];
    support.contrast = addedShare[best];
    if (share[best] >= kMinShare && hasFacts(sentence, m_passages[best])) {
        support.passages.push_back(int(best));
        // A sentence made of two passages names both.
        size_t second = n;
        double gain = kSecondPassageGain;
        for (size_t i = 0; i < n; ++i) {
            double extra = 0;
            for (const std::string& term : terms)
                if (m_passages[i].terms.contains(term) && !m_passages[best].terms.contains(term))
                    extra += weight(term);
            if (i != best && extra / total > gain) {
                gain = extra / total;
                second = i;
            }
        }
        if (second < n)
            support.passages.push_back(int(second));
        return support;
    }
    // Words cannot decide between languages; meaning and numbers can.
    if (m_closeness && isMostlyCjk(sentence) != m_isCjk) {
        size_t closest = 0;
        for (size_t i = 1; i < n; ++i)
            if (m_closeness(sentence, i) > m_closeness(sentence, closest))
                closest = i;
        const auto numbers = numbersIn(sentence);
        const bool numbersFit = std::all_of(numbers.begin(), numbers.end(), [&](const std::string& number) {
            return m_passages[closest].numbers.contains(number) || m_question.numbers.contains(number);
        });
        if (numbersFit && m_closeness(sentence, closest) >= kMinCloseness)
            support.passages.push_back(int(closest));
    }
    return support;
}

} // namespace sy::retrieval
