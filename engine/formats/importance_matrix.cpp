// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/importance_matrix.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>

namespace sy::formats {

namespace {

constexpr double kLeanOn = 256;    // tokens that the mean of all matrices counts for
constexpr double kLeast = 1e-8;    // of the mean: a group of columns that were always 0 still needs a scale

Tensor floats(const GgufFile& file, const std::string& name, int64_t count)
{
    Tensor tensor = file.get(name);
    if (tensor.dtype() != DType::F32 || tensor.count() != count)
        throw BadFile(file.metadata().source(), "tensor " + name + " has the shape " + toString(tensor.shape()) + "; " +
                                                    std::to_string(count) + " values in F32 belong there");
    if (!std::ranges::all_of(tensor.values(), [](float value) { return value >= 0 && std::isfinite(value); }))
        throw BadFile(file.metadata().source(), "tensor " + name + " holds numbers that are no sums of squares");
    return tensor;
}

} // namespace

ImportanceMatrix ImportanceMatrix::open(const std::filesystem::path& path)
{
    GgufFile file = GgufFile::open(path);
    if (file.string("general.type").value_or("") != "imatrix")
        throw BadFile(path.string(), "it is no importance matrix (general.type imatrix)");
    return ImportanceMatrix(std::move(file));
}

std::vector<float> ImportanceMatrix::of(const std::string& tensor, int64_t nMatrices, int64_t nColumns) const
{
    if (!m_file.has(tensor + ".in_sum2") || !m_file.has(tensor + ".counts"))
        return {};
    const Tensor sumTensor = floats(m_file, tensor + ".in_sum2", nMatrices * nColumns);
    const Tensor countTensor = floats(m_file, tensor + ".counts", nMatrices);
    const auto sums = sumTensor.values(), counts = countTensor.values();
    double total = 0;
    std::vector<double> mean(size_t(nColumns), 0.0); // over all matrices
    for (int64_t m = 0; m < nMatrices; ++m) {
        total += counts[size_t(m)];
        for (int64_t c = 0; c < nColumns; ++c)
            mean[size_t(c)] += sums[size_t(m * nColumns + c)];
    }
    if (total == 0)
        return {};
    double overall = 0;
    for (double& value : mean) {
        value /= total;
        overall += value / double(nColumns);
    }
    if (overall == 0)
        return {};
    const double lean = nMatrices > 1 ? kLeanOn : 0;
    std::vector<float> importance(size_t(nMatrices * nColumns));
    for (int64_t m = 0; m < nMatrices; ++m) {
        for (int64_t c = 0; c < nColumns; ++c) {
            const double value = (sums[size_t(m * nColumns + c)] + lean * mean[size_t(c)]) / (double(counts[size_t(m)]) + lean);
            importance[size_t(m * nColumns + c)] = float(std::max(value / overall, kLeast)); // only ratios matter
        }
    }
    return importance;
}

} // namespace sy::formats
