// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sy::formats {
class Metadata;
}

namespace sy::tokenizer {

/// How text becomes tokens; the comment is tokenizer.ggml.model in GGUF.
enum class VocabularyKind : uint8_t {
    bytePair,         // "gpt2": byte-level BPE after splitting by expressions
    sentencePieceBpe, // "llama": merges by score, bytes as fallback
    unigram,          // "t5": most probable path through the pieces
    wordPiece,        // "bert": longest match within normalized words
};

enum class TokenType : uint8_t { undefined, normal, unknown, control, userDefined, unused, byte }; // numbered as GGUF does

/// How a wordPiece vocabulary strips accents. BERT decomposes characters (NFD) and drops nonspacing marks. Programs that read GGUF keep
/// only the first character of a decomposition and drop every mark: Korean loses all but the first letter of each syllable, and
/// Indic scripts their vowel signs. Ids of GGUF files are defined by those programs, so both exist.
enum class AccentStripping : uint8_t { asBert, asGguf };

/// What is done to text before its words are looked up (Unicode Standard Annex #15).
enum class UnicodeForm : uint8_t { none, nfc, nfd, nfkc, nfkd };

/// Everything a tokenizer is made from, plain. Ids are indices into `tokens`; -1 means that there is no such token.
struct Vocabulary {
    VocabularyKind kind = VocabularyKind::bytePair;
    std::string source;                   // the file, for messages
    std::string pre;                      // name of the pre-tokenizer (bytePair only); empty when the file names none
    std::vector<std::string_view> tokens; // in the file's alphabet: byte-level for bytePair, U+2581 for spaces in the others
    std::vector<float> scores;            // one per token; required for sentencePieceBpe and unigram
    std::vector<TokenType> types;         // one per token, or empty: all normal
    std::vector<std::string_view> merges; // "left right", best first (bytePair)
    std::string_view charsmap;            // precompiled normalization rules (unigram); empty: none

    int32_t bos = -1, eos = -1, eot = -1, eom = -1, unknown = -1, separator = -1, padding = -1, mask = -1;
    int32_t fimPrefix = -1, fimSuffix = -1, fimMiddle = -1, fimPad = -1, fimRepository = -1, fimSeparator = -1;

    // What the file says; absent flags take the default of kind and pre-tokenizer.
    std::optional<bool> addBos, addEos, addSeparator, addSpacePrefix, removeExtraWhitespace, lowercase, stripAccents;

    AccentStripping accentStripping = AccentStripping::asBert; // wordPiece; readVocabulary() says asGguf

    // What a tokenizer.json says beyond a GGUF file.
    std::vector<std::string> expressions;        // instead of the row that `pre` names: splitting passes (bytePair)
    bool usesWholeWords = false;                 // with `expressions`: a word that is a token is taken whatever the merges say
    UnicodeForm normalization = UnicodeForm::none; // of text between special tokens
    bool prefixesOnlyStart = false;              // the space prefix stands before the text alone, not behind special tokens
    std::vector<int32_t> idsBefore, idsAfter;    // around a text, beside what addBos and its companions say
    std::vector<int32_t> endIds;                 // end an answer too

    std::vector<int32_t> stripsLeft;  // special tokens that swallow white space before them
    std::vector<int32_t> stripsRight; // and after them

    std::shared_ptr<const void> owner; // keeps the views' bytes alive; null when the caller does
};

/// The vocabulary of a GGUF file (formats::TensorSource::metadata()), as views into it. Throws BadFile when keys are missing or
/// contradict one another, Unsupported for a kind of tokenizer that this build has no code for.
Vocabulary readVocabulary(const formats::Metadata& metadata);

} // namespace sy::tokenizer
