// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/expert_choice.h"

#include "engine/core/error.h"
#include "engine/train/decoder_pass.h"
#include "engine/train/packed_batch.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace sy::train {

namespace {

constexpr int64_t kBatchTokens = 1024;

void add(std::map<int, std::vector<double>>& sums, int layer, const auto& values)
{
    std::vector<double>& sum = sums[layer];
    sum.resize(values.size());
    for (size_t e = 0; e < values.size(); ++e)
        sum[e] += double(values[e]);
}

void divide(std::vector<double>& values, double by)
{
    for (double& value : values)
        value /= std::max(by, 1.0);
}

// Spread over the data, which may be sorted by kind.
std::vector<size_t> sampleOf(const TextStore& texts, int64_t mostTokens)
{
    const double kept = std::min(1.0, double(mostTokens) / double(std::max<int64_t>(texts.nTokens(), 1)));
    std::vector<size_t> sample;
    int64_t n = 0;
    for (size_t i = 0; i < texts.size() && n < mostTokens; ++i) {
        if (int64_t(double(i) * kept) == int64_t(double(i + 1) * kept) && i > 0)
            continue;
        sample.push_back(i);
        n += texts.length(i).nTokens;
    }
    return sample;
}

} // namespace

ExpertScores scoreExperts(const ops::OpContext& context, const models::Model& model, const TextStore& texts,
                          int64_t mostTokens, generate::StepLock& lock, const std::stop_token& stop)
{
    TrainedSet nothing;
    DecoderPass pass(context, model, nothing);
    pass.shareProcessor(lock);
    ExpertScores scores;
    PackedBatch batch;
    const auto take = [&] {
        const ExpertUsage usage = pass.expertUsage(batch, stop);
        for (const auto& [layer, rows] : usage.rows)
            add(scores.token, layer, rows);
        for (const auto& [layer, weights] : usage.weights)
            add(scores.gate, layer, weights);
        scores.nTokens += batch.nTokens();
        batch = {};
    };
    for (const size_t text : sampleOf(texts, mostTokens)) {
        if (batch.nTokens() > 0 && batch.nTokens() + texts.length(text).nTokens > kBatchTokens)
            take();
        batch.add(texts[text]);
    }
    if (batch.nTokens() > 0)
        take();
    if (scores.token.empty())
        throw Unsupported("choosing experts", "the model \"" + model.config().architecture + "\" has none");
    for (auto& [layer, choices] : scores.token)
        divide(choices, std::accumulate(choices.begin(), choices.end(), 0.0));
    for (auto& [layer, weights] : scores.gate)
        divide(weights, double(scores.nTokens));
    return scores;
}

ExpertChoice fewestExperts(const std::map<int, std::vector<double>>& scores, double share)
{
    constexpr double kRounding = 1e-9; // .30 + .22 + .15 reaches .67
    ExpertChoice choice;
    for (const auto& [layer, score] : scores) {
        std::vector<int32_t> order(score.size());
        std::iota(order.begin(), order.end(), 0);
        std::ranges::stable_sort(order, std::greater(), [&values = score](int32_t e) { return values[size_t(e)]; });
        double sum = 0;
        size_t n = 0;
        while (n < order.size() && (n == 0 || sum < share - kRounding))
            sum += score[size_t(order[n++])];
        order.resize(n);
        std::ranges::sort(order);
        choice[layer] = order;
    }
    return choice;
}

} // namespace sy::train
