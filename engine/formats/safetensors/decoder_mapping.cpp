// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/decoder_mapping.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sy::formats {

namespace {

constexpr int64_t kMostLayers = 4096;
constexpr int64_t kMostExperts = 65536;

int64_t bounded(const FolderConfig& config, const std::string& key, int64_t least, int64_t most)
{
    const int64_t value = config.integer(key);
    if (value < least || value > most)
        config.bad(key, "is " + std::to_string(value) + ", expected " + std::to_string(least) + " to " + std::to_string(most));
    return value;
}

// Llama 3.1's extension of the context (rope_type llama3): long waves are stretched by `factor`, short ones left alone, those between
// mixed. What GGUF stores is by how much each frequency is divided.
std::vector<float> llama3Divisors(const FolderConfig& scaling, int64_t nRotated, double base, int64_t maxPositions)
{
    const double factor = scaling.real("factor"), low = scaling.real("low_freq_factor"), high = scaling.real("high_freq_factor");
    const auto original = double(scaling.integer("original_max_position_embeddings", maxPositions));
    if (!(factor > 0) || !(low > 0) || !(high > low) || !(original > 0))
        scaling.bad("factor", "and its companions make no llama3 scaling");
    std::vector<float> divisors;
    for (int64_t i = 0; i < nRotated / 2; ++i) {
        const double wave = 2 * std::numbers::pi * std::pow(base, double(2 * i) / double(nRotated));
        if (wave < original / high) {
            divisors.push_back(1);
        } else if (wave > original / low) {
            divisors.push_back(float(factor));
        } else {
            const double share = (original / wave - low) / (high - low);
            divisors.push_back(float(1 / ((1 - share) / factor + share)));
        }
    }
    return divisors;
}

} // namespace

DecoderMapping::DecoderMapping(FamilyInput& input) : m_input(input)
{
    const FolderConfig& config = input.config;
    m_prefix = input.plan.has("embed_tokens.weight") ? "" : "model.";
    m_nLayers = int(bounded(config, "num_hidden_layers", 1, kMostLayers));
    m_dim = bounded(config, "hidden_size", 1, 1 << 20);
    m_nHeads = bounded(config, "num_attention_heads", 1, m_dim);
    if (!config.has("head_dim") && m_dim % m_nHeads != 0)
        config.bad("num_attention_heads", "does not divide hidden_size");
    m_headDim = config.has("head_dim") ? bounded(config, "head_dim", 1, 1 << 20) : m_dim / m_nHeads;
}

void DecoderMapping::requireActivation(const std::string& key, std::string_view wanted) const
{
    const std::string name = m_input.config.string(key, std::string(wanted));
    if (name != wanted)
        throw Unsupported("the activation \"" + name + "\" in a model of type " + m_input.config.string("model_type"),
                          "this version computes it with " + std::string(wanted));
}

void DecoderMapping::addKeys()
{
    const FolderConfig& config = m_input.config;
    Metadata& keys = m_input.keys;
    const auto set = [&](const char* name, int64_t value) { keys.setInteger(m_input.key(name), value); };
    set("context_length", config.integer("max_position_embeddings"));
    set("embedding_length", m_dim);
    set("block_count", m_nLayers);
    set("feed_forward_length", config.integer("intermediate_size"));
    set("attention.head_count", m_nHeads);
    set("attention.head_count_kv", config.integer("num_key_value_heads", m_nHeads));
    set("attention.key_length", m_headDim);
    set("attention.value_length", m_headDim);
    set("vocab_size", config.integer("vocab_size"));
    keys.setReal(m_input.key("attention.layer_norm_rms_epsilon"), config.real("rms_norm_eps", 1e-6));
}

std::optional<FolderConfig> DecoderMapping::ropeScaling() const
{
    auto scaling = m_input.config.object("rope_parameters"); // Transformers 5
    return scaling ? scaling : m_input.config.object("rope_scaling");
}

double DecoderMapping::ropeBase(double fallback) const
{
    const auto scaling = ropeScaling();
    const double base = scaling && scaling->has("rope_theta") ? scaling->real("rope_theta") : m_input.config.real("rope_theta", fallback);
    if (!(base > 0))
        m_input.config.bad("rope_theta", "is no base");
    return base;
}

void DecoderMapping::addRopeKeys(int64_t nRotated)
{
    const double base = ropeBase();
    m_input.keys.setReal(m_input.key("rope.freq_base"), base);
    m_input.keys.setInteger(m_input.key("rope.dimension_count"), nRotated);
    if (const auto scaling = ropeScaling())
        addRopeScaling(*scaling, nRotated, base);
}

void DecoderMapping::addRopeScaling(const FolderConfig& scaling, int64_t nRotated, double base)
{
    Metadata& keys = m_input.keys;
    const std::string type = scaling.has("rope_type") ? scaling.string("rope_type") : scaling.string("type", "default");
    const auto set = [&](const char* name, double value) { keys.setReal(m_input.key(std::string("rope.scaling.") + name), value); };
    const int64_t maxPositions = m_input.config.integer("max_position_embeddings");
    if (scaling.has("partial_rotary_factor") && scaling.real("partial_rotary_factor") != 1)
        throw Unsupported("a RoPE that turns a part of each head", "this version turns all of it for this kind of model");
    if (type == "default")
        return;
    if (type == "llama3") {
        m_input.plan.add("rope_freqs.weight", llama3Divisors(scaling, nRotated, base, maxPositions));
        return;
    }
    if (type != "linear" && type != "yarn")
        throw Unsupported("RoPE scaling \"" + type + "\"", "this version knows default, linear, yarn and llama3");
    keys.setString(m_input.key("rope.scaling.type"), type);
    set("factor", scaling.real("factor"));
    if (type == "linear")
        return;
    keys.setInteger(m_input.key("rope.scaling.original_context_length"),
                    scaling.integer("original_max_position_embeddings", maxPositions));
    if (scaling.has("attention_factor"))
        set("attn_factor", scaling.real("attention_factor") / (1 + 0.1 * std::log(std::max(1.0, scaling.real("factor")))));
    if (scaling.has("beta_fast"))
        set("yarn_beta_fast", scaling.real("beta_fast"));
    if (scaling.has("beta_slow"))
        set("yarn_beta_slow", scaling.real("beta_slow"));
    if (!scaling.boolean("truncate", true))
        keys.setBoolean(m_input.key("rope.scaling.yarn_truncate"), false); // ours: GGUF's readers round the borders
}

void DecoderMapping::takeEnds(bool normPlusOne)
{
    TensorPlan& plan = m_input.plan;
    plan.take("token_embd.weight", m_prefix + "embed_tokens.weight");
    if (normPlusOne)
        plan.takePlusOne("output_norm.weight", m_prefix + "norm.weight");
    else
        plan.take("output_norm.weight", m_prefix + "norm.weight");
    const StoredTensor& embedding = plan.require(m_prefix + "embed_tokens.weight");
    if (embedding.shape.size() != 2 || embedding.shape[0] < m_input.config.integer("vocab_size"))
        m_input.config.bad("vocab_size", "does not fit " + embedding.name + " " + shapeText(embedding));
    m_input.keys.setInteger(m_input.key("vocab_size"), embedding.shape[0]);
    // A tied model needs no head, and some writers store the embedding once more under its name.
    if (m_input.config.boolean("tie_word_embeddings", false))
        plan.ignore("lm_head.weight");
    else
        plan.takeIfThere("output.weight", "lm_head.weight");
}

void DecoderMapping::takeNorms(int layer)
{
    m_input.plan.take(named(layer) + "attn_norm.weight", stored(layer) + "input_layernorm.weight");
    m_input.plan.take(named(layer) + "ffn_norm.weight", stored(layer) + "post_attention_layernorm.weight");
}

void DecoderMapping::takeAttention(int layer, RopeRows rows)
{
    const std::string from = stored(layer) + "self_attn.", to = named(layer) + "attn_";
    if (rows == RopeRows::halvesToNeighbours) {
        m_input.plan.takeRotated(to + "q", from + "q_proj", m_nHeads);
        m_input.plan.takeRotated(to + "k", from + "k_proj",
                                 std::max<int64_t>(1, m_input.config.integer("num_key_value_heads", m_nHeads)));
    } else {
        m_input.plan.takeLinear(to + "q", from + "q_proj");
        m_input.plan.takeLinear(to + "k", from + "k_proj");
    }
    m_input.plan.takeLinear(to + "v", from + "v_proj");
    m_input.plan.takeLinear(to + "output", from + "o_proj");
    m_input.plan.ignore(from + "rotary_emb.inv_freq"); // old writers stored the frequencies
}

void DecoderMapping::takeHeadNorms(int layer)
{
    m_input.plan.take(named(layer) + "attn_q_norm.weight", stored(layer) + "self_attn.q_norm.weight");
    m_input.plan.take(named(layer) + "attn_k_norm.weight", stored(layer) + "self_attn.k_norm.weight");
}

void DecoderMapping::takeFeedForward(int layer, const std::string& storedName, const std::string& suffix)
{
    const std::string from = stored(layer) + storedName, to = named(layer) + "ffn_";
    m_input.plan.takeLinear(to + "gate" + suffix, from + "gate_proj");
    m_input.plan.takeLinear(to + "up" + suffix, from + "up_proj");
    m_input.plan.takeLinear(to + "down" + suffix, from + "down_proj");
}

void DecoderMapping::takeExperts(int layer, const std::string& storedName, int64_t nExperts, const ExpertNames& names)
{
    TensorPlan& plan = m_input.plan;
    const std::string from = stored(layer) + storedName + "experts.", to = named(layer) + "ffn_";
    if (plan.has(from + "gate_up_proj")) {
        const StoredTensor& fused = plan.require(from + "gate_up_proj");
        if (fused.shape.size() != 3 || fused.shape[0] != nExperts || fused.shape[1] % 2 != 0 || fused.shape[2] != m_dim)
            m_input.config.bad("hidden_size", "and the number of experts do not fit " + fused.name + " " + shapeText(fused));
        const int64_t ffn = fused.shape[1] / 2;
        plan.takeRowsOfEach(to + "gate_exps.weight", fused.name, 0, 1, ffn);
        plan.takeRowsOfEach(to + "up_exps.weight", fused.name, ffn, 1, ffn);
        plan.take(to + "down_exps.weight", from + "down_proj");
        return;
    }
    for (const auto& [name, part] : {std::pair("gate", &names.gate), {"up", &names.up}, {"down", &names.down}}) {
        std::vector<std::string> matrices;
        for (int64_t expert = 0; expert < nExperts; ++expert)
            matrices.push_back(from + std::to_string(expert) + "." + *part + ".weight");
        plan.takeStacked(to + name + "_exps.weight", matrices);
    }
}

int64_t DecoderMapping::addExpertKeys(const std::string& countKey, const std::string& widthKey)
{
    const FolderConfig& config = m_input.config;
    const int64_t nExperts = bounded(config, countKey, 1, kMostExperts);
    m_input.keys.setInteger(m_input.key("expert_count"), nExperts);
    m_input.keys.setInteger(m_input.key("expert_used_count"), bounded(config, "num_experts_per_tok", 1, nExperts));
    m_input.keys.setInteger(m_input.key("expert_feed_forward_length"), config.integer(widthKey));
    return nExperts;
}

} // namespace sy::formats
