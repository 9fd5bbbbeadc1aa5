// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/folder_config.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"

#include <cmath>
#include <limits>

namespace sy::formats {

using nlohmann::json;

namespace {

constexpr uint64_t kLargestConfig = 16 << 20;

} // namespace

FolderConfig FolderConfig::open(const std::filesystem::path& file)
{
    return {readJson(file, kLargestConfig), file.string()};
}

FolderConfig::FolderConfig(json values, std::string path, std::string prefix)
    : m_values(std::move(values)), m_path(std::move(path)), m_prefix(std::move(prefix))
{
    if (!m_values.is_object())
        throw BadFile(m_path, m_prefix.empty() ? "it is no JSON object" : m_prefix.substr(0, m_prefix.size() - 1) + " is no JSON object");
}

void FolderConfig::bad(const std::string& key, const std::string& problem) const
{
    throw BadFile(m_path, nameOf(key) + " " + problem);
}

const json* FolderConfig::find(const std::string& key) const
{
    const auto it = m_values.find(key);
    return it == m_values.end() || it->is_null() ? nullptr : &*it;
}

int64_t FolderConfig::asInteger(const std::string& key, const json& value) const
{
    // Some writers make every number a float: 4096.0 is 4096.
    const bool isWhole = value.is_number_integer() || (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()));
    if (!isWhole)
        bad(key, "is no whole number");
    const double wide = value.get<double>();
    if (wide < 0 || wide > std::numeric_limits<int32_t>::max())
        bad(key, "is " + value.dump() + ", which no model has");
    return int64_t(wide);
}

int64_t FolderConfig::integer(const std::string& key) const
{
    const json* value = find(key);
    if (!value)
        bad(key, "is missing");
    return asInteger(key, *value);
}

int64_t FolderConfig::integer(const std::string& key, int64_t fallback) const
{
    return has(key) ? integer(key) : fallback;
}

double FolderConfig::real(const std::string& key) const
{
    const json* value = find(key);
    if (!value)
        bad(key, "is missing");
    if (!value->is_number() || !std::isfinite(value->get<double>()))
        bad(key, "is no number");
    return value->get<double>();
}

double FolderConfig::real(const std::string& key, double fallback) const
{
    return has(key) ? real(key) : fallback;
}

bool FolderConfig::boolean(const std::string& key, bool fallback) const
{
    const json* value = find(key);
    if (!value)
        return fallback;
    if (!value->is_boolean())
        bad(key, "is neither true nor false");
    return value->get<bool>();
}

std::string FolderConfig::string(const std::string& key) const
{
    const json* value = find(key);
    if (!value)
        bad(key, "is missing");
    if (!value->is_string())
        bad(key, "is no text");
    return value->get<std::string>();
}

std::string FolderConfig::string(const std::string& key, const std::string& fallback) const
{
    return has(key) ? string(key) : fallback;
}

std::vector<int64_t> FolderConfig::integers(const std::string& key) const
{
    const json* value = find(key);
    std::vector<int64_t> out;
    if (!value)
        return out;
    if (!value->is_array())
        return {asInteger(key, *value)};
    for (const json& item : *value)
        out.push_back(asInteger(key, item));
    return out;
}

std::vector<std::string> FolderConfig::strings(const std::string& key) const
{
    const json* value = find(key);
    std::vector<std::string> out;
    if (!value)
        return out;
    if (!value->is_array())
        bad(key, "is no list of texts");
    for (const json& item : *value) {
        if (!item.is_string())
            bad(key, "is no list of texts");
        out.push_back(item.get<std::string>());
    }
    return out;
}

std::optional<FolderConfig> FolderConfig::object(const std::string& key) const
{
    const json* value = find(key);
    if (!value)
        return std::nullopt;
    return FolderConfig(*value, m_path, nameOf(key) + ".");
}

} // namespace sy::formats
