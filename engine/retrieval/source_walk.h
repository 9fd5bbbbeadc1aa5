// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::retrieval {

struct FoundFile {
    std::filesystem::path path; // absolute, without . and ..
    uint64_t bytes = 0;
    int64_t modified = 0;     // nanoseconds since 1970
    bool hasReader = true;    // false: no document format has this extension
};

/// The files of a folder, by path. Hidden and temporary files and folders, version control, and links that lead out of the folder
/// are left out; what cannot be read is left out too and reported. Throws Cancelled.
std::vector<FoundFile> walkFolder(const std::filesystem::path& folder, bool isRecursive,
                                  const std::function<void(const std::filesystem::path&, const std::string& problem)>& onProblem,
                                  std::stop_token stop = {});

/// One file, named by the user. Throws StorageFailure when it is not there.
FoundFile statFile(const std::filesystem::path& file);

/// A line of a records file: {id, title, text}.
struct Record {
    std::string id, title, text;
    int64_t line = 0; // from 1
};

/// Reads one JSON object a line. A bad line is reported and skipped. Throws StorageFailure when the file cannot be read, Cancelled.
void readRecords(const std::filesystem::path& file, const std::function<void(Record&&)>& onRecord,
                 const std::function<void(int64_t line, const std::string& problem)>& onProblem, std::stop_token stop = {});

} // namespace sy::retrieval
