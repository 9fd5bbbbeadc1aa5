// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampling.h"

#include "engine/core/error.h"
#include "engine/generate/candidates.h"
#include "engine/generate/quick_exp.h"
#include "engine/generate/random.h"
#include "engine/generate/sampler_table.h"
#include "engine/generate/token_grammar.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace sy::generate {

namespace {

void checkRanges(const SamplingSettings& settings)
{
    for (const Sampler& sampler : samplers()) {
        for (const SamplerSetting& setting : sampler.settings) {
            const double value = setting.value(settings);
            if (!(value >= setting.least && value <= setting.most))
                throw std::invalid_argument(std::string(setting.key) + " is " + std::to_string(value) + " and should be from " +
                                            std::to_string(setting.least) + " to " + std::to_string(setting.most));
        }
    }
}

bool changesLogits(const SamplingSettings& s)
{
    return !s.logitBias.empty() || s.repeatPenalty != 1.0 || s.presencePenalty != 0 || s.frequencyPenalty != 0;
}

int32_t indexOf(std::span<const float> logits, float value)
{
    return int32_t(std::find(logits.begin(), logits.end(), value) - logits.begin());
}

int32_t drawFromList(const std::vector<Candidate>& list, float best, double uniform)
{
    double total = 0;
    for (const Candidate& c : list)
        total += std::exp(double(c.logit) - best);
    double rest = uniform * total;
    int32_t last = list.front().id; // rounding may leave a rest; it belongs to the last possible token
    for (const Candidate& c : list) {
        const double p = std::exp(double(c.logit) - best);
        if (p == 0)
            continue;
        last = c.id;
        if ((rest -= p) < 0)
            break;
    }
    return last;
}

/// The same over the whole vocabulary: first the block that holds the draw, then the token in it.
int32_t drawFromAll(std::span<const float> logits, float best, double uniform)
{
    constexpr size_t kBlock = 1024;
    std::vector<double> blockMass;
    double total = 0;
    for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
        blockMass.push_back(sumExp(logits.subspan(begin, std::min(kBlock, logits.size() - begin)), best));
        total += blockMass.back();
    }
    double rest = uniform * total;
    size_t block = 0;
    while (block + 1 < blockMass.size() && rest >= blockMass[block])
        rest -= blockMass[block++];
    while (block > 0 && blockMass[block] == 0)
        --block;
    const size_t begin = block * kBlock;
    int32_t last = indexOf(logits, best);
    for (size_t i = begin; i < std::min(begin + kBlock, logits.size()); ++i) {
        const double p = double(quickExp(logits[i] - best));
        if (p == 0)
            continue;
        last = int32_t(i);
        if ((rest -= p) < 0)
            break;
    }
    return last;
}

} // namespace

TokenChooser::TokenChooser(SamplingSettings settings) : m_settings(std::move(settings))
{
    checkRanges(m_settings);
}

Choice TokenChooser::choose(std::span<const float> logits, const History& history, const TokenMask* allowed)
{
    const float best = highest(logits);
    if (!std::isfinite(best) || hasNan(logits))
        throw DeviceFailure("cpu", "choosing a token", "the model's scores are not finite numbers; its file may be damaged");
    const double logNormalizer = double(best) + std::log(sumExp(logits, best));
    const auto chosen = [&](int32_t id) { return Choice{id, float(double(logits[size_t(id)]) - logNormalizer)}; };

    if (m_settings.temperature == 0 && !changesLogits(m_settings)) {
        const int32_t id = indexOf(logits, best);
        if (!allowed || allowed->allows(id)) // mostly a model wants what its grammar wants
            return chosen(id);
    }

    const auto start = [&] {
        m_logits.assign(logits.begin(), logits.end());
        if (allowed)
            allowed->apply(m_logits);
    };
    start();
    Candidates candidates(m_logits);
    const bool isGreedy = m_settings.temperature == 0;
    for (const Sampler& sampler : samplers()) {
        if (!isGreedy || sampler.isForGreedy)
            sampler.apply(candidates, m_settings, history);
    }
    const float top = candidates.best();
    if (!std::isfinite(top)) { // a bias forbade every token: better the model's choice than none
        start();
        const float bestAllowed = highest(m_logits);
        if (!std::isfinite(bestAllowed))
            throw DeviceFailure("cpu", "choosing a token", "the scores of all tokens that fit are not finite numbers");
        return chosen(indexOf(m_logits, bestAllowed));
    }
    if (isGreedy)
        return chosen(indexOf(m_logits, top));
    const double uniform = uniformDraw(m_settings.seed, m_nDrawn++);
    return chosen(candidates.isList() ? drawFromList(candidates.list(), top, uniform)
                                      : drawFromAll(candidates.logits(), top, uniform));
}

} // namespace sy::generate
