// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace sy::retrieval {

/// Turns texts into unit vectors whose dot product says how near their meanings are. engine/api implements it with an
/// embedding model; tests with whatever they like. Functions may be called from any thread; embedding is one call at a
/// time.
class Embedder {
public:
    virtual ~Embedder() = default;

    virtual int dim() const = 0;
    /// Names model, prefixes and pooling: vectors of different ids are never compared. It is stored with a collection.
    virtual std::string id() const = 0;
    virtual int windowTokens() const = 0;           // longest input, special tokens included
    virtual std::string passagePrefix() const = 0;  // what embedPassages puts in front, "passage: "
    /// Special tokens included, no prefix added. May be called while another thread embeds.
    virtual int countTokens(std::string_view text) const = 0;

    /// texts.size() * dim() values, one unit vector after another; longer texts are cut to the window. The prefixes are added
    /// here. Throws Cancelled when stop is requested, and what the engine throws.
    virtual std::vector<float> embedQueries(std::span<const std::string> texts, std::stop_token stop = {}) = 0;
    virtual std::vector<float> embedPassages(std::span<const std::string> texts, std::stop_token stop = {}) = 0;
};

} // namespace sy::retrieval
