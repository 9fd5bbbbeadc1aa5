// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/byte_level.h"

#include <array>
#include <cstdint>

namespace sy::tokenizer {

namespace {

constexpr bool spellsItself(int byte)
{
    return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || (byte >= 0xAE && byte <= 0xFF);
}

constexpr int kAlphabetEnd = 0x100 + 68;

// Code point to byte, or -1.
constexpr std::array<int16_t, kAlphabetEnd> kByteOf = [] {
    std::array<int16_t, kAlphabetEnd> table{};
    int next = 0x100;
    for (auto& entry : table)
        entry = -1;
    for (int byte = 0; byte < 256; ++byte)
        table[spellsItself(byte) ? byte : next++] = int16_t(byte);
    return table;
}();

} // namespace

bool appendByteLevel(std::string& bytes, std::string_view text)
{
    const size_t before = bytes.size();
    bytes.resize(before + text.size()); // never longer than the spelling
    char* out = bytes.data() + before;
    for (size_t i = 0; i < text.size(); ++i) {
        int codePoint = static_cast<unsigned char>(text[i]);
        if (codePoint >= 0x80) {
            // Two bytes reach U+07FF, far past the alphabet; longer sequences start with 0xE0 or more.
            const bool isPair = codePoint >= 0xC2 && codePoint < 0xE0 && i + 1 < text.size() && (text[i + 1] & 0xC0) == 0x80;
            codePoint = isPair ? (codePoint & 0x1F) << 6 | (text[++i] & 0x3F) : kAlphabetEnd;
        }
        if (codePoint >= kAlphabetEnd || kByteOf[codePoint] < 0) {
            bytes.resize(before);
            return false;
        }
        *out++ = static_cast<char>(kByteOf[codePoint]);
    }
    bytes.resize(out - bytes.data());
    return true;
}

} // namespace sy::tokenizer
