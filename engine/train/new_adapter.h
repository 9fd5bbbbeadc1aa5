// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/model.h"
#include "engine/nn/adapter.h"
#include "engine/train/adapter_set.h"
#include "engine/train/expert_choice.h"
#include "engine/train/run_config.h"

namespace sy::train {

/// The updates that a run begins with: A uniform in ±1 / sqrt(in), B zero, so that the model is unchanged before the first
/// step. The numbers follow from the seed and the matrix's place alone.
///
/// Presets: all-linear, attention, attention+shared-experts, experts. Other targets are names of matrices ("blk.3.attn_q"),
/// with or without ".weight", in which * stands for anything. Throws Unsupported for a target that the model has nothing
/// for. With a choice only those experts get an update; Unsupported then when no target has experts.
TrainedSet newAdapter(const models::Model& model, const RunConfig::Adapter& config, uint64_t seed,
                      const ExpertChoice* experts = nullptr);

/// Makes DoRA of updates: each gets the norms of its matrix's rows as its magnitudes, so that the model is unchanged. Throws
/// Unsupported for experts and other matrices that are no whole ones.
void addMagnitudes(const ops::OpContext& context, const models::Model& model, TrainedSet& set);

/// The updates of an adapter to go on from, in memory of their own. Not only its values: what is trained, ranks and scales
/// are its own.
TrainedSet fromAdapter(const nn::Adapter& adapter);

/// The updates as inference takes them, in memory of their own, zeros for experts that are not trained. Not yet bound to a
/// model.
nn::Adapter snapshot(const TrainedSet& set);

} // namespace sy::train
