// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/causal_model.h"
#include "engine/models/expert_keys.h"
#include "engine/models/hyperparameters.h"
#include "engine/nn/rope_config.h"

#include <memory>
#include <optional>
#include <vector>

namespace sy::models {

/// How one of the architectures built from nn::DecoderBlock with grouped-query attention differs from its sisters.
struct DecoderTraits {
    ops::RopeLayout ropeLayout;
    nn::Bias qkvBias = nn::Bias::none;
    nn::Bias outputBias = nn::Bias::none;
    nn::QkNorm qkNorm = nn::QkNorm::none;
    bool hasSinks = false;
    ops::GatedActivation activation;            // of dense feed-forwards
    const char* feedForwardNorm = "ffn_norm";   // blk.N.NAME.weight
    bool hasOutputNorms = false;                // post_attention_norm and post_ffw_norm, on what joins the residual
    bool hasSoftCap = false;                    // final_logit_softcapping is obeyed
    bool scalesEmbedding = false;               // by the square root of the model's width
    bool scalesLargestByWidth = false;          // 62 layers (27B): scores / sqrt(dim / nHeads), not sqrt(headDim)
    int windowPeriod = 0;                       // Hyperparameters::windowedLayers(); 0: windows are not applied
    double windowRopeBase = 0;                  // windowed layers: RoPE of this base without scaling, unless the file says another;
                                                // 0: as the others
    std::optional<ExpertTraits> experts;        // nullopt: the architecture is dense
};

/// Reads keys and tensors of a decoder. Throws as loadModel says.
std::unique_ptr<Model> loadStandardDecoder(const formats::TensorSource& source, const DecoderTraits& traits);

/// The layers of such a decoder, for architectures that do other things around them.
struct DecoderLayers {
    std::vector<nn::DecoderBlock> blocks;
    std::vector<ops::RopeConfig> ropes; // numbered by DecoderBlock::rope
    int64_t attentionValues = 0;        // as in CausalParts
    int64_t feedForwardValues = 0;
};
DecoderLayers loadDecoderLayers(nn::WeightReader& weights, const Hyperparameters& keys, const ModelConfig& config,
                                const DecoderTraits& traits);

/// The model made of such blocks; ropes are numbered by DecoderBlock::rope. For architectures that load their own.
std::unique_ptr<Model> makeDecoder(CausalParts parts, std::vector<nn::DecoderBlock> blocks, std::vector<ops::RopeConfig> ropes);

} // namespace sy::models
