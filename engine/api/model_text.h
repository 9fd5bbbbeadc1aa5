// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <optional>
#include <string>

namespace sy::formats {
class Metadata;
class ModelFile;
} // namespace sy::formats

namespace sy::api {

/// What a model's files say about text, wherever they keep it: a GGUF file in its metadata, a folder in tokenizer.json and beside it.
struct ModelText {
    std::optional<tokenizer::Vocabulary> vocabulary; // absent: the model takes token ids only
    std::string chatTemplate;                        // Jinja; empty: none
};

/// Throws BadFile, or Unsupported for a kind of tokenizer this build has no code for.
ModelText readModelText(const formats::ModelFile& file);

/// The keys of a model for a GGUF file that is made from it, tokenizer and template included wherever its files keep them. Throws
/// as readModelText().
void writeModelKeys(const formats::ModelFile& model, formats::Metadata& out);

} // namespace sy::api
