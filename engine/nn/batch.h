// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/nn/adapter.h"
#include "engine/nn/kv_cache.h"
#include "engine/nn/layer_observer.h"
#include "engine/nn/span_observer.h"
#include "engine/ops/op_context.h"
#include "engine/ops/rope/rope.h"

#include <cstdint>
#include <vector>

namespace sy::nn {

class RouterObserver;

/// One step's tokens as the layers see them: rows of the residual stream, by sequence and position. The caches have grown already.
///
/// Not every row is needed to the end: a chunk in the middle of a prompt only has to leave keys and values behind, its end only
/// one row of logits. After the last layer has stored its keys and values, work goes on with the wanted rows alone, which are
/// always the last rows of each sequence.
struct Batch {
    struct Part {
        const KvSequence* cache;
        int64_t firstRow;
        int64_t nRows;
        int64_t firstPosition;
        RouterObserver* observer = nullptr; // hears of the experts chosen
        float expertMass = 1;               // see ops::route(); 1: all experts
        AdapterUse adapter{};               // updates the linears and experts for these rows
    };
    std::vector<int32_t> tokens;
    std::vector<int32_t> positions;  // of all rows
    std::vector<Part> parts;         // of all rows
    std::vector<Part> wantedParts;   // of the wanted rows, firstRow counting wanted rows only
    std::vector<int32_t> wantedRows; // where the wanted rows stand among all rows
    LayerObserver* layerObserver = nullptr; // borrowed; may be absent
    SpanObserver* spanObserver = nullptr;   // likewise

    int64_t nRows() const { return int64_t(tokens.size()); }
    bool wantsAll() const { return wantedRows.size() == tokens.size(); }
    void layerDone(int layer, const Tensor& hidden) const
    {
        if (layerObserver)
            layerObserver->layerDone(layer, hidden);
    }

    /// Appends n tokens of a sequence; the last nWanted of them are wanted.
    void add(const KvSequence& cache, std::span<const int32_t> newTokens, int64_t firstPosition, int64_t nWanted,
             RouterObserver* observer = nullptr, float expertMass = 1, AdapterUse adapter = {});
};

/// A model's RoPE for one step: made once, used by every layer.
struct StepRope {
    const ops::RopeConfig* config;
    ops::RopeAngles all;
    ops::RopeAngles wanted; // of the wanted rows
};
StepRope prepareRope(const ops::OpContext& context, const ops::RopeConfig& config, const Batch& batch);

} // namespace sy::nn
