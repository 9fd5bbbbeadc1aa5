// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/generate/stop_strings.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sy::generate {

StopStrings::StopStrings(std::vector<std::string> stops) : m_stops(std::move(stops))
{
    std::erase_if(m_stops, [](const std::string& stop) { return stop.empty(); });
}

std::string StopStrings::push(std::string_view text)
{
    if (m_isFound)
        return {};
    m_held += text;

    // The one that is complete first, so that the cut does not depend on how the text was parted.
    size_t start = std::string::npos, end = std::string::npos;
    for (const std::string& stop : m_stops) {
        const size_t at = m_held.find(stop);
        if (at != std::string::npos && std::tuple(at + stop.size(), at) < std::tuple(end, start)) {
            start = at;
            end = at + stop.size();
        }
    }
    if (start != std::string::npos) {
        m_isFound = true;
        m_held.resize(start);
        return std::exchange(m_held, {});
    }

    // The longest end of the text that begins a stop string. A few dozen comparisons a token.
    size_t nHeld = 0;
    for (const std::string& stop : m_stops) {
        for (size_t n = std::min(stop.size() - 1, m_held.size()); n > nHeld; --n) {
            if (m_held.compare(m_held.size() - n, n, stop, 0, n) == 0)
                nHeld = n;
        }
    }
    std::string shown = m_held.substr(0, m_held.size() - nHeld);
    m_held.erase(0, shown.size());
    return shown;
}

std::string StopStrings::finish()
{
    return std::exchange(m_held, {});
}

} // namespace sy::generate
