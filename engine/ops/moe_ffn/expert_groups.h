// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/ops/matmul/grouped.h"
#include "engine/ops/router/router.h"

#include <vector>

namespace sy::ops {

/// A routing turned round: for each expert its tokens. One row for each choice, experts in rising order, an expert's tokens
/// too.
struct ExpertGroups {
    RowGroups rows;              // groups are experts
    std::vector<int32_t> tokens; // of each row
    std::vector<float> weights;  // of each row
    std::vector<int32_t> active; // experts with at least one row
};

/// Throws std::invalid_argument for an expert outside 0 ... nExperts-1; -1 is no choice.
ExpertGroups groupByExpert(const Routing& routing, int nExperts);

} // namespace sy::ops
