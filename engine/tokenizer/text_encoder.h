// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sy::tokenizer {

/// The part that differs between kinds of vocabularies: plain text, in which special tokens have been found already, to ids.
class TextEncoder {
public:
    virtual ~TextEncoder() = default;

    /// Appends the ids of `text`. isAfterSpecial: it stands at the beginning or right behind a special token, where some models put a
    /// space. May be called from any thread.
    virtual void encode(std::string_view text, bool isAfterSpecial, std::vector<int32_t>& ids) const = 0;
};

} // namespace sy::tokenizer
