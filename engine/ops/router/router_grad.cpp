// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/router/router_grad.h"

#include "engine/ops/parallel_rows.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace sy::ops {

namespace {

constexpr double kLeastSum = 6.103515625e-5; // as route() has it

// Gradients of the chosen experts' gated values from those of their weights, in place. `values` are the gated values.
void throughNormalization(const RouterConfig& config, const std::vector<double>& values, std::vector<double>& gradients)
{
    for (double& g : gradients)
        g *= double(config.scale);
    if (!config.normalizes)
        return;
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    if (sum <= kLeastSum) { // divided by a constant there
        for (double& g : gradients)
            g /= kLeastSum;
        return;
    }
    double mean = 0;
    for (size_t i = 0; i < values.size(); ++i)
        mean += gradients[i] * values[i] / sum;
    for (double& g : gradients)
        g = (g - mean) / sum;
}

void softmaxGrad(const std::vector<double>& values, std::vector<double>& gradients)
{
    double mean = 0;
    for (size_t i = 0; i < values.size(); ++i)
        mean += gradients[i] * values[i];
    for (size_t i = 0; i < values.size(); ++i)
        gradients[i] = values[i] * (gradients[i] - mean);
}

struct Row {
    const float* probabilities;
    const int32_t* experts;
    const float* dWeights;
    const float* dProbabilities; // or null
    float* dLogits;
};

// In double: a row has few values, and the differences above cancel.
void rowGrad(const RouterConfig& config, int nUsed, const Row& row)
{
    const auto nExperts = size_t(config.nExperts);
    std::vector<double> chosen, gradients;
    for (int i = 0; i < nUsed && row.experts[i] >= 0; ++i) {
        chosen.push_back(double(row.probabilities[row.experts[i]]));
        gradients.push_back(double(row.dWeights[i]));
    }
    if (config.gating == Gating::softmaxOfChosen) {
        const double top = *std::ranges::max_element(chosen);
        double total = 0;
        for (double& value : chosen)
            total += value = std::exp(value - top);
        for (double& value : chosen)
            value /= total;
    }
    throughNormalization(config, chosen, gradients);
    if (config.gating == Gating::softmaxOfChosen)
        softmaxGrad(chosen, gradients);

    std::vector<double> all(nExperts, 0.0);
    for (size_t e = 0; row.dProbabilities && e < nExperts; ++e)
        all[e] = double(row.dProbabilities[e]);
    for (size_t i = 0; i < gradients.size(); ++i)
        all[size_t(row.experts[i])] += gradients[i];

    if (config.gating == Gating::softmax) {
        softmaxGrad({row.probabilities, row.probabilities + nExperts}, all);
    } else if (config.gating != Gating::softmaxOfChosen) {
        for (size_t e = 0; e < nExperts; ++e) {
            const double p = double(row.probabilities[e]);
            if (config.gating == Gating::sigmoid)
                all[e] *= p * (1 - p);
            else // p² = log(1 + e^z), so that the sigmoid of z is 1 - e^(-p²)
                all[e] *= p > 0 ? -std::expm1(-p * p) / (2 * p) : 0;
        }
    }
    std::ranges::transform(all, row.dLogits, [](double g) { return float(g); });
}

// Choices of each expert among rows first ... end - 1.
std::vector<double> countChoices(const Routing& routing, int64_t first, int64_t end)
{
    std::vector<double> counts(size_t(routing.probabilities.cols()), 0.0);
    const int32_t* experts = routing.experts.data<int32_t>();
    for (int64_t i = first * routing.nUsed(); i < end * routing.nUsed(); ++i) {
        if (experts[i] >= 0)
            counts[size_t(experts[i])] += 1;
    }
    return counts;
}

} // namespace

Tensor routeGrad(const OpContext& context, const Routing& routing, const RouterConfig& config, const Tensor& dWeights,
                 const Tensor& dProbabilities)
{
    const int64_t nTokens = routing.nTokens(), nExperts = config.nExperts;
    const int nUsed = routing.nUsed();
    if (routing.probabilities.cols() != nExperts || dWeights.rows() != nTokens || dWeights.cols() != nUsed ||
        (dProbabilities && dProbabilities.shape() != routing.probabilities.shape()))
        throw std::invalid_argument("routeGrad: gradient " + toString(dWeights.shape()) + " for " + std::to_string(nTokens) +
                                    " tokens and " + std::to_string(nUsed) + " of " + std::to_string(nExperts) + " experts");
    Tensor dLogits = Tensor::empty({nTokens, nExperts});
    constexpr int64_t kCost = 8; // doubles and an allocation, in the values that parallelRows counts
    parallelRows(context, nTokens, nExperts * kCost, [&, out = dLogits.f32()](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t)
            rowGrad(config, nUsed,
                    {routing.probabilities.f32() + t * nExperts, routing.experts.data<int32_t>() + t * nUsed,
                     dWeights.f32() + t * nUsed, dProbabilities ? dProbabilities.f32() + t * nExperts : nullptr,
                     out + t * nExperts});
    });
    return dLogits;
}

BalanceLoss switchBalance(const OpContext& context, const Routing& routing)
{
    const int64_t nTokens = routing.nTokens(), nExperts = routing.probabilities.cols();
    BalanceLoss loss{0, Tensor::empty(routing.probabilities.shape())};
    if (nTokens == 0)
        return loss;
    const std::vector<double> counts = countChoices(routing, 0, nTokens);
    std::vector<float> slopes;
    for (int64_t e = 0; e < nExperts; ++e) {
        double mean = 0;
        for (int64_t t = 0; t < nTokens; ++t)
            mean += double(routing.probabilities.f32()[t * nExperts + e]) / double(nTokens);
        const double share = counts[size_t(e)] / double(nTokens * routing.nUsed());
        loss.value += double(nExperts) * share * mean;
        slopes.push_back(float(double(nExperts) * share / double(nTokens)));
    }
    parallelRows(context, nTokens, nExperts, [&, out = loss.dProbabilities.f32()](int64_t first, int64_t end) {
        for (int64_t t = first; t < end; ++t)
            std::ranges::copy(slopes, out + t * nExperts);
    });
    return loss;
}

BalanceLoss sequenceBalance(const OpContext& context, const Routing& routing, std::span<const int64_t> lengths)
{
    const int64_t nExperts = routing.probabilities.cols();
    if (std::accumulate(lengths.begin(), lengths.end(), int64_t(0)) != routing.nTokens())
        throw std::invalid_argument("sequenceBalance: " + std::to_string(lengths.size()) + " texts do not add up");
    BalanceLoss loss{0, Tensor::empty(routing.probabilities.shape())};
    std::vector<double> values(static_cast<size_t>(routing.nTokens()));
    int64_t begin = 0;
    for (const int64_t length : lengths) {
        std::vector<double> slopes = countChoices(routing, begin, begin + length); // dLoss / dP'_e, times the length
        for (double& slope : slopes)
            slope *= double(nExperts) / double(routing.nUsed() * length) / double(lengths.size()) / double(length);
        parallelRows(context, length, nExperts, [&, out = loss.dProbabilities.f32()](int64_t first, int64_t end) {
            for (int64_t t = begin + first; t < begin + end; ++t) {
                const float* p = routing.probabilities.f32() + t * nExperts;
                double sum = 0, mean = 0;
                for (int64_t e = 0; e < nExperts; ++e)
                    sum += double(p[e]);
                for (int64_t e = 0; e < nExperts; ++e)
                    mean += slopes[size_t(e)] * double(p[e]) / sum;
                values[size_t(t)] = mean;
                for (int64_t e = 0; e < nExperts; ++e)
                    out[t * nExperts + e] = float((slopes[size_t(e)] - mean) / sum);
            }
        });
        begin += length;
    }
    loss.value = std::accumulate(values.begin(), values.end(), 0.0);
    return loss;
}

} // namespace sy::ops
