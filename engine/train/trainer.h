// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/checkpoint_file.h"
#include "engine/train/dataset.h"
#include "engine/train/decoder_pass.h"
#include "engine/train/expert_choice.h"
#include "engine/train/memory_need.h"
#include "engine/train/preference.h"
#include "engine/train/run_config.h"

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>

namespace sy::train {

/// How evenly a step's rows were spread over the experts of all layers.
struct ExpertUse {
    double heaviest = 0; // rows of the expert with the most, of the layer where that is most, over the mean: 1 when all are even
    double idleShare = 0; // of the experts: those without a row
};

struct StepReport {
    int64_t step = 0; // from 1
    int64_t nSteps = 0;
    double loss = 0; // mean over the step's trained tokens, or its preferences; nats, before the step
    double learningRate = 0;
    double gradientNorm = 0; // before clipping
    int64_t nTokens = 0;
    double tokensPerSecond = 0;
    bool isSkipped = false;         // loss or gradient were no numbers: nothing has changed
    std::optional<double> evalLoss; // mean over the held-out tokens, nats, after the step
    bool isBest = false;            // none before was lower
    bool isCheckpoint = false;      // one is written behind it
    std::optional<ExpertUse> experts; // of a mixture of experts
};

/// What a run tells while it goes on. All may be empty.
struct TrainerEvents {
    std::function<void(const StepReport&)> onStep; // before the step's checkpoint: what it writes is never behind that
    std::function<void(const StepReport&)> onCheckpoint{}; // behind the checkpoint
    std::function<void(const StepReport&)> onEvaluated{};  // of a step that was told of before the run was stopped
};

enum class RunEnd : uint8_t {
    done,
    stopped,  // asked to: resume() goes on
    diverged, // ten steps in a row without a number
};

/// How long the parts of a step take on this machine.
struct StepCost {
    double secondsPerToken = 0; // forward and backward, of the texts trained
    double secondsPerUpdate = 0; // of the optimizer, once a step
};

/// What a run of adapters begins with: a new one, or one to go on from, given with its values, bound or not. Throws what
/// newAdapter() and addMagnitudes() throw.
TrainedSet firstUpdates(const ops::OpContext& context, const models::Model& model, const RunConfig& config,
                        const nn::Adapter* initial = nullptr, const ExpertChoice* experts = nullptr);

/// A run: examples in an order that follows from the seed, packed into micro-batches, their gradients added up over
/// a step with the step's trained tokens as the common denominator, one AdamW step. Everything is deterministic: the same
/// model, data and configuration give the same bytes at every thread count, stopped and resumed or not.
class Trainer {
public:
    /// Everything is borrowed but what is trained: an adapter (firstUpdates()), or the model itself (wholeModel()). `folder` gets
    /// the checkpoints. Throws what DecoderPass throws.
    Trainer(const ops::OpContext& context, const models::Model& model, const Dataset& data, const RunConfig& config,
            std::filesystem::path folder, std::string modelFingerprint, TrainedSet set);

    /// See DecoderPass.
    void shareProcessor(generate::StepLock& lock) { m_pass.shareProcessor(lock); }

    Trainer(const Trainer&) = delete;
    Trainer& operator=(const Trainer&) = delete;

    int64_t nSteps() const { return m_nSteps; }
    int64_t nTrained() const; // numbers
    BatchSize largestBatch(); // of an epoch

    /// Goes on from the newest checkpoint in the folder that can be read; false when there is none. Throws as
    /// readCheckpoint() when the newest readable one belongs to something else.
    bool resume();

    /// Trains to the end. A request to stop takes effect within a layer; the step in progress is given up. A checkpoint is
    /// written every so many steps, where the held-out loss is lower than ever, at the end and when stopped; the best one is
    /// kept beside the newest. onStep may throw Cancelled, which stops the run behind that step. Throws StorageFailure when
    /// one cannot be written (those before it are whole), OutOfMemory.
    RunEnd run(std::stop_token stop, const TrainerEvents& events);

    /// Takes a step with at most about mostTokens tokens of the texts that the run begins with, after a smaller one that
    /// readies caches. It writes nothing; the set is another one after it. Throws Cancelled.
    StepCost measure(int64_t mostTokens, std::stop_token stop);

    /// Tokens of all steps, texts that are seen again counted again.
    int64_t nTokensInAll();

    TrainedSet& trained() { return m_set; }
    const RunState& state() const { return m_state; }

    /// Mean loss of the trained tokens of some texts with the set as it is, nats; of preferences the mean of the pairs.
    double meanLoss(const TextStore& texts, std::stop_token stop = {});

private:
    std::vector<size_t> examplesOf(int64_t step);
    TextStore::Length lengthOf(size_t example) const;
    std::vector<std::vector<size_t>> microBatches(const std::vector<size_t>& examples) const;
    std::vector<PackedBatch> batchesOf(const std::vector<size_t>& examples) const;
    double batchLoss(const PackedBatch& batch, int64_t nShares, const PassOptions& options, std::stop_token stop);
    void countExperts(const PassResult& result);
    PreferenceLoss preferenceOf(const PackedBatch& batch, std::span<const float> losses,
                                std::span<const double> references) const;
    std::vector<double> referencesOf(const PackedBatch& batch, std::stop_token stop);
    StepReport step(std::stop_token stop);
    bool owesEvaluation() const;
    void evaluate(StepReport& report, std::stop_token stop);
    void save();
    double secondsOf(const std::vector<size_t>& examples, int64_t* nTokens, std::stop_token stop);

    const ops::OpContext& m_context;
    const Dataset& m_data;
    RunConfig m_config;
    std::filesystem::path m_folder;
    TrainedSet m_set;
    DecoderPass m_pass;
    AdamW m_optimizer;
    Schedule m_schedule;
    int64_t m_nSteps = 0, m_stepsPerEpoch = 0;
    std::vector<uint32_t> m_order; // of the examples in epoch m_orderOf
    int64_t m_orderOf = 0;
    int64_t m_savedStep = -1;
    std::map<int, std::vector<int64_t>> m_expertRows; // of the step in progress, by layer
    RunState m_state;
};

} // namespace sy::train
