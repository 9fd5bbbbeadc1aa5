// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace sy::formats {

class Metadata;

/// What a file's name says about a model in several files: PREFIX-00001-of-00003.gguf, counted from 1.
struct SplitName {
    std::filesystem::path prefix; // folder and PREFIX; meaningless when nParts is 1
    int nParts = 1;
};

SplitName splitNameOf(const std::filesystem::path& path);
std::filesystem::path splitPath(const SplitName& split, int index); // index from 0

/// Compares a part's own split.no and split.count with what its name said. Throws BadFile.
void checkSplitKeys(const Metadata& metadata, int index, int nParts);

/// Compares split.tensors.count of the first part with the sum over all. Throws BadFile.
void checkSplitTotal(const Metadata& first, size_t nTensors);

} // namespace sy::formats
