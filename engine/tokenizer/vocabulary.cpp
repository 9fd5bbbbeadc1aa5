// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/vocabulary.h"

#include "engine/core/error.h"
#include "engine/formats/metadata.h"

#include <algorithm>
#include <limits>

namespace sy::tokenizer {

namespace {

using formats::Metadata;

struct KindRow {
    std::string_view name;
    VocabularyKind kind;
    int32_t bos, eos, unknown, separator, padding, mask; // where the file names none
};

constexpr KindRow kKinds[] = {
    {"gpt2", VocabularyKind::bytePair, -1, -1, -1, -1, -1, -1},
    {"llama", VocabularyKind::sentencePieceBpe, 1, 2, 0, -1, -1, -1},
    {"t5", VocabularyKind::unigram, -1, 1, 2, -1, 0, -1},
    {"bert", VocabularyKind::wordPiece, 101, -1, 100, 102, 0, 103},
};

const KindRow& kindOf(const Metadata& metadata)
{
    const std::string_view name = metadata.requireString("tokenizer.ggml.model");
    for (const KindRow& row : kKinds)
        if (row.name == name)
            return row;
    throw Unsupported("tokenizer \"" + std::string(name) + "\"", "this build knows gpt2, llama, t5 and bert");
}

int32_t tokenId(const Metadata& metadata, std::initializer_list<const char*> names, int32_t fallback, size_t nTokens)
{
    for (const char* name : names) {
        const auto id = metadata.integer("tokenizer.ggml." + std::string(name) + "_token_id");
        if (id)
            return *id >= 0 && *id <= std::numeric_limits<int32_t>::max() ? int32_t(*id) : -1; // writers say "none" as 2^32 - 1
    }
    return fallback < int64_t(nTokens) ? fallback : -1;
}

std::vector<TokenType> readTypes(const Metadata& metadata)
{
    const std::vector<int64_t> numbers = metadata.integers("tokenizer.ggml.token_type");
    std::vector<TokenType> types(numbers.size());
    for (size_t i = 0; i < numbers.size(); ++i)
        types[i] = numbers[i] >= 0 && numbers[i] <= int64_t(TokenType::byte) ? TokenType(numbers[i]) : TokenType::undefined;
    return types;
}

std::string_view readCharsmap(const Metadata& metadata)
{
    constexpr const char* kKey = "tokenizer.ggml.precompiled_charsmap";
    const formats::MetadataValue* value = metadata.find(kKey);
    if (!value)
        return {};
    if (!value->isArray || formats::valueTypeBytes(value->type) != 1)
        throw BadFile(metadata.source(), std::string(kKey) + " is no array of bytes");
    return {reinterpret_cast<const char*>(value->bytes.data()), value->bytes.size()};
}

// GGUF does not say which special tokens take the white space around them along; these models' tokenizers do.
void readStripping(const Metadata& metadata, Vocabulary& vocabulary)
{
    const std::string_view architecture = metadata.string("general.architecture").value_or("");
    std::string name(metadata.string("general.name").value_or(""));
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return c < 0x80 ? char(std::tolower(c)) : char(c); });
    const auto isSpecial = [&](size_t id) {
        return id < vocabulary.types.size() &&
               (vocabulary.types[id] == TokenType::control || vocabulary.types[id] == TokenType::userDefined);
    };
    if (vocabulary.pre.starts_with("jina-v2-") || architecture == "nomic-bert-moe" || architecture == "jina-bert-v3") {
        for (size_t id = 0; id < vocabulary.tokens.size(); ++id)
            if (vocabulary.tokens[id] == "<mask>")
                vocabulary.stripsLeft.push_back(int32_t(id));
    } else if (name.find("phi-3") != std::string::npos || name.find("phi3") != std::string::npos) {
        for (size_t id = 0; id < vocabulary.tokens.size(); ++id) {
            const std::string_view text = vocabulary.tokens[id];
            if (text == "</s>" || (isSpecial(id) && text != "<s>" && text != "<|endoftext|>"))
                vocabulary.stripsRight.push_back(int32_t(id));
        }
    }
}

} // namespace

Vocabulary readVocabulary(const Metadata& metadata)
{
    const auto kept = std::make_shared<const Metadata>(metadata); // the views below are into bytes that this copy shares
    Vocabulary v;
    v.owner = kept;
    v.source = metadata.source();
    const KindRow& kind = kindOf(metadata);
    v.kind = kind.kind;
    v.pre = std::string(metadata.string("tokenizer.ggml.pre").value_or(""));
    v.tokens = metadata.strings("tokenizer.ggml.tokens");
    if (v.tokens.empty())
        throw BadFile(metadata.source(), "metadata key tokenizer.ggml.tokens is missing or empty");
    v.scores = metadata.reals("tokenizer.ggml.scores");
    v.types = readTypes(metadata);
    v.merges = metadata.strings("tokenizer.ggml.merges");
    if (v.kind == VocabularyKind::bytePair && v.merges.empty())
        throw BadFile(metadata.source(), "metadata key tokenizer.ggml.merges is missing or empty");
    v.charsmap = readCharsmap(metadata);

    const auto id = [&](std::initializer_list<const char*> names, int32_t fallback = -1) {
        return tokenId(metadata, names, fallback, v.tokens.size());
    };
    v.bos = v.kind == VocabularyKind::wordPiece ? id({"bos", "cls"}, kind.bos) : id({"bos"}, kind.bos);
    v.eos = id({"eos"}, kind.eos);
    v.eot = id({"eot"});
    v.eom = id({"eom"});
    v.unknown = id({"unknown"}, kind.unknown);
    v.separator = id({"separator", "seperator"}, kind.separator); // both spellings are in use
    v.padding = id({"padding"}, kind.padding);
    v.mask = id({"mask"}, kind.mask);
    v.fimPrefix = id({"fim_pre", "prefix"});
    v.fimSuffix = id({"fim_suf", "suffix"});
    v.fimMiddle = id({"fim_mid", "middle"});
    v.fimPad = id({"fim_pad"});
    v.fimRepository = id({"fim_rep"});
    v.fimSeparator = id({"fim_sep"});

    v.addBos = metadata.boolean("tokenizer.ggml.add_bos_token");
    v.addEos = metadata.boolean("tokenizer.ggml.add_eos_token");
    v.addSeparator = metadata.boolean("tokenizer.ggml.add_sep_token");
    v.addSpacePrefix = metadata.boolean("tokenizer.ggml.add_space_prefix");
    v.removeExtraWhitespace = metadata.boolean("tokenizer.ggml.remove_extra_whitespaces");
    v.lowercase = metadata.boolean("tokenizer.ggml.normalizer.lowercase");
    v.stripAccents = metadata.boolean("tokenizer.ggml.normalizer.strip_accents");
    v.accentStripping = AccentStripping::asGguf;
    readStripping(metadata, v);
    return v;
}

} // namespace sy::tokenizer
