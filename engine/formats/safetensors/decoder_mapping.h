// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/safetensors/family.h"

#include <cstdint>
#include <string>

namespace sy::formats {

/// Whether a family's GGUF files turn neighbouring values together (RoPE), while the folder has the halves of a head side by side.
enum class RopeRows { asStored, halvesToNeighbours };

/// The parts that nearly all causal families share. Each function adds keys or tensors; a family's file calls those that it has and
/// adds the rest itself.
class DecoderMapping {
public:
    explicit DecoderMapping(FamilyInput& input);

    int nLayers() const { return m_nLayers; }
    int64_t nHeads() const { return m_nHeads; }
    int64_t headDim() const { return m_headDim; }

    /// "model.layers.N." and "blk.N.".
    std::string stored(int layer) const { return m_prefix + "layers." + std::to_string(layer) + "."; }
    static std::string named(int layer) { return "blk." + std::to_string(layer) + "."; }

    /// Sizes, heads, norm, vocabulary.
    void addKeys();
    /// Unsupported naming the activation when the config wants another one.
    void requireActivation(const std::string& key, std::string_view wanted) const;

    /// RoPE's base and scaling, from either style of config; llama3's as the divisors rope_freqs.weight.
    void addRopeKeys(int64_t nRotated);
    void addRopeScaling(const FolderConfig& scaling, int64_t nRotated, double base);
    double ropeBase(double fallback = 10000.0) const;
    std::optional<FolderConfig> ropeScaling() const; // rope_scaling or rope_parameters

    /// Embedding, last norm, and the head unless the config calls it tied to the embedding.
    void takeEnds(bool normPlusOne = false);

    void takeNorms(int layer); // input_layernorm, post_attention_layernorm
    void takeAttention(int layer, RopeRows rows);
    void takeHeadNorms(int layer);
    void takeFeedForward(int layer, const std::string& storedName = "mlp.", const std::string& suffix = "");

    /// Experts of one layer in either layout: NAME.experts.E.GATE.weight for each, or NAME.experts.gate_up_proj (nExperts, 2 * ffn, dim)
    /// and NAME.experts.down_proj together.
    struct ExpertNames {
        std::string gate = "gate_proj", up = "up_proj", down = "down_proj";
    };
    void takeExperts(int layer, const std::string& storedName, int64_t nExperts, const ExpertNames& names);
    void takeExperts(int layer, const std::string& storedName, int64_t nExperts) { takeExperts(layer, storedName, nExperts, {}); }

    /// expert_count, expert_used_count and expert_feed_forward_length. Returns the count.
    int64_t addExpertKeys(const std::string& countKey, const std::string& widthKey);

private:
    FamilyInput& m_input;
    std::string m_prefix; // "model." or, of a model saved without its head, empty
    int m_nLayers;
    int64_t m_dim, m_nHeads, m_headDim;
};

} // namespace sy::formats
