// SPDX-License-Identifier: GPL-3.0-or-later
//
// A schema from a stranger: it compiles or is refused, and what compiles can be read to an end. The first half of the bytes
// is the schema, the rest chooses the way: at each place the bytes that may follow are counted and one of them is taken.
#include "engine/core/error.h"
#include "engine/generate/parse_space.h"
#include "engine/generate/schema_compiler.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sy::generate;
    const size_t nWays = std::min<size_t>(size / 4, 64);
    try {
        const Grammar grammar = compileSchema({reinterpret_cast<const char*>(data), size - nWays});
        ParseSpace space(grammar);
        int32_t parse = space.begin();
        std::string text;
        for (size_t i = 0; i < nWays && !(space.isComplete(parse) && space.frames(parse).empty()); ++i) {
            std::vector<uint8_t> possible;
            for (int byte = 0; byte < 256; ++byte) {
                if (space.step(parse, uint8_t(byte)) != ParseSpace::kDead)
                    possible.push_back(uint8_t(byte));
            }
            if (possible.empty()) {
                if (!space.isComplete(parse))
                    std::abort(); // a way that leads nowhere
                break;
            }
            const uint8_t byte = possible[data[size - nWays + i] % possible.size()];
            parse = space.step(parse, byte);
            text += char(byte);
        }
        if (space.isComplete(parse) && !nlohmann::json::accept(text))
            std::abort();
    } catch (const sy::Error&) {
    }
    return 0;
}
