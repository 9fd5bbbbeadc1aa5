// SPDX-License-Identifier: GPL-3.0-or-later
// Products in which not all rows meet the same matrix: tokens and their experts, values and their heads. Rows of one group
// stand together, so that a group's matrix is read once for all of them.
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/matmul/tile.h"
#include "engine/ops/op_context.h"

#include <cstdint>
#include <span>
#include <vector>

namespace sy::ops {

/// Rows first[g] ... first[g + 1] - 1 belong to group g.
struct RowGroups {
    std::vector<int64_t> first{0};
    int64_t nGroups() const { return int64_t(first.size()) - 1; }
    int64_t nRows() const { return first.back(); }
    int64_t count(int64_t group) const { return first[size_t(group) + 1] - first[size_t(group)]; }
};

/// The rows in the forms that the kernels read, made when the first weight asks for them.
class GroupedInput {
public:
    /// x (rows, in) f32, sorted by group. `groups` outlives the input.
    GroupedInput(Tensor x, const RowGroups& groups);

    /// Row i is row sources[i] of x. Everything outlives the input.
    GroupedInput(const MatmulInput& x, std::span<const int32_t> sources, const RowGroups& groups);

    /// Makes the form that products with this weight read. Called before the parallel loop, for every weight in it.
    void prepare(const OpContext& context, const Tensor& weight);

    int64_t cols() const { return m_cols; }
    const RowGroups& groups() const { return *m_groups; }

private:
    friend class GroupedProduct;
    void makeFloat();
    void makeInt8(const OpContext& context);

    const RowGroups* m_groups;
    int64_t m_cols;
    const MatmulInput* m_source = nullptr;
    std::span<const int32_t> m_sources;
    Tensor m_x;                                   // (rows, in)
    Tensor m_q, m_scales, m_sums, m_negativeSums; // group by group, each as MatmulInput::Quantized has it
};

/// Computes tiles of matrices against their group's rows; used from all threads.
class GroupedProduct {
public:
    GroupedProduct(const OpContext& context, const GroupedInput& input) : m_context(context), m_input(input) {}

    /// Tiles of kTileRows rows of a weight; the last one may be the end of it once more, see rows().
    static int64_t nTiles(const Tensor& weight) { return (weight.rows() + kTileRows - 1) / kTileRows; }

    /// The weight's rows that one tile gives: out[row * kTileRows + skip ... skip + count - 1] are weight rows first + skip
    /// ...
    struct TileRows {
        int64_t first;
        int skip;
        int count;
    };
    static TileRows rows(const Tensor& weight, int64_t tile);

    /// out (rows of the group, kTileRows) = the group's rows times the tile.
    void compute(int64_t group, const Tensor& weight, const TileRows& tile, float* out) const;

private:
    const OpContext& m_context;
    const GroupedInput& m_input;
};

} // namespace sy::ops
