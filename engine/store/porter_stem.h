// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>

namespace sy::store {

/// Reduces an English word to its stem in place. M. F. Porter, An algorithm for suffix stripping, 1980, as published, with no
/// later departures. word is lower-case a to z only; words of one or two letters stay as they are.
void porterStem(std::string& word);

} // namespace sy::store
