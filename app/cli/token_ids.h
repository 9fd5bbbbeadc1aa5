// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/models.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace sy::app {

/// Ids with white space between them, at least one. Throws UsageError.
std::vector<int32_t> parseIds(const std::string& text);

/// Throws UsageError for an id outside the model's vocabulary.
void checkIds(std::span<const int32_t> ids, const api::LoadedModel& model);

} // namespace sy::app
