// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sy::documents {

/// What a text file is encoded in.
struct CharsetGuess {
    std::string charset;   // an iconv name: "UTF-8", "GB18030", "UTF-16LE", ...; empty for data that is not text
    int bomBytes = 0;      // to skip at the start
    int64_t nBadBytes = 0; // UTF-8 only: bytes that are not valid, when the file is UTF-8 in all but a few places
    std::string problem;   // when charset is empty: why this is no text
};

/// Byte order mark, then strict UTF-8, then UTF-16 or UTF-32 without a mark, then uchardet checked by a strict conversion.
/// Bytes are looked at in full for UTF-8, in a sample of 256 KiB for everything else.
CharsetGuess guessCharset(std::string_view bytes);

/// Converts to UTF-8. Bytes that mean nothing become U+FFFD and are counted. Throws std::invalid_argument for a name that
/// iconv does not know.
struct Decoded {
    std::string utf8;
    int64_t nReplaced = 0;
};
Decoded decodeText(std::string_view bytes, const std::string& charset);

/// guessCharset() of bytes that come in pieces, wherever these end; keeps half a megabyte of them at most.
class CharsetGuesser {
public:
    CharsetGuesser();
    ~CharsetGuesser();
    void add(std::string_view bytes);
    CharsetGuess guess(); // of all; nothing may be added afterwards

private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// decodeText() of bytes that come in pieces, wherever these end.
class TextDecoder {
public:
    /// Throws std::invalid_argument as decodeText().
    explicit TextDecoder(const std::string& charset);
    ~TextDecoder();
    TextDecoder(TextDecoder&&) noexcept;
    TextDecoder& operator=(TextDecoder&&) noexcept;

    void add(std::string_view bytes, std::string& utf8); // appends; a character that is not complete yet is held back
    void finish(std::string& utf8);                      // what was held back means nothing: U+FFFD
    int64_t nReplaced() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace sy::documents
