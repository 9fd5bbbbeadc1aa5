// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/moe_ffn/expert_groups.h"

#include <stdexcept>

namespace sy::ops {

ExpertGroups groupByExpert(const Routing& routing, int nExperts)
{
    ExpertGroups groups;
    const int32_t* experts = routing.experts.data<int32_t>();
    const int64_t nChoices = routing.experts.count();
    const int nUsed = routing.nUsed();
    std::vector<int64_t>& first = groups.rows.first;
    first.assign(size_t(nExperts) + 1, 0);
    for (int64_t i = 0; i < nChoices; ++i) {
        if (experts[i] < -1 || experts[i] >= nExperts)
            throw std::invalid_argument("expert " + std::to_string(experts[i]) + " of " + std::to_string(nExperts));
        if (experts[i] >= 0)
            ++first[size_t(experts[i]) + 1];
    }
    for (int e = 0; e < nExperts; ++e) {
        if (first[size_t(e) + 1] > 0)
            groups.active.push_back(e);
        first[size_t(e) + 1] += first[size_t(e)];
    }
    groups.tokens.resize(size_t(first.back()));
    groups.weights.resize(size_t(first.back()));
    std::vector<int64_t> next(first.begin(), first.end() - 1);
    for (int64_t i = 0; i < nChoices; ++i) {
        if (experts[i] < 0)
            continue;
        const int64_t row = next[size_t(experts[i])]++;
        groups.tokens[size_t(row)] = int32_t(i / nUsed);
        groups.weights[size_t(row)] = routing.weights.f32()[i];
    }
    return groups;
}

} // namespace sy::ops
