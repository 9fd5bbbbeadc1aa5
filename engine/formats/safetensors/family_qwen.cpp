// SPDX-License-Identifier: GPL-3.0-or-later
// Qwen2 and Qwen3, dense and with experts. Names and row orders are GGUF's but for the experts.
#include "engine/core/error.h"
#include "engine/formats/safetensors/decoder_mapping.h"

namespace sy::formats {

namespace {

DecoderMapping begin(FamilyInput& input)
{
    if (input.config.boolean("use_sliding_window", false))
        throw Unsupported("a model of type " + input.config.string("model_type") + " with a sliding window",
                          "this version runs those that attend to the whole context");
    DecoderMapping decoder(input);
    decoder.addKeys();
    decoder.requireActivation("hidden_act", "silu");
    decoder.addRopeKeys(decoder.headDim());
    decoder.takeEnds();
    return decoder;
}

void requireNormalization(const FamilyInput& input, bool wanted, bool fallback)
{
    if (input.config.boolean("norm_topk_prob", fallback) != wanted)
        throw Unsupported("norm_topk_prob " + std::string(wanted ? "false" : "true") + " in a model of type " +
                              input.config.string("model_type"),
                          "this architecture is defined with the opposite");
}

void requireExpertsEverywhere(const FamilyInput& input)
{
    if (input.config.integer("decoder_sparse_step", 1) != 1 || !input.config.integers("mlp_only_layers").empty())
        throw Unsupported("a model of type " + input.config.string("model_type") + " with some dense layers",
                          "this version wants experts in every layer");
}

} // namespace

void mapQwen2(FamilyInput& input)
{
    DecoderMapping decoder = begin(input);
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::asStored);
        decoder.takeFeedForward(layer);
    }
}

void mapQwen3(FamilyInput& input)
{
    DecoderMapping decoder = begin(input);
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::asStored);
        decoder.takeHeadNorms(layer);
        decoder.takeFeedForward(layer);
    }
}

void mapQwen3Moe(FamilyInput& input)
{
    requireExpertsEverywhere(input);
    requireNormalization(input, true, false);
    DecoderMapping decoder = begin(input);
    const int64_t nExperts = decoder.addExpertKeys("num_experts", "moe_intermediate_size");
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::asStored);
        decoder.takeHeadNorms(layer);
        input.plan.take(decoder.named(layer) + "ffn_gate_inp.weight", decoder.stored(layer) + "mlp.gate.weight");
        decoder.takeExperts(layer, "mlp.", nExperts);
    }
}

// A shared expert beside the others, scaled by a gate of its own.
void mapQwen2Moe(FamilyInput& input)
{
    requireExpertsEverywhere(input);
    requireNormalization(input, false, false);
    DecoderMapping decoder = begin(input);
    const int64_t nExperts = decoder.addExpertKeys("num_experts", "moe_intermediate_size");
    input.keys.setInteger(input.key("expert_shared_feed_forward_length"), input.config.integer("shared_expert_intermediate_size"));
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        const std::string mlp = decoder.stored(layer) + "mlp.", to = decoder.named(layer);
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::asStored);
        input.plan.take(to + "ffn_gate_inp.weight", mlp + "gate.weight");
        decoder.takeExperts(layer, "mlp.", nExperts);
        decoder.takeFeedForward(layer, "mlp.shared_expert.", "_shexp");
        input.plan.take(to + "ffn_gate_inp_shexp.weight", mlp + "shared_expert_gate.weight");
    }
}

} // namespace sy::formats
