// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/preference.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace sy::train {

namespace {

double minusLogSigmoid(double x)
{
    return x > 0 ? std::log1p(std::exp(-x)) : std::log1p(std::exp(x)) - x;
}

double sigmoid(double x)
{
    return 1 / (1 + std::exp(-x));
}

void check(const PackedBatch& batch, std::span<const float> losses)
{
    if (batch.lengths.size() % 2 != 0 || int64_t(losses.size()) != batch.nLabels())
        throw std::invalid_argument("preferences: " + std::to_string(batch.lengths.size()) + " texts, " +
                                    std::to_string(losses.size()) + " losses");
}

struct Labels {
    int64_t first, n;
};
Labels labelsOf(const PackedBatch& batch, size_t text)
{
    return {batch.firstLabels[text], batch.firstLabels[text + 1] - batch.firstLabels[text]};
}

} // namespace

std::vector<double> logProbabilities(const PackedBatch& batch, std::span<const float> losses)
{
    std::vector<double> sums;
    for (size_t text = 0; text < batch.lengths.size(); ++text) {
        double sum = 0;
        for (int64_t i = batch.firstLabels[text]; i < batch.firstLabels[text + 1]; ++i)
            sum -= double(losses[size_t(i)]);
        sums.push_back(sum);
    }
    return sums;
}

PreferenceLoss dpoLoss(const PackedBatch& batch, std::span<const float> losses, std::span<const double> references,
                       double beta)
{
    check(batch, losses);
    if (references.size() != batch.lengths.size())
        throw std::invalid_argument("dpoLoss: " + std::to_string(references.size()) + " references");
    const std::vector<double> now = logProbabilities(batch, losses);
    PreferenceLoss result{0, std::vector<float>(losses.size(), 0.0f), {}, {}};
    for (size_t chosen = 0; chosen < now.size(); chosen += 2) {
        const size_t rejected = chosen + 1;
        const double reward = beta * (now[chosen] - references[chosen]),
                     other = beta * (now[rejected] - references[rejected]);
        result.rewardsChosen.push_back(reward);
        result.rewardsRejected.push_back(other);
        result.loss += minusLogSigmoid(reward - other);
        const auto pull = float(beta * sigmoid(other - reward));
        const Labels up = labelsOf(batch, chosen), down = labelsOf(batch, rejected);
        std::fill_n(result.factors.begin() + up.first, up.n, pull);
        std::fill_n(result.factors.begin() + down.first, down.n, -pull);
    }
    return result;
}

PreferenceLoss orpoLoss(const PackedBatch& batch, std::span<const float> losses, double lambda)
{
    check(batch, losses);
    const std::vector<double> sums = logProbabilities(batch, losses);
    PreferenceLoss result{0, std::vector<float>(losses.size(), 0.0f), {}, {}};
    for (size_t chosen = 0; chosen < sums.size(); chosen += 2) {
        const Labels up = labelsOf(batch, chosen), down = labelsOf(batch, chosen + 1);
        if (up.n == 0 || down.n == 0)
            throw std::invalid_argument("orpoLoss: a reply without trained tokens");
        const double a = sums[chosen] / double(up.n), b = sums[chosen + 1] / double(down.n);
        // Odds of certainty are infinite; a mean loss that rounds to 0 stands for the smallest one that is told from it.
        const double restA = std::max(1e-12, -std::expm1(a)), restB = std::max(1e-12, -std::expm1(b));
        const double oddsA = a - std::log(restA), oddsB = b - std::log(restB);
        result.rewardsChosen.push_back(oddsA);
        result.rewardsRejected.push_back(oddsB);
        result.loss += -a + lambda * minusLogSigmoid(oddsA - oddsB);
        const double pull = lambda * sigmoid(oddsB - oddsA);
        std::fill_n(result.factors.begin() + up.first, up.n, float((1 + pull / restA) / double(up.n)));
        std::fill_n(result.factors.begin() + down.first, down.n, float(-pull / restB / double(down.n)));
    }
    return result;
}

} // namespace sy::train
