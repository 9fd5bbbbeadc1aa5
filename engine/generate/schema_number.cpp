// SPDX-License-Identifier: GPL-3.0-or-later
// Numbers between two bounds, digit by digit. While the digits so far equal those of a bound the number is tight to it and
// the next digit is limited by it; once it differs, that bound has been met for good:
//
//     least 120, most 4999, four digits:   first digit 1 … 4; after a 4 the next is anything up to 9, tight to 4999 still
//
// Each number of digits before the point begins a way of its own, because JSON allows no leading zeros.
#include "engine/generate/schema_number.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace sy::generate {

namespace {

constexpr int kMostWholeDigits = 18;

/// Magnitudes from low to high, one sign.
struct Magnitudes {
    Decimal low;
    std::optional<Decimal> high;
    bool isLowExcluded = false, isHighExcluded = false;
};

class NumberWriter {
public:
    NumberWriter(GrammarBuilder& builder, int32_t to, const NumberBounds& bounds, const Magnitudes& range, bool hasExponent)
        : m_builder(builder), m_rule(builder.ruleOf(to)), m_to(to), m_bounds(bounds), m_range(range),
          m_hasExponent(hasExponent)
    {
    }

    void write(int32_t from)
    {
        for (int n = 1; n <= kMostWholeDigits; ++n) {
            const int lowDigits = std::max(1, int(m_range.low.whole.size()));
            if (n < lowDigits)
                continue;
            const int highDigits = m_range.high ? std::max(1, int(m_range.high->whole.size())) : kMostWholeDigits + 1;
            if (n > highDigits)
                break;
            m_nWhole = n;
            writeWhole(from, {n, n == lowDigits, n == highDigits, 0});
        }
    }

private:
    struct At {
        int nLeft; // digits before the point that are still to come; behind it, digits that have been written
        bool isTightLow, isTightHigh;
        uint32_t remainder;
        auto operator<=>(const At&) const = default;
    };

    static int digitAt(const std::string& digits, int at)
    {
        return at >= 0 && at < int(digits.size()) ? digits[size_t(at)] - '0' : 0;
    }

    // Calls step(first digit, last digit, where it leads) for each way to go on.
    template <typename Step>
    void eachDigit(const At& at, int first, int low, int high, int nLeftAfter, Step step) const
    {
        for (int d = first; d <= 9; ++d) {
            if ((at.isTightLow && d < low) || (at.isTightHigh && d > high))
                continue;
            const uint32_t remainder = m_bounds.multipleOf > 1 ? (at.remainder * 10 + uint32_t(d)) % m_bounds.multipleOf : 0;
            step(uint8_t('0' + d), At{nLeftAfter, at.isTightLow && d == low, at.isTightHigh && d == high, remainder});
        }
    }

    void writeWhole(int32_t from, const At& at)
    {
        const int position = m_nWhole - at.nLeft;
        const auto digitOf = [&](const std::string& whole) { return digitAt(whole, int(whole.size()) - at.nLeft); };
        const int first = position == 0 && m_nWhole > 1 ? 1 : 0;
        eachDigit(at, first, digitOf(m_range.low.whole), m_range.high ? digitOf(m_range.high->whole) : 9, at.nLeft - 1,
                  [&](uint8_t digit, const At& next) {
                      const auto [state, isNew] = m_whole.try_emplace(next, -1);
                      if (isNew) {
                          state->second = m_builder.addState(m_rule);
                          if (next.nLeft > 0)
                              writeWhole(state->second, next);
                          else
                              writeEndOfWhole(state->second, next);
                      }
                      m_builder.addBytes(from, state->second, digit, digit);
                  });
    }

    bool mayStop(const At& at, int nWritten) const // behind the point
    {
        const auto isOver = [&](const std::string& digits) { return int(digits.size()) <= nWritten; };
        if (at.isTightLow && (!isOver(m_range.low.fraction) || m_range.isLowExcluded))
            return false;
        return !(at.isTightHigh && isOver(m_range.high->fraction) && m_range.isHighExcluded);
    }

    void writeEndOfWhole(int32_t state, const At& at)
    {
        if (mayStop(at, 0) && at.remainder == 0)
            writeEnd(state);
        if (m_bounds.isWhole || m_bounds.mostFractionDigits == 0)
            return;
        const int32_t point = m_builder.addState(m_rule);
        m_builder.addBytes(state, point, '.', '.');
        writeFraction(point, {0, at.isTightLow, at.isTightHigh, 0});
    }

    void writeFraction(int32_t from, const At& at)
    {
        const int n = at.nLeft;
        if (n == m_bounds.mostFractionDigits)
            return;
        eachDigit(at, 0, digitAt(m_range.low.fraction, n), m_range.high ? digitAt(m_range.high->fraction, n) : 9, n + 1,
                  [&](uint8_t digit, At next) {
                      next.remainder = 0;
                      const auto [state, isNew] = m_fraction.try_emplace(next, -1);
                      if (isNew) {
                          state->second = m_builder.addState(m_rule);
                          if (mayStop(next, next.nLeft))
                              writeEnd(state->second);
                          writeFraction(state->second, next);
                      }
                      m_builder.addBytes(from, state->second, digit, digit);
                  });
    }

    void writeEnd(int32_t state)
    {
        m_builder.addEmpty(state, m_to);
        if (!m_hasExponent)
            return;
        if (m_exponent < 0) {
            m_exponent = m_builder.addState(m_rule);
            const int32_t sign = m_builder.addState(m_rule), first = m_builder.addState(m_rule);
            m_builder.addBytes(m_exponent, sign, '+', '+');
            m_builder.addBytes(m_exponent, sign, '-', '-');
            for (const int32_t before : {m_exponent, sign})
                m_builder.addBytes(before, first, '0', '9');
            m_builder.addBytes(first, m_to, '0', '9');
            m_builder.addEmpty(first, m_to);
        }
        m_builder.addBytes(state, m_exponent, 'e', 'e');
        m_builder.addBytes(state, m_exponent, 'E', 'E');
    }

    GrammarBuilder& m_builder;
    const int32_t m_rule, m_to;
    const NumberBounds& m_bounds;
    const Magnitudes& m_range;
    const bool m_hasExponent;
    int m_nWhole = 0;
    std::map<At, int32_t> m_whole, m_fraction;
    int32_t m_exponent = -1;
};

} // namespace

std::optional<Decimal> parseDecimal(std::string_view text)
{
    constexpr int kMostDigits = 60;
    Decimal d;
    size_t at = 0;
    if (at < text.size() && text[at] == '-') {
        d.isNegative = true;
        ++at;
    }
    std::string digits;
    int point = -1;
    for (; at < text.size() && ((text[at] >= '0' && text[at] <= '9') || text[at] == '.'); ++at) {
        if (text[at] == '.')
            point = int(digits.size());
        else
            digits += text[at];
    }
    if (point < 0)
        point = int(digits.size());
    if (at < text.size()) { // e, then a whole number
        int exponent = 0;
        const bool isNegative = text[at + 1] == '-';
        for (const char c : text.substr(at + 1)) {
            if (c >= '0' && c <= '9')
                exponent = std::min(exponent * 10 + (c - '0'), 10'000);
        }
        point += isNegative ? -exponent : exponent;
    }
    const size_t nLeading = std::min(digits.find_first_not_of('0'), digits.size());
    digits.erase(0, nLeading);
    point -= int(nLeading);
    digits.resize(digits.find_last_not_of('0') + 1);
    if (digits.empty())
        return Decimal{};
    if (point > kMostDigits || int(digits.size()) - point > kMostDigits)
        return std::nullopt;
    if (point <= 0) {
        d.fraction = std::string(size_t(-point), '0') + digits;
    } else if (size_t(point) >= digits.size()) {
        d.whole = digits + std::string(size_t(point) - digits.size(), '0');
    } else {
        d.whole = digits.substr(0, size_t(point));
        d.fraction = digits.substr(size_t(point));
    }
    return d;
}

int compare(const Decimal& a, const Decimal& b)
{
    if (a.isNegative != b.isNegative)
        return a.isNegative ? -1 : 1;
    const auto magnitude = [](const Decimal& x, const Decimal& y) {
        if (x.whole.size() != y.whole.size())
            return x.whole.size() < y.whole.size() ? -1 : 1;
        const int whole = x.whole.compare(y.whole);
        const int order = whole != 0 ? whole : x.fraction.compare(y.fraction);
        return order < 0 ? -1 : order > 0 ? 1 : 0;
    };
    return a.isNegative ? magnitude(b, a) : magnitude(a, b);
}

void addNumber(GrammarBuilder& builder, int32_t from, int32_t to, const NumberBounds& bounds)
{
    const auto isNegative = [](const std::optional<Decimal>& d) { return d && d->isNegative; };
    const bool isBounded =
        bounds.least || bounds.most || bounds.isWhole || bounds.mostFractionDigits != NumberBounds{}.mostFractionDigits;

    if (!isNegative(bounds.most)) {
        Magnitudes range;
        if (bounds.least && !isNegative(bounds.least)) {
            range.low = *bounds.least;
            range.isLowExcluded = bounds.isLeastExcluded;
        }
        range.high = bounds.most;
        range.isHighExcluded = bounds.isMostExcluded;
        NumberWriter(builder, to, bounds, range, !isBounded).write(from);
    }
    if (!bounds.least || isNegative(bounds.least)) {
        const auto magnitudeOf = [](Decimal d) {
            d.isNegative = false;
            return d;
        };
        Magnitudes range;
        range.isLowExcluded = true; // no -0
        if (isNegative(bounds.most)) {
            range.low = magnitudeOf(*bounds.most);
            range.isLowExcluded = bounds.isMostExcluded;
        }
        if (bounds.least) {
            range.high = magnitudeOf(*bounds.least);
            range.isHighExcluded = bounds.isLeastExcluded;
        }
        const int32_t sign = builder.addState(builder.ruleOf(from));
        builder.addBytes(from, sign, '-', '-');
        NumberWriter(builder, to, bounds, range, !isBounded).write(sign);
    }
}

} // namespace sy::generate
