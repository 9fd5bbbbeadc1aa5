// SPDX-License-Identifier: GPL-3.0-or-later
// BERT, RoBERTa and XLM-RoBERTa encoders. Names come with or without the model's own prefix. RoBERTa's positions begin behind the padding
// token's id: those rows are never used, and GGUF leaves them out.
#include "engine/core/error.h"
#include "engine/formats/safetensors/family.h"

namespace sy::formats {

namespace {

void mapEncoder(FamilyInput& input, const std::string& ownPrefix, int64_t nUnusedPositions)
{
    const FolderConfig& config = input.config;
    Metadata& keys = input.keys;
    TensorPlan& plan = input.plan;
    if (const std::string kind = config.string("position_embedding_type", "absolute"); kind != "absolute")
        throw Unsupported("position_embedding_type \"" + kind + "\"", "this version knows absolute positions");
    const int64_t nLayers = config.integer("num_hidden_layers"), nPositions = config.integer("max_position_embeddings") - nUnusedPositions;
    if (nLayers < 1 || nLayers > 4096)
        config.bad("num_hidden_layers", "is " + std::to_string(nLayers));
    if (nPositions < 1)
        config.bad("max_position_embeddings", "leaves no position for text");
    keys.setInteger(input.key("context_length"), nPositions);
    keys.setInteger(input.key("embedding_length"), config.integer("hidden_size"));
    keys.setInteger(input.key("block_count"), nLayers);
    keys.setInteger(input.key("feed_forward_length"), config.integer("intermediate_size"));
    keys.setInteger(input.key("attention.head_count"), config.integer("num_attention_heads"));
    keys.setInteger(input.key("vocab_size"), config.integer("vocab_size"));
    keys.setReal(input.key("attention.layer_norm_epsilon"), config.real("layer_norm_eps", 1e-12));
    keys.setBoolean(input.key("attention.causal"), false);
    keys.setString(input.key("hidden_activation"), config.string("hidden_act", "gelu"));
    constexpr int64_t kMean = 1; // unless the folder says how to pool
    keys.setInteger(input.key("pooling_type"), kMean);

    const std::string root = plan.has(ownPrefix + "embeddings.word_embeddings.weight") ? ownPrefix : std::string();
    const std::string embeddings = root + "embeddings.";
    plan.take("token_embd.weight", embeddings + "word_embeddings.weight");
    plan.takeRowsFrom("position_embd.weight", embeddings + "position_embeddings.weight", nUnusedPositions);
    plan.takeIfThere("token_types.weight", embeddings + "token_type_embeddings.weight");
    plan.takeLinear("token_embd_norm", embeddings + "LayerNorm");
    for (int64_t layer = 0; layer < nLayers; ++layer) {
        const std::string from = root + "encoder.layer." + std::to_string(layer) + ".", to = "blk." + std::to_string(layer) + ".";
        plan.takeLinear(to + "attn_q", from + "attention.self.query");
        plan.takeLinear(to + "attn_k", from + "attention.self.key");
        plan.takeLinear(to + "attn_v", from + "attention.self.value");
        plan.takeLinear(to + "attn_output", from + "attention.output.dense");
        plan.takeLinear(to + "attn_output_norm", from + "attention.output.LayerNorm");
        plan.takeLinear(to + "ffn_up", from + "intermediate.dense");
        plan.takeLinear(to + "ffn_down", from + "output.dense");
        plan.takeLinear(to + "layer_output_norm", from + "output.LayerNorm");
    }
    // Positions counted out, the pooler that sentence embeddings do not use, and the head of the training objective.
    plan.ignore(embeddings + "position_ids");
    plan.ignoreAll([&](const std::string& name) {
        return name.starts_with(root + "pooler.") || name.starts_with("cls.") || name.starts_with("lm_head.");
    });
}

} // namespace

void mapBert(FamilyInput& input)
{
    mapEncoder(input, "bert.", 0);
}

void mapRoberta(FamilyInput& input)
{
    mapEncoder(input, "roberta.", input.config.integer("pad_token_id", 1) + 1);
}

} // namespace sy::formats
