// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/sampler_table.h"

namespace sy::generate {

namespace {

using S = SamplingSettings;
constexpr S kDefaults{};

constexpr SamplerSetting kRepetition[] = {
    {"repeatPenalty", kDefaults.repeatPenalty, 0.1, 10, false,
     "Makes tokens of the last part of the chat less likely; 1 leaves them alone, 1.1 is mild.",
     [](const S& s) noexcept { return s.repeatPenalty; }},
    {"penaltyWindow", double(kDefaults.penaltyWindow), 0, 1 << 20, true, "How many of the last tokens the penalties look at.",
     [](const S& s) noexcept { return double(s.penaltyWindow); }},
};
constexpr SamplerSetting kPresence[] = {
    {"presencePenalty", kDefaults.presencePenalty, -2, 2, false,
     "Takes this much from the score of every token that the answer already holds.",
     [](const S& s) noexcept { return s.presencePenalty; }},
    {"frequencyPenalty", kDefaults.frequencyPenalty, -2, 2, false,
     "Takes this much from a token's score for each time that the answer holds it.",
     [](const S& s) noexcept { return s.frequencyPenalty; }},
};
constexpr SamplerSetting kTopK[] = {
    {"topK", double(kDefaults.topK), 0, 1 << 20, true, "Only the k most likely tokens may be chosen; 0 lets all in.",
     [](const S& s) noexcept { return double(s.topK); }},
};
constexpr SamplerSetting kTopP[] = {
    {"topP", kDefaults.topP, 0, 1, false,
     "Only the most likely tokens that together reach this probability may be chosen; 1 lets all in.",
     [](const S& s) noexcept { return s.topP; }},
};
constexpr SamplerSetting kMinP[] = {
    {"minP", kDefaults.minP, 0, 1, false,
     "Only tokens at least this likely, relative to the most likely one, may be chosen; 0 lets all in.",
     [](const S& s) noexcept { return s.minP; }},
};
constexpr SamplerSetting kTemperature[] = {
    {"temperature", kDefaults.temperature, 0, 10, false,
     "How freely tokens are chosen: 0 always takes the most likely one, 1 follows the model, more is wilder.",
     [](const S& s) noexcept { return s.temperature; }},
};

constexpr Sampler kSamplers[] = {
    {"logit bias", {}, applyLogitBias, true},
    {"repetition penalty", kRepetition, applyRepetitionPenalty, true},
    {"presence and frequency penalty", kPresence, applyPresencePenalty, true},
    {"top-k", kTopK, applyTopK, false},
    {"top-p", kTopP, applyTopP, false},
    {"min-p", kMinP, applyMinP, false},
    {"temperature", kTemperature, applyTemperature, false},
};

} // namespace

std::span<const Sampler> samplers() noexcept
{
    return kSamplers;
}

} // namespace sy::generate
