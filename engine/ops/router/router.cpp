// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/router/router.h"

#include "engine/cpu/exp.h"
#include "engine/cpu/vec.h"
#include "engine/ops/parallel_rows.h"
#include "engine/ops/router/router_probabilities.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

namespace sy::ops {

namespace {

using RowKernel = void (*)(float*, int64_t) noexcept;

template <class Level>
RowKernel kernelOf(Gating gating)
{
    switch (gating) {
    case Gating::softmax:
        return &softmaxRow<Level>;
    case Gating::sigmoid:
        return &sigmoidRow<Level>;
    case Gating::sqrtSoftplus:
        return [](float* x, int64_t n) noexcept {
            for (int64_t i = 0; i < n; ++i)
                x[i] = float(std::sqrt(std::max(double(x[i]), 0.0) + std::log1p(std::exp(-std::fabs(double(x[i]))))));
        };
    case Gating::softmaxOfChosen:
        break;
    }
    return [](float*, int64_t) noexcept {};
}

RowKernel kernelFor(cpu::Level level, Gating gating)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return kernelOf<cpu::Avx512>(gating);
    if (level == cpu::Level::avx2)
        return kernelOf<cpu::Avx2>(gating);
#endif
    (void)level;
    return kernelOf<cpu::Scalar>(gating);
}

constexpr float kNever = -std::numeric_limits<float>::infinity();
constexpr float kLeastSum = 6.103515625e-5f; // 2^-14: what weights are divided by at least

// The largest entry that is not yet taken (kNever marks taken and excluded ones); the first of equals. A row of NaN, which
// other checks report, still gives an index.
int largestOf(const float* values, int n)
{
    int best = 0;
    for (int i = 1; i < n; ++i) {
        if (values[i] > values[best])
            best = i;
    }
    return best;
}

void excludeGroups(const RouterConfig& config, float* selection, std::vector<float>& scores)
{
    const int size = config.nExperts / config.nGroups;
    scores.resize(size_t(config.nGroups));
    for (int g = 0; g < config.nGroups; ++g) {
        float first = kNever, second = kNever;
        for (int i = g * size; i < (g + 1) * size; ++i) {
            if (selection[i] > first) {
                second = first;
                first = selection[i];
            } else if (selection[i] > second) {
                second = selection[i];
            }
        }
        scores[size_t(g)] = config.groupScore == GroupScore::largest || size == 1 ? first : first + second;
    }
    // Biased scores can be negative, so "excluded" is -infinity and not 0.
    std::vector<bool> isUsed(size_t(config.nGroups), false);
    for (int i = 0; i < config.nGroupsUsed; ++i) {
        const int g = largestOf(scores.data(), config.nGroups);
        isUsed[size_t(g)] = true;
        scores[size_t(g)] = kNever;
    }
    for (int g = 0; g < config.nGroups; ++g) {
        if (!isUsed[size_t(g)])
            std::fill_n(selection + g * size, size, kNever);
    }
}

void softmaxInPlace(float* x, int n)
{
    const float largest = *std::max_element(x, x + n);
    float total = 0;
    for (int i = 0; i < n; ++i)
        total += x[i] = cpu::expDefinition(x[i] - largest);
    for (int i = 0; i < n; ++i)
        x[i] /= total;
}

struct Choice {
    int expert;
    float weight;
};

void choose(const RouterConfig& config, const float* probabilities, const float* bias, std::vector<Choice>& choices)
{
    thread_local std::vector<float> selection, groupScores;
    selection.assign(probabilities, probabilities + config.nExperts);
    for (int i = 0; bias && i < config.nExperts; ++i)
        selection[size_t(i)] += bias[i];
    if (config.nGroups > 1)
        excludeGroups(config, selection.data(), groupScores);

    choices.resize(size_t(config.nUsed));
    for (Choice& choice : choices) {
        const int expert = largestOf(selection.data(), config.nExperts);
        selection[size_t(expert)] = kNever;
        choice = {expert, probabilities[expert]};
    }
}

// From the choices of a row to its experts and weights.
void finishRow(const RouterConfig& config, std::vector<Choice>& choices, float mass, int32_t* experts, float* weights)
{
    if (config.gating == Gating::softmaxOfChosen) {
        thread_local std::vector<float> chosen;
        chosen.clear();
        for (const Choice& choice : choices)
            chosen.push_back(choice.weight);
        softmaxInPlace(chosen.data(), config.nUsed);
        for (size_t i = 0; i < choices.size(); ++i)
            choices[i].weight = chosen[i];
    }
    // What is not a number goes last: a sort needs an order.
    const auto key = [](const Choice& c) { return std::pair(c.weight == c.weight ? -c.weight : -kNever, c.expert); };
    std::ranges::sort(choices, {}, key);

    size_t nKept = choices.size();
    if (mass < 1) {
        float total = 0, sum = 0;
        for (const Choice& choice : choices)
            total += choice.weight;
        for (size_t i = 0; i < choices.size(); ++i) {
            sum += choices[i].weight;
            if (sum >= mass * total) {
                nKept = i + 1;
                break;
            }
        }
    }
    float divisor = 1;
    if (config.normalizes) {
        float sum = 0;
        for (size_t i = 0; i < nKept; ++i)
            sum += choices[i].weight;
        divisor = std::max(sum, kLeastSum);
    }
    for (size_t i = 0; i < choices.size(); ++i) {
        experts[i] = i < nKept ? choices[i].expert : -1;
        weights[i] = i < nKept ? choices[i].weight / divisor * config.scale : 0.0f;
    }
}

// choices(t, probabilities, list) fills the list for one token.
template <class Choices>
Routing routeBy(const OpContext& context, Tensor logits, const RouterConfig& config, std::span<const float> mass,
                const Choices& choices)
{
    if (config.nExperts < 1 || logits.cols() != config.nExperts || config.nUsed < 1 || config.nUsed > config.nExperts)
        throw std::invalid_argument("route: logits " + toString(logits.shape()) + " for " + std::to_string(config.nUsed) +
                                    " of " + std::to_string(config.nExperts) + " experts");
    if (!mass.empty() && int64_t(mass.size()) != logits.rows())
        throw std::invalid_argument("route: a mass for " + std::to_string(mass.size()) + " tokens");

    const int64_t nTokens = logits.rows();
    Routing routing{Tensor::empty({nTokens, config.nUsed}, DType::I32), Tensor::empty({nTokens, config.nUsed}),
                    std::move(logits)};
    const RowKernel toProbabilities = kernelFor(context.level, config.gating);
    float* probabilities = routing.probabilities.f32();
    int32_t* experts = routing.experts.data<int32_t>();
    float* weights = routing.weights.f32();
    // Choosing walks the experts once for each choice.
    parallelRows(context, nTokens, int64_t(config.nExperts) * (2 + config.nUsed / 2), [&](int64_t first, int64_t end) {
        thread_local std::vector<Choice> list;
        for (int64_t t = first; t < end; ++t) {
            float* row = probabilities + t * config.nExperts;
            toProbabilities(row, config.nExperts);
            choices(t, row, list);
            finishRow(config, list, mass.empty() ? 1.0f : mass[size_t(t)], experts + t * config.nUsed, weights + t * config.nUsed);
        }
    });
    return routing;
}

} // namespace

Routing route(const OpContext& context, Tensor logits, const Tensor& selectionBias, const RouterConfig& config,
              std::span<const float> mass)
{
    if (config.nGroups < 1 || config.nExperts % config.nGroups != 0 || config.nGroupsUsed < 1 ||
        config.nGroupsUsed > config.nGroups || config.nUsed > config.nExperts / config.nGroups * config.nGroupsUsed)
        throw std::invalid_argument("route: " + std::to_string(config.nGroupsUsed) + " of " +
                                    std::to_string(config.nGroups) + " groups of experts");
    if (selectionBias && selectionBias.count() != config.nExperts)
        throw std::invalid_argument("route: selection bias " + toString(selectionBias.shape()));
    const float* bias = selectionBias ? selectionBias.f32() : nullptr;
    return routeBy(context, std::move(logits), config, mass,
                   [&](int64_t, const float* probabilities, std::vector<Choice>& list) { choose(config, probabilities, bias, list); });
}

Routing routeTo(const OpContext& context, Tensor logits, const Tensor& experts, const RouterConfig& config,
                std::span<const float> mass)
{
    if (experts.dtype() != DType::I32 || experts.rows() != logits.rows() || experts.cols() != config.nUsed)
        throw std::invalid_argument("routeTo: experts " + toString(experts.shape()) + " for logits " + toString(logits.shape()));
    const int32_t* given = experts.data<int32_t>();
    if (std::any_of(given, given + experts.count(), [&](int32_t e) { return e < 0 || e >= config.nExperts; }))
        throw std::invalid_argument("routeTo: an expert that is none of " + std::to_string(config.nExperts));
    return routeBy(context, std::move(logits), config, mass,
                   [&](int64_t t, const float* probabilities, std::vector<Choice>& list) {
                       list.clear();
                       for (int i = 0; i < config.nUsed; ++i) {
                           const int32_t expert = given[t * config.nUsed + i];
                           list.push_back({expert, probabilities[expert]});
                       }
                   });
}

} // namespace sy::ops
