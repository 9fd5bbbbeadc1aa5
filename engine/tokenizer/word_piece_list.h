// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <string>
#include <string_view>

namespace sy::tokenizer {

/// The vocabulary of BERT's vocab.txt: a token a line, numbered from 0; "##" continues a word; names in brackets are special. Devlin et
/// al. 2018, arXiv:1810.04805. [CLS] and [SEP] stand around a text.
///
/// Throws BadFile without [UNK], or when the text is no vocabulary. `path` is for messages.
Vocabulary readWordPieceList(std::string_view text, const std::string& path);

} // namespace sy::tokenizer
