// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/rope_config.h"

#include "engine/core/error.h"

#include <cmath>

namespace sy::nn {

namespace {

// The divisors of a tensor, if the file has it.
std::vector<float> loadDivisors(WeightReader& weights, const std::string& name, int64_t n)
{
    const Tensor factors = weights.optionalVector(name, n);
    if (!factors)
        return {};
    for (const float divisor : factors.values()) {
        if (!std::isfinite(divisor) || divisor <= 0)
            weights.bad(name + " holds " + std::to_string(divisor));
    }
    return {factors.values().begin(), factors.values().end()};
}

struct Scaling {
    const WeightReader& weights;
    const std::string prefix; // ARCHITECTURE.rope.

    double real(const char* name, double fallback) const
    {
        const double value = weights.metadata().real(prefix + name).value_or(fallback);
        if (!std::isfinite(value))
            weights.bad(prefix + name + " is not a number");
        return value;
    }
    std::string_view method() const
    {
        // A file that names no method but a factor means linear.
        return weights.metadata().string(prefix + "scaling.type").value_or("linear");
    }
    double factor() const
    {
        const double value = real("scaling.factor", real("scale_linear", 1.0)); // the oldest files have a key of another name
        if (value < 0)
            weights.bad(prefix + "scaling.factor is " + std::to_string(value));
        return value == 0 ? 1.0 : value; // 0 is how some converters say "not scaled"
    }
    double originalContext() const
    {
        const std::string architecture = prefix.substr(0, prefix.size() - std::string_view(".rope.").size());
        const double most = double(weights.metadata().integer(architecture + ".context_length").value_or(0));
        const double value = real("scaling.original_context_length", most);
        if (!(value > 0))
            weights.bad(prefix + "scaling.original_context_length is " + std::to_string(value));
        return value;
    }
};

} // namespace

ops::RopeConfig loadRope(WeightReader& weights, const std::string& architecture, ops::RopeLayout layout, int headDim,
                         const RopeOptions& options)
{
    const std::string prefix = architecture + ".rope.";
    const Scaling scaling{weights, prefix};
    const int64_t nRotated = weights.metadata().integer(prefix + "dimension_count").value_or(headDim);
    if (nRotated < 2 || nRotated > headDim || nRotated % 2 != 0)
        weights.bad(prefix + "dimension_count is " + std::to_string(nRotated) + " for heads of " + std::to_string(headDim));
    const double base = options.base > 0 ? options.base : scaling.real("freq_base", 10000.0);
    if (base <= 0)
        weights.bad(prefix + "freq_base is " + std::to_string(base));

    ops::RopeConfig config;
    config.layout = layout;
    config.headDim = headDim;
    const std::string_view method = options.isScaled ? scaling.method() : "none";
    if (method == "none") {
        config.frequencies = ops::ropeFrequencies(int(nRotated), base, 1.0, loadDivisors(weights, "rope_freqs.weight", nRotated / 2));
    } else if (method == "linear") {
        config.frequencies =
            ops::ropeFrequencies(int(nRotated), base, scaling.factor(), loadDivisors(weights, "rope_freqs.weight", nRotated / 2));
    } else if (method == "yarn") {
        ops::YarnScaling yarn{scaling.factor(), scaling.originalContext()};
        yarn.betaFast = scaling.real("scaling.yarn_beta_fast", 32.0);
        yarn.betaSlow = scaling.real("scaling.yarn_beta_slow", 1.0);
        yarn.roundsBorders = weights.metadata().boolean(prefix + "scaling.yarn_truncate").value_or(true); // a folder of gpt-oss says false
        const double mix = scaling.real("scaling.yarn_ext_factor", -1.0);
        yarn.mix = mix < 0 ? 1.0 : mix;
        if (yarn.betaFast <= 0 || yarn.betaSlow <= 0)
            weights.bad(prefix + "scaling.yarn_beta_fast and yarn_beta_slow are not positive");
        config.frequencies = ops::ropeFrequencies(int(nRotated), base, 1.0, loadDivisors(weights, "rope_freqs.weight", nRotated / 2));
        ops::scaleByYarn(config.frequencies, base, yarn);
        const bool scalesScores = scaling.real("scaling.yarn_log_multiplier", 0.0) != 0;
        const double magnitude = scalesScores ? 1.0 : 1.0 + 0.1 * std::log(yarn.factor);
        config.magnitude = float(magnitude * scaling.real("scaling.attn_factor", 1.0));
    } else if (method == "longrope") {
        const bool isLong = weights.metadata().integer(architecture + ".context_length").value_or(0) > scaling.originalContext();
        const std::string name = isLong ? "rope_factors_long.weight" : "rope_factors_short.weight";
        const std::vector<float> divisors = loadDivisors(weights, name, nRotated / 2);
        if (divisors.empty())
            weights.bad("tensor " + name + " is missing");
        config.frequencies = ops::ropeFrequencies(int(nRotated), base, 1.0, divisors);
        config.magnitude = float(scaling.real("scaling.attn_factor", 1.0));
    } else {
        throw Unsupported("RoPE scaling \"" + std::string(method) + "\"", "this version knows none, linear, yarn and longrope");
    }
    return config;
}

double yarnScoreFactor(const formats::Metadata& metadata, const std::string& architecture)
{
    const std::string prefix = architecture + ".rope.scaling.";
    const double factor = metadata.real(prefix + "factor").value_or(1.0);
    if (metadata.string(prefix + "type").value_or("") != "yarn" || !(factor > 0))
        return 1.0;
    double multiplier = metadata.real(prefix + "yarn_log_multiplier").value_or(0.0);
    if (multiplier == 0)
        multiplier = 0.1;
    const double root = 1.0 + multiplier * std::log(factor);
    return root * root;
}

} // namespace sy::nn
