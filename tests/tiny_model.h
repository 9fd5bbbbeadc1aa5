// SPDX-License-Identifier: GPL-3.0-or-later
// A chat model of 40,000 fixed random weights that speaks bytes: small enough to be written by a test, whole enough to be imported,
// loaded and talked to. What it says means nothing, and is the same every time.
#pragma once

#include "engine/core/utf8.h"
#include "engine/formats/gguf_writer.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace sy::test {

inline constexpr int kTinyVocabulary = 259; // 256 bytes, the only pair (bytes 0 and 1), <|start|>, <|end|>

/// The letter that byte-level vocabularies write for a byte.
inline std::string byteLetter(int byte)
{
    const bool isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    int shifted = 256;
    for (int b = 0; b < byte; ++b)
        shifted += !((b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174);
    std::string letter;
    appendUtf8(letter, char32_t(isPrintable ? byte : shifted));
    return letter;
}

struct TinyShape {
    int64_t dim = 32, ffn = 64, kvDim = 16; // kvDim: half of dim
    int layers = 2;
    int experts = 0; // of each layer, two of them for a token; 0: no mixture
    DType matrices = DType::F32;
    int idleLayers = 0;    // behind the others; they take time and change nothing
    float sharpness = 1;   // of the scores: at 20 it is mostly sure of what it says
    int tokens = kTinyVocabulary; // more: so many that mean nothing at the end
    bool otherTokens = false; // one of the bytes is another one
    int favourites[2] = {-1, -1}; // two experts of which every token has one, by a router with opposite rows for them
    int64_t context = 2048;
};

/// architecture: what the file claims to be; only "llama" can be loaded.
inline void writeTinyModel(const std::filesystem::path& path, const std::string& name = "Tiny", const std::string& architecture = "llama",
                           uint32_t seed = 1, const TinyShape& shape = {})
{
    const int64_t dim = shape.dim, ffn = shape.ffn, kvDim = shape.kvDim;
    const int nLayers = shape.layers + shape.idleLayers;
    formats::GgufWriter out(path);
    formats::Metadata& m = out.metadata();
    m.setString("general.architecture", architecture);
    m.setString("general.name", name);
    m.setString("general.license", "mit");
    const auto key = [&](const char* rest) { return architecture + "." + rest; };
    m.setInteger(key("context_length"), shape.context);
    m.setInteger(key("embedding_length"), dim);
    m.setInteger(key("block_count"), nLayers);
    m.setInteger(key("feed_forward_length"), ffn);
    m.setInteger(key("attention.head_count"), 4);
    m.setInteger(key("attention.head_count_kv"), 2);
    m.setReal(key("attention.layer_norm_rms_epsilon"), 1e-5);
    m.setReal(key("rope.freq_base"), 10000);
    m.setInteger(key("rope.dimension_count"), dim / 4);
    if (shape.experts > 0) {
        m.setInteger(key("expert_count"), shape.experts);
        m.setInteger(key("expert_used_count"), 2);
    }

    std::vector<std::string> tokens;
    std::vector<int32_t> types;
    for (int byte = 0; byte < 256; ++byte) {
        tokens.push_back(byteLetter(byte));
        types.push_back(1);
    }
    tokens.push_back(byteLetter(0) + byteLetter(1));
    types.push_back(1);
    const std::vector<std::string> merges{byteLetter(0) + " " + byteLetter(1)};
    for (const char* special : {"<|start|>", "<|end|>"}) {
        tokens.emplace_back(special);
        types.push_back(3);
    }
    for (int id = kTinyVocabulary; id < shape.tokens; ++id) {
        tokens.push_back("[PAD" + std::to_string(id) + "]");
        types.push_back(5);
    }
    if (shape.otherTokens)
        std::swap(tokens[100], tokens[101]);
    m.setString("tokenizer.ggml.model", "gpt2");
    m.setString("tokenizer.ggml.pre", "gpt-2");
    m.setStrings("tokenizer.ggml.tokens", std::span<const std::string>(tokens));
    m.setIntegers("tokenizer.ggml.token_type", types);
    m.setStrings("tokenizer.ggml.merges", std::span<const std::string>(merges));
    m.setInteger("tokenizer.ggml.eos_token_id", 258);
    m.setBoolean("tokenizer.ggml.add_bos_token", false);
    m.setString("tokenizer.chat_template",
                "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>{% endfor %}"
                "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}");

    std::vector<std::pair<std::string, Shape>> tensors{{"token_embd.weight", {shape.tokens, dim}}};
    for (int layer = 0; layer < nLayers; ++layer) {
        const std::string prefix = "blk." + std::to_string(layer) + ".";
        tensors.insert(tensors.end(), {{prefix + "attn_norm.weight", {dim}},
                                       {prefix + "attn_q.weight", {dim, dim}},
                                       {prefix + "attn_k.weight", {kvDim, dim}},
                                       {prefix + "attn_v.weight", {kvDim, dim}},
                                       {prefix + "attn_output.weight", {dim, dim}},
                                       {prefix + "ffn_norm.weight", {dim}}});
        if (shape.experts > 0)
            tensors.insert(tensors.end(), {{prefix + "ffn_gate_inp.weight", {shape.experts, dim}},
                                           {prefix + "ffn_gate_exps.weight", {shape.experts, ffn, dim}},
                                           {prefix + "ffn_up_exps.weight", {shape.experts, ffn, dim}},
                                           {prefix + "ffn_down_exps.weight", {shape.experts, dim, ffn}}});
        else
            tensors.insert(tensors.end(), {{prefix + "ffn_gate.weight", {ffn, dim}},
                                           {prefix + "ffn_up.weight", {ffn, dim}},
                                           {prefix + "ffn_down.weight", {dim, ffn}}});
    }
    tensors.emplace_back("output_norm.weight", Shape{dim});
    tensors.emplace_back("output.weight", Shape{shape.tokens, dim});
    for (const auto& [tensor, size] : tensors)
        out.declare(tensor, size, size.rank() > 1 ? shape.matrices : DType::F32);
    uint32_t state = seed;
    for (const auto& [tensor, size] : tensors) {
        std::vector<float> values(size_t(size.count()), 1.0f); // norms
        // Idle layers and padding are zero and take nothing from the sequence of numbers: the rest is as without them.
        const bool isIdle = tensor.rfind("blk.", 0) == 0 && std::stoi(tensor.substr(4)) >= shape.layers;
        const bool hasPadding = size[0] == shape.tokens && size.rank() == 2;
        const auto nReal = isIdle ? 0 : hasPadding ? kTinyVocabulary * dim : size.count();
        if (size.rank() > 1)
            std::fill(values.begin() + long(nReal), values.end(), 0.0f);
        for (float& value : std::span(values).first(size_t(nReal))) {
            state = state * 1664525u + 1013904223u;
            if (size.rank() > 1)
                value = (float(state >> 8) / 8388608.0f - 1.0f) * 0.3f * (tensor == "output.weight" ? shape.sharpness : 1.0f);
        }
        if (shape.favourites[0] >= 0 && tensor.find("ffn_gate_inp") != std::string::npos) {
            for (int64_t i = 0; i < dim; ++i) {
                float& first = values[size_t(shape.favourites[0] * dim + i)];
                first *= 40;
                values[size_t(shape.favourites[1] * dim + i)] = -first;
            }
        }
        if (size.rank() == 1 || shape.matrices == DType::F32) {
            out.append(std::as_bytes(std::span(values)));
            continue;
        }
        std::vector<std::byte> row(size_t(quant::rowBytes(shape.matrices, size.back())));
        for (int64_t i = 0; i < size.count(); i += size.back()) {
            quant::packRow(shape.matrices, values.data() + i, row.data(), size.back());
            out.append(row);
        }
    }
    out.finish();
}

} // namespace sy::test
