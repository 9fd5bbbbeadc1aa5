// SPDX-License-Identifier: GPL-3.0-or-later
//
// A vocabulary from a stranger and any text. The first byte chooses the kind and flags; the rest is lines up to an empty one for the
// tokens (each with a byte for its type and one for its score), then merges, then a charsmap, then the text.
#include "engine/core/error.h"
#include "engine/tokenizer/tokenizer.h"

#include <cstdlib>

namespace {

using namespace sy::tokenizer;

std::string_view takeLine(std::string_view& rest)
{
    const size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return line;
}

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    if (size < 2)
        return 0;
    std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
    static constexpr const char* kPre[] = {"qwen2", "llama-bpe", "deepseek-llm", "deepseek-v3", "gpt-4o", "kimi-k2", "tekken", "no such"};
    Vocabulary v;
    v.source = "fuzz";
    v.kind = VocabularyKind(data[0] & 3);
    v.pre = kPre[data[0] >> 2 & 7];
    v.addSpacePrefix = (data[0] & 32) != 0;
    v.removeExtraWhitespace = (data[0] & 64) != 0;
    v.accentStripping = data[0] & 128 ? AccentStripping::asBert : AccentStripping::asGguf;
    v.bos = data[1] & 7;
    v.eos = data[1] >> 3 & 7;
    v.unknown = data[1] >> 6;
    std::vector<std::string_view> lines;
    for (std::string_view line = takeLine(rest); !line.empty(); line = takeLine(rest)) {
        if (line.size() < 2)
            continue;
        v.types.push_back(TokenType(line[0] & 7 ? line[0] & 7 : 1));
        v.scores.push_back(-float(static_cast<unsigned char>(line[1])) / 8);
        v.tokens.push_back(line.substr(2));
    }
    for (TokenType& type : v.types)
        if (type > TokenType::byte)
            type = TokenType::normal;
    for (std::string_view line = takeLine(rest); !line.empty(); line = takeLine(rest))
        v.merges.push_back(line);
    const std::string_view charsmap = takeLine(rest);
    v.charsmap = charsmap;
    try {
        const Tokenizer tokenizer(v);
        for (const bool special : {false, true}) {
            const auto ids = tokenizer.encode(rest, {special, special});
            for (const int32_t id : ids)
                require(id >= 0 && id < tokenizer.size());
            tokenizer.decode(ids, {special});
            StreamDecoder stream(tokenizer, {special});
            for (const int32_t id : ids)
                stream.push(id);
            stream.finish();
            require(tokenizer.encode(rest, {special, special, 3}).size() <= 3);
        }
        tokenizer.findControlToken(rest, 0);
    } catch (const sy::Error&) {
    }
    return 0;
}
