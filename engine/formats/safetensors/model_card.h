// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>

namespace sy::formats {

/// The license that a folder's README.md names in the block between "---" lines at its top ("apache-2.0"; license_name when the license
/// is "other"). Empty when it names none: a card is for people, and nothing in it can spoil a model.
std::string licenseOf(const std::filesystem::path& folder);

} // namespace sy::formats
