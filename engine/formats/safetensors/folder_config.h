// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace sy::formats {

/// A config.json, or an object inside one, by type. A key that is absent or null takes the fallback, or is BadFile naming the file
/// and the key; so is one of another type or with a number that no model has.
class FolderConfig {
public:
    static FolderConfig open(const std::filesystem::path& file); // StorageFailure, BadFile
    FolderConfig(nlohmann::json values, std::string path, std::string prefix = {});

    bool has(const std::string& key) const { return find(key) != nullptr; }

    int64_t integer(const std::string& key) const; // 0 … 2^31-1
    int64_t integer(const std::string& key, int64_t fallback) const;
    double real(const std::string& key) const; // finite
    double real(const std::string& key, double fallback) const;
    bool boolean(const std::string& key, bool fallback) const;
    std::string string(const std::string& key) const;
    std::string string(const std::string& key, const std::string& fallback) const;
    std::vector<int64_t> integers(const std::string& key) const; // a single number counts as a list of one; empty when absent
    std::vector<std::string> strings(const std::string& key) const;
    std::optional<FolderConfig> object(const std::string& key) const;

    const std::string& path() const { return m_path; }
    std::string nameOf(const std::string& key) const { return m_prefix + key; } // "rope_scaling.factor"
    [[noreturn]] void bad(const std::string& key, const std::string& problem) const; // BadFile "KEY PROBLEM"

private:
    const nlohmann::json* find(const std::string& key) const;
    int64_t asInteger(const std::string& key, const nlohmann::json& value) const;

    nlohmann::json m_values;
    std::string m_path;
    std::string m_prefix;
};

} // namespace sy::formats
