// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/packed_batch.h"

#include <span>
#include <vector>

namespace sy::train {

/// A batch whose texts are pairs, a prompt with its chosen and then with its rejected reply, and what its objective says.
struct PreferenceLoss {
    double loss = 0;                   // sum over the pairs
    std::vector<float> factors;        // dLoss / d losses[i], as LossFactors returns them
    std::vector<double> rewardsChosen; // by pair; ORPO: log odds
    std::vector<double> rewardsRejected;
};

/// The texts' log-probabilities: minus the sum of each one's label losses.
std::vector<double> logProbabilities(const PackedBatch& batch, std::span<const float> losses);

/// -ln sigmoid(beta * ((chosen - its reference) - (rejected - its reference))) of log-probabilities. Rafailov et al. 2023,
/// arXiv:2305.18290.
///
/// references  logProbabilities() of the model without what is trained, by text
///
/// Throws std::invalid_argument when the texts are not pairs or the counts differ.
PreferenceLoss dpoLoss(const PackedBatch& batch, std::span<const float> losses, std::span<const double> references,
                       double beta);

/// The mean loss of the chosen reply plus lambda times -ln sigmoid(log odds ratio), of mean log-probabilities. Hong et al.
/// 2024, arXiv:2403.07691.
PreferenceLoss orpoLoss(const PackedBatch& batch, std::span<const float> losses, double lambda);

} // namespace sy::train
