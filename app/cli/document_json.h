// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/documents.h"

#include <nlohmann/json.hpp>

namespace sy::app {

/// A search result as `search` and `ask` print it.
nlohmann::ordered_json toJson(const api::SearchResult& result);
nlohmann::ordered_json toJson(const api::Citation& citation);

/// "papers/report.pdf, page 3"
std::string placeText(const std::string& document, int page);

} // namespace sy::app
