// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace sy::api {

/// The hidden first argument with which the program starts itself to read one document after another under limits.
inline constexpr const char* kReaderHelperArgument = "--reader-helper";

/// Serves requests on stdin and stdout until stdin ends; returns the exit status. main() calls it before anything else.
int runReaderHelper();

} // namespace sy::api
