// SPDX-License-Identifier: GPL-3.0-or-later
// A vocabulary for tests of grammars: every byte, and pieces that cross the borders of JSON's parts, as real vocabularies have them.
#pragma once

#include "engine/generate/vocabulary_trie.h"

#include <memory>
#include <string>
#include <vector>

namespace sy::test {

constexpr int kEndToken = 0; // no text

inline std::vector<std::string> jsonVocabulary()
{
    std::vector<std::string> tokens{""};
    for (int byte = 0; byte < 256; ++byte)
        tokens.emplace_back(1, char(byte));
    for (const char* piece :
         {"\"", "\":", "\": ", "\": \"", "\",", "\", ", "\", \"", "\"}", "\"]", "\"},", "\"}}", "\"]}", "{\"", "[\"", "[{\"", "{}", "[]", "}}", "}]", "]}",
          "},", "}, {", "], [", "],", ", ", ",\"", ", \"", ": ", ": \"", ": {", ": [", "true", "false", "null", "true,", "null}", "1", "12", "123", "2024",
          "0.", ".5", "-1", "e1", "-0", "00", "10,", "7}", "3]", "name", "value", "a", "ab", "abc", "hello", " world", "the ", "\\n", "\\\"", "\\u00", "\\",
          "  ", "\n", "\n  ", " ", "é", "中文", "中", "\xE4\xB8", "\xAD", "😀", "\xF0\x9F", "kind\": \"", "id", "type", "next\": ", "items\": [", "2024-0", "-01-",
          "T10:", "@", ".com", "aaaaaaaaaaaaaaaa", "x\"", "y\":"})
        tokens.emplace_back(piece);
    return tokens;
}

inline std::shared_ptr<const generate::VocabularyTrie> trieOf(const std::vector<std::string>& tokens)
{
    return std::make_shared<const generate::VocabularyTrie>(int32_t(tokens.size()), [&](int32_t id) { return tokens[size_t(id)]; });
}

} // namespace sy::test
