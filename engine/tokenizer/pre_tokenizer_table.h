// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <string_view>

namespace sy::tokenizer {

/// How one family of byte-level vocabularies cuts text into words before merging. The expressions are data of the models: each is
/// applied in turn to the pieces that the one before left, and what lies between two matches is a piece too.
struct PreTokenizerRow {
    std::string_view name;                        // as in tokenizer.ggml.pre
    std::span<const std::string_view> expressions;
    bool usesWholeWords = false;                  // a word that is a token is taken as it is, whatever the merges say
    bool addsBos = false;                         // unless the file says otherwise
};

/// nullptr for a name that is not in the table.
const PreTokenizerRow* findPreTokenizer(std::string_view name);
const PreTokenizerRow& defaultPreTokenizer();
std::span<const PreTokenizerRow> preTokenizers();

/// Whether a row of the table has this expression, to the letter.
bool isPreTokenizerExpression(std::string_view expression);

} // namespace sy::tokenizer
