// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/dtype.h"

#include <cstdint>
#include <string_view>

namespace sy::formats {

/// The type behind an id that a GGUF file gives a tensor. Throws Unsupported, naming the type and whose it is, when this build
/// has no decoder for it: removed formats, other projects' own, activation-only ones, and numbers nobody has given out.
DType tensorTypeFromGguf(int32_t id, std::string_view tensorName);

} // namespace sy::formats
