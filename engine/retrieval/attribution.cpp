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

// Below this share of the weight of what it adds a sentence is not supported; an honest paraphrase of one passage keeps half
// to two thirds.
constexpr double kMinShare = 0.5;
constexpr double kNearTie = 0.9;           // another passage this near to the best one: the hint, then the meaning, decides
constexpr double kSecondPassageGain = 0.2; // share that a second passage must add to be cited too
constexpr double kMinCloseness = 0.06;     // cosine above the mean; see Closeness
constexpr double kQuestionWeight = 0.5;    // "5174." names no passage; the question's words help

std::string lowered(std::string_view text)
{
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
    return out;
}

/// A content word, or a pair of Chinese characters, and where it stands.
struct ContentTerm {
    std::string text;
    size_t start, end;
    bool isCjk;
};

/// Content words and pairs: what attribution compares.
std::vector<ContentTerm> contentTerms(std::string_view text)
{
    const std::string stripped = withoutChineseStopWords(text);
    std::vector<ContentTerm> terms;
    store::forEachTerm(stripped, store::TermMode::query, [&](const store::Term& term) {
        if (term.isCjk || !isEnglishStopWord(lowered(stripped.substr(term.start, term.end - term.start))))
            terms.push_back({std::string(term.text), term.start, term.end, term.isCjk});
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
        const auto isLetter = [&](size_t at) {
            return at < sentence.size() && ((sentence[at] | 0x20) >= 'a' && (sentence[at] | 0x20) <= 'z');
        };
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
    const auto digitOf = [](char32_t c) {
        return c >= '0' && c <= '9' ? int(c - '0') : c >= 0xFF10 && c <= 0xFF19 ? int(c - 0xFF10) : -1;
    };
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        at += size_t(c.nBytes);
        if (const int digit = digitOf(c.value); digit >= 0) {
            current += char('0' + digit);
            continue;
        }
        const bool isSeparator = (c.value == ',' || c.value == '.') && !current.empty() && at < text.size() &&
                                 digitOf(decodeUtf8(text, at).value) >= 0;
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

Attribution::Attribution(std::span<const Passage> passages, std::string_view question, Closeness closeness)
    : m_closeness(std::move(closeness))
{
    const auto wordsOf = [](const std::string& text) {
        const auto numbers = numbersIn(text);
        Words words{{}, {numbers.begin(), numbers.end()}, lowered(text)};
        for (ContentTerm& term : contentTerms(text))
            words.terms.insert(std::move(term.text));
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
    for (const std::string& name : namesIn(sentence)) {
        const std::string_view singular = std::string_view(name).substr(0, name.size() - (name.ends_with('s') ? 1 : 0));
        if (passage.lowerCase.find(singular) == std::string::npos && m_question.lowerCase.find(singular) == std::string::npos)
            return false;
    }
    return true;
}

namespace {

/// The terms of a sentence, weighed against the passages.
///
/// What the question said already is no evidence for or against a passage: asked for the scholar "known for" a theory, the
/// answer says so too, where the passage says "founder of". It is what the answer adds that has to stand there. And a pair
/// of characters that straddles two words says nothing when both words are known: 法马因 is 法马 and 因, whatever 马因 is.
class SentenceTerms {
public:
    SentenceTerms(const std::vector<ContentTerm>& terms, const std::unordered_set<std::string>& ofQuestion,
                  std::vector<double> weights)
        : m_terms(terms), m_ofQuestion(ofQuestion), m_weights(std::move(weights))
    {
    }

    /// Of what the sentence adds to the question, the share by weight that `has` knows; of the whole sentence where it adds
    /// nothing.
    double share(const std::function<bool(const std::string&)>& has) const
    {
        std::vector<bool> isCovered(m_terms.empty() ? 0 : m_terms.back().end, false);
        for (const ContentTerm& term : m_terms)
            if (has(term.text) || m_ofQuestion.contains(term.text))
                std::fill(isCovered.begin() + long(term.start), isCovered.begin() + long(term.end), true);
        double found = 0, missing = 0, foundAgain = 0, missingAgain = 0;
        for (size_t i = 0; i < m_terms.size(); ++i) {
            const ContentTerm& term = m_terms[i];
            const bool isKnown = has(term.text);
            if (m_ofQuestion.contains(term.text))
                (isKnown ? foundAgain : missingAgain) += m_weights[i];
            else if (isKnown)
                found += m_weights[i];
            else if (!term.isCjk || std::find(isCovered.begin() + long(term.start), isCovered.begin() + long(term.end),
                                              false) != isCovered.begin() + long(term.end))
                missing += m_weights[i];
        }
        if (found + missing > 0)
            return found / (found + missing);
        return foundAgain + missingAgain > 0 ? foundAgain / (foundAgain + missingAgain) : 0;
    }

    double weightOf(const std::function<bool(const std::string&)>& has) const
    {
        double sum = 0;
        for (size_t i = 0; i < m_terms.size(); ++i)
            sum += has(m_terms[i].text) ? m_weights[i] : 0;
        return sum;
    }

private:
    const std::vector<ContentTerm>& m_terms;
    const std::unordered_set<std::string>& m_ofQuestion;
    std::vector<double> m_weights;
};

} // namespace

Support Attribution::of(std::string_view sentence, std::span<const int> hints) const
{
    Support support;
    const std::vector<ContentTerm> terms = contentTerms(sentence);
    const bool isQuestion = sentence.ends_with("?") || sentence.ends_with("？");
    if (terms.empty() || isQuestion || m_passages.empty()) {
        support.isClaim = !terms.empty() && !isQuestion;
        return support;
    }
    std::vector<double> weights;
    for (const ContentTerm& term : terms)
        weights.push_back(weight(term.text));
    const SentenceTerms weighed(terms, m_question.terms, std::move(weights));

    const size_t n = m_passages.size();
    const auto isIn = [&](size_t passage) {
        return [&, passage](const std::string& term) { return m_passages[passage].terms.contains(term); };
    };
    std::vector<double> score(n, 0);
    for (size_t i = 0; i < n; ++i) {
        double hasQuestion = 0;
        for (const std::string& term : m_question.terms)
            hasQuestion += m_passages[i].terms.contains(term) ? weight(term) : 0;
        score[i] = weighed.weightOf(isIn(i)) + kQuestionWeight * hasQuestion;
        if (!hasFacts(sentence, m_passages[i]))
            score[i] *= 0.5; // a passage with the right number goes before one with the right words
    }
    size_t best = size_t(std::max_element(score.begin(), score.end()) - score.begin());
    std::vector<size_t> near;
    for (size_t i = 0; i < n; ++i)
        if (score[i] >= kNearTie * score[best])
            near.push_back(i);
    if (near.size() > 1) {
        const auto hinted = std::find_if(near.begin(), near.end(), [&](size_t i) {
            return std::find(hints.begin(), hints.end(), int(i)) != hints.end();
        });
        if (hinted != near.end())
            best = *hinted;
        else if (m_closeness)
            best = *std::max_element(near.begin(), near.end(), [&](size_t a, size_t b) {
                return m_closeness(sentence, a) < m_closeness(sentence, b);
            });
    }
    support.share = weighed.share(isIn(best));

    // A sentence made of two passages names both: what the second one adds has to be worth it.
    size_t second = n;
    double withSecond = support.share + kSecondPassageGain;
    for (size_t i = 0; i < n; ++i) {
        const double both =
            i == best ? 0 : weighed.share([&](const std::string& term) { return isIn(best)(term) || isIn(i)(term); });
        if (both > withSecond) {
            withSecond = both;
            second = i;
        }
    }
    const auto factsFit = [&] {
        return hasFacts(sentence, m_passages[best]) || (second < n && hasFacts(sentence, m_passages[second]));
    };
    if ((second < n ? withSecond : support.share) >= kMinShare && factsFit()) {
        support.passages.push_back(int(best));
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
