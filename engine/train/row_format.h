// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/train/run_config.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <vector>

namespace sy::train {

/// What a row holds, whatever its format: one of these.
struct RowContent {
    nlohmann::ordered_json messages;      // a conversation: {"role", "content", "weight"?}
    nlohmann::ordered_json otherMessages; // of a preference: the one that ends in the rejected answer
    std::optional<std::string> text;      // plain text
};

/// The format of a row, by its keys; automatic when they are those of none.
///
///     tokens             ids, mask
///     messages           messages: [{role, content}, ...]
///     sharegpt           conversations: [{from, value}, ...]
///     preference         chosen, rejected, and prompt where these are texts
///     alpaca             instruction, output; input, system and history where there are any
///     prompt-completion  prompt and completion (or response), question and answer, query and response, input and output
///     text               text
DataFormat recognizeRow(const nlohmann::json& row);

/// Reads a row of a format other than tokens. Throws std::runtime_error with what is wrong, "has no text \"output\"".
RowContent readRow(const nlohmann::json& row, DataFormat format);

} // namespace sy::train
