// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/store/database.h"

#include <string>
#include <string_view>

namespace sy::store {

/// Makes `tokenize='switchyard'` known to FTS5 on this connection: the terms of store/terms.h, at their true byte offsets, so
/// that snippet() and highlight() work on the original text. Database's constructor calls it.
void registerTokenizer(Database& database);

/// One token or phrase of user text as FTS5 syntax: in double quotes, its own doubled.
std::string quotedForMatch(std::string_view text);

} // namespace sy::store
