// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <string>
#include <string_view>

namespace sy::tokenizer {

/// The text in a normalization form (Unicode Standard Annex #15). Invalid bytes become U+FFFD.
std::string normalized(std::string_view text, UnicodeForm form);

} // namespace sy::tokenizer
