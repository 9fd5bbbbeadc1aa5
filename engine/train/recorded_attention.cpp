// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/recorded_ops.h"

namespace sy::train {

Variable addAttention(Pass& pass, Tape& tape, const nn::GqaAttention& a, const Pass::Rope& angles, const std::string& prefix,
                      const Variable& normed, const Variable& residual)
{
    std::vector<Variable> qkv = linears(pass, tape, normed, {&a.q, &a.k, &a.v});
    Variable& q = qkv[0];
    Variable& k = qkv[1];
    if (a.qNorm) {
        q = rmsNorm(pass, tape, q, a.qNorm, a.epsilon, prefix + "attn_q_norm.weight");
        k = rmsNorm(pass, tape, k, a.kNorm, a.epsilon, prefix + "attn_k_norm.weight");
    }
    q = rope(pass, tape, q, *angles.config, angles);
    k = rope(pass, tape, k, *angles.config, angles);
    const Variable attended = attention(pass, tape, q, k, qkv[2], a.config);
    return addLinear(pass, tape, attended, a.output, a.outputNorm, a.epsilon, prefix + "post_attention_norm.weight",
                     residual);
}

Variable addFeedForward(Pass& pass, Tape& tape, const nn::GatedFeedForward& f, const std::string& prefix,
                        const Variable& normed, const Variable& residual)
{
    const std::vector<Variable> both = linears(pass, tape, normed, {&f.gate, &f.up});
    const Variable hidden = gatedActivation(pass, tape, f.activation, both[0], both[1]);
    return addLinear(pass, tape, hidden, f.down, f.outputNorm, f.epsilon, prefix + "post_ffw_norm.weight", residual);
}

} // namespace sy::train
