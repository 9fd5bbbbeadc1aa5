// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sy::tokenizer::jinja {

struct Token {
    enum class Kind : uint8_t { text, outputBegin, outputEnd, blockBegin, blockEnd, name, string, integer, real, symbol, end };
    Kind kind;
    int line;
    std::string text; // of a string: its value; of text: with white space control applied
    int64_t integer = 0;
    double real = 0;
};

/// The tokens of a template, `end` last. Text between tags has been trimmed as trim_blocks, lstrip_blocks and the signs in the tags
/// say; comments are gone. Throws BadFile naming `source` and the line.
std::vector<Token> tokenize(std::string_view text, const std::string& source);

[[noreturn]] void failSyntax(const std::string& source, int line, const std::string& problem);

} // namespace sy::tokenizer::jinja
