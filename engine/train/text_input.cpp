// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/text_input.h"

#include "engine/core/error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

namespace sy::train {

TextInput::TextInput(const std::string& path, Charset charset, const Options& options)
    : m_path(path), m_options(options), m_in(path, std::ios::binary)
{
    if (!m_in || std::filesystem::is_directory(path))
        throw StorageFailure(path, "reading training data", std::strerror(m_in ? EISDIR : errno));
    if (charset == Charset::any)
        findCharset();
}

// All of it counts: a table may be plain ASCII for a gigabyte before its first name.
void TextInput::findCharset()
{
    documents::CharsetGuesser guesser;
    uint64_t nBytes = 0;
    for (std::string bytes = read(); !bytes.empty(); bytes = read()) {
        guesser.add(bytes);
        nBytes += bytes.size();
    }
    const documents::CharsetGuess guess = guesser.guess();
    if (nBytes == 0)
        return;
    if (guess.charset.empty())
        throw BadFile(m_path, "is no text in a known encoding");
    m_decoder.emplace(guess.charset);
    m_in.clear();
    if (!m_in.seekg(guess.bomBytes))
        throw StorageFailure(m_path, "reading training data", std::strerror(ESPIPE));
}

std::string TextInput::read()
{
    if (m_options.stop.stop_requested())
        throw Cancelled();
    std::string bytes(m_options.bufferBytes, '\0');
    m_in.read(bytes.data(), std::streamsize(bytes.size()));
    if (m_in.bad())
        throw StorageFailure(m_path, "reading training data", std::strerror(errno));
    bytes.resize(size_t(m_in.gcount()));
    return bytes;
}

bool TextInput::fill()
{
    m_buffer.erase(0, m_at);
    m_at = 0;
    const size_t before = m_buffer.size();
    while (m_buffer.size() == before && !m_isAtEnd) { // a piece may hold no whole character
        const std::string bytes = read();
        m_isAtEnd = bytes.empty();
        m_read += bytes.size();
        if (m_options.onRead && !m_isAtEnd)
            m_options.onRead(m_read);
        if (!m_decoder)
            m_buffer += bytes;
        else if (m_isAtEnd)
            m_decoder->finish(m_buffer);
        else
            m_decoder->add(bytes, m_buffer);
    }
    m_filled += m_buffer.size() - before;
    return m_buffer.size() > before;
}

bool TextInput::skip(std::string_view bytes)
{
    while (m_buffer.size() - m_at < bytes.size() && fill()) {
    }
    if (!std::string_view(m_buffer).substr(m_at).starts_with(bytes))
        return false;
    m_at += bytes.size();
    return true;
}

bool TextInput::line(std::string& text)
{
    text.clear();
    if (peek() == kEnd)
        return false;
    for (;;) {
        const size_t end = m_buffer.find('\n', m_at);
        text.append(m_buffer, m_at, end == std::string::npos ? end : end - m_at);
        m_at = end == std::string::npos ? m_buffer.size() : end + 1;
        if (end != std::string::npos || !fill())
            return true;
    }
}

std::string TextInput::rest()
{
    std::string text;
    while (peek() != kEnd) {
        text.append(m_buffer, m_at);
        m_at = m_buffer.size();
    }
    return text;
}

} // namespace sy::train
