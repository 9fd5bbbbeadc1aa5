// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/personal_data.h"

#include <array>
#include <cstddef>

namespace sy::train {

namespace {

bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

bool isAlnum(char c)
{
    return isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// The check digit of an identity number: weights are powers of 2 modulo 11.
bool isIdentity(std::string_view n)
{
    const auto number = [&](size_t at, size_t count) {
        int value = 0;
        for (size_t i = at; i < at + count; ++i)
            value = value * 10 + (n[i] - '0');
        return value;
    };
    const int year = number(6, 4), month = number(10, 2), day = number(12, 2);
    if (n[0] == '0' || year < 1900 || year > 2099 || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    int sum = 0, weight = 1;
    for (size_t i = 18; i-- > 0; weight = weight * 2 % 11)
        sum += weight * (n[i] == 'X' || n[i] == 'x' ? 10 : n[i] - '0');
    return sum % 11 == 1;
}

// Digits of a +COUNTRY NUMBER that begins at `at`, with the spaces, hyphens and brackets that people write; 0: none.
size_t endOfForeignNumber(std::string_view text, size_t at)
{
    size_t nDigits = 0, end = at + 1, i = at + 1;
    for (; i < text.size() && i - at < 24; ++i) {
        if (isDigit(text[i])) {
            ++nDigits;
            end = i + 1;
        } else if (text[i] != ' ' && text[i] != '-' && text[i] != '(' && text[i] != ')') {
            break;
        }
    }
    return nDigits >= 8 && nDigits <= 15 ? end : 0;
}

// The end of NAME@HOST.TLD around an @; 0: none.
bool isMail(std::string_view text, size_t at)
{
    if (at == 0 || !isAlnum(text[at - 1]))
        return false;
    size_t end = at + 1, lastDot = 0;
    while (end < text.size() && (isAlnum(text[end]) || text[end] == '-' || text[end] == '.')) {
        if (text[end] == '.')
            lastDot = end;
        ++end;
    }
    if (lastDot + 1 == end) { // the full stop of a sentence
        --end;
        lastDot = text.substr(0, end).rfind('.');
    }
    return lastDot > at + 1 && lastDot != std::string_view::npos && end - lastDot > 2;
}

} // namespace

PersonalData& PersonalData::operator+=(const PersonalData& other)
{
    nMails += other.nMails;
    nPhones += other.nPhones;
    nIdentities += other.nIdentities;
    return *this;
}

PersonalData findPersonalData(std::string_view text)
{
    PersonalData found;
    for (size_t i = 0; i < text.size();) {
        if (text[i] == '@') {
            found.nMails += isMail(text, i);
            ++i;
        } else if (text[i] == '+' && endOfForeignNumber(text, i) > 0) {
            ++found.nPhones;
            i = endOfForeignNumber(text, i);
        } else if (isDigit(text[i])) {
            size_t end = i;
            while (end < text.size() && isDigit(text[end]))
                ++end;
            const bool hasLetterBefore = i > 0 && isAlnum(text[i - 1]);
            const bool hasCheckLetter = end - i == 17 && end < text.size() && (text[end] == 'X' || text[end] == 'x');
            end += hasCheckLetter;
            const bool isAlone = !hasLetterBefore && (end == text.size() || !isAlnum(text[end]));
            if (isAlone && end - i == 18 && isIdentity(text.substr(i, 18)))
                ++found.nIdentities;
            else if (isAlone && end - i == 11 && text[i] == '1' && text[i + 1] >= '3')
                ++found.nPhones;
            i = end;
        } else {
            ++i;
        }
    }
    return found;
}

} // namespace sy::train
