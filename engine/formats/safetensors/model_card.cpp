// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/model_card.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"
#include "engine/formats/json_text.h"

#include <algorithm>
#include <sstream>

namespace sy::formats {

namespace {

constexpr uint64_t kLargestCard = 4 << 20;
constexpr size_t kLongestLicense = 100;

std::string trimmed(std::string text)
{
    const auto isOutside = [](unsigned char c) { return c <= ' ' || c == '"' || c == '\''; };
    text.erase(text.begin(), std::ranges::find_if_not(text, isOutside));
    while (!text.empty() && isOutside(static_cast<unsigned char>(text.back())))
        text.pop_back();
    return text;
}

} // namespace

std::string licenseOf(const std::filesystem::path& folder)
{
    std::error_code error;
    if (!std::filesystem::is_regular_file(folder / "README.md", error))
        return {};
    std::string text;
    try {
        text = readTextFile(folder / "README.md", kLargestCard);
    } catch (const Error&) {
        return {};
    }
    std::istringstream lines(text);
    std::string line, license, name;
    if (!std::getline(lines, line) || trimmed(line) != "---")
        return {};
    while (std::getline(lines, line) && trimmed(line) != "---") {
        if (line.starts_with("license:"))
            license = trimmed(line.substr(8));
        else if (line.starts_with("license_name:"))
            name = trimmed(line.substr(13));
    }
    if (license == "other" && !name.empty())
        license = name;
    return license.size() <= kLongestLicense && isValidUtf8(license) ? license : std::string();
}

} // namespace sy::formats
