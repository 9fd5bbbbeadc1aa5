// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <string>
#include <string_view>

namespace sy::tokenizer {

/// The vocabulary of a tokenizer.model as SentencePiece writes it (Kudo and Richardson 2018, arXiv:1808.06226): byte-pair pieces by score,
/// or a unigram model with its charsmap. BOS and EOS are known and none is put around a text yet: that is the folder's to say.
///
/// Throws BadFile when the bytes contradict the format or themselves; Unsupported for models of words or characters, and for a
/// normalization that the model kind is not computed with. `path` is for messages.
Vocabulary readSentencePieceModel(std::string_view bytes, const std::string& path);

} // namespace sy::tokenizer
