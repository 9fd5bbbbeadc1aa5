// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

namespace sy::formats {
class Metadata;
}

namespace sy::tokenizer {

/// Writes a vocabulary as a GGUF file carries it: what readVocabulary() of these keys gives tokenizes alike. Throws Unsupported for what
/// GGUF has no words for: splitting expressions that no pre-tokenizer of the field's names has, several tokens around a text.
/// Normalization of byte-level vocabularies (NFC) is left out, as in every GGUF file of such a model.
void writeVocabulary(const Vocabulary& vocabulary, formats::Metadata& metadata);

} // namespace sy::tokenizer
