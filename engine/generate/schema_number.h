// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/grammar.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sy::generate {

/// A number as decimal digits: 12.5 is {false, "12", "5"}. No leading zeros before the point, none at the end behind it;
/// zero has neither sign nor digits.
struct Decimal {
    bool isNegative = false;
    std::string whole, fraction;
    bool isZero() const { return whole.empty() && fraction.empty(); }
};

/// Of JSON's number syntax. Nothing when it has more than 60 digits on either side of the point.
std::optional<Decimal> parseDecimal(std::string_view text);

/// -1, 0 or 1 as a is less than, equal to or greater than b.
int compare(const Decimal& a, const Decimal& b);

struct NumberBounds {
    std::optional<Decimal> least, most;
    bool isLeastExcluded = false, isMostExcluded = false;
    bool isWhole = false;
    uint32_t multipleOf = 1;     // whole numbers
    int mostFractionDigits = 16; // others
};

/// Adds the numbers within the bounds as JSON writes them: up to 18 digits before the point, no leading zeros, no -0; an
/// exponent of up to two digits where nothing is bounded. Digits are limited so that a model cannot count for ever and every
/// reader keeps the value.
void addNumber(GrammarBuilder& builder, int32_t from, int32_t to, const NumberBounds& bounds);

} // namespace sy::generate
