// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/models.h"
#include "engine/nn/kv_cache.h"

namespace sy::models {
class Model;
}

namespace sy::api {

/// The model's cache with keys and values of this type.
nn::KvLayout kvLayout(const models::Model& model, KvType type, bool isExact);

} // namespace sy::api
