// SPDX-License-Identifier: GPL-3.0-or-later
// gpt-oss. Gate and up alternate in one tensor, and a matrix comes in one of two forms: MXFP4 blocks with a row for each output, or
// floats turned round, a column for each output. The norm behind the attention is the feed-forward's own.
#include "engine/core/error.h"
#include "engine/formats/safetensors/decoder_mapping.h"

namespace sy::formats {

namespace {

void takeExperts(FamilyInput& input, const std::string& from, const std::string& to, int64_t ffn, int64_t dim)
{
    struct Part {
        const char* name;
        const char* stored;
        int64_t first, step, n;
    };
    const Part parts[] = {{"gate", "gate_up_proj", 0, 2, ffn}, {"up", "gate_up_proj", 1, 2, ffn}, {"down", "down_proj", 0, 1, dim}};
    for (const Part& part : parts) {
        const std::string name = to + part.name + "_exps", stored = from + part.stored;
        if (input.plan.has(stored + "_blocks"))
            input.plan.takeMxfp4RowsOfEach(name + ".weight", stored, part.first, part.step, part.n);
        else
            input.plan.takeColumnsOfEach(name + ".weight", stored, part.first, part.step, part.n);
        input.plan.takeRowsOfEach(name + ".bias", stored + "_bias", part.first, part.step, part.n);
    }
}

} // namespace

void mapGptOss(FamilyInput& input)
{
    const FolderConfig& config = input.config;
    if (config.real("swiglu_limit", 7.0) != 7.0)
        throw Unsupported("swiglu_limit " + std::to_string(config.real("swiglu_limit")), "this version cuts gpt-oss's activations at 7");
    DecoderMapping decoder(input);
    decoder.addKeys();
    decoder.requireActivation("hidden_act", "silu");
    decoder.addRopeKeys(decoder.headDim());
    decoder.addExpertKeys("num_local_experts", "intermediate_size");
    input.keys.setInteger(input.key("attention.sliding_window"), config.integer("sliding_window"));
    const std::vector<std::string> types = config.strings("layer_types");
    if (!types.empty()) {
        if (types.size() != size_t(decoder.nLayers()))
            config.bad("layer_types", "has " + std::to_string(types.size()) + " entries for " + std::to_string(decoder.nLayers()) + " layers");
        std::vector<bool> isLocal;
        for (const std::string& type : types) {
            if (type != "sliding_attention" && type != "full_attention")
                throw Unsupported("a layer of type \"" + type + "\"", "this version knows sliding_attention and full_attention");
            isLocal.push_back(type == "sliding_attention");
        }
        input.keys.setBooleans(input.key("attention.sliding_window_pattern"), isLocal);
    }

    decoder.takeEnds();
    const int64_t ffn = config.integer("intermediate_size"), dim = config.integer("hidden_size");
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        const std::string from = decoder.stored(layer), to = decoder.named(layer);
        input.plan.take(to + "attn_norm.weight", from + "input_layernorm.weight");
        decoder.takeAttention(layer, RopeRows::asStored);
        input.plan.take(to + "attn_sinks.weight", from + "self_attn.sinks");
        input.plan.take(to + "post_attention_norm.weight", from + "post_attention_layernorm.weight");
        input.plan.takeLinear(to + "ffn_gate_inp", from + "mlp.router");
        takeExperts(input, from + "mlp.experts.", to + "ffn_", ffn, dim);
    }
}

} // namespace sy::formats
