// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/nn/adapter.h"

#include <bit>
#include <cstdint>
#include <memory>
#include <string>

namespace sy::generate {

/// The adapter that a request is computed with; without one, the bare model.
struct AdapterChoice {
    std::shared_ptr<const nn::Adapter> adapter; // bound to the model
    std::string id;                             // names what it holds: two adapters that compute differently have different ones
    float strength = 1;                         // 0: the bare model; 1: as trained

    bool isNone() const { return !adapter || strength == 0; }
    nn::AdapterUse use() const { return isNone() ? nn::AdapterUse() : nn::AdapterUse{adapter.get(), strength}; }

    /// Names what keys and values were computed with: see nn::KvSequence. Strengths differ by their bits.
    std::string variant() const
    {
        return isNone() ? std::string() : id + " x " + std::to_string(std::bit_cast<uint32_t>(strength));
    }
};

} // namespace sy::generate
