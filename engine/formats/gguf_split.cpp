// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/gguf_split.h"

#include "engine/core/error.h"
#include "engine/formats/metadata.h"

#include <cstdio>
#include <string_view>

namespace sy::formats {

namespace {

constexpr std::string_view kPattern = "-NNNNN-of-NNNNN.gguf";

int fiveDigits(std::string_view text) // -1 when one is no digit
{
    int value = 0;
    for (const char c : text.substr(0, 5)) {
        if (c < '0' || c > '9')
            return -1;
        value = value * 10 + (c - '0');
    }
    return value;
}

} // namespace

SplitName splitNameOf(const std::filesystem::path& path)
{
    const std::string name = path.filename().string();
    if (name.size() <= kPattern.size())
        return {};
    const std::string_view tail = std::string_view(name).substr(name.size() - kPattern.size());
    if (tail[0] != '-' || tail.substr(6, 4) != "-of-" || tail.substr(15) != ".gguf")
        return {};
    const int number = fiveDigits(tail.substr(1));
    const int count = fiveDigits(tail.substr(10));
    if (number < 1 || count < 1 || number > count)
        return {};
    return {path.parent_path() / name.substr(0, name.size() - kPattern.size()), count};
}

std::filesystem::path splitPath(const SplitName& split, int index)
{
    char tail[32];
    std::snprintf(tail, sizeof tail, "-%05d-of-%05d.gguf", index + 1, split.nParts);
    return split.prefix.string() + tail;
}

void checkSplitKeys(const Metadata& metadata, int index, int nParts)
{
    const int64_t count = metadata.integer("split.count").value_or(1);
    if (count > 1 && nParts == 1)
        throw BadFile(metadata.source(), "this is one of " + std::to_string(count) +
                                             " files of a split model, but its name does not end in " + "-00001-of-" +
                                             "0000N.gguf, so the others cannot be found");
    if (nParts == 1)
        return;
    const int64_t number = metadata.integer("split.no").value_or(-1);
    if (count != nParts || number != index)
        throw BadFile(metadata.source(), "by its name this is part " + std::to_string(index + 1) + " of " + std::to_string(nParts) +
                                             ", but inside it says part " + std::to_string(number + 1) + " of " +
                                             std::to_string(count));
}

void checkSplitTotal(const Metadata& first, size_t nTensors)
{
    const auto total = first.integer("split.tensors.count");
    if (total && *total != int64_t(nTensors))
        throw BadFile(first.source(), "the parts of this split model hold " + std::to_string(nTensors) + " tensors, where " +
                                          std::to_string(*total) + " are expected");
}

} // namespace sy::formats
