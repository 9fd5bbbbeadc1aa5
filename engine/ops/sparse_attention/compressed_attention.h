// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/sparse_attention/sparse_attention.h"

namespace sy::ops {

/// One sequence's part of a ragged batch that sees recent keys and compressed ones.
struct CompressedSequence {
    int64_t firstRow;
    int64_t nRows;
    int64_t firstPosition;
    KvPages recent;     // a key for each token; only those in a row's window are read
    KvPages compressed; // a key for each `ratio` tokens
};

/// attention() in which the row at position p sees, in one softmax, the tokens of its window and the compressed keys of
/// blocks that are finished: 0 ... (p + 1) / ratio - 1, or those of them that are selected. DeepSeek-V4.
///
/// q         (rows, nHeads * headDim) f32
/// config    one key head with values in its keys and a window
/// ratio     tokens that a compressed key stands for
/// selected  by row; empty: all finished blocks
///
/// A row's bits depend on its sequence alone. Throws std::invalid_argument when shapes do not fit.
Tensor compressedAttention(const OpContext& context, const Tensor& q, std::span<const CompressedSequence> sequences,
                           const AttentionConfig& config, int64_t ratio, const SelectedKeys& selected);

/// Upper bound of the memory that compressedAttention() takes for the keys it gathers, rows of rowBytes, when no row sees
/// more than mostKeys.
size_t gatheredBytes(int64_t mostKeys, size_t rowBytes);

} // namespace sy::ops
