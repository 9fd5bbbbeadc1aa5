// SPDX-License-Identifier: GPL-3.0-or-later
//
// A tokenizer.json from a stranger up to the first NUL byte, then any text: refused, or a tokenizer whose ids are its own.
#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/tokenizer_json.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sy::tokenizer;
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const size_t split = std::min(all.find('\0'), all.size());
    const std::string_view text = all.substr(std::min(split + 1, all.size()));
    try {
        const Tokenizer tokenizer(readTokenizerJson(sy::formats::parseJson(all.substr(0, split), "fuzz"), "fuzz"));
        for (const bool special : {false, true}) {
            const auto ids = tokenizer.encode(text, {special, special});
            for (const int32_t id : ids)
                require(id >= 0 && id < tokenizer.size());
            tokenizer.decode(ids, {special});
            require(tokenizer.encode(text, {special, special, 3}).size() <= 3);
        }
    } catch (const sy::Error&) {
    }
    return 0;
}
