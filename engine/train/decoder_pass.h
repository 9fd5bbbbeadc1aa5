// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/step_lock.h"
#include "engine/models/model.h"
#include "engine/ops/cross_entropy/cross_entropy.h"
#include "engine/train/packed_batch.h"
#include "engine/train/recorded_ops.h"

#include <functional>
#include <map>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::train {

struct PassOptions {
    bool hasCheckpoints =
        false; // layers are computed again on the way back: one row of each layer's input is kept instead of all
    int64_t lossChunkRows = 0; // rows of logits at a time; 0: ops::lossChunkRows()
    BalanceOptions balance;
    Dropout dropout;
};

/// "blk.3.", what the names of a layer's tensors begin with.
std::string layerPrefix(int layer);

/// Every name that a pass asks the trained set for, of updates ("blk.0.attn_q") and of whole tensors ("blk.0.attn_q.weight"); of
/// the latter more than the model has.
std::set<std::string> knownNames(const models::DecoderView& decoder);

/// dLoss / d losses[i] for the losses of a batch's labels. Called once in a step, so an objective that needs the losses
/// first (preferences) may look at them.
using LossFactors = std::function<std::vector<float>(std::span<const float> losses)>;

struct PassResult {
    std::vector<float> losses; // -ln p(label) for each of PackedBatch::labels, nats
    double balanceLoss = 0;    // coefficient included
    std::map<int, std::vector<int64_t>> expertRows; // by layer: rows that each expert had
};

/// What the experts of a mixture had of a batch, by layer.
struct ExpertUsage {
    std::map<int, std::vector<int64_t>> rows;
    std::map<int, std::vector<double>> weights; // of each expert's rows, summed, before the model's scale
};

/// Throws Unsupported, naming the architecture, for a model that is no decoder.
void requireTrainable(const models::Model& model);

/// The training step of a decoder: forward over packed texts, loss, backward into the trained set. The model's own layers
/// are read, in whatever form inference has them; nothing of the model changes.
class DecoderPass {
public:
    /// All borrowed. Throws Unsupported for a model that is no decoder, and for an update or tensor that no layer would use:
    /// the unused ones are named.
    DecoderPass(const ops::OpContext& context, const models::Model& model, TrainedSet& trained);

    /// Passes take turns at the processor with whatever else computes in this process, and give way between two ops.
    /// Borrowed.
    void shareProcessor(generate::StepLock& lock) { m_lock = &lock; }

    /// Adds the gradients of sum(factor * loss) over the batch's labels to the trained set. Without labels only the balance
    /// loss does anything. Throws Cancelled within one layer of a request to stop (gradients are then partly added),
    /// std::invalid_argument for tokens outside the vocabulary.
    PassResult step(const PackedBatch& batch, std::span<const float> factors, const PassOptions& options = {},
                    std::stop_token stop = {});
    PassResult step(const PackedBatch& batch, const LossFactors& factorsOf, const PassOptions& options = {},
                    std::stop_token stop = {});

    /// The losses alone, with the set as it is now.
    std::vector<float> losses(const PackedBatch& batch, std::stop_token stop = {});

    /// The same of the model without what is trained on it: updates do nothing. Throws std::invalid_argument when whole
    /// tensors are trained, whose old values are gone.
    std::vector<float> baseLosses(const PackedBatch& batch, std::stop_token stop = {});

    /// Where the batch's tokens went. Empty for a model without experts.
    ExpertUsage expertUsage(const PackedBatch& batch, std::stop_token stop = {});

    /// Logits of all rows (tokens, vocabulary), for tests and samples: a whole matrix.
    Tensor logits(const PackedBatch& batch);

private:
    DecoderPass(const ops::OpContext& context, models::DecoderView decoder, TrainedSet& trained)
        : m_context(context), m_decoder(decoder), m_trained(trained)
    {
    }
    Pass makePass(const PackedBatch& batch, const PassOptions& options) const;
    Variable forward(Pass& pass, Tape& tape, bool hasCheckpoints, std::stop_token stop) const;
    Variable block(Pass& pass, Tape& tape, int layer, const Variable& x) const;
    Variable streamBlock(Pass& pass, Tape& tape, int layer, const Variable& streams) const;
    PassResult run(const PackedBatch& batch, const std::function<std::vector<float>(const Tensor&)>& factorsOf,
                   const PassOptions& options, std::stop_token stop);
    ops::LossHead lossHead() const;
    Tensor hiddenOfLabels(const PackedBatch& batch, std::stop_token stop);
    ops::CrossEntropyGrad lossGrad(const Tensor& hidden, std::span<const int32_t> labels, std::span<const float> factors,
                                   int64_t chunk, const std::function<void()>& betweenOps);
    void checkNames() const;

    const ops::OpContext& m_context;
    models::DecoderView m_decoder;
    TrainedSet& m_trained;
    generate::StepLock* m_lock = nullptr;
};

} // namespace sy::train
