// SPDX-License-Identifier: GPL-3.0-or-later
// Small safetensors files and folders, good ones and others.
#pragma once

#include "../../fixtures.h"

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <vector>

namespace sy::test {

/// The bytes of a file with this header and data.
inline std::string safetensorsBytes(const std::string& header, const std::string& data)
{
    std::string bytes(8, '\0');
    const uint64_t n = header.size();
    std::memcpy(bytes.data(), &n, sizeof n);
    return bytes + header + data;
}

inline std::span<const std::byte> asBytes(const std::string& text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline void writeFile(const std::filesystem::path& path, const std::string& bytes)
{
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
}

} // namespace sy::test
