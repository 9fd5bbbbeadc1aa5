// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace sy::tokenizer {

/// The vocabulary of a tokenizer.json: byte-level BPE with its splitting expressions, BPE over characters with bytes as fallback
/// (SentencePiece's), unigram, WordPiece. The strings belong to the result.
///
/// Throws BadFile when the file contradicts its format or itself, Unsupported naming the model, normalizer, pre-tokenizer or
/// post-processor that this build does not compute. `path` is for messages.
Vocabulary readTokenizerJson(const nlohmann::json& file, const std::string& path);

} // namespace sy::tokenizer
