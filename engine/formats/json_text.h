// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sy::formats {

inline constexpr int kMostJsonLevels = 64;

/// JSON from a stranger as a value. Refused with BadFile, with the byte where it shows: text that is no JSON, invalid UTF-8,
/// numbers past a double's range, a key that an object has twice, more than kMostJsonLevels. `offset` is where the text
/// begins in its file.
nlohmann::json parseJson(std::string_view text, const std::string& path, uint64_t offset = 0);

/// A whole JSON file of at most mostBytes. Throws StorageFailure when it cannot be read, BadFile as above or when it is larger.
nlohmann::json readJson(const std::filesystem::path& path, uint64_t mostBytes);

/// The text of a small file. Throws as readJson does.
std::string readTextFile(const std::filesystem::path& path, uint64_t mostBytes);

} // namespace sy::formats
