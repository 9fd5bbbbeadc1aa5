// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/linear.h"

#include "engine/ops/add/add.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/scale/scale.h"

namespace sy::nn {

namespace {

// What the product could not do itself, because the scale comes before the bias.
void finish(const ops::OpContext& context, const Linear& linear, Tensor& y)
{
    if (linear.scale == 1)
        return;
    ops::scale(context, y, linear.scale);
    if (linear.bias)
        ops::addBias(context, y, linear.bias);
}

Tensor productBias(const Linear& linear)
{
    return linear.scale == 1 ? linear.bias : Tensor();
}

} // namespace

Tensor apply(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear)
{
    Tensor y = ops::matmul(context, x, linear.weight, productBias(linear));
    finish(context, linear, y);
    return y;
}

std::vector<Tensor> applyAll(const ops::OpContext& context, const ops::MatmulInput& x,
                             std::initializer_list<const Linear*> linears)
{
    std::vector<Tensor> weights, biases;
    for (const Linear* linear : linears) {
        weights.push_back(linear->weight);
        biases.push_back(productBias(*linear));
    }
    std::vector<Tensor> results = ops::matmulGroup(context, x, weights, biases);
    size_t i = 0;
    for (const Linear* linear : linears)
        finish(context, *linear, results[i++]);
    return results;
}

void addLinear(const ops::OpContext& context, const ops::MatmulInput& x, const Linear& linear, const Tensor& norm,
               float epsilon, Tensor& residual)
{
    if (!norm && linear.scale == 1) {
        ops::matmulAdd(context, x, linear.weight, linear.bias, residual);
        return;
    }
    const Tensor y = apply(context, x, linear);
    ops::addInto(context, residual, norm ? ops::rmsNorm(context, y, norm, epsilon) : y);
}

} // namespace sy::nn
