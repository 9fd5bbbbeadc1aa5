// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/text_input.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <string>

namespace sy::train {

/// The values of a JSON list, or of the one list inside a JSON object, one at a time: no more of the file than one is in
/// memory.
///
/// in    behind anything that comes before its bracket
/// path  for errors
/// use   gets every value and its place, which counts from 1
///
/// Throws as formats::parseJson() does of a value, with its row; BadFile for what is no list, and for an object with several
/// or none; whatever use() throws.
void readJsonList(TextInput& in, const std::string& path,
                  const std::function<void(nlohmann::json row, int64_t number)>& use);

/// How many lists an object that fills a file holds itself, without keeping any of it; -1 for a file that is no such object.
/// Throws StorageFailure, Cancelled; BadFile for more than 64 levels.
int64_t countJsonLists(const std::string& path, const std::stop_token& stop);

} // namespace sy::train
