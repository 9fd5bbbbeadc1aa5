// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/trace.h"
#include "engine/inspect/trace_recorder.h"
#include "engine/tokenizer/tokenizer.h"

#include <span>

namespace sy::api {

/// prompt and answer as token ids; tokenizer: may be null, texts are then empty.
Trace traceOf(const inspect::TraceRecorder& recorder, std::span<const int32_t> prompt, std::span<const int32_t> answer,
              const tokenizer::Tokenizer* tokenizer);

} // namespace sy::api
