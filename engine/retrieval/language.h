// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace sy::retrieval {

/// The two languages that prompts and refusals are worded in.
enum class Language { english, chinese };

/// Chinese when there is at least one Han character to two other letters, and no kana or Hangul.
Language languageOf(std::string_view text);

/// The same share for all scripts that are indexed in pairs.
bool isMostlyCjk(std::string_view text);

} // namespace sy::retrieval
