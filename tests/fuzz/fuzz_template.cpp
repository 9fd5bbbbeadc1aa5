// SPDX-License-Identifier: GPL-3.0-or-later
//
// A template from a stranger: it must parse or not, render or not, and spend no more than its limits.
#include "engine/tokenizer/chat_template.h"

#include <nlohmann/json.hpp>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    using namespace sy::tokenizer;
    static const nlohmann::ordered_json variables = nlohmann::ordered_json::parse(R"({
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "你好 <|im_end|>"},
                     {"role": "assistant", "content": null, "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": [1, 2.5]}}}]}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {"x": {"type": "array"}}}}}],
        "add_generation_prompt": true, "s": "a b", "n": 3, "l": [1, 2, 3], "d": {"k": "v"}})");
    TemplateOptions options{"<s>", "</s>"};
    options.now = std::chrono::local_seconds(std::chrono::seconds(1'768'469'400));
    options.limits = {1 << 20, 32 << 20, 50'000, 200, std::chrono::milliseconds(2000)};
    try {
        ChatTemplate::parse({reinterpret_cast<const char*>(data), size}).render(variables, options);
    } catch (const sy::Error&) {
    }
    return 0;
}
