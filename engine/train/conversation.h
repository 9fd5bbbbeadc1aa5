// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/chat_template.h"
#include "engine/tokenizer/tokenizer.h"
#include "engine/train/packed_batch.h"

#include <nlohmann/json.hpp>

#include <vector>

namespace sy::train {

/// What conversations are written with; both may be absent for data that is tokenized already.
struct TextEncoder {
    const tokenizer::Tokenizer* tokenizer = nullptr;
    const tokenizer::ChatTemplate* chatTemplate = nullptr;
};

/// A conversation as texts to learn from. Trained are the assistant's turns up to and including their end token; the borders
/// come from rendering the conversation up to each turn, never from a search. One text, or one for each turn of the
/// assistant where the template changes earlier turns (reasoning that is left out later). A message with "weight": 0 is not
/// trained.
///
/// messages  a list of {"role", "content"}
///
/// Throws Unsupported for a conversation that the template does not render, or whose answers do not begin as its generation
/// prompt says.
std::vector<TrainingText> encodeConversation(const TextEncoder& encoder, const nlohmann::ordered_json& messages);

} // namespace sy::train
