// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>

namespace sy::api {

class Engine;

/// Reads a fine-tuning configuration (JSON) and returns it with every setting written out, paths of data made absolute.
/// Throws BadFile with `source` and the setting for what is wrong or unknown.
std::string completeFineTuneConfig(const std::string& config, const std::string& source);

/// What would be trained on what.
struct FineTunePlan {
    int64_t rows = 0;
    int64_t texts = 0;  // used
    int64_t tokens = 0; // of them
    int64_t trainedTokens = 0;
    int64_t longestTokens = 0;              // of all rows
    int64_t tooLong = 0;                    // longer than the context: left out
    int64_t withoutLabels = 0;              // nothing trained in them: left out
    int64_t withoutEnd = 0;                 // replies without an end token
    std::map<std::string, int64_t> formats; // rows by format
    int64_t steps = 0;
    int64_t trainedParameters = 0;
    uint64_t stateBytes = 0; // of values, gradients and optimizer
};

struct FineTuneStep {
    int64_t step = 0; // from 1
    int64_t steps = 0;
    double loss = 0; // nats per trained token, before the step
    double learningRate = 0;
    double gradientNorm = 0;
    double tokensPerSecond = 0;
    bool isSkipped = false; // loss or gradient were no numbers
};

struct FineTuneResult {
    enum class End { done, stopped, diverged } end = End::done;
    std::string run;               // its name in the data folder's runs/, for resuming
    std::filesystem::path adapter; // GGUF, of the values as they are now
    int64_t steps = 0;             // done in all
    double finalLoss = 0;          // of the last step that was not skipped
    double seconds = 0;            // of this call
    uint64_t peakBytes = 0;        // of the process
};

/// Reads the model and the data and counts; trains nothing. Throws as fineTune() does.
FineTunePlan planFineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop = {});

/// A new run: makes the folder runs/NAME-N with the configuration, checkpoints and, in the end, adapter.gguf. onStep runs on
/// the calling thread. A request to stop ends with a checkpoint and an adapter of what there is.
///
/// Throws BadFile for a configuration or data that are wrong (with setting, or file and row), Unsupported for a model or
/// target that this version cannot train, StorageFailure (checkpoints written before are whole), OutOfMemory, Cancelled
/// before the first step.
FineTuneResult fineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop,
                        const std::function<void(const FineTuneStep&)>& onStep);

/// Goes on with a run where its newest whole checkpoint stands, with the settings that it began with: the result has the
/// bytes of a run that was never stopped. Throws as fineTune(), and Unsupported when model or data have changed since.
FineTuneResult resumeFineTune(Engine& engine, const std::string& run, std::stop_token stop,
                              const std::function<void(const FineTuneStep&)>& onStep);

} // namespace sy::api
