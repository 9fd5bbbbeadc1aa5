// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api: what is free when models are in memory already.
//
// The system's MemAvailable knows nothing of the future. A model that was just loaded has taken hardly any memory: its weights are
// pages of a file, which count as available since they can be read again, and are copied in the background; keys and values get
// memory as they come. All of that has been promised and is not there for the next model:
//
//     MemAvailable   |========================================|
//     awaited by A                           |================|    weights not copied yet, room for keys and values
//     free           |=======================|
//     own of A                                                |=====|   comes back when A is let go
#pragma once

#include "engine/api/engine.h"

#include <cstdint>
#include <span>

namespace sy::api {

/// Of one model. Buffers to compute in are not counted: models take turns at the processor and use the same ones, which the
/// estimate of the next model has in it.
struct ModelMemory {
    uint64_t ownBytes = 0;     // memory of no file, given back with the model
    uint64_t awaitedBytes = 0; // that it will take, or read again and again from pages of its file
};

/// The machine as the next model finds it: `availableBytes` less what those that stay await, and with what those that leave
/// give back; never more than there is.
MemoryState forNextModel(MemoryState machine, std::span<const ModelMemory> staying, std::span<const ModelMemory> leaving = {});

} // namespace sy::api
