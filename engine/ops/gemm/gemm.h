// SPDX-License-Identifier: GPL-3.0-or-later
// Products of float matrices in any orientation, for training: matmul() has the one that inference needs, in int8 and for
// one token as well as for many.
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/op_context.h"

#include <cstdint>

namespace sy::ops {

/// A matrix of floats anywhere in memory: element (i, j) is data[i * rowStride + j * colStride].
struct MatrixView {
    const float* data;
    int64_t nRows, nCols;
    int64_t rowStride, colStride;
};
MatrixView viewOf(const Tensor& x); // (rows(), cols()), f32
MatrixView transposed(const MatrixView& view);
MatrixView columns(const MatrixView& view, int64_t first, int64_t n);

/// Where a product goes: rows of floats, rowStride apart.
struct MatrixTarget {
    float* data;
    int64_t rowStride;
};
MatrixTarget targetOf(Tensor& x);
MatrixTarget columns(const MatrixTarget& target, int64_t first);

enum class Write : uint8_t { sets, adds };

/// c = factor * a b, or c += factor * a b.
///
/// a  (m, k)
/// b  (k, n)
/// c  (m, n)
///
/// Each element is a chain of fused multiply-adds over k in ascending order, in blocks of 256 that are then added: the same
/// bits at every CPU level and thread count, whatever the other rows and columns. Throws std::invalid_argument when a and b
/// do not fit.
void gemm(const OpContext& context, const MatrixView& a, const MatrixView& b, const MatrixTarget& c,
          Write write = Write::sets, float factor = 1);

/// A right-hand side of gemm() as its loops read it, for one that many left-hand sides meet: the copying is most of the work
/// where those have a few rows.
struct PackedMatrix {
    int64_t nRows = 0, nCols = 0;
    cpu::Level level = cpu::Level::scalar; // whose loops it is for
    Tensor panels;                         // (count) f32; empty: none
};
PackedMatrix packed(const OpContext& context, const MatrixView& b);

inline constexpr int64_t kPackedCols = 256; // columns of a PackedMatrix begin at multiples of it

/// gemm() with n columns of b from firstCol on, a multiple of kPackedCols: the same bits.
void gemm(const OpContext& context, const MatrixView& a, const PackedMatrix& b, int64_t firstCol, int64_t n,
          const MatrixTarget& c, Write write = Write::sets, float factor = 1);

/// c = factor * a W, or added: what a product's input gets from its output's gradient.
///
/// a       (m, W.rows())
/// weight  (k, n) of any type in quant_table, also packed; each tile is decoded once for all rows of a
/// c       (m, n)
void gemmWeight(const OpContext& context, const MatrixView& a, const Tensor& weight, const MatrixTarget& c,
                Write write = Write::sets, float factor = 1);

} // namespace sy::ops
