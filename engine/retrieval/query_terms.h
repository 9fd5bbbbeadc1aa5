// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sy::retrieval {

/// What the lexical index is asked for.
struct QueryTerm {
    std::string term;    // as indexed: folded, stemmed; a CJK pair or character
    std::string surface; // as written, for FTS5, which makes the term of it again (a stem's stem would be another word)
    bool isCjk = false;
};

/// The distinct terms of a question, in order, without the words that every question has: English function words, Chinese question
/// words and the particles 的 了 是. They are dropped from queries only, never from the index. When nothing else is
/// left they stay. CJK runs give pairs and single characters.
std::vector<QueryTerm> queryTerms(std::string_view question);

/// The question with those Chinese words replaced by a space, so that no pair reaches across them.
std::string withoutChineseStopWords(std::string_view text);

bool isEnglishStopWord(std::string_view lowerCaseWord);

} // namespace sy::retrieval
