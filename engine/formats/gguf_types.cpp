// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/gguf_types.h"

#include "engine/core/error.h"
#include "engine/quant/quant_table.h"

#include <string>

namespace sy::formats {

namespace {

struct ForeignType {
    int32_t first;
    int32_t last;
    std::string_view name; // empty: only the number is known
    std::string_view why;
};

constexpr std::string_view kRemoved = "the format was removed from GGUF in 2024; convert the model again from its source";
constexpr std::string_view kRemovedLayout =
    "this interleaved layout was removed from GGUF; files with plain Q4_0 or IQ4_NL tensors hold the same weights";
constexpr std::string_view kActivations = "the format is for activations in memory and never for weights in a file";
constexpr std::string_view kIkLlama = "only ik_llama.cpp reads its own quantization types; quantize the model to a standard type";
constexpr std::string_view kNotYet = "this version has no decoder for it";

// GGUF's numbers that quant_table.cpp has no row for. Ids below 64 are llama.cpp's; ik_llama.cpp counts its own from 97 up
// and had 36 for I2_S.
constexpr ForeignType kForeign[] = {
    {4, 4, "Q4_2", kRemoved},
    {5, 5, "Q4_3", kRemoved},
    {9, 9, "Q8_1", kActivations},
    {15, 15, "Q8_K", kActivations},
    {31, 31, "Q4_0_4_4", kRemovedLayout},
    {32, 32, "Q4_0_4_8", kRemovedLayout},
    {33, 33, "Q4_0_8_8", kRemovedLayout},
    {36, 36, "I2_S", kIkLlama},
    {37, 37, "IQ4_NL_4_8", kRemovedLayout},
    {38, 38, "IQ4_NL_8_8", kRemovedLayout},
    {41, 41, "Q1_0", kNotYet},
    {42, 42, "Q2_0", kNotYet},
    {137, 137, "IQ2_K", kIkLlama},
    {138, 138, "IQ3_K", kIkLlama},
    {139, 139, "IQ4_K", kIkLlama},
    {140, 140, "IQ5_K", kIkLlama},
    {141, 141, "IQ6_K", kIkLlama},
    {97, 399, "", kIkLlama},
};

} // namespace

DType tensorTypeFromGguf(int32_t id, std::string_view tensorName)
{
    if (quant::find(static_cast<DType>(id)))
        return static_cast<DType>(id);
    const std::string where = " of tensor " + std::string(tensorName);
    for (const ForeignType& type : kForeign) {
        if (id < type.first || id > type.last)
            continue;
        const std::string name = type.name.empty() ? "number " + std::to_string(id) : std::string(type.name);
        throw Unsupported("quantization type " + name + where, std::string(type.why));
    }
    throw Unsupported("quantization type number " + std::to_string(id) + where, "this version knows no such type");
}

} // namespace sy::formats
