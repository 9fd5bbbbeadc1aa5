// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

/// What a file of training data holds, for choosing which of its columns are what.
struct DataColumns {
    std::string format;                         // that its first row is of, "prompt-completion"; empty: of none that is known
    std::vector<std::string> names;             // of the first row
    std::vector<std::vector<std::string>> rows; // the first few, values in the order of names; what is no text as JSON
};

/// Reads the first rows of a file. A file without rows has no names. Throws StorageFailure, BadFile, Cancelled.
DataColumns readDataColumns(const std::filesystem::path& file, std::stop_token stop = {});

} // namespace sy::api
