// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/tokenizer/vocabulary.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sy::tokenizer {

struct EncodeOptions {
    bool parseSpecial = false; // control tokens written in the text become those tokens; else they are plain text
    bool addSpecial = false;   // add BOS, EOS or separator as the model asks
    size_t maxTokens = 0;      // cut to so many, what addSpecial puts at the end included; 0: all
};

struct DecodeOptions {
    bool renderSpecial = false; // write the text of control tokens; else they are left out
};

/// Turns text into tokens and back. Immutable: every function may be called from any thread at once.
///
/// Text is bytes. Invalid UTF-8 never throws: vocabularies with a token for each byte give the very bytes back, the others see
/// U+FFFD or their unknown token.
/// User-defined tokens are recognised in any text, as their models expect.
class Tokenizer {
public:
    /// Copies what it needs: the vocabulary's bytes may go away. Throws BadFile when the vocabulary contradicts itself.
    explicit Tokenizer(Vocabulary vocabulary);
    ~Tokenizer();
    Tokenizer(Tokenizer&&) noexcept;
    Tokenizer& operator=(Tokenizer&&) noexcept;

    std::vector<int32_t> encode(std::string_view text, const EncodeOptions& options = {}) const;

    /// The same, appended to `ids`; options.addSpecial adds to both ends of the text, not of ids.
    void encode(std::string_view text, const EncodeOptions& options, std::vector<int32_t>& ids) const;

    /// The same, but control tokens that would begin at one of the byte offsets `literalAt`, which rise, are plain text, and so are
    /// user-defined ones that are written like them (<|start|>, <｜User｜>).
    void encode(std::string_view text, const EncodeOptions& options, std::span<const size_t> literalAt,
                std::vector<int32_t>& ids) const;

    /// The next place at or behind `from` where such a token is spelled, or begins at the end of the text; text.size() when there
    /// is none.
    size_t findControlToken(std::string_view text, size_t from) const;

    /// The text of a whole sequence as bytes (not necessarily valid UTF-8). Where the model puts a space before the text, that one
    /// is taken away. Throws std::invalid_argument for an id outside the vocabulary.
    std::string decode(std::span<const int32_t> ids, const DecodeOptions& options = {}) const;

    /// What one token adds to the text; of a control token its name. Part of a character, possibly. std::invalid_argument as above.
    std::string_view tokenBytes(int32_t id) const;

    /// The token whose bytes are exactly `text` (control tokens by their name), or -1.
    int32_t find(std::string_view text) const;

    bool isControl(int32_t id) const;                          // control or unknown: left out of text; std::invalid_argument
    bool isEndOfGeneration(int32_t id) const;                  // false for ids outside the vocabulary
    const std::vector<int32_t>& endOfGenerationIds() const;    // rising; a model's answer ends at any of them

    VocabularyKind kind() const;
    int32_t size() const; // ids are 0 <= id < size()
    int32_t bos() const;  // -1: none; likewise below
    int32_t eos() const;
    int32_t eot() const; // end of a turn, by id or by a known name
    int32_t unknown() const;
    int32_t separator() const;
    int32_t padding() const;
    int32_t mask() const;
    bool addsBos() const; // what addSpecial does
    bool addsEos() const; // EOS, or the separator of a WordPiece vocabulary
    bool addsSpacePrefix() const;

    struct FillInTheMiddle {
        int32_t prefix = -1, suffix = -1, middle = -1;
        bool isComplete() const { return prefix >= 0 && suffix >= 0 && middle >= 0; }
    };
    FillInTheMiddle fillInTheMiddle() const; // by id or by known names

    /// What is doubtful about the file, one sentence each, for the log and the model's page.
    const std::vector<std::string>& warnings() const;

private:
    struct State;
    std::unique_ptr<const State> m_state;
};

/// Text of tokens as they are generated: always valid UTF-8, a character that is not complete yet is held back.
/// The tokenizer must outlive it.
class StreamDecoder {
public:
    explicit StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options = {}) : m_tokenizer(&tokenizer), m_options(options) {}

    std::string push(int32_t id); // what is now certain; may be empty. Invalid bytes become U+FFFD
    std::string finish();         // the rest; an incomplete character becomes U+FFFD. Starts anew after it

private:
    const Tokenizer* m_tokenizer;
    DecodeOptions m_options;
    std::string m_held; // less than one character
};

} // namespace sy::tokenizer
