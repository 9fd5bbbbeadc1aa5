// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/byte_cursor.h"

#include "engine/core/error.h"
#include "engine/core/utf8.h"

#include <algorithm>
#include <bit>

namespace sy::formats {

static_assert(std::endian::native == std::endian::little, "model files are little-endian and are read in place");

void ByteCursor::fail(std::string problem, uint64_t at) const
{
    throw BadFile(m_path, std::move(problem), int64_t(at));
}

void ByteCursor::requireName(std::string_view text, std::string_view what, uint64_t start) const
{
    if (text.empty())
        fail(std::string(what) + " is empty", start);
    const bool hasControls = std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    if (hasControls || !isValidUtf8(text))
        fail(std::string(what) + " is not plain text", start);
}

} // namespace sy::formats
