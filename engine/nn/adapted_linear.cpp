// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/adapted_linear.h"

#include "engine/ops/add/add.h"
#include "engine/ops/rms_norm/rms_norm.h"

#include <algorithm>

namespace sy::nn {

namespace {

void update(const ops::OpContext& context, const Parts& parts, const Linear& linear, const Tensor& x, Tensor& y)
{
    for (const Batch::Part& part : parts) {
        if (const MatrixUpdate* u = part.adapter.find(linear.name)) {
            Tensor rows = y.rowRange(part.firstRow, part.nRows);
            applyUpdate(context, linear, *u, part.adapter.strength, x.rowRange(part.firstRow, part.nRows), rows);
        }
    }
}

} // namespace

bool isAdapted(const Parts& parts, std::initializer_list<const Linear*> linears)
{
    return std::ranges::any_of(parts, [&](const Batch::Part& part) {
        return part.adapter.adapter && std::ranges::any_of(linears, [&](const Linear* linear) {
                   return part.adapter.find(linear->name) != nullptr;
               });
    });
}

Tensor apply(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear, const Parts& parts)
{
    Tensor y = apply(context, x, linear);
    update(context, parts, linear, x.x(), y);
    return y;
}

std::vector<Tensor> applyAll(const ops::OpContext& context, const ops::MatmulInput& x,
                             std::initializer_list<const Linear*> linears, const Parts& parts)
{
    std::vector<Tensor> results = applyAll(context, x, linears);
    size_t i = 0;
    for (const Linear* linear : linears)
        update(context, parts, *linear, x.x(), results[i++]);
    return results;
}

void addLinear(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear, const Tensor& norm,
               float epsilon, Tensor& residual, const Parts& parts)
{
    if (!isAdapted(parts, {&linear})) {
        addLinear(context, x, linear, norm, epsilon, residual);
        return;
    }
    const Tensor y = apply(context, x, linear, parts);
    ops::addInto(context, residual, norm ? ops::rmsNorm(context, y, norm, epsilon) : y);
}

} // namespace sy::nn
