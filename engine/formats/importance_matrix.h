// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/gguf.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sy::formats {

/// How much each column of a model's matrices matters: the mean square of what it is multiplied with, over some text. A GGUF file with
/// general.type "imatrix": for each tensor NAME.in_sum2 (matrices, columns) f32 sums and NAME.counts, one for each matrix, of tokens.
class ImportanceMatrix {
public:
    /// Throws StorageFailure, and BadFile for a file that is something else.
    static ImportanceMatrix open(const std::filesystem::path& path);

    /// (matrices, columns) for a tensor, all above 0; empty when the file has none. An expert that few tokens were routed to leans on the
    /// mean of its layer's: (sum + 256 means) / (count + 256). Throws BadFile when the file has another number of matrices or columns, or
    /// numbers that are no sums of squares.
    std::vector<float> of(const std::string& tensor, int64_t nMatrices, int64_t nColumns) const;

    const std::string& source() const { return m_file.metadata().source(); }

private:
    explicit ImportanceMatrix(GgufFile file) : m_file(std::move(file)) {}

    GgufFile m_file;
};

} // namespace sy::formats
