// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/piece_text.h"

#include <algorithm>

namespace sy::tokenizer {

void appendWithSpaces(std::string& out, std::string_view piece)
{
    for (size_t at = 0;;) {
        const size_t found = piece.find(kEscapedSpace, at);
        out += piece.substr(at, found - at);
        if (found == std::string_view::npos)
            return;
        out += ' ';
        at = found + kEscapedSpace.size();
    }
}

void appendEscaped(std::string& out, std::string_view text)
{
    for (const char c : text) {
        if (c == ' ')
            out += kEscapedSpace;
        else
            out += c;
    }
}

int byteOfName(std::string_view piece)
{
    if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>')
        return -1;
    int value = 0;
    for (const char c : piece.substr(3, 2)) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

bool hasInnerSpace(std::string_view piece)
{
    return endOfWord(piece, 0) < piece.size();
}

size_t endOfWord(std::string_view text, size_t begin)
{
    size_t at = begin;
    while (text.substr(at).starts_with(kEscapedSpace))
        at += kEscapedSpace.size();
    return std::min(text.find(kEscapedSpace, at), text.size());
}

} // namespace sy::tokenizer
