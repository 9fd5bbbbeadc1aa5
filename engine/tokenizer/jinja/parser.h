// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/jinja/ast.h"

#include <string>
#include <string_view>

namespace sy::tokenizer::jinja {

/// The statements of a template. Throws BadFile naming `source` and the line; trees deeper than 300 count as an error too.
Block parse(std::string_view text, const std::string& source);

} // namespace sy::tokenizer::jinja
