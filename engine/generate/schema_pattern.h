// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/grammar.h"

#include <string>
#include <string_view>

namespace sy::generate {

/// Adds the JSON strings, without their quotes, that a "pattern" matches. The regular expression is ECMA-262's as far as it
/// describes a regular language: . [] () (?:) | * + ? {m,n} \d \w \s \t \uXXXX …, ^ and $ at the ends of the alternatives.
/// Without ^ or $ anything may come before or after, as JSON Schema says. Each character is counted.
///
/// Throws Unsupported, naming the construct and its place, for look-around, back references, \b and \p, and BadFile for an
/// expression that is none. `where`: the keyword's path, for messages.
void addPattern(GrammarBuilder& builder, int32_t from, int32_t to, std::string_view pattern, std::string_view where);

/// A regular expression for a "format" that text alone decides (date, time, date-time, uuid, ipv4, email, …); empty for
/// others, which say nothing about the text.
std::string patternOfFormat(std::string_view format);

} // namespace sy::generate
