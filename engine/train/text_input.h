// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/documents/charset.h"

#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace sy::train {

/// A file that is read from its beginning to its end, a buffer at a time.
class TextInput {
public:
    enum class Charset : uint8_t {
        bytes, // as they are
        any,   // found out by reading the file once, and turned into UTF-8
    };
    struct Options {
        size_t bufferBytes = size_t(256) << 10;
        std::stop_token stop = {};
        std::function<void(uint64_t bytes)> onRead = {}; // of the file, in all, whenever there are more; not while a character set is found out
    };

    /// Throws StorageFailure, as reading does; Cancelled likewise; BadFile for what is no text.
    TextInput(const std::string& path, Charset charset, const Options& options);

    static constexpr int kEnd = -1;
    int peek() { return m_at < m_buffer.size() || fill() ? uint8_t(m_buffer[m_at]) : kEnd; } // the next byte, or kEnd
    int get()
    {
        const int c = peek();
        m_at += c != kEnd;
        return c;
    }
    bool skip(std::string_view bytes); // takes them where they come next

    /// The next line without its line feed; false at the end.
    bool line(std::string& text);
    /// Everything that is left.
    std::string rest();

    uint64_t position() const { return m_filled - m_buffer.size() + m_at; } // of the next byte

private:
    bool fill(); // false at the end; what was taken is gone
    std::string read();
    void findCharset();

    std::string m_path;
    Options m_options;
    std::ifstream m_in;
    std::optional<documents::TextDecoder> m_decoder;
    std::string m_buffer;
    size_t m_at = 0;
    uint64_t m_filled = 0; // bytes that were ever in m_buffer
    uint64_t m_read = 0;   // of the file, which may have more or fewer in another character set
    bool m_isAtEnd = false;
};

} // namespace sy::train
