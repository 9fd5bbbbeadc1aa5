// SPDX-License-Identifier: GPL-3.0-or-later
// Llama 1 to 3, Mistral and Mixtral. The folder has the halves of each head side by side where GGUF has the pairs that RoPE turns. A
// sliding window in the config is not applied, as this architecture's readers do not.
#include "engine/formats/safetensors/decoder_mapping.h"

namespace sy::formats {

void mapLlama(FamilyInput& input)
{
    DecoderMapping decoder(input);
    decoder.addKeys();
    decoder.requireActivation("hidden_act", "silu");
    decoder.addRopeKeys(decoder.headDim());
    decoder.takeEnds();
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::halvesToNeighbours);
        decoder.takeFeedForward(layer);
    }
}

void mapMixtral(FamilyInput& input)
{
    DecoderMapping decoder(input);
    decoder.addKeys();
    decoder.requireActivation("hidden_act", "silu");
    decoder.addRopeKeys(decoder.headDim());
    const int64_t nExperts = decoder.addExpertKeys("num_local_experts", "intermediate_size");
    decoder.takeEnds();
    for (int layer = 0; layer < decoder.nLayers(); ++layer) {
        decoder.takeNorms(layer);
        decoder.takeAttention(layer, RopeRows::halvesToNeighbours);
        const std::string moe = input.plan.has(decoder.stored(layer) + "mlp.gate.weight") ? "mlp." : "block_sparse_moe."; // Transformers 5
        input.plan.take(decoder.named(layer) + "ffn_gate_inp.weight", decoder.stored(layer) + moe + "gate.weight");
        decoder.takeExperts(layer, moe, nExperts, {"w1", "w3", "w2"});
    }
}

} // namespace sy::formats
