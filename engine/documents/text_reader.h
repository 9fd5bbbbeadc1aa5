// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/document.h"

#include <string>

namespace sy::documents {

/// Readers of formats that are text as they stand, in any charset: one page with the whole file. Passwords do not apply.
Document readPlainText(const std::string& path, const std::string& password, const ReadLimits& limits);
Document readMarkdown(const std::string& path, const std::string& password, const ReadLimits& limits);
Document readTable(const std::string& path, const std::string& password, const ReadLimits& limits); // CSV, TSV

} // namespace sy::documents
