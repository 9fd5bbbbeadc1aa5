// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/chat_template.h"
#include "engine/tokenizer/tokenizer.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sy::tokenizer {

struct ChatPromptOptions {
    bool addGenerationPrompt = true; // end with the beginning of the assistant's answer
    bool wholeText = false;          // also parse control tokens that the messages spell, as other programs do
    nlohmann::ordered_json variables = nlohmann::ordered_json::object(); // tools, enable_thinking, … for the template
    std::optional<std::chrono::local_seconds> now;
    TemplateLimits limits;
};

struct ChatPrompt {
    std::vector<int32_t> ids;
    std::string text;           // what was tokenized
    bool isContentPlain = true; // false: some control tokens spelled in messages may have been parsed as such
    std::vector<size_t> literalPlaces; // offsets into text, rising, where control tokens are plain text
};

/// Renders messages, a list of {"role", "content", …}, and tokenizes the result: one BOS where the model wants one, whether the template
/// writes it or not, and no EOS. Control tokens count where the template writes them; the same characters inside the messages' (or
/// tools') strings are plain text, so that nobody can end his turn and speak as the assistant. So are user-defined
/// tokens that are written like control tokens; other user-defined ones (<think>, <tool_call>) are parsed everywhere, as in any text.
///
/// Throws what ChatTemplate::render throws.
ChatPrompt encodeChat(const Tokenizer& tokenizer, const ChatTemplate& chatTemplate, const nlohmann::ordered_json& messages,
                      const ChatPromptOptions& options = {});

} // namespace sy::tokenizer
