// SPDX-License-Identifier: GPL-3.0-or-later
//
// A file of training data from a stranger, behind a byte that names its kind and one for the buffer's size: it gives the same rows and the
// same refusal through a small buffer as through a large one, and a list that is read is one that a parser takes too.
#include "engine/core/error.h"
#include "engine/train/training_rows.h"

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

using nlohmann::json;

namespace {

constexpr const char* kExtensions[] = {".jsonl", ".csv", ".txt"};

struct File {
    std::string path;
    explicit File(const std::string& extension)
        : path((std::filesystem::temp_directory_path() / ("switchyard-fuzz-" + std::to_string(::getpid()) + extension)).string())
    {
    }
    ~File() { ::unlink(path.c_str()); }
};

struct Rows {
    std::vector<std::pair<int64_t, json>> rows;
    std::string problem;
    bool operator==(const Rows&) const = default;
};

Rows read(const std::string& path, size_t bufferBytes)
{
    Rows result;
    try {
        sy::train::readRows({path}, [&](json row, int64_t number) { result.rows.emplace_back(number, std::move(row)); },
                            {.bufferBytes = bufferBytes});
    } catch (const sy::Error& error) {
        result.problem = error.what();
    }
    return result;
}

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    static const File files[] = {File(kExtensions[0]), File(kExtensions[1]), File(kExtensions[2])};
    if (size < 2)
        return 0;
    const size_t kind = data[0] % std::size(files);
    const std::string& path = files[kind].path;
    const std::string content(reinterpret_cast<const char*>(data + 2), size - 2);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    const Rows rows = read(path, size_t(1) << 20);
    require(read(path, size_t(1) + data[1] % 64) == rows);
    // A byte order mark inside is left out of a value that begins with it, as in front of a line.
    const bool isList = kind == 0 && content.starts_with('[') && content.find("\xEF\xBB\xBF") == std::string::npos;
    if (isList && rows.problem.empty()) {
        const json whole = json::parse(content);
        require(whole.size() == rows.rows.size());
        for (size_t i = 0; i < whole.size(); ++i)
            require(rows.rows[i].second == whole[i]);
    }
    return 0;
}
