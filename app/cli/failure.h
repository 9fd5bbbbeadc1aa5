// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <exception>
#include <string>

namespace sy::app {

/// What a person can do about a failure, as one sentence for the command line.
std::string remedyFor(const std::exception& error);

} // namespace sy::app
