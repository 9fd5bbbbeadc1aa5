// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/kv_type.h"

#include "engine/models/model.h"

namespace sy::api {

std::string toString(KvType type)
{
    switch (type) {
    case KvType::automatic: return "auto";
    case KvType::f32: return "f32";
    case KvType::f16: return "f16";
    case KvType::q8_0: return "q8_0";
    }
    return {};
}

std::optional<KvType> kvTypeOf(const std::string& name)
{
    for (const KvType type : {KvType::automatic, KvType::f32, KvType::f16, KvType::q8_0}) {
        if (toString(type) == name)
            return type;
    }
    return std::nullopt;
}

nn::KvLayout kvLayout(const models::Model& model, KvType type, bool isExact)
{
    nn::KvLayout layout = model.kvLayout();
    switch (type) {
    case KvType::automatic: layout.dtype = isExact ? DType::F32 : DType::F16; break;
    case KvType::f32: layout.dtype = DType::F32; break;
    case KvType::f16: layout.dtype = DType::F16; break;
    case KvType::q8_0: layout.dtype = DType::Q8_0; break;
    }
    return layout;
}

} // namespace sy::api
