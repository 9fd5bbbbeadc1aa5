// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/jinja/functions.h"

#include <span>

namespace sy::tokenizer::jinja {

struct FilterRow {
    std::string_view name;
    Filter filter;
};

/// Filters of lists, dictionaries and whatever else can be iterated.
std::span<const FilterRow> sequenceFilters();

// Arguments of filters by position or name.
bool flag(const CallValues& v, size_t position, std::string_view name);
int64_t number(const CallValues& v, size_t position, std::string_view name, int64_t fallback); // None: the fallback
const Value* given(const CallValues& v, size_t position, std::string_view name);               // null for None too

/// An undefined value that says why when it is used.
Value noItem(const char* what);

} // namespace sy::tokenizer::jinja
