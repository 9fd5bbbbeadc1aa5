// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"

#include <numeric>
#include <span>
#include <stdexcept>
#include <string>

namespace sy::ops {

/// Throws std::invalid_argument, naming the op, unless texts of these lengths, one after another, are all rows of x.
inline void requireTexts(const std::string& op, const Tensor& x, std::span<const int64_t> lengths)
{
    if (std::accumulate(lengths.begin(), lengths.end(), int64_t(0)) != x.rows())
        throw std::invalid_argument(op + ": " + std::to_string(lengths.size()) + " texts in rows " + toString(x.shape()));
}

} // namespace sy::ops
