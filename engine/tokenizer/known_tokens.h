// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::tokenizer {

/// What the names of tokens tell beyond the ids in the file: many files carry a wrong EOS, or store a control token as plain text.
struct KnownTokens {
    int32_t eot = -1, eom = -1;
    int32_t fimPrefix = -1, fimSuffix = -1, fimMiddle = -1;
    std::vector<int32_t> endOfGeneration; // rising
    std::vector<int32_t> lookAlikes;      // ordinary tokens called like a control token: parsed as one token, never an end
};

/// `types` holds one type per token and is corrected in place. isOrdinary(id): the token comes out of plain text by itself, so its
/// looks mean nothing ("</s>" in a vocabulary that learned it from web pages). Warnings are appended.
KnownTokens findKnownTokens(const Vocabulary& vocabulary, std::vector<TokenType>& types,
                            const std::function<bool(int32_t)>& isOrdinary, std::vector<std::string>& warnings);

} // namespace sy::tokenizer
