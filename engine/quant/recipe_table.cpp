// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/quant/recipe_table.h"

#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

namespace sy::quant {

namespace {

constexpr Recipe kRecipes[] = {
    {"F16", 1, DType::F16, DType::F16, DType::F16, "16-bit floats"},
    {"BF16", 32, DType::BF16, DType::BF16, DType::BF16, "16-bit floats with the range of 32"},
    {"Q8_0", 7, DType::Q8_0, DType::Q8_0, DType::Q8_0, "8.5 bits a weight, as good as the original"},
    {"Q6_K", 18, DType::Q6_K, DType::Q6_K, DType::Q6_K, "6.6 bits a weight, nearly as good"},
    {"Q5_K_M", 17, DType::Q5_K, DType::Q6_K, DType::Q6_K, "5.7 bits a weight, small losses"},
    {"Q5_K_S", 16, DType::Q5_K, DType::Q5_K, DType::Q6_K, "5.5 bits a weight"},
    {"Q5_1", 9, DType::Q5_1, DType::Q5_1, DType::Q6_K, "6 bits a weight, an older type"},
    {"Q5_0", 8, DType::Q5_0, DType::Q5_0, DType::Q6_K, "5.5 bits a weight, an older type"},
    {"Q4_K_M", 15, DType::Q4_K, DType::Q6_K, DType::Q6_K, "4.8 bits a weight, the usual choice"},
    {"Q4_K_S", 14, DType::Q4_K, DType::Q5_K, DType::Q6_K, "4.6 bits a weight"},
    {"Q4_1", 3, DType::Q4_1, DType::Q4_1, DType::Q6_K, "5 bits a weight, an older type"},
    {"Q4_0", 2, DType::Q4_0, DType::Q4_0, DType::Q6_K, "4.5 bits a weight, an older type"},
    {"Q3_K_M", 12, DType::Q3_K, DType::Q4_K, DType::Q6_K, "3.9 bits a weight, losses that show"},
    {"Q3_K_S", 11, DType::Q3_K, DType::Q3_K, DType::Q6_K, "3.5 bits a weight"},
    {"Q2_K", 10, DType::Q2_K, DType::Q3_K, DType::Q6_K, "3.1 bits a weight, for models that fit no other way"},
};

bool holds(std::string_view name, std::string_view part)
{
    return name.find(part) != std::string_view::npos;
}

bool isQuantizable(std::string_view name, const Shape& shape, DType current)
{
    if (shape.rank() < 2 || shape.count() == shape.back() || !name.ends_with(".weight"))
        return false;
    if (current != DType::F32 && current != DType::F16 && current != DType::BF16)
        return false;
    for (const std::string_view kept : {"_norm.", "ffn_gate_inp", "attn_sinks", "position_embd", "token_types", "rope_", "indexer.proj",
                                        "ssm_", "hc_", "_ape", "tid2eid"})
        if (holds(name, kept))
            return false;
    return true;
}

int layerOf(std::string_view name) // -1: outside the layers
{
    constexpr std::string_view kBlock = "blk.";
    int layer = -1;
    if (name.starts_with(kBlock))
        std::from_chars(name.data() + kBlock.size(), name.data() + name.size(), layer);
    return layer;
}

// The first and last eighth of the layers and every third between: where errors cost most, as measured on the first Llamas.
bool isCostlyLayer(int layer, int nLayers)
{
    const int eighth = nLayers / 8;
    return layer < eighth || layer >= 7 * nLayers / 8 || (layer - eighth) % 3 == 2;
}

DType wantedType(const Recipe& recipe, std::string_view name, const ModelTraits& traits)
{
    if (name == "output.weight" || (name == "token_embd.weight" && !traits.hasHead))
        return recipe.head;
    if (recipe.base == recipe.better || recipe.base == DType::F16)
        return recipe.base;
    const int layer = layerOf(name);
    const bool isSmall = recipe.base == DType::Q2_K || recipe.base == DType::Q3_K;
    const bool mixesByLayer = recipe.better == DType::Q6_K; // the M recipes
    if (traits.nExperts > 0) {
        if (holds(name, ".attn_k.") || holds(name, ".attn_v.") || holds(name, ".attn_kv_") || holds(name, ".attn_k_b.") ||
            holds(name, ".attn_v_b."))
            return DType::Q8_0;
        if (holds(name, ".attn_") || holds(name, "_shexp."))
            return recipe.better;
    }
    if (isSmall) { // what is left of 2 and 3 bits does not do for values, nor for what sums up a layer
        if (holds(name, ".attn_v.") || holds(name, ".attn_qkv."))
            return DType::Q4_K;
        const bool isWhole = recipe.base == DType::Q2_K || isCostlyLayer(layer, traits.nLayers);
        return holds(name, ".attn_output.") || (holds(name, ".ffn_down") && isWhole) ? recipe.better : recipe.base;
    }
    if (holds(name, ".attn_v.") || holds(name, ".ffn_down")) {
        if (mixesByLayer)
            return isCostlyLayer(layer, traits.nLayers) ? recipe.better : recipe.base;
        // Q4_K_S and its like: the first layers only.
        const int first = holds(name, ".attn_v.") ? 4 : traits.nLayers / 8;
        return layer < first ? recipe.better : recipe.base;
    }
    if (holds(name, ".attn_qkv.") && mixesByLayer)
        return recipe.base == DType::Q4_K ? DType::Q5_K : DType::Q6_K;
    return recipe.base;
}

// Row lengths that are no multiple of 256, then of 32.
DType fitting(DType wanted, int64_t cols, DType current)
{
    const auto fits = [cols](DType type) { return cols % find(type)->valuesPerBlock == 0; };
    if (fits(wanted))
        return wanted;
    DType smaller = current;
    switch (wanted) {
    case DType::Q2_K:
    case DType::Q3_K: smaller = DType::Q4_0; break;
    case DType::Q4_K: smaller = DType::Q5_0; break;
    case DType::Q5_K: smaller = DType::Q5_1; break;
    case DType::Q6_K: smaller = DType::Q8_0; break;
    default: break;
    }
    return fits(smaller) ? smaller : current;
}

} // namespace

std::span<const Recipe> recipes()
{
    return kRecipes;
}

const Recipe* findRecipe(std::string_view name)
{
    std::string wanted(name);
    std::ranges::transform(wanted, wanted.begin(), [](unsigned char c) { return char(std::toupper(c)); });
    if (wanted == "Q3_K" || wanted == "Q4_K" || wanted == "Q5_K")
        wanted += "_M";
    const auto row = std::ranges::find(kRecipes, wanted, &Recipe::name);
    return row == std::end(kRecipes) ? nullptr : row;
}

DType typeFor(const Recipe& recipe, std::string_view name, const Shape& shape, DType current, const ModelTraits& traits)
{
    if (!isQuantizable(name, shape, current))
        return current;
    return fitting(wantedType(recipe, name, traits), shape.back(), current);
}

} // namespace sy::quant
