// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/language.h"

#include "engine/core/utf8.h"
#include "engine/store/terms.h"

namespace sy::retrieval {

namespace {

struct Letters {
    int64_t nCjk = 0, nKanaOrHangul = 0, nOther = 0;
};

Letters countLetters(std::string_view text)
{
    Letters letters;
    for (size_t at = 0; at < text.size();) {
        const CodePoint c = decodeUtf8(text, at);
        at += size_t(c.nBytes);
        if (store::isCjk(c.value)) {
            ++letters.nCjk;
            letters.nKanaOrHangul += (c.value >= 0x3041 && c.value <= 0x30FF) || (c.value >= 0xAC00 && c.value <= 0xD7A3);
        } else if ((c.value | 0x20) - 'a' < 26u || (c.value >= 0xC0 && c.value < 0x2000)) {
            ++letters.nOther;
        }
    }
    return letters;
}

// A Chinese word has about two characters where an English one has five letters; "怎么用 Kubernetes?" is Chinese.
bool cjkPrevails(const Letters& letters)
{
    return letters.nCjk > 0 && letters.nCjk * 2 >= letters.nOther;
}

} // namespace

bool isMostlyCjk(std::string_view text)
{
    return cjkPrevails(countLetters(text));
}

Language languageOf(std::string_view text)
{
    const Letters letters = countLetters(text);
    return cjkPrevails(letters) && letters.nKanaOrHangul == 0 ? Language::chinese : Language::english;
}

} // namespace sy::retrieval
