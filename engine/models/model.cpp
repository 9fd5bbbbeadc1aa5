// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/model.h"

#include "engine/ops/matmul/weight_arena.h"

namespace sy::models {

void Model::packWeights(const ops::OpContext& context, const std::function<void(const Tensor&)>& isRead)
{
    size_t bytes = 0;
    eachMatrix([&](Tensor& weight) { bytes += ops::packedBytes(weight); });
    ops::WeightArena arena(bytes);
    eachMatrix([&](Tensor& weight) {
        if (ops::packedBytes(weight) == 0)
            return;
        const Tensor original = weight;
        weight = arena.pack(context, original);
        if (isRead)
            isRead(original);
    });
}

} // namespace sy::models
