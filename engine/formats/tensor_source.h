// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/formats/metadata.h"

#include <string_view>

namespace sy::formats {

/// Where a model's weights and hyperparameters come from: a GGUF file, a folder of safetensors, a test. Tensor names and
/// metadata keys are GGUF's for every source; a source of another format translates.
class TensorSource {
public:
    virtual ~TensorSource() = default;

    /// Whether there is a tensor of that name.
    virtual bool has(std::string_view name) const = 0;

    /// A view that keeps its storage alive by itself: the source may go away. Throws BadFile naming a tensor that is missing.
    virtual Tensor get(std::string_view name) const = 0;

    /// Whether what get() returns is F32 in memory that a model shall share instead of copying, because it changes: FloatTensors.
    virtual bool isShared() const { return false; }

    /// Hyperparameters and vocabulary; metadata().source() is the path for messages. Lives as long as the source, but may be
    /// copied cheaply to live longer.
    virtual const Metadata& metadata() const = 0;
};

} // namespace sy::formats
