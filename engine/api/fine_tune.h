// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::api {

class Engine;

/// Reads a fine-tuning configuration (JSON) and returns it with every setting written out, paths of data made absolute.
/// Throws BadFile with `source` and the setting for what is wrong or unknown.
std::string completeFineTuneConfig(const std::string& config, const std::string& source);

/// A stretch of a text as the model reads it.
struct FineTunePiece {
    std::string text;
    bool isTrained = false; // the model learns to write it
};

/// What becomes of a text. A row is one text, or several: the two of a preference, or one for each answer where the model's
/// template shows earlier turns differently.
struct FineTuneRow {
    enum class Outcome : uint8_t {
        used,
        heldOut,        // evaluated on and not trained
        tooLong,        // longer than the context: left out
        nothingTrained, // left out
    } outcome = Outcome::used;
    std::string file;                  // as the configuration has it
    int64_t row = 0;                   // from 1: a line, or a place in a JSON list
    int64_t tokens = 0;                // of this text
    std::vector<FineTunePiece> pieces; // of the whole text, in order; empty in FineTunePlan::dropped
};

/// A setting that would make a run fit the memory.
struct FineTuneChange {
    std::string setting; // "batch.contextLength"
    std::string value;   // as JSON
    uint64_t peakBytes = 0;
};

/// What would be trained on what.
struct FineTunePlan {
    int64_t rows = 0;
    int64_t texts = 0;  // trained
    int64_t tokens = 0; // of them
    int64_t trainedTokens = 0;
    int64_t heldOutTexts = 0;                    // evaluated on
    int64_t longestTokens = 0;                   // of all rows
    int64_t tooLong = 0;                         // longer than the context: left out
    int64_t withoutLabels = 0;                   // nothing trained in them: left out
    int64_t withoutEnd = 0;                      // replies without an end token
    int64_t duplicates = 0;                      // rows whose texts are those of an earlier row; they are used all the same
    std::map<std::string, int64_t> formats;      // rows by format
    std::map<std::string, int64_t> personalData; // "mail", "phone", "identity": what looks like such in the texts
    std::vector<FineTuneRow> preview;            // of the first rows: at most 50
    std::vector<FineTuneRow> dropped;            // texts left out: the first 100
    int64_t steps = 0;
    int64_t trainedParameters = 0;
    std::map<int, std::vector<int>> experts; // by layer, where only some are trained
    int64_t expertsPerLayer = 0;             // there are; 0: a model without

    // Memory that the process will have needed at its highest, by what it is for.
    uint64_t weightBytes = 0;            // the model's, as training reads them
    uint64_t trainedBytes = 0;           // what is trained: values, gradients and the optimizer's state
    uint64_t activationBytes = 0;        // what a step keeps for its way back, of its largest batch
    uint64_t otherBytes = 0;             // the program, the data, and what products and losses need while they are computed
    uint64_t peakBytes = 0;              // all of these together
    uint64_t availableBytes = 0;         // what the process has or could take without swapping
    std::vector<FineTuneChange> changes; // where peakBytes is more: each alone would make it fit; empty: none does
};

/// How evenly a step's rows were spread over a mixture's experts.
struct FineTuneExperts {
    double heaviest = 0;  // rows of the busiest expert over the mean, of the layer where that is most: 1 when all are even
    double idleShare = 0; // of all experts: those without a row
};

/// How fast a run would be, from a step that was really taken.
struct FineTuneSpeed {
    double tokensPerSecond = 0;
    double seconds = 0; // of the whole run, with the evaluations on held-out texts
};

struct FineTuneStep {
    int64_t step = 0; // from 1
    int64_t steps = 0;
    double loss = 0; // nats per trained token, before the step
    double learningRate = 0;
    double gradientNorm = 0;
    double tokensPerSecond = 0;
    bool isSkipped = false;         // loss or gradient were no numbers
    std::optional<double> evalLoss; // nats per trained token of the held-out texts, behind the step, where it was evaluated
    uint64_t residentBytes = 0;     // of the process now
    double seconds = 0;             // since this call began to train
    bool isCheckpoint = false;      // one is written behind the step
    std::optional<FineTuneExperts> experts;
};

/// What the adapter, as it was behind a step, answers to a prompt of the configuration.
struct FineTuneSample {
    int64_t step = 0;
    std::string prompt, text;
};

/// Bytes of the examples that have been read, and of all of them; a quarter of a megabyte at a time.
using ReadProgress = std::function<void(uint64_t done, uint64_t total)>;

/// All may be empty; they run on the calling thread.
struct FineTuneEvents {
    ReadProgress onRead; // before everything else
    std::function<void(const std::string& run)> onStart; // the run's folder is there: see runs.h
    std::function<void(const FineTuneStep&)> onStep;
    std::function<void(const FineTuneSample&)> onSample; // after the step's onStep
};

struct FineTuneResult {
    enum class End { done, stopped, diverged } end = End::done;
    std::string run;                    // its name in the data folder's runs/, for resuming
    std::filesystem::path adapter;      // GGUF, of DoRA a folder as PEFT writes it, of the values as they are now
    std::filesystem::path trainedModel; // in its place, of a run that trains the model itself: GGUF with the original's types
    int64_t steps = 0;                  // done in all
    double finalLoss = 0;               // of the last step that was not skipped
    std::optional<double> bestEvalLoss; // lowest of those evaluated, in all calls
    double seconds = 0;                 // of this call
    uint64_t peakBytes = 0;             // of the process
};

/// Reads the model and the data and counts; trains nothing. Throws as fineTune() does.
FineTunePlan planFineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop = {},
                          const ReadProgress& onRead = {});

/// Takes a step with some of the texts, of 512 tokens or the context, whatever is less, and keeps nothing of it. Throws as
/// fineTune() does.
FineTuneSpeed measureFineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop = {});

/// A new run: makes the folder runs/NAME-N with the configuration, the steps' metrics as they happen, checkpoints and
/// adapter.gguf (at every checkpoint and in the end). A request to stop ends with a checkpoint and an adapter of what there
/// is.
///
/// Throws BadFile for a configuration or data that are wrong (with setting, or file and row), Unsupported for a model or
/// target that this version cannot train and for a run that does not fit the memory (FineTunePlan::changes would make it),
/// StorageFailure (checkpoints written before are whole), OutOfMemory, Cancelled
/// before the first step.
FineTuneResult fineTune(Engine& engine, const std::string& config, const std::string& source, std::stop_token stop,
                        const FineTuneEvents& events);

/// Goes on with a run where its newest whole checkpoint stands, with the settings that it began with: the result has the
/// bytes of a run that was never stopped. Throws as fineTune(), and Unsupported when model or data have changed since, or
/// while another call, in this process or another, trains the run.
FineTuneResult resumeFineTune(Engine& engine, const std::string& run, std::stop_token stop, const FineTuneEvents& events);

} // namespace sy::api
