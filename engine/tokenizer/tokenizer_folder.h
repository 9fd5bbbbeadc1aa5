// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace sy::tokenizer {

/// What a Hugging Face folder says about text.
struct FolderTokenizer {
    Vocabulary vocabulary;
    std::string chatTemplate; // Jinja; empty: none
};

/// From tokenizer.json, or without one from tokenizer.model, spiece.model or vocab.txt; tokenizer_config.json (special tokens, chat template), chat_template.jinja, generation_config.json and config.json
/// (ids that end an answer). nRows: height of the model's embedding; ids that the tokenizer lacks up to there become unused tokens.
///
/// Empty when the folder has no tokenizer: such a model takes token ids only. Throws what readTokenizerJson,
/// readSentencePieceModel and readWordPieceList throw; Unsupported for a tokenizer in another format.
std::optional<FolderTokenizer> readTokenizerFolder(const std::filesystem::path& folder, int64_t nRows);

} // namespace sy::tokenizer
