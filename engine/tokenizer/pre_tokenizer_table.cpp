// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/pre_tokenizer_table.h"

namespace sy::tokenizer {

namespace {

using Expressions = std::string_view[];

// Published with the models (tokenizer.json, or the source of their tokenizers). `(?i:'s|'t|…)` is written out: with Unicode case
// folding 's would match the long s as well, which no reference implementation does.
constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

constexpr Expressions kDefaultPasses = {
    R"([\p{P}\$\+<=>\^~\|]+)",
    kGpt2,
    R"(\p{N}+)",
    R"([0-9][0-9][0-9])",
};

constexpr Expressions kGpt2Passes = {kGpt2};

constexpr Expressions kDigitsApartPasses = {R"(\p{N})", kGpt2};

constexpr Expressions kFalconPasses = {R"([\p{P}\$\+<=>\^~\|`]+)", kGpt2, R"([0-9][0-9][0-9])"};

constexpr Expressions kLlama3Passes = {
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

constexpr Expressions kQwen2Passes = {
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

constexpr Expressions kQwen35Passes = {
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

constexpr Expressions kBailingMoePasses = {
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)",
};

constexpr Expressions kSeedCoderPasses = {
    R"('(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

constexpr Expressions kTekkenPasses = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

constexpr Expressions kGpt4oPasses = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

// Written by its author with intersections, [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]], which PCRE2 lacks: everything else excluded
// says the same.
constexpr Expressions kKimiK2Passes = {
    R"(\p{Han}+|[^\r\n\p{L}\p{N}]?[^\p{Ll}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{Han}]*[^\p{Lu}\p{Lt}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{Han}]+(?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?|[^\r\n\p{L}\p{N}]?[^\p{Ll}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{Han}]+[^\p{Lu}\p{Lt}\p{N}\p{P}\p{S}\p{Z}\p{C}\p{Han}]*(?:'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL]))?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

// Published as \s+$; the look-behind and the possessive quantifier match the same and keep long runs of spaces linear.
constexpr std::string_view kTrailingSpace = R"((?<!\s)\s++$)";

constexpr Expressions kDeepSeekLlmPasses = {
    R"([\r\n])",
    R"(\s?[A-Za-z\x{B5}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{1BA}\x{1BC}-\x{1BF}\x{1C4}-\x{293}\x{295}-\x{2AF})"
    R"(\x{370}-\x{373}\x{376}\x{377}\x{37B}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5})"
    R"(\x{3F7}-\x{481}\x{48A}-\x{52F}\x{531}-\x{556}\x{10A0}-\x{10C5}\x{13A0}-\x{13F5}\x{13F8}-\x{13FD}\x{1C90}-\x{1CBA})"
    R"(\x{1CBD}-\x{1CBF}\x{1D00}-\x{1D2B}\x{1D6B}-\x{1D77}\x{1D79}-\x{1D9A}\x{1E00}-\x{1F15}\x{1F18}-\x{1F1D})"
    R"(\x{1F20}-\x{1F45}\x{1F48}-\x{1F4D}\x{1F50}-\x{1F57}\x{1F59}\x{1F5B}\x{1F5D}\x{1F5F}-\x{1F7D}\x{1F80}-\x{1FB4})"
    R"(\x{1FB6}-\x{1FBC}\x{1FBE}\x{1FC2}-\x{1FC4}\x{1FC6}-\x{1FCC}\x{1FD0}-\x{1FD3}\x{1FD6}-\x{1FDB}\x{1FE0}-\x{1FEC})"
    R"(\x{1FF2}-\x{1FF4}\x{1FF6}-\x{1FFC}\x{2102}\x{2107}\x{210A}-\x{2113}\x{2115}\x{2119}-\x{211D}\x{2124}\x{2126})"
    R"(\x{2128}\x{212A}-\x{212D}\x{212F}-\x{2134}\x{2139}\x{213C}-\x{213F}\x{2145}-\x{2149}\x{214E}\x{2183}\x{2184})"
    R"(\x{2C00}-\x{2C7B}\x{2C7E}-\x{2CE4}\x{2CEB}-\x{2CEE}\x{2CF2}\x{2CF3}\x{A640}-\x{A66D}\x{A680}-\x{A69B})"
    R"(\x{A722}-\x{A76F}\x{A771}-\x{A787}\x{A78B}-\x{A78E}\x{AB70}-\x{ABBF}\x{FB00}-\x{FB06}\x{FB13}-\x{FB17})"
    R"(\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{10400}-\x{1044F}\x{104B0}-\x{104D3}\x{104D8}-\x{104FB}\x{10C80}-\x{10CB2})"
    R"(\x{10CC0}-\x{10CF2}\x{118A0}-\x{118DF}\x{1E900}-\x{1E943}]+)",
    R"(\s?[!-/:-~\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF5E}\x{2018}-\x{201F}\x{3000}-\x{3002}]+)",
    kTrailingSpace,
    R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)",
    R"(\p{N}+)",
};

constexpr Expressions kDeepSeekCoderPasses = {
    R"([\r\n])", R"(\s?\p{L}+)", R"(\s?\p{P}+)", R"([\x{4E00}-\x{9FA5}\x{800}-\x{4E00}\x{AC00}-\x{D7FF}]+)", R"(\p{N})",
};

constexpr Expressions kDeepSeekV3Passes = {
    R"(\p{N}{1,3})",
    R"([\x{4E00}-\x{9FA5}\x{3040}-\x{309F}\x{30A0}-\x{30FF}]+)",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)",
};

constexpr Expressions kBloomPasses = {R"( ?[^(\s|.,!?\x{2026}\x{3002}\x{FF0C}\x{3001}\x{964}\x{6D4}\x{60C})]+)"};
constexpr Expressions kVikingPasses = {kBloomPasses[0], R"(\p{N})"};

constexpr PreTokenizerRow kPreTokenizers[] = {
    {"default", kDefaultPasses},
    {"gpt-2", kGpt2Passes},
    {"phi-2", kGpt2Passes},
    {"olmo", kGpt2Passes},
    {"mpt", kGpt2Passes},
    {"jais", kGpt2Passes},
    {"exaone4", kGpt2Passes},
    {"trillion", kGpt2Passes},
    {"granite-docling", kGpt2Passes},
    {"gigachat", kGpt2Passes},
    {"mellum", kGpt2Passes},
    {"modern-bert", kGpt2Passes},
    {"roberta-bpe", kGpt2Passes},
    {"jina-es", kGpt2Passes},
    {"jina-de", kGpt2Passes},
    {"jina-v1-en", kGpt2Passes},
    {"jina-v2-es", kGpt2Passes},
    {"jina-v2-de", kGpt2Passes},
    {"jina-v2-code", kGpt2Passes},
    {"starcoder", kDigitsApartPasses},
    {"refact", kDigitsApartPasses},
    {"command-r", kDigitsApartPasses},
    {"smollm", kDigitsApartPasses},
    {"codeshell", kDigitsApartPasses},
    {"exaone", kDigitsApartPasses},
    {"minerva-7b", kDigitsApartPasses},
    {"falcon", kFalconPasses},
    {"llama-bpe", kLlama3Passes, true, true},
    {"llama3", kLlama3Passes, true, true},
    {"llama-v3", kLlama3Passes, true, true},
    {"falcon3", kLlama3Passes, true, true},
    {"pixtral", kLlama3Passes, true, true},
    {"lfm2", kLlama3Passes, true, true},
    {"dbrx", kLlama3Passes},
    {"smaug-bpe", kLlama3Passes},
    {"chatglm-bpe", kLlama3Passes},
    {"glm4", kLlama3Passes, true},
    {"glm5", kLlama3Passes, true},
    {"qwen2", kQwen2Passes},
    {"deepseek-r1-qwen", kQwen2Passes},
    {"megrez", kQwen2Passes},
    {"stablelm2", kQwen2Passes},
    {"hunyuan", kQwen2Passes},
    {"solar-open", kQwen2Passes},
    {"grok-2", kQwen2Passes},
    {"qwen35", kQwen35Passes},
    {"bailingmoe", kBailingMoePasses},
    {"bailingmoe2", kBailingMoePasses},
    {"llada-moe", kBailingMoePasses},
    {"seed-coder", kSeedCoderPasses},
    {"tekken", kTekkenPasses, true, true},
    {"gpt-4o", kGpt4oPasses},
    {"llama4", kGpt4oPasses},
    {"minimax-m2", kGpt4oPasses},
    {"kimi-k2", kKimiK2Passes},
    {"deepseek-llm", kDeepSeekLlmPasses},
    {"deepseek-coder", kDeepSeekCoderPasses},
    {"deepseek-v3", kDeepSeekV3Passes},
    {"hunyuan-dense", kDeepSeekV3Passes},
    {"joyai-llm", kDeepSeekV3Passes},
    {"bloom", kBloomPasses},
    {"poro-chat", kBloomPasses},
    {"gpt3-finnish", kBloomPasses},
    {"viking", kVikingPasses},
};

} // namespace

const PreTokenizerRow* findPreTokenizer(std::string_view name)
{
    for (const PreTokenizerRow& row : kPreTokenizers)
        if (row.name == name)
            return &row;
    return nullptr;
}

const PreTokenizerRow& defaultPreTokenizer()
{
    return kPreTokenizers[0];
}

std::span<const PreTokenizerRow> preTokenizers()
{
    return kPreTokenizers;
}

bool isPreTokenizerExpression(std::string_view expression)
{
    for (const PreTokenizerRow& row : kPreTokenizers)
        for (const std::string_view own : row.expressions)
            if (own == expression)
                return true;
    return false;
}

} // namespace sy::tokenizer
