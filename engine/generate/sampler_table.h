// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/candidates.h"
#include "engine/generate/sampling.h"

#include <span>
#include <string_view>

namespace sy::generate {

/// One number that a person may set.
struct SamplerSetting {
    std::string_view key; // as in chats, configurations and the command line's JSON
    double fallback;      // the value when nothing is said
    double least;
    double most;
    bool isWhole;
    std::string_view help; // one plain sentence
    double (*value)(const SamplingSettings&) noexcept;
};

/// One step on the way from logits to a token. Rows stand in the order in which they are applied.
struct Sampler {
    std::string_view name;
    std::span<const SamplerSetting> settings;
    void (*apply)(Candidates& candidates, const SamplingSettings& settings, const History& history);
    bool isForGreedy; // changes which token is the best one, so a greedy choice goes through it too
};

std::span<const Sampler> samplers() noexcept;

// One file each.
void applyLogitBias(Candidates&, const SamplingSettings&, const History&);
void applyRepetitionPenalty(Candidates&, const SamplingSettings&, const History&);
void applyPresencePenalty(Candidates&, const SamplingSettings&, const History&);
void applyTopK(Candidates&, const SamplingSettings&, const History&);
void applyTopP(Candidates&, const SamplingSettings&, const History&);
void applyMinP(Candidates&, const SamplingSettings&, const History&);
void applyTemperature(Candidates&, const SamplingSettings&, const History&);

} // namespace sy::generate
