// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/recorded_ops.h"

#include "engine/ops/add/add.h"
#include "engine/ops/attention/attention_grad.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/rope/rope.h"
#include "engine/ops/scale/scale.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace sy::train {

namespace {

Tensor copyOf(const Tensor& x)
{
    return Tensor::of(x.values(), x.shape());
}

} // namespace

Variable rmsNorm(Pass& pass, Tape& tape, const Variable& x, const Tensor& weight, float epsilon, const std::string& name)
{
    const Shape shape = x.value.shape();
    const Tensor rows = x.value.reshaped({x.value.count() / weight.count(), weight.count()});
    autograd::Parameter* trained = pass.trained.tensor(name);
    Tensor y = ops::rmsNorm(pass.context, rows, weight, epsilon).reshaped(shape);
    return tape.record(std::move(y), x.isWanted() || trained,
                       [&pass, &tape, x, rows, weight, epsilon, trained, shape](Tensor dy) {
                           const Tensor dRows = dy.reshaped(rows.shape());
                           if (trained)
                               ops::addRmsNormWeightGrad(pass.exact, rows, epsilon, dRows, trained->sum());
                           if (x.isWanted())
                               tape.add(x, ops::rmsNormGrad(pass.exact, rows, weight, epsilon, dRows).reshaped(shape));
                       });
}

Variable rope(Pass& pass, Tape& tape, const Variable& x, const ops::RopeConfig& config, const Pass::Rope& angles)
{
    Tensor y = x.value;
    ops::rope(pass.context, y, config, angles.forward);
    return tape.record(std::move(y), x.isWanted(), [&pass, &tape, x, &config, &angles](Tensor dy) {
        ops::rope(pass.exact, dy, config, angles.backward);
        tape.add(x, std::move(dy));
    });
}

Variable attention(Pass& pass, Tape& tape, const Variable& q, const Variable& k, const Variable& v,
                   const ops::AttentionConfig& config, ChosenKeys chosen)
{
    const auto forward = ops::packedAttention(pass.context, q.value, k.value, v.value, pass.batch.lengths, config,
                                              {chosen.rows, chosen.lengths});
    return tape.record(forward.output, q.isWanted() || k.isWanted() || v.isWanted(),
                       [&pass, &tape, q, k, v, config, forward, chosen = std::move(chosen)](Tensor dy) {
                           ops::AttentionGrad grad =
                               ops::packedAttentionGrad(pass.exact, q.value, k.value, v.value, pass.batch.lengths, config,
                                                        forward, dy, {chosen.rows, chosen.lengths});
                           tape.add(q, std::move(grad.q));
                           tape.add(k, std::move(grad.k));
                           tape.add(v, std::move(grad.v));
                       });
}

Variable gatedActivation(Pass& pass, Tape& tape, const ops::GatedActivation& activation, const Variable& gate,
                         const Variable& up)
{
    Tensor y = ops::gatedActivation(pass.context, activation, gate.value, up.value);
    return tape.record(std::move(y), gate.isWanted() || up.isWanted(), [&pass, &tape, activation, gate, up](Tensor dy) {
        ops::GatedActivationGrad grad = ops::gatedActivationGrad(pass.exact, activation, gate.value, up.value, dy);
        tape.add(gate, std::move(grad.gate));
        tape.add(up, std::move(grad.up));
    });
}

Again gatedActivationAgain(Pass& pass, const ops::GatedActivation& activation, const Variable& gate, const Variable& up)
{
    return [&pass, activation, gate = gate.value, up = up.value] {
        return ops::gatedActivation(pass.context, activation, gate, up);
    };
}

Variable add(Pass& pass, Tape& tape, const Variable& a, const Variable& b)
{
    return tape.record(ops::add(pass.context, a.value, b.value), a.isWanted() || b.isWanted(), [&tape, a, b](Tensor dy) {
        if (a.isWanted() && b.isWanted())
            tape.add(b, copyOf(dy)); // each sum owns its memory
        else
            tape.add(b, dy);
        tape.add(a, std::move(dy));
    });
}

Variable scaleRowsBySigmoid(Pass& pass, Tape& tape, const Variable& x, const Variable& gates)
{
    Tensor y = copyOf(x.value);
    ops::scaleRowsBySigmoid(pass.context, y, gates.value);
    return tape.record(std::move(y), x.isWanted() || gates.isWanted(), [&pass, &tape, x, gates](Tensor dy) {
        Tensor dGates = Tensor::empty(gates.value.shape());
        const int64_t n = x.value.cols();
        for (int64_t t = 0; t < x.value.rows(); ++t) {
            double sum = 0;
            for (int64_t i = t * n; i < (t + 1) * n; ++i)
                sum += double(dy.f32()[i]) * double(x.value.f32()[i]);
            const double s = 1 / (1 + std::exp(-double(gates.value.f32()[t])));
            dGates.f32()[t] = float(sum * s * (1 - s));
        }
        tape.add(gates, std::move(dGates));
        ops::scaleRowsBySigmoid(pass.exact, dy, gates.value);
        tape.add(x, std::move(dy));
    });
}

Variable selectRows(Pass& pass, Tape& tape, const Variable& x, const std::vector<int32_t>& rows)
{
    const Shape shape = x.value.shape();
    return tape.record(ops::embedRows(pass.context, x.value, rows), x.isWanted(), [&tape, x, rows, shape](Tensor dy) {
        Tensor dx = Tensor::zeros(shape);
        const int64_t n = dy.cols();
        for (size_t i = 0; i < rows.size(); ++i)
            std::copy_n(dy.f32() + int64_t(i) * n, n, dx.f32() + int64_t(rows[i]) * n);
        tape.add(x, std::move(dx));
    });
}

} // namespace sy::train
