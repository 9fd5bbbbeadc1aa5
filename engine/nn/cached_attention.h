// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/batch.h"
#include "engine/ops/attention/attention.h"

#include <vector>

namespace sy::nn {

/// Writes one layer's keys and values of all rows of a step into their caches.
///
/// keys    (rows, nKvHeads * keyDim) f32
/// values  (rows, nKvHeads * valueDim) f32; empty where a value is part of its key
void storeKeysAndValues(const ops::OpContext& context, int layer, const Batch& batch, const Tensor& keys,
                        const Tensor& values);

/// ops::attention of q (rows of the parts, nHeads * headDim) over the parts' caches.
Tensor attendCached(const ops::OpContext& context, const ops::AttentionConfig& config, int layer,
                    const std::vector<Batch::Part>& parts, const Tensor& q);

} // namespace sy::nn
