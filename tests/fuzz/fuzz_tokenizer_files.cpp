// SPDX-License-Identifier: GPL-3.0-or-later
//
// A byte that says which format, one that says how long the text behind is, then a tokenizer.model or vocab.txt from a stranger and any
// text: refused, or a tokenizer whose ids are its own.
#include "engine/core/error.h"
#include "engine/tokenizer/sentence_piece_model.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/tokenizer/word_piece_list.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sy::tokenizer;
    if (size < 2)
        return 0;
    const std::string_view all(reinterpret_cast<const char*>(data + 2), size - 2);
    const size_t nText = std::min<size_t>(data[1], all.size());
    const std::string_view file = all.substr(0, all.size() - nText), text = all.substr(all.size() - nText);
    try {
        const Tokenizer tokenizer(data[0] % 2 ? readWordPieceList(file, "fuzz") : readSentencePieceModel(file, "fuzz"));
        for (const bool special : {false, true}) {
            const auto ids = tokenizer.encode(text, {special, special});
            for (const int32_t id : ids)
                if (id < 0 || id >= tokenizer.size())
                    std::abort();
            tokenizer.decode(ids, {special});
        }
    } catch (const sy::Error&) {
    }
    return 0;
}
