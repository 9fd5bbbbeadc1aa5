// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/safetensors/family.h"

#include <filesystem>

namespace sy::formats {

/// What a sentence-transformers folder adds: modules.json lists the steps behind the model, N_Pooling/config.json says how token states
/// become one vector. Sets ARCH.pooling_type; a folder without modules.json keeps what its family said. The last step, making the
/// vector's length 1, is the caller's choice for every model.
///
/// Throws Unsupported for a step or a way of pooling that this build does not compute, BadFile for files that contradict the format.
void addPooling(const std::filesystem::path& folder, FamilyInput& input);

} // namespace sy::formats
