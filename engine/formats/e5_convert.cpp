// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/core/tensor.h"
#include "engine/formats/charsmap.h"
#include "engine/formats/e5_container.h"
#include "engine/formats/gguf_writer.h"

#include <algorithm>
#include <string>

namespace sy::formats {

namespace {

// GGUF's kinds of token.
constexpr int32_t kNormal = 1, kUnknown = 2, kControl = 3, kUnused = 5;
constexpr float kUnusedScore = -10000;
constexpr int kPoolingMean = 1;
constexpr int kFileTypeQ4_0 = 2;
constexpr std::string_view kMaskPiece = "<mask>";

struct Item {
    std::string from; // name in the container
    std::string to;   // and in GGUF
    Shape shape;
};

std::vector<Item> itemsOf(const E5Container& e)
{
    const int64_t width = e.width, ffn = e.ffnWidth;
    std::vector<Item> items{
        {"emb.word", "token_embd.weight", {e.nTokenRows, width}}, {"emb.pos", "position_embd.weight", {e.nPositions, width}},
        {"emb.type", "token_types.weight", {e.nTokenTypes, width}}, {"emb.ln.w", "token_embd_norm.weight", {width}},
        {"emb.ln.b", "token_embd_norm.bias", {width}},
    };
    struct Part {
        const char* from;
        const char* to;
        int64_t rows;
        int64_t cols; // 0: a norm, whose weight is a vector
    };
    const Part parts[] = {
        {"q", "attn_q", width, width},     {"k", "attn_k", width, width}, {"v", "attn_v", width, width},
        {"ao", "attn_output", width, width}, {"aln", "attn_output_norm", width, 0}, {"fi", "ffn_up", ffn, width},
        {"fo", "ffn_down", width, ffn},    {"oln", "layer_output_norm", width, 0},
    };
    for (int layer = 0; layer < e.nLayers; ++layer) {
        const std::string number = std::to_string(layer);
        const std::string from = std::string("l").append(number).append(".");
        const std::string to = std::string("blk.").append(number).append(".");
        for (const Part& part : parts) {
            const Shape weight = part.cols ? Shape{part.rows, part.cols} : Shape{part.rows};
            items.push_back({from + part.from + ".w", to + part.to + ".weight", weight});
            items.push_back({from + part.from + ".b", to + part.to + ".bias", Shape{part.rows}});
        }
    }
    return items;
}

const E5Container::Tensor& tensorOf(const E5Container& e, const Item& item)
{
    const auto it = e.tensors.find(item.from);
    if (it == e.tensors.end())
        throw BadFile(e.source, "tensor " + item.from + " is missing");
    if (it->second.nValues != uint64_t(item.shape.count()))
        throw BadFile(e.source, "tensor " + item.from + " has " + std::to_string(it->second.nValues) + " values, where " +
                                    toString(item.shape) + " is expected");
    return it->second;
}

void setModelKeys(Metadata& m, const E5Container& e)
{
    m.setString("general.architecture", "bert");
    m.setString("general.type", "model");
    m.setString("general.name", "multilingual-e5-small");
    m.setString("general.license", "mit");
    m.setInteger("general.file_type", kFileTypeQ4_0);
    m.setInteger("general.quantization_version", 2);
    m.setInteger("bert.vocab_size", e.nTokenRows);
    m.setInteger("bert.context_length", e.nPositions);
    m.setInteger("bert.embedding_length", e.width);
    m.setInteger("bert.block_count", e.nLayers);
    m.setInteger("bert.feed_forward_length", e.ffnWidth);
    m.setInteger("bert.attention.head_count", e.nHeads);
    m.setReal("bert.attention.layer_norm_epsilon", e.layerNormEpsilon);
    m.setBoolean("bert.attention.causal", false);
    m.setInteger("bert.pooling_type", kPoolingMean);
}

void setTokenizerKeys(Metadata& m, const E5Container& e)
{
    const auto mask = std::ranges::find(e.pieces, kMaskPiece);
    if (mask == e.pieces.end())
        throw BadFile(e.source, "the vocabulary has no piece <mask>");
    const auto maskId = int(mask - e.pieces.begin());

    std::vector<std::string> tokens(e.pieces.begin(), e.pieces.end());
    std::vector<float> scores = e.scores;
    std::vector<int32_t> types(tokens.size(), kNormal);
    for (const int id : {e.bosId, e.eosId, e.padId, maskId})
        types[size_t(id)] = kControl;
    types[size_t(e.unknownId)] = kUnknown;
    // The matrix has more rows than there are pieces; readers want a token for each.
    while (tokens.size() < size_t(e.nTokenRows))
        tokens.push_back(std::string("[PAD").append(std::to_string(tokens.size())).append("]"));
    scores.resize(tokens.size(), kUnusedScore);
    types.resize(tokens.size(), kUnused);

    std::vector<CharRule> rules = e.normalization;
    for (CharRule& rule : compositionRules(e.normalization))
        rules.push_back(std::move(rule));

    m.setString("tokenizer.ggml.model", "t5");
    m.setString("tokenizer.ggml.pre", "default");
    m.setStrings("tokenizer.ggml.tokens", tokens);
    m.setReals("tokenizer.ggml.scores", scores);
    m.setIntegers("tokenizer.ggml.token_type", types);
    m.setInteger("tokenizer.ggml.token_type_count", e.nTokenTypes);
    m.setBoolean("tokenizer.ggml.add_space_prefix", true);
    m.setBoolean("tokenizer.ggml.remove_extra_whitespaces", true);
    m.setBytes("tokenizer.ggml.precompiled_charsmap", buildCharsmap(std::move(rules)));
    m.setInteger("tokenizer.ggml.bos_token_id", e.bosId);
    m.setInteger("tokenizer.ggml.eos_token_id", e.eosId);
    m.setInteger("tokenizer.ggml.unknown_token_id", e.unknownId);
    m.setInteger("tokenizer.ggml.seperator_token_id", e.eosId); // GGUF spells it so
    m.setInteger("tokenizer.ggml.padding_token_id", e.padId);
    m.setInteger("tokenizer.ggml.mask_token_id", maskId);
    m.setBoolean("tokenizer.ggml.add_bos_token", true);
    m.setBoolean("tokenizer.ggml.add_eos_token", true);
}

} // namespace

void convertE5Container(const E5Container& e, const std::filesystem::path& target, std::stop_token stop,
                        const std::function<void(double)>& progress)
{
    const std::vector<Item> items = itemsOf(e);
    uint64_t allBytes = 0;
    for (const Item& item : items)
        allBytes += tensorOf(e, item).bytes.size(); // a missing one is told before anything is written

    GgufWriter out(target);
    setModelKeys(out.metadata(), e);
    setTokenizerKeys(out.metadata(), e);
    for (const Item& item : items)
        out.declare(item.to, item.shape, tensorOf(e, item).dtype);

    constexpr size_t kPieceBytes = size_t(4) << 20; // small enough to answer a request to stop at once
    uint64_t done = 0;
    for (const Item& item : items) {
        std::span<const std::byte> bytes = tensorOf(e, item).bytes;
        while (!bytes.empty()) {
            if (stop.stop_requested())
                throw Cancelled();
            const auto piece = bytes.first(std::min(bytes.size(), kPieceBytes));
            out.append(piece);
            bytes = bytes.subspan(piece.size());
            done += piece.size();
            if (progress)
                progress(double(done) / double(allBytes));
        }
    }
    out.finish();
}

void convertE5Container(const std::filesystem::path& container, const std::filesystem::path& target, std::stop_token stop,
                        const std::function<void(double)>& progress)
{
    convertE5Container(E5Container::open(container), target, stop, progress);
}

} // namespace sy::formats
