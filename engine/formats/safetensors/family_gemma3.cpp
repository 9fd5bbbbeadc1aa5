// SPDX-License-Identifier: GPL-3.0-or-later
// Gemma 3's text models. A norm's weight is stored without the one that its formula adds, which GGUF has added. The head is the embedding.
// Local layers have a RoPE of their own, which is not scaled.
#include "engine/core/error.h"
#include "engine/formats/safetensors/decoder_mapping.h"

#include <cmath>

namespace sy::formats {

namespace {

// Transformers 5 has one object for each kind of layer, older configs have the global layers' at the top.
void addRopes(FamilyInput& input, DecoderMapping& decoder)
{
    const FolderConfig& config = input.config;
    const auto both = config.object("rope_parameters");
    const auto global = both ? both->object("full_attention") : std::nullopt;
    const auto local = both ? both->object("sliding_attention") : std::nullopt;
    input.keys.setInteger(input.key("rope.dimension_count"), decoder.headDim());
    const double base = global ? global->real("rope_theta", 1e6) : config.real("rope_theta", 1e6);
    input.keys.setReal(input.key("rope.freq_base"), base);
    input.keys.setReal(input.key("rope.freq_base_swa"), local ? local->real("rope_theta", 1e4) : config.real("rope_local_base_freq", 1e4));
    if (global)
        decoder.addRopeScaling(*global, decoder.headDim(), base);
    else if (const auto scaling = config.object("rope_scaling"))
        decoder.addRopeScaling(*scaling, decoder.headDim(), base);
}

void addWindow(FamilyInput& input, int nLayers)
{
    const FolderConfig& config = input.config;
    input.keys.setInteger(input.key("attention.sliding_window"), config.integer("sliding_window"));
    const std::vector<std::string> types = config.strings("layer_types");
    if (types.empty()) {
        input.keys.setInteger(input.key("attention.sliding_window_pattern"), config.integer("sliding_window_pattern", 6));
        return;
    }
    if (types.size() != size_t(nLayers))
        config.bad("layer_types", "has " + std::to_string(types.size()) + " entries for " + std::to_string(nLayers) + " layers");
    std::vector<bool> isLocal;
    for (const std::string& type : types)
        isLocal.push_back(type == "sliding_attention");
    input.keys.setBooleans(input.key("attention.sliding_window_pattern"), isLocal);
}

} // namespace

void mapGemma3(FamilyInput& input)
{
    const FolderConfig& config = input.config;
    DecoderMapping decoder(input);
    if (!config.has("head_dim"))
        config.bad("head_dim", "is missing");
    if (config.has("attn_logit_softcapping"))
        throw Unsupported("attn_logit_softcapping in a model of type gemma3_text", "Gemma 3 is defined without it");
    if (!config.boolean("tie_word_embeddings", true) || config.boolean("use_bidirectional_attention", false))
        throw Unsupported("a variant of gemma3_text (untied head or bidirectional attention)", "this version runs the causal, tied one");
    decoder.addKeys();
    decoder.requireActivation("hidden_activation", "gelu_pytorch_tanh");
    addRopes(input, decoder);
    addWindow(input, decoder.nLayers());
    const double scalar = config.real("query_pre_attn_scalar", double(decoder.headDim()));
    if (!(scalar > 0))
        config.bad("query_pre_attn_scalar", "is not positive");
    input.keys.setReal(input.key("attention.scale"), 1 / std::sqrt(scalar));
    if (config.has("final_logit_softcapping"))
        input.keys.setReal(input.key("final_logit_softcapping"), config.real("final_logit_softcapping"));

    decoder.takeEnds(true);
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        const std::string from = decoder.stored(layer), to = decoder.named(layer);
        input.plan.takePlusOne(to + "attn_norm.weight", from + "input_layernorm.weight");
        input.plan.takePlusOne(to + "post_attention_norm.weight", from + "post_attention_layernorm.weight");
        input.plan.takePlusOne(to + "ffn_norm.weight", from + "pre_feedforward_layernorm.weight");
        input.plan.takePlusOne(to + "post_ffw_norm.weight", from + "post_feedforward_layernorm.weight");
        input.plan.takePlusOne(to + "attn_q_norm.weight", from + "self_attn.q_norm.weight");
        input.plan.takePlusOne(to + "attn_k_norm.weight", from + "self_attn.k_norm.weight");
        decoder.takeAttention(layer, RopeRows::asStored);
        decoder.takeFeedForward(layer);
    }
    input.plan.ignore("lm_head.weight");
}

} // namespace sy::formats
