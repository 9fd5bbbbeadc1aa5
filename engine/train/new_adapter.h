// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/adapter.h"
#include "engine/train/adapter_set.h"
#include "engine/train/run_config.h"

namespace sy::train {

/// The updates that a run begins with: A uniform in ±1 / sqrt(in), B zero, so that the model is unchanged before the first
/// step. The numbers follow from the seed and the matrix's place alone.
///
/// Presets: all-linear, attention, attention+shared-experts, experts. Other targets are names of matrices ("blk.3.attn_q"),
/// with or without ".weight", in which * stands for anything. Throws Unsupported for a target that the model has nothing
/// for.
TrainedSet newAdapter(const models::Model& model, const RunConfig::Adapter& config, uint64_t seed);

/// The updates as inference takes them, in memory of their own. Not yet bound to a model.
nn::Adapter snapshot(const TrainedSet& set);

} // namespace sy::train
