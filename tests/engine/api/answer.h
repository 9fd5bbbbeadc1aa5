// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/loaded_model.h"

#include <cstdint>
#include <vector>

namespace sy::test {

struct Answer {
    api::GenerationResult result;
    std::vector<int32_t> ids;
};

inline Answer answer(api::LoadedModel& model, const api::GenerationRequest& request)
{
    Answer a;
    a.result = model.generate(request, [&](const api::TokenEvent& event) { return a.ids.push_back(event.id), true; });
    return a;
}

} // namespace sy::test
