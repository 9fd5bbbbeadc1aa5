// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"
#include "engine/core/tensor.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace sy::quant {

/// Which type each tensor of a model gets. Names are the field's: Q4_K_M mixes Q4_K with Q6_K where it matters most.
struct Recipe {
    std::string_view name; // "Q4_K_M"
    int32_t fileType;      // GGUF's general.file_type
    DType base;            // most matrices
    DType better;          // of tensors and layers that lose most; the base when the recipe does not mix
    DType head;            // output matrix
    std::string_view description;
};

std::span<const Recipe> recipes();
const Recipe* findRecipe(std::string_view name); // "Q4_K" is Q4_K_M and so on; upper or lower case; nullptr

/// What the choice depends on beside the tensor itself.
struct ModelTraits {
    int nLayers = 0;
    int nExperts = 0;
    bool hasHead = true; // false: the embedding is the output matrix too
};

/// The type for tensor `name` (GGUF's name), which has the type `current` now. Stays `current` for what is never quantized (vectors,
/// norms, routers, tables of positions) and for block types. A row that is no whole number of blocks gets the next larger type
/// that fits, in the end `current`.
///
/// As llama.cpp's recipes choose, but for models with experts: what every token passes (attention, shared experts, the latent
/// projections of MLA) is a few per cent of such a file, so keys and values get Q8_0 and the rest the better type, whatever the
/// number of experts.
DType typeFor(const Recipe& recipe, std::string_view name, const Shape& shape, DType current, const ModelTraits& traits);

} // namespace sy::quant
