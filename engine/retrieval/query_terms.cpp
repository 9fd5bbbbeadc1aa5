// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/query_terms.h"

#include "engine/store/terms.h"

#include <algorithm>
#include <unordered_set>

namespace sy::retrieval {

namespace {

constexpr std::string_view kEnglish[] = {
    "a",     "about", "after", "all",   "also",   "am",     "an",    "and",   "any",   "are",   "as",     "at",     "be",    "because",
    "been",  "before", "being", "both", "but",    "by",     "can",   "could", "did",   "do",    "does",   "during", "each",  "few",
    "for",   "from",  "further", "get", "got",    "had",    "has",   "have",  "having", "he",   "her",    "here",   "him",   "his",
    "how",   "i",     "if",    "in",    "into",   "is",     "it",    "its",   "just",  "let",   "like",   "made",   "make",  "many",
    "may",   "me",    "more",  "most",  "much",   "must",   "my",    "no",    "nor",   "not",   "now",    "of",     "off",   "on",
    "once",  "only",  "or",    "other", "our",    "out",    "over",  "own",   "s",     "same",  "she",    "should", "so",    "some",
    "such",  "t",     "than",  "that",  "the",    "their",  "them",  "then",  "there", "these", "they",   "this",   "those", "through",
    "to",    "too",   "under", "until", "up",     "us",     "very",  "was",   "we",    "were",  "what",   "when",   "where", "which",
    "while", "who",   "whom",  "why",   "will",   "with",   "would", "you",   "your",
};

// Longer ones first: 为什么 must go before 什么. Both scripts; an encyclopedia hardly ever asks, so left in the query these would
// weigh as much as rare names do.
constexpr std::string_view kChinese[] = {
    "什么时候", "什麼時候", "为什么", "為什麼", "為甚麼", "怎么样", "怎麼樣", "什么", "什麼", "甚麼", "哪里", "哪裡", "哪裏", "哪儿", "哪兒",
    "哪个",     "哪個",     "哪些",   "哪一",   "哪种",   "哪種",   "哪年",   "哪位", "多少", "几个", "幾個", "多久", "怎么", "怎麼", "怎样",
    "怎樣",     "如何",     "是否",   "请问",   "請問",   "哪",     "谁",     "誰",   "吗",   "嗎",   "呢",   "的",   "了",   "是",
};

std::string lowerCase(std::string_view word)
{
    std::string out(word);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z')
            c += 'a' - 'A';
    return out;
}

void addTerms(std::string_view text, bool withStopWords, std::vector<QueryTerm>& out)
{
    std::unordered_set<std::string> seen;
    store::forEachTerm(text, store::TermMode::document, [&](const store::Term& term) {
        const std::string_view surface = text.substr(term.start, term.end - term.start);
        if (!withStopWords && !term.isCjk && isEnglishStopWord(lowerCase(surface)))
            return;
        if (seen.emplace(term.text).second)
            out.push_back({std::string(term.text), std::string(surface), term.isCjk});
    });
}

} // namespace

bool isEnglishStopWord(std::string_view word)
{
    static_assert(std::is_sorted(std::begin(kEnglish), std::end(kEnglish)));
    return std::binary_search(std::begin(kEnglish), std::end(kEnglish), word);
}

std::string withoutChineseStopWords(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const auto found = std::find_if(std::begin(kChinese), std::end(kChinese),
                                        [&](std::string_view word) { return text.substr(at).starts_with(word); });
        if (found == std::end(kChinese)) {
            out += text[at++];
        } else {
            out += ' ';
            at += found->size();
        }
    }
    return out;
}

std::vector<QueryTerm> queryTerms(std::string_view question)
{
    std::vector<QueryTerm> terms;
    addTerms(withoutChineseStopWords(question), false, terms);
    if (terms.empty())
        addTerms(question, true, terms);
    return terms;
}

} // namespace sy::retrieval
