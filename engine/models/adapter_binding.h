// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/adapter.h"

#include <cstdint>
#include <map>
#include <string>

namespace sy::models {

/// Rows or columns of heads of values that Hugging Face's files have by the key head that they read (all of the first, all
/// of the second), and GGUF in turn (one of each, then the next of each): Qwen 3.5. Other rows stand where they stand.
struct TurnedHeads {
    int64_t first = 0; // row or column where they begin
    int64_t nKeyHeads = 0;
    int64_t nValueHeads = 0; // 0: none
    int64_t width = 0;       // of a head
};

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
    TurnedHeads rows{}, columns{};
};

using AdaptableMatrices = std::map<std::string, AdaptableMatrix>;

/// All of them by name, "blk.0.attn_q"; routers, embeddings and the head are not among them. Empty for a model that is no
/// decoder. Valid as long as the model.
AdaptableMatrices adaptableMatrices(const Model& model);

/// Where a row and a column stand in Hugging Face's files. Those have the halves of a rotated head side by side, GGUF has
/// its pairs as neighbours; see TurnedHeads as well.
int64_t hfRowOf(const AdaptableMatrix& matrix, int64_t row);
int64_t hfColumnOf(const AdaptableMatrix& matrix, int64_t column);

/// Whether every update fits a matrix of this model. Throws Unsupported naming the updates that no product would use, or that
/// this version cannot apply; BadFile with `source` for shapes that do not fit.
void checkAdapter(const Model& model, const nn::Adapter& adapter, const std::string& source);

/// Checks the adapter, and makes what DoRA needs (one pass over its matrices). Throws as checkAdapter().
void bindAdapter(const ops::OpContext& context, const Model& model, nn::Adapter& adapter, const std::string& source);

} // namespace sy::models
