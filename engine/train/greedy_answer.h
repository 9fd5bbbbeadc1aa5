// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/generate/step_lock.h"
#include "engine/models/model.h"
#include "engine/tokenizer/tokenizer.h"

#include <cstdint>
#include <span>
#include <stop_token>
#include <string>

namespace sy::train {

/// What a model with an adapter answers when it always takes the likeliest token: up to its end token or `mostTokens`.
/// Takes its turn at the processor for each step; nothing is kept between two calls.
///
/// prompt   tokens, at least one
/// adapter  bound to the model
///
/// Throws Cancelled within one step, OutOfMemory.
std::string greedyAnswer(const ops::OpContext& context, models::Model& model, const nn::Adapter& adapter,
                         const tokenizer::Tokenizer& tokenizer, std::span<const int32_t> prompt, int64_t mostTokens,
                         generate::StepLock& lock, std::stop_token stop = {});

} // namespace sy::train
