// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/formats/tensor_source.h"
#include "engine/models/model.h"

#include <memory>
#include <string_view>
#include <vector>

namespace sy::models {

/// The model in a source, by its general.architecture. Weights stay views of the source's storage; loading reads little more than
/// their names.
///
/// Throws Unsupported naming the architecture when the table has no such row, before anything is allocated; BadFile naming the
/// key or tensor that is missing or does not fit; Unsupported naming what else this build cannot do.
std::unique_ptr<Model> loadModel(std::shared_ptr<const formats::TensorSource> source);

/// Architectures that loadModel knows, as written in general.architecture.
std::vector<std::string_view> architectures();
bool isSupported(std::string_view architecture);

} // namespace sy::models
