// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"

#include <filesystem>
#include <span>
#include <string>

namespace sy::formats {

struct NamedTensor {
    std::string name;
    Tensor tensor; // F32
};

/// Writes a safetensors file: eight bytes with the header's length, a JSON header padded with spaces to a multiple of eight,
/// the tensors' bytes one after another. Throws StorageFailure; std::invalid_argument for a tensor of another type.
void writeSafetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors);

} // namespace sy::formats
