// SPDX-License-Identifier: GPL-3.0-or-later
// Where tests find golden data. Several sets are third parties' and lie outside the repository: a test that needs one checks
// that it exists and skips, saying which is missing, when it does not.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace sy::test {

/// $SWITCHYARD_FIXTURES, or the folder shared/fixtures beside the source tree.
inline std::filesystem::path fixtureRoot()
{
    if (const char* root = std::getenv("SWITCHYARD_FIXTURES"))
        return root;
    return std::filesystem::path(SY_SOURCE_DIR) / ".." / "shared" / "fixtures";
}

/// fixturePath("quants/Q4_0.bin"). It may not exist.
inline std::filesystem::path fixturePath(const std::filesystem::path& relative)
{
    return fixtureRoot() / relative;
}

/// A starter model by its file name, in $SWITCHYARD_TEST_MODELS; an empty path when the variable is unset or the file absent.
inline std::filesystem::path testModelPath(const std::string& fileName)
{
    const char* root = std::getenv("SWITCHYARD_TEST_MODELS");
    if (!root)
        return {};
    const std::filesystem::path path = std::filesystem::path(root) / fileName;
    return std::filesystem::exists(path) ? path : std::filesystem::path();
}

inline std::string readFile(const std::filesystem::path& path)
{
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// Little-endian float32 values, as the expected outputs are stored.
inline std::vector<float> readFloats(const std::filesystem::path& path)
{
    const std::string bytes = readFile(path);
    std::vector<float> values(bytes.size() / sizeof(float));
    std::copy_n(bytes.data(), values.size() * sizeof(float), reinterpret_cast<char*>(values.data()));
    return values;
}

} // namespace sy::test
