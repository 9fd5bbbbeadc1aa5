// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/store/porter_stem.h"

#include <span>
#include <string_view>

// The paper's terms: a word is [C](VC)^m[V], where C and V are runs of consonants and vowels; m, the measure of the part in
// front of a suffix, decides whether the suffix may go. Each step tries its longest suffix that matches and no other.

namespace sy::store {

namespace {

bool isConsonant(std::string_view word, size_t i)
{
    switch (word[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
        return false;
    case 'y':
        return i == 0 || !isConsonant(word, i - 1);
    default:
        return true;
    }
}

int measure(std::string_view stem)
{
    int m = 0;
    bool wasVowel = false;
    for (size_t i = 0; i < stem.size(); ++i) {
        const bool consonant = isConsonant(stem, i);
        m += consonant && wasVowel;
        wasVowel = !consonant;
    }
    return m;
}

bool hasVowel(std::string_view stem)
{
    for (size_t i = 0; i < stem.size(); ++i)
        if (!isConsonant(stem, i))
            return true;
    return false;
}

bool endsInDoubleConsonant(std::string_view word)
{
    const size_t n = word.size();
    return n >= 2 && word[n - 1] == word[n - 2] && isConsonant(word, n - 1);
}

/// *o in the paper: consonant, vowel, consonant at the end, the last one not w, x or y ("-hop", "-wil").
bool endsInShortSyllable(std::string_view word)
{
    const size_t n = word.size();
    return n >= 3 && isConsonant(word, n - 3) && !isConsonant(word, n - 2) && isConsonant(word, n - 1) && word[n - 1] != 'w' &&
           word[n - 1] != 'x' && word[n - 1] != 'y';
}

std::string_view without(const std::string& word, std::string_view suffix)
{
    return std::string_view(word).substr(0, word.size() - suffix.size());
}

struct Rule {
    std::string_view suffix;
    std::string_view replacement;
};

/// The longest suffix of the table that matches is replaced if the stem's measure is above minMeasure.
void applyLongest(std::string& word, std::span<const Rule> rules, int minMeasure)
{
    const Rule* best = nullptr;
    for (const Rule& rule : rules)
        if (word.ends_with(rule.suffix) && (!best || rule.suffix.size() > best->suffix.size()))
            best = &rule;
    if (!best || measure(without(word, best->suffix)) <= minMeasure)
        return;
    // Step 4: -ion goes only after s or t.
    const std::string_view stem = without(word, best->suffix);
    if (best->suffix == "ion" && (stem.empty() || (stem.back() != 's' && stem.back() != 't')))
        return;
    word.erase(stem.size());
    word += best->replacement;
}

void step1a(std::string& word)
{
    if (word.ends_with("sses") || word.ends_with("ies"))
        word.erase(word.size() - 2);
    else if (word.ends_with("s") && !word.ends_with("ss"))
        word.pop_back();
}

void step1b(std::string& word)
{
    if (word.ends_with("eed")) {
        if (measure(without(word, "eed")) > 0)
            word.pop_back();
        return;
    }
    const std::string_view suffix = word.ends_with("ed") ? "ed" : word.ends_with("ing") ? "ing" : "";
    if (suffix.empty() || !hasVowel(without(word, suffix)))
        return;
    word.erase(word.size() - suffix.size());
    if (word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz"))
        word += 'e';
    else if (endsInDoubleConsonant(word) && word.back() != 'l' && word.back() != 's' && word.back() != 'z')
        word.pop_back();
    else if (measure(word) == 1 && endsInShortSyllable(word))
        word += 'e';
}

void step1c(std::string& word)
{
    if (word.ends_with("y") && hasVowel(without(word, "y")))
        word.back() = 'i';
}

constexpr Rule kStep2[] = {
    {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"},   {"izer", "ize"},    {"abli", "able"},   {"alli", "al"},
    {"entli", "ent"},   {"eli", "e"},       {"ousli", "ous"}, {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},    {"alism", "al"},
    {"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"},   {"biliti", "ble"},
};
constexpr Rule kStep3[] = {
    {"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""},
};
constexpr Rule kStep4[] = {
    {"al", ""},  {"ance", ""}, {"ence", ""}, {"er", ""},  {"ic", ""},  {"able", ""}, {"ible", ""}, {"ant", ""}, {"ement", ""}, {"ment", ""},
    {"ent", ""}, {"ion", ""},  {"ou", ""},   {"ism", ""}, {"ate", ""}, {"iti", ""},  {"ous", ""},  {"ive", ""}, {"ize", ""},
};

void step5(std::string& word)
{
    if (word.ends_with("e")) {
        const std::string_view stem = without(word, "e");
        const int m = measure(stem);
        if (m > 1 || (m == 1 && !endsInShortSyllable(stem)))
            word.pop_back();
    }
    if (word.ends_with("ll") && measure(word) > 1)
        word.pop_back();
}

} // namespace

void porterStem(std::string& word)
{
    if (word.size() < 3)
        return;
    step1a(word);
    step1b(word);
    step1c(word);
    applyLongest(word, kStep2, 0);
    applyLongest(word, kStep3, 0);
    applyLongest(word, kStep4, 1);
    step5(word);
}

} // namespace sy::store
