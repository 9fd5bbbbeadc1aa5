// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/pre_tokenizer_table.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sy::tokenizer {

/// Cuts text into words with the expressions of one row. Immutable, any thread.
class PreTokenizer {
public:
    /// An expression of the table always compiles; one from a file throws BadFile(source) when it does not, and gives up on a text that
    /// it cannot split in reasonable time: the rest is one piece.
    explicit PreTokenizer(const PreTokenizerRow& row, const std::string& source);
    ~PreTokenizer();

    /// Replaces `ends` by the byte offsets where the pieces end, rising, the last one text.size(); empty for empty text. Each invalid
    /// byte of the text counts as one symbol. Time is linear in practice, however long a run of one character.
    void split(std::string_view text, std::vector<size_t>& ends) const;

private:
    struct Pass;
    void splitValid(std::string_view text, std::vector<size_t>& ends) const;

    std::vector<Pass> m_passes;
};

} // namespace sy::tokenizer
