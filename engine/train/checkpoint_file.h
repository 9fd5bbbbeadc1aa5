// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/adapter_set.h"
#include "engine/train/optimizer.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sy::train {

/// Where a run stands besides its tensors. Everything random follows from the seed and the step, so there is no other state.
struct RunState {
    int64_t step = 0;                   // steps done
    std::vector<float> losses;          // of each step done; not a number where one was skipped
    std::optional<double> bestEvalLoss; // lowest of the held-out texts so far
    int64_t bestStep = 0;               // where it was
    int64_t evaluatedStep = 0;          // where they were evaluated last
    std::string dataSha256;             // Dataset::sha256
    std::string modelFingerprint;       // of the base that the run began with
};

/// Writes a checkpoint: a GGUF file with the trained values, the optimizer's state and where the run stands. It appears
/// under its name when all of it is on the disk; the same state gives the same bytes. Throws StorageFailure.
void writeCheckpoint(const std::filesystem::path& path, TrainedSet& set, AdamW& optimizer, const RunState& state);

/// Puts a checkpoint into a set that holds the same tensors. Throws StorageFailure, BadFile, and Unsupported when the set,
/// the data or the base are others than those of `expected`; nothing has changed then.
void readCheckpoint(const std::filesystem::path& path, TrainedSet& set, AdamW& optimizer, const RunState& expected,
                    RunState& state);

/// Puts only the trained values of a checkpoint into a set that holds the same tensors. Throws StorageFailure, BadFile, and
/// Unsupported when the set is another; nothing has changed then.
void readCheckpointValues(const std::filesystem::path& path, TrainedSet& set);

/// step-00000050.gguf
std::string checkpointName(int64_t step);

/// The step in a checkpoint's name.
int64_t checkpointStep(const std::filesystem::path& path);

/// The checkpoints in a folder, oldest first; files that are none are passed over. Empty when the folder does not exist.
std::vector<std::filesystem::path> checkpointsIn(const std::filesystem::path& folder);

} // namespace sy::train
