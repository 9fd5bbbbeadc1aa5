// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/api/fine_tune.h"
#include "engine/api/training_material.h"

namespace sy::api {

/// Fills the plan's memory and what would make it fit. `memory`: as ModelHost::memory() says; `available` is what is there beside
/// what the process has already.
void planMemory(FineTunePlan& plan, const TrainingMaterial& material, train::Trainer& trainer,
                const train::RunConfig& config, const MemoryState& memory);

/// Throws Unsupported, with the change that would help first, when the plan's peak is more than there is.
void requireMemory(const FineTunePlan& plan);

/// The same of a run on this material. Throws Unsupported, too, for what cannot be trained.
void requireMemory(const TrainingMaterial& material, const train::RunConfig& config, const nn::Adapter* initial,
                   const MemoryState& memory);

} // namespace sy::api
