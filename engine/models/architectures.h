// SPDX-License-Identifier: GPL-3.0-or-later
// The loaders that model_table.cpp lists, each in the file of its name. They throw as loadModel says.
#pragma once

#include "engine/formats/tensor_source.h"
#include "engine/models/model.h"

#include <memory>

namespace sy::models {

std::unique_ptr<Model> loadBert(const formats::TensorSource& source);
std::unique_ptr<Model> loadLlama(const formats::TensorSource& source);
std::unique_ptr<Model> loadQwen2(const formats::TensorSource& source);
std::unique_ptr<Model> loadQwen3(const formats::TensorSource& source);

} // namespace sy::models
