// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

/// The program of this name on PATH.
std::optional<std::filesystem::path> findOnPath(const std::string& name);

struct ChildResult {
    int exitStatus = 0; // 128 + signal when one ended it
    std::string output; // the last 64 KiB of stdout and stderr together
};

/// Runs a program to its end, with nothing on its stdin and in a process group of its own, so that Ctrl-C is ours to handle.
/// onWait is called about five times a second. When a stop is asked for, the whole group is asked to end, after two seconds it
/// is killed, and Cancelled is thrown. Throws StorageFailure when the program cannot be started.
ChildResult runChild(const std::vector<std::string>& command, const std::map<std::string, std::string>& environment,
                     std::stop_token stop = {}, const std::function<void()>& onWait = {});

} // namespace sy::api
