// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

namespace sy::train {

/// What in a text looks like it belongs to a person. Recognizers, not proof: a number may be anything.
struct PersonalData {
    int64_t nMails = 0;  // NAME@HOST.TLD
    int64_t nPhones = 0; // mainland mobile numbers (11 digits from 13 to 19, +86 or not) and others as +COUNTRY NUMBER
    int64_t nIdentities =
        0; // Chinese identity numbers: 18 characters with a date of birth and a check digit that fits (GB 11643)

    PersonalData& operator+=(const PersonalData& other);
};
PersonalData findPersonalData(std::string_view text);

} // namespace sy::train
