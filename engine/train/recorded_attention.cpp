// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/head_gates/head_gates.h"
#include "engine/train/recorded_ops.h"

namespace sy::train {

namespace {

// Queries and gates of what one matrix gives of both.
std::vector<Variable> splitGates(Pass& pass, Tape& tape, const Variable& both, int nHeads)
{
    ops::HeadGates parts = ops::splitGates(pass.context, both.value, nHeads);
    std::vector<Tensor> results;
    results.push_back(std::move(parts.queries));
    results.push_back(std::move(parts.gates));
    const Variable whole{{}, both.gradient}; // the way back needs no values
    return tape.record(std::move(results), both.isWanted(), [&pass, &tape, whole, nHeads](std::vector<Tensor> d) {
        tape.add(whole, ops::joinGates(pass.exact, {d[0], d[1]}, nHeads)); // both are in the attention's result
    });
}

} // namespace

Variable addAttention(Pass& pass, Tape& tape, const nn::GqaAttention& a, const Pass::Rope& angles, const std::string& prefix,
                      const Variable& normed, const Variable& residual)
{
    std::vector<Variable> qkv = linears(pass, tape, normed, {&a.q, &a.k, &a.v});
    Variable& q = qkv[0];
    Variable& k = qkv[1];
    Variable gates;
    if (a.hasGate) {
        const std::vector<Variable> both = splitGates(pass, tape, q, a.config.nHeads);
        q = both[0];
        gates = both[1];
    }
    if (a.qNorm) {
        q = rmsNorm(pass, tape, q, a.qNorm, a.epsilon, prefix + "attn_q_norm.weight");
        k = rmsNorm(pass, tape, k, a.kNorm, a.epsilon, prefix + "attn_k_norm.weight");
    }
    q = rope(pass, tape, q, *angles.config, angles);
    k = rope(pass, tape, k, *angles.config, angles);
    Variable attended = attention(pass, tape, q, k, qkv[2], a.config);
    if (a.hasGate)
        attended = gatedActivation(pass, tape, {ops::GateForm::sigmoid}, gates, attended);
    return addLinear(pass, tape, attended, a.output, a.outputNorm, a.epsilon, prefix + "post_attention_norm.weight",
                     residual);
}

Variable addFeedForward(Pass& pass, Tape& tape, const nn::GatedFeedForward& f, const std::string& prefix,
                        const Variable& normed, const Variable& residual)
{
    const std::vector<Variable> both = linears(pass, tape, normed, {&f.gate, &f.up});
    const Variable hidden = gatedActivation(pass, tape, f.activation, both[0], both[1]);
    return addLinear(pass, tape, hidden, f.down, f.outputNorm, f.epsilon, prefix + "post_ffw_norm.weight", residual,
                     gatedActivationAgain(pass, f.activation, both[0], both[1]));
}

} // namespace sy::train
