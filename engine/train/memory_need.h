// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/train/adapter_set.h"

#include <cstdint>
#include <set>

namespace sy::train {

/// Memory that a run takes at its highest, besides what the process had before.
struct MemoryNeed {
    uint64_t weightBytes = 0;     // the base's
    uint64_t trainedBytes = 0;    // values, gradients, optimizer
    uint64_t activationBytes = 0; // kept for the way back
    uint64_t otherBytes = 0;      // while single ops run
};

/// The largest micro-batch that a run can meet.
struct BatchSize {
    int64_t nTokens = 0;
    int64_t nLabels = 0;
    std::set<int64_t> otherTokens{}; // of batches that are so much smaller that they take buffers of their own
};

/// Batches of about as many tokens, which share their buffers, have the same one.
int64_t sizeClass(int64_t nTokens);

/// stateBits  of each number that the optimizer keeps
MemoryNeed memoryNeed(const models::Model& model, const TrainedSet& set, const BatchSize& batch, bool hasCheckpoints,
                      int64_t stateBits = 32);

} // namespace sy::train
