// SPDX-License-Identifier: GPL-3.0-or-later
// Small vocabularies made for tests.
#pragma once

#include "engine/core/utf8.h"
#include "engine/tokenizer/vocabulary.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sy::test {

using tokenizer::TokenType;
using tokenizer::Vocabulary;
using tokenizer::VocabularyKind;

// Strings of a vocabulary made in a test live as long as it does.
struct Made {
    std::shared_ptr<std::vector<std::string>> texts = std::make_shared<std::vector<std::string>>();
    Vocabulary v;

    explicit Made(VocabularyKind kind)
    {
        v.kind = kind;
        v.source = "test";
        texts->reserve(4096);
        v.owner = texts;
    }
    int32_t add(std::string text, TokenType type = TokenType::normal, float score = 0)
    {
        texts->push_back(std::move(text));
        v.tokens.push_back(texts->back());
        v.types.push_back(type);
        v.scores.push_back(score);
        return int32_t(v.tokens.size()) - 1;
    }
    void merge(std::string pair)
    {
        texts->push_back(std::move(pair));
        v.merges.push_back(texts->back());
    }
};

// The 256 byte tokens (id = byte), a few merges, and control tokens.
inline Made byteLevel()
{
    Made made(VocabularyKind::bytePair);
    made.v.pre = "qwen2";
    int next = 0x100;
    for (int byte = 0; byte < 256; ++byte) {
        const bool isPrintable = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
        std::string text;
        appendUtf8(text, char32_t(isPrintable ? byte : next++));
        made.add(text);
    }
    made.add("he");            // 256
    made.add("ll");            // 257
    made.add("hell");          // 258
    made.add("hello");         // 259
    made.add("\xC4\xA0hello"); // 260, with a space
    made.add("aa");            // 261
    for (const char* pair : {"h e", "l l", "he ll", "hell o", "\xC4\xA0 hello", "a a"})
        made.merge(pair);
    made.v.bos = made.add("<|bos|>", TokenType::control);         // 262
    made.v.eos = made.add("<|im_end|>", TokenType::control);      // 263
    made.add("<|im_start|>", TokenType::control);                 // 264
    made.add("<think>", TokenType::userDefined);                  // 265
    made.add("<think>more", TokenType::userDefined);              // 266
    return made;
}

} // namespace sy::test
