// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/fine_tune.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sy::api {

/// A fine-tuning run of the data folder.
struct RunEntry {
    enum class State : uint8_t {
        running, // some process trains it now
        stopped, // on request: resumeFineTune() goes on
        done,
        diverged,    // the loss stopped being a number
        interrupted, // its process ended without saying so: resumeFineTune() goes on from the newest checkpoint
    } state = State::interrupted;
    std::string id;    // of its folder in runs/
    std::string name;  // the configuration's until setRunName()
    std::string notes; // setRunNotes()
    std::string model; // as the configuration has it: path, or id of an imported one
    int64_t step = 0;  // done
    int64_t steps = 0; // in all; 0: not known
    std::chrono::system_clock::time_point startedAt;
    double seconds = 0;                 // trained, in all calls
    double finalLoss = 0;               // of the last step, nats; 0 before the first
    std::optional<double> bestEvalLoss; // lowest of the held-out texts
    int64_t bestStep = 0;               // where it was
    uint64_t peakBytes = 0;             // of the process that trained it
    std::filesystem::path adapter;      // GGUF, of DoRA a folder as PEFT writes it; empty before the first checkpoint
    std::optional<int64_t> usedStep;    // of the checkpoint that the adapter is of, where useCheckpoint() chose one
    std::filesystem::path bestAdapter;  // that of bestStep; empty when nothing was evaluated
    bool isWhole = false;               // it trains the model itself
    std::filesystem::path trainedModel; // GGUF, of a run that trains the model itself: it has no adapter
    std::filesystem::path bestModel;    // that of bestStep
};

/// All of them, newest first. A folder without a readable configuration is passed over.
std::vector<RunEntry> listRuns(Engine& engine);

/// One of them; empty for an id that is none.
std::optional<RunEntry> findRun(Engine& engine, const std::string& id);

// Those below throw StorageFailure for an id that is no run, and when a file cannot be read or written.

/// The configuration, every setting written out.
std::string runConfig(Engine& engine, const std::string& id);

/// All steps so far, ascending; also of a run that is being trained. A last line that a killed process left half written is
/// passed over.
std::vector<FineTuneStep> runSteps(Engine& engine, const std::string& id);
std::vector<FineTuneSample> runSamples(Engine& engine, const std::string& id);

/// A checkpoint that a run still has.
struct RunCheckpoint {
    int64_t step = 0;
    std::optional<double> loss;     // of the step, nats per trained token
    std::optional<double> evalLoss; // behind it, where it was evaluated
    bool isBest = false;            // lowest evalLoss of the run
    bool isUsed = false;            // RunEntry::adapter is of it
    uint64_t bytes = 0;
};

/// Newest first.
std::vector<RunCheckpoint> runCheckpoints(Engine& engine, const std::string& id);

/// Makes the adapter of a checkpoint the run's, until another is chosen or the run goes on; choosing the newest brings back
/// what the run ended with. Throws BadFile, and Unsupported while the run is being trained and when its model is not there.
void useCheckpoint(Engine& engine, const std::string& id, int64_t step);

void setRunName(Engine& engine, const std::string& id, const std::string& name);
void setRunNotes(Engine& engine, const std::string& id, const std::string& notes);

/// Puts the run's folder, adapter included, away; what was put away before is gone then, and all of it when an engine is
/// started after this one has ended. Throws Unsupported while the run is being trained.
void removeRun(Engine& engine, const std::string& id);

/// Brings back what removeRun() put away last. Returns its id, which is another one when a new run has taken the old one.
std::string restoreRun(Engine& engine, const std::string& id);

} // namespace sy::api
