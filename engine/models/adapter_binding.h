// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/adapter.h"

#include <cstdint>
#include <map>
#include <string>

namespace sy::models {

/// A matrix of a model that an adapter can update.
struct AdaptableMatrix {
    int64_t out = 0;
    int64_t in = 0;
    int64_t nExperts = 0; // 0: one matrix
    int64_t nRotatedHeads =
        0; // heads whose rows GGUF has in another order than Hugging Face's files: see hfRowOf(); 0: none
    const nn::Linear* linear = nullptr; // where it is one whole matrix: DoRA can scale its rows
    bool isAttention = false;
    bool isSharedExpert = false;
};

using AdaptableMatrices = std::map<std::string, AdaptableMatrix>;

/// All of them by name, "blk.0.attn_q"; routers, embeddings and the head are not among them. Empty for a model that is no
/// decoder. Valid as long as the model.
AdaptableMatrices adaptableMatrices(const Model& model);

/// Where a row of a rotated matrix stands in Hugging Face's files: they have the halves of a head side by side, GGUF has its
/// pairs as neighbours.
int64_t hfRowOf(const AdaptableMatrix& matrix, int64_t row);

/// Checks that every update fits a matrix of this model, and makes what DoRA needs (one pass over its matrices). Throws
/// Unsupported naming the updates that no product would use, or that this version cannot apply; BadFile with `source` for
/// shapes that do not fit.
void bindAdapter(const ops::OpContext& context, const Model& model, nn::Adapter& adapter, const std::string& source);

} // namespace sy::models
