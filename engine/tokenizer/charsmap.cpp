// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/tokenizer/charsmap.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"

#include <cstring>

namespace sy::tokenizer {

namespace {

constexpr uint32_t kIsValue = 1U << 31;
constexpr uint32_t kHasValue = 1U << 8;

uint32_t offsetOf(uint32_t unit)
{
    return (unit >> 10) << (unit & 1U << 9 ? 8 : 0);
}

} // namespace

Charsmap::Charsmap(std::string_view blob, const std::string& source)
{
    if (blob.empty())
        return;
    uint32_t nBytes = 0;
    if (blob.size() < sizeof nBytes)
        throw BadFile(source, "the vocabulary's charsmap is cut short");
    std::memcpy(&nBytes, blob.data(), sizeof nBytes);
    blob.remove_prefix(sizeof nBytes);
    if (nBytes > blob.size() || nBytes % sizeof(uint32_t) != 0)
        throw BadFile(source, "the vocabulary's charsmap claims a trie of " + std::to_string(nBytes) + " bytes");
    m_units.resize(nBytes / sizeof(uint32_t));
    if (nBytes > 0)
        std::memcpy(m_units.data(), blob.data(), nBytes);
    m_replacements = blob.substr(nBytes);
    if (!m_replacements.empty() && m_replacements.back() != '\0')
        throw BadFile(source, "the last replacement of the vocabulary's charsmap has no end");
}

Charsmap::Step Charsmap::next(std::string_view input, size_t at) const
{
    // Nodes and offsets are a stranger's: whatever points outside is a rule that does not match.
    const char* replacement = nullptr;
    size_t nMatched = 0;
    if (!m_units.empty()) {
        uint32_t node = 0;
        for (size_t i = at; i < input.size() && input[i] != '\0'; ++i) {
            const auto byte = static_cast<unsigned char>(input[i]);
            const uint32_t child = node ^ offsetOf(m_units[node]) ^ byte;
            if (child >= m_units.size() || (m_units[child] & (kIsValue | 0xFF)) != byte)
                break;
            node = child;
            if (!(m_units[node] & kHasValue))
                continue;
            const uint32_t leaf = node ^ offsetOf(m_units[node]);
            if (leaf < m_units.size() && m_units[leaf] & kIsValue && (m_units[leaf] & ~kIsValue) < m_replacements.size()) {
                replacement = m_replacements.data() + (m_units[leaf] & ~kIsValue);
                nMatched = i + 1 - at;
            }
        }
    }
    if (replacement)
        return {replacement, nMatched};
    const CodePoint c = decodeUtf8(input, at);
    if (!c.isValid)
        return {"\xEF\xBF\xBD", 1};
    return {input.substr(at, c.nBytes), size_t(c.nBytes)};
}

} // namespace sy::tokenizer
