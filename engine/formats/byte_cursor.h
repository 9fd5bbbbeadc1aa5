// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace sy::formats {

/// Walks through the bytes of a file, little-endian and unaligned, and never past their end: each step throws BadFile with the
/// offset when the file ends inside `what`.
class ByteCursor {
public:
    /// path is kept by reference.
    ByteCursor(std::span<const std::byte> bytes, const std::string& path) : m_bytes(bytes), m_path(path) {}

    uint64_t at() const { return m_at; }
    uint64_t left() const { return m_bytes.size() - m_at; }

    [[noreturn]] void fail(std::string problem, uint64_t at) const;

    std::span<const std::byte> skip(uint64_t n, std::string_view what)
    {
        if (n > left())
            fail("the file ends inside " + std::string(what), m_at);
        const auto out = m_bytes.subspan(m_at, n);
        m_at += n;
        return out;
    }

    template <typename T>
    T take(std::string_view what)
    {
        T value;
        std::memcpy(&value, skip(sizeof value, what).data(), sizeof value);
        return value;
    }

    std::string_view text(uint64_t length, std::string_view what)
    {
        const auto bytes = skip(length, what);
        return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    }

    /// A string with its length before it, as T; at most `longest` bytes.
    template <typename T = uint64_t>
    std::string_view string(uint64_t longest, std::string_view what)
    {
        const uint64_t start = m_at;
        const auto length = uint64_t(take<T>(what));
        if (length > left())
            fail("the file ends inside " + std::string(what), start);
        if (length > longest)
            fail(std::string(what) + " is " + std::to_string(length) + " bytes long", start);
        return text(length, what);
    }

    /// The same for a name, which ends up in messages and lookups: not empty, UTF-8, no control characters.
    template <typename T = uint64_t>
    std::string_view name(uint64_t longest, std::string_view what)
    {
        const uint64_t start = m_at;
        const std::string_view text = string<T>(longest, what);
        requireName(text, what, start);
        return text;
    }

private:
    void requireName(std::string_view text, std::string_view what, uint64_t start) const;

    std::span<const std::byte> m_bytes;
    const std::string& m_path;
    uint64_t m_at = 0;
};

} // namespace sy::formats
