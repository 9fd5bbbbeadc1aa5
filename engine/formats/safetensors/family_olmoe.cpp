// SPDX-License-Identifier: GPL-3.0-or-later
// OLMoE: norms of queries and keys over their whole width, experts in every layer whose weights are not normalized.
#include "engine/core/error.h"
#include "engine/formats/safetensors/decoder_mapping.h"

namespace sy::formats {

void mapOlmoe(FamilyInput& input)
{
    if (input.config.boolean("norm_topk_prob", false))
        throw Unsupported("norm_topk_prob true in a model of type olmoe", "this architecture is defined without it");
    if (input.config.has("clip_qkv"))
        throw Unsupported("clip_qkv in a model of type olmoe", "this version does not clip queries, keys and values");
    DecoderMapping decoder(input);
    decoder.addKeys();
    decoder.requireActivation("hidden_act", "silu");
    decoder.addRopeKeys(decoder.headDim());
    const int64_t nExperts = decoder.addExpertKeys("num_experts", "intermediate_size");
    decoder.takeEnds();
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::asStored);
        decoder.takeHeadNorms(layer);
        input.plan.take(decoder.named(layer) + "ffn_gate_inp.weight", decoder.stored(layer) + "mlp.gate.weight");
        decoder.takeExperts(layer, "mlp.", nExperts);
    }
}

} // namespace sy::formats
