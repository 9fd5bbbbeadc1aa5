// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/api/library.h"

#include <cstdint>
#include <limits>

namespace sy::formats {
class ModelFile;
}
namespace sy::models {
class Model;
}
namespace sy::tokenizer {
class Tokenizer;
}

namespace sy::api {

struct LoadOptions;

/// All facts of a file: what the header says, whether this build can load it, and the memory it would take. Tries to build model
/// and tokenizer, so it costs some 50 ms for a vocabulary of 150,000. Throws BadFile when it is no model at all.
ModelFacts describeModel(const formats::ModelFile& file, bool withTensors, int64_t contextLength = 0);

/// The same with what has already been built. tokenizer: null for a model without one.
ModelFacts describeModel(const formats::ModelFile& file, const models::Model& model, const tokenizer::Tokenizer* tokenizer);

/// The context length that a load takes which asks for this one; 0: it asks for none.
int64_t contextLengthFor(int64_t modelContextLength, int64_t asked);

/// Bytes of keys and values of so many tokens, of the type that the options choose; whole pages.
uint64_t kvBytes(const models::Model& model, int64_t nTokens, const LoadOptions& options);

/// Bytes of activations and logits of the largest step that the scheduler makes of so many tokens.
uint64_t computeBytes(const models::Model& model, int64_t nTokens = std::numeric_limits<int64_t>::max());

} // namespace sy::api
