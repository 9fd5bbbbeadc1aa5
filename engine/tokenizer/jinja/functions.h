// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/jinja/ast.h"
#include "engine/tokenizer/jinja/callable.h"

#include <string>
#include <string_view>

namespace sy::tokenizer::jinja {

using Filter = Value (*)(Renderer&, const Value&, CallValues&);
using Test = bool (*)(Renderer&, const Value&, CallValues&);

Filter findFilter(std::string_view name); // null: no such filter; likewise below
Test findTest(std::string_view name);
Function findGlobal(std::string_view name);

/// Methods of Python's str, list and dict. A dictionary's items() is a method even when it has a key of that name.
bool hasMethod(const Value& self, std::string_view name);
Value callMethod(Renderer& renderer, const Value& self, std::string_view name, CallValues& values);

/// Operators other than and, or, not and comparisons.
Value applyOperator(Renderer& renderer, Operator op, const Value& left, const Value& right);
bool contains(Renderer& renderer, const Value& container, const Value& item);
Value sliced(Renderer& renderer, const Value& object, const Value* from, const Value* to, const Value* by);

/// Python's "…" % values and "…".format(…).
std::string formatPercent(Renderer& renderer, const std::string& format, const Value& values);
std::string formatBraces(Renderer& renderer, const std::string& format, CallValues& values);

// Text, by code points.
std::string upperCase(std::string_view text);
std::string lowerCase(std::string_view text);
std::string titleCase(std::string_view text);
std::string capitalized(std::string_view text);
std::string_view stripped(std::string_view text, const Value* characters, bool left = true, bool right = true);
std::string replaced(Renderer& renderer, const std::string& text, const std::string& from, const std::string& to, int64_t count);
std::vector<std::string_view> splitLines(std::string_view text);
std::string padded(Renderer& renderer, const std::string& text, int64_t width, char fill, int64_t leftShare, int64_t rightShare);
bool isSpaceCharacter(char32_t c);
size_t findText(std::string_view text, std::string_view part, size_t from);     // npos when absent
size_t findLastText(std::string_view text, std::string_view part, size_t from); // at or before `from`

/// Arguments of a given type, with a TemplateError that names the function otherwise.
int64_t integerArgument(const Value& value, std::string_view what);
const std::string& stringArgument(const Value& value, std::string_view what);

} // namespace sy::tokenizer::jinja
