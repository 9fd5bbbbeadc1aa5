// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/formats/tensor_source.h"
#include "engine/nn/linear.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sy::nn {

/// Takes the tensors of one model from its source and checks each against the shape that the architecture wants, so that no
/// kernel ever sees a weight that does not fit. A wrong shape or a missing tensor is BadFile, a type that cannot stand where it
/// does is Unsupported; both name the tensor.
class WeightReader {
public:
    explicit WeightReader(const formats::TensorSource& source) : m_source(source) {}

    bool has(std::string_view name) const { return m_source.has(name); }

    /// A matrix (nRows, nCols) of any float or block type, as a view of the file.
    Tensor matrix(std::string_view name, int64_t nRows, int64_t nCols);

    /// n matrices of (nRows, nCols) in one tensor: experts, heads. Shape (n, nRows, nCols).
    Tensor matrices(std::string_view name, int64_t n, int64_t nRows, int64_t nCols);

    /// The same with as many rows as the file has, at least one: an embedding table.
    Tensor table(std::string_view name, int64_t nCols);

    /// A vector of n values of a float type, copied to F32: norms, biases.
    Tensor vector(std::string_view name, int64_t n);
    Tensor vectors(std::string_view name, int64_t nVectors, int64_t n); // (nVectors, n): biases of experts
    Tensor optionalVector(std::string_view name, int64_t n); // empty when the file has none

    /// A table (nRows, nCols) of I32, every number from 0 to limit - 1, as a view of the file.
    Tensor indices(std::string_view name, int64_t nRows, int64_t nCols, int32_t limit);

    size_t bytes() const { return m_bytes; } // payload of all tensors handed out

    const formats::Metadata& metadata() const { return m_source.metadata(); }

    [[noreturn]] void bad(std::string problem) const; // BadFile with the source's path

private:
    Tensor checked(std::string_view name, const Shape& wanted);
    Tensor decoded(std::string_view name, const Shape& wanted);
    Tensor checkedMatrix(std::string_view name, const Shape& wanted);

    const formats::TensorSource& m_source;
    size_t m_bytes = 0;
};

enum class Bias { none, optional, required };

/// NAME.weight, NAME.bias and, where the file has it, NAME.scale.
Linear loadLinear(WeightReader& weights, const std::string& name, int64_t out, int64_t in, Bias bias);

/// Several projections of one input, NAME.weight each; or their rows, in this order, of one tensor FUSED.weight, as many files
/// have them. The same for biases.
struct NamedRows {
    std::string name;
    int64_t nRows;
};
std::vector<Linear> loadProjections(WeightReader& weights, const std::vector<NamedRows>& parts, const std::string& fused,
                                    int64_t in, Bias bias);

} // namespace sy::nn
