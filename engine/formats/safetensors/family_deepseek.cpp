// SPDX-License-Identifier: GPL-3.0-or-later
// DeepSeek V1 (multi-head attention), and V2, V3, R1 and their relatives Moonlight and Kimi-K2 (latent attention). V1 stores the halves
// of each head side by side; the others store pairs already. Blocks that predict further tokens lie behind the last layer and are left
// out.
#include "engine/core/error.h"
#include "engine/formats/safetensors/decoder_mapping.h"

#include <cmath>

namespace sy::formats {

namespace {

enum Gating : int64_t { softmax = 1, sigmoid = 2 }; // as expert_gating_func has them

struct Experts {
    int64_t nExperts;
    int64_t nDense; // layers before the first with experts
};

Experts addRouterKeys(FamilyInput& input, DecoderMapping& decoder, const std::string& defaultScoring)
{
    const FolderConfig& config = input.config;
    Metadata& keys = input.keys;
    if (config.integer("moe_layer_freq", 1) != 1)
        throw Unsupported("moe_layer_freq " + std::to_string(config.integer("moe_layer_freq")), "this version wants experts in every layer");
    const int64_t nExperts = decoder.addExpertKeys("n_routed_experts", "moe_intermediate_size");
    const int64_t nDense = config.integer("first_k_dense_replace", 0);
    keys.setInteger(input.key("leading_dense_block_count"), nDense);
    keys.setInteger(input.key("expert_shared_count"), config.integer("n_shared_experts", 0));
    const std::string scoring = config.string("scoring_func", defaultScoring);
    if (scoring != "softmax" && scoring != "sigmoid")
        throw Unsupported("scoring_func \"" + scoring + "\"", "this version knows softmax and sigmoid");
    keys.setInteger(input.key("expert_gating_func"), scoring == "softmax" ? softmax : sigmoid);
    const bool normalizes = config.boolean("norm_topk_prob", false);
    keys.setBoolean(input.key("expert_weights_norm"), normalizes);
    // V2's own code scales the weights only when it does not normalize them; V3's does both.
    const bool scales = !(normalizes && scoring == "softmax");
    keys.setReal(input.key("expert_weights_scale"), scales ? config.real("routed_scaling_factor", 1.0) : 1.0);
    const std::string method = config.string("topk_method", scoring == "softmax" ? "greedy" : "noaux_tc");
    if (method != "greedy" && method != "group_limited_greedy" && method != "noaux_tc")
        throw Unsupported("topk_method \"" + method + "\"", "this version knows greedy, group_limited_greedy and noaux_tc");
    const int64_t nGroups = config.integer("n_group", 1);
    if (method != "greedy" && nGroups > 1) {
        keys.setInteger(input.key("expert_group_count"), nGroups);
        keys.setInteger(input.key("expert_group_used_count"), config.integer("topk_group"));
    }
    return {nExperts, nDense};
}

void takeFeedForward(FamilyInput& input, DecoderMapping& decoder, int layer, const Experts& experts)
{
    if (layer < experts.nDense) {
        decoder.takeFeedForward(layer);
        return;
    }
    const std::string mlp = decoder.stored(layer) + "mlp.", to = decoder.named(layer);
    input.plan.take(to + "ffn_gate_inp.weight", mlp + "gate.weight");
    input.plan.takeIfThere(to + "exp_probs_b.bias", mlp + "gate.e_score_correction_bias");
    decoder.takeExperts(layer, "mlp.", experts.nExperts);
    if (input.config.integer("n_shared_experts", 0) > 0)
        decoder.takeFeedForward(layer, "mlp.shared_experts.", "_shexp");
}

void ignoreFurtherPredictors(FamilyInput& input, const DecoderMapping& decoder)
{
    const int64_t n = input.config.integer("num_nextn_predict_layers", 0);
    for (int64_t i = 0; i < std::min<int64_t>(n, 64); ++i) {
        const std::string prefix = decoder.stored(decoder.nLayers() + int(i));
        input.plan.ignoreAll([&](const std::string& name) { return name.starts_with(prefix); });
    }
}

} // namespace

void mapDeepSeek(FamilyInput& input)
{
    DecoderMapping decoder(input);
    decoder.addKeys();
    decoder.requireActivation("hidden_act", "silu");
    decoder.addRopeKeys(decoder.headDim());
    const Experts experts = addRouterKeys(input, decoder, "softmax");
    decoder.takeEnds();
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::halvesToNeighbours);
        takeFeedForward(input, decoder, layer, experts);
    }
}

void mapDeepSeek2(FamilyInput& input)
{
    const FolderConfig& config = input.config;
    Metadata& keys = input.keys;
    DecoderMapping decoder(input);
    decoder.addKeys();
    decoder.requireActivation("hidden_act", "silu");
    const int64_t latentDim = config.integer("kv_lora_rank"), nopeDim = config.integer("qk_nope_head_dim");
    const int64_t ropeDim = config.integer("qk_rope_head_dim"), valueDim = config.integer("v_head_dim");
    const int64_t nHeads = decoder.nHeads();
    if (nopeDim < 1 || ropeDim < 1 || valueDim < 1 || nopeDim + ropeDim + valueDim > 1 << 20)
        config.bad("qk_nope_head_dim", "and its companions are no head sizes");
    keys.setInteger(input.key("attention.head_count_kv"), 1); // one latent row for all heads
    keys.setInteger(input.key("attention.kv_lora_rank"), latentDim);
    keys.setInteger(input.key("attention.key_length"), latentDim + ropeDim);
    keys.setInteger(input.key("attention.value_length"), latentDim);
    keys.setInteger(input.key("attention.key_length_mla"), nopeDim + ropeDim);
    keys.setInteger(input.key("attention.value_length_mla"), valueDim);
    const bool hasQueryLatent = config.has("q_lora_rank");
    if (hasQueryLatent)
        keys.setInteger(input.key("attention.q_lora_rank"), config.integer("q_lora_rank"));
    decoder.addRopeKeys(ropeDim);
    if (const auto scaling = decoder.ropeScaling(); scaling && keys.has(input.key("rope.scaling.factor"))) {
        const double perLog = 0.1 * std::log(scaling->real("factor"));
        const double mscale = scaling->real("mscale", 1.0), mscaleAll = scaling->real("mscale_all_dim", 0.0);
        if (!(mscaleAll > 0)) // GGUF cannot say that the scores are not scaled
            throw Unsupported("YaRN without mscale_all_dim in a model of type " + config.string("model_type"), "no published model has it");
        keys.setReal(input.key("rope.scaling.yarn_log_multiplier"), 0.1 * mscaleAll);
        if (mscale != mscaleAll)
            keys.setReal(input.key("rope.scaling.attn_factor"), (1 + perLog * mscale) / (1 + perLog * mscaleAll));
    }
    const Experts experts = addRouterKeys(input, decoder, config.string("model_type") == "deepseek_v2" ? "softmax" : "sigmoid");

    decoder.takeEnds();
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        const std::string from = decoder.stored(layer) + "self_attn.", to = decoder.named(layer) + "attn_";
        decoder.takeNorms(layer);
        if (hasQueryLatent) {
            input.plan.takeLinear(to + "q_a", from + "q_a_proj");
            input.plan.take(to + "q_a_norm.weight", from + "q_a_layernorm.weight");
            input.plan.takeLinear(to + "q_b", from + "q_b_proj");
        } else {
            input.plan.takeLinear(to + "q", from + "q_proj");
        }
        input.plan.takeLinear(to + "kv_a_mqa", from + "kv_a_proj_with_mqa");
        input.plan.take(to + "kv_a_norm.weight", from + "kv_a_layernorm.weight");
        input.plan.takeLatentKeys(to + "k_b.weight", from + "kv_b_proj.weight", nHeads, nopeDim, valueDim);
        input.plan.takeLatentValues(to + "v_b.weight", from + "kv_b_proj.weight", nHeads, nopeDim, valueDim);
        input.plan.takeLinear(to + "output", from + "o_proj");
        input.plan.ignore(from + "rotary_emb.inv_freq");
        takeFeedForward(input, decoder, layer, experts);
    }
    ignoreFurtherPredictors(input, decoder);
}

} // namespace sy::formats
