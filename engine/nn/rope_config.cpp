// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/rope_config.h"

#include "engine/core/error.h"

#include <cmath>

namespace sy::nn {

ops::RopeConfig loadRope(WeightReader& weights, const std::string& architecture, ops::RopeLayout layout, int headDim)
{
    const formats::Metadata& metadata = weights.metadata();
    const std::string prefix = architecture + ".rope.";

    const int64_t nRotated = metadata.integer(prefix + "dimension_count").value_or(headDim);
    if (nRotated < 2 || nRotated > headDim || nRotated % 2 != 0)
        weights.bad(prefix + "dimension_count is " + std::to_string(nRotated) + " for heads of " + std::to_string(headDim));
    const double base = metadata.real(prefix + "freq_base").value_or(10000.0);
    if (!std::isfinite(base) || base <= 0)
        weights.bad(prefix + "freq_base is " + std::to_string(base));

    // A file that names no method but a factor means linear; the oldest files have the factor's own key.
    const std::string_view method = metadata.string(prefix + "scaling.type").value_or("linear");
    double factor = 1.0;
    if (method == "linear")
        factor = metadata.real(prefix + "scaling.factor").value_or(metadata.real(prefix + "scale_linear").value_or(1.0));
    else if (method != "none")
        throw Unsupported("RoPE scaling \"" + std::string(method) + "\"", "this version knows none and linear");
    if (factor == 0) // how some converters say "not scaled"
        factor = 1.0;
    if (!std::isfinite(factor) || factor < 0)
        weights.bad(prefix + "scaling.factor is " + std::to_string(factor));

    const Tensor factors = weights.optionalVector("rope_freqs.weight", nRotated / 2);
    std::span<const float> divisors;
    if (factors) {
        divisors = factors.values();
        for (const float divisor : divisors) {
            if (!std::isfinite(divisor) || divisor <= 0)
                weights.bad("rope_freqs.weight holds " + std::to_string(divisor));
        }
    }
    ops::RopeConfig config;
    config.layout = layout;
    config.headDim = headDim;
    config.frequencies = ops::ropeFrequencies(int(nRotated), base, factor, divisors);
    return config;
}

} // namespace sy::nn
