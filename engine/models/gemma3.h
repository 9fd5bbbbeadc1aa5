// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/models/standard_decoder.h"

namespace sy::models {

/// What Gemma 3's layers are; EmbeddingGemma's are the same, read in both directions.
DecoderTraits gemma3Traits();

} // namespace sy::models
