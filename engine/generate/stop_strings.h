// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sy::generate {

/// Ends a streamed text at that of some strings which is complete first, and leaves it out. What may be the beginning of such a string is held back
/// until it is known, so that nobody sees half of it.
class StopStrings {
public:
    /// Empty strings are passed over.
    explicit StopStrings(std::vector<std::string> stops);

    /// What may now be shown; once isFound() it stays empty.
    std::string push(std::string_view text);

    /// What was held back, when the text ends for another reason.
    std::string finish();

    bool isFound() const { return m_isFound; }

private:
    std::vector<std::string> m_stops;
    std::string m_held; // shorter than the longest stop string
    bool m_isFound = false;
};

} // namespace sy::generate
