// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <iconv.h>
#include <string>

namespace sy::test {

/// A text's bytes in another character set.
inline std::string encoded(const std::string& utf8, const char* charset)
{
    const iconv_t handle = iconv_open(charset, "UTF-8");
    std::string out(utf8.size() * 4 + 16, '\0');
    char* in = const_cast<char*>(utf8.data());
    char* to = out.data();
    size_t nIn = utf8.size(), nOut = out.size();
    iconv(handle, &in, &nIn, &to, &nOut);
    iconv(handle, nullptr, nullptr, &to, &nOut); // an end, where the set has states
    iconv_close(handle);
    out.resize(out.size() - nOut);
    return out;
}

} // namespace sy::test
