// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/unicode_form.h"

#include "engine/core/utf8.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>
#include <utf8proc.h>

namespace sy::tokenizer {

std::string normalized(std::string_view text, UnicodeForm form)
{
    const auto isAscii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    if (form == UnicodeForm::none || std::all_of(text.begin(), text.end(), isAscii)) // ASCII is itself in every form
        return std::string(text);
    const bool composes = form == UnicodeForm::nfc || form == UnicodeForm::nfkc;
    const bool isCompatible = form == UnicodeForm::nfkc || form == UnicodeForm::nfkd;
    const int options = UTF8PROC_STABLE | (composes ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE) | (isCompatible ? UTF8PROC_COMPAT : 0);
    const std::string valid = sanitizedUtf8(text);
    utf8proc_uint8_t* mapped = nullptr;
    const utf8proc_ssize_t n = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(valid.data()), utf8proc_ssize_t(valid.size()),
                                            &mapped, utf8proc_option_t(options));
    const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(mapped, std::free);
    if (n == UTF8PROC_ERROR_NOMEM)
        throw std::bad_alloc();
    return n < 0 ? valid : std::string(reinterpret_cast<const char*>(mapped), size_t(n));
}

} // namespace sy::tokenizer
