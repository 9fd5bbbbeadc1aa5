// SPDX-License-Identifier: GPL-3.0-or-later
// An embedder without a model: every term points in a direction of its own, so texts that share words are near.
#pragma once

#include "engine/core/error.h"
#include "engine/retrieval/embedder.h"
#include "engine/store/terms.h"

#include <atomic>
#include <cmath>
#include <functional>
#include <string>

namespace sy::test {

class FakeEmbedder : public retrieval::Embedder {
public:
    explicit FakeEmbedder(std::string id = "fake", int dim = 32) : m_id(std::move(id)), m_dim(dim) {}

    int dim() const override { return m_dim; }
    std::string id() const override { return m_id; }
    int windowTokens() const override { return 512; }
    std::string passagePrefix() const override { return "passage: "; }
    int countTokens(std::string_view text) const override { return int(store::termsOf(text, store::TermMode::query).size()) + 2; }
    std::vector<float> embedQueries(std::span<const std::string> texts, std::stop_token = {}) override { return embed(texts); }
    std::vector<float> embedPassages(std::span<const std::string> texts, std::stop_token stop = {}) override
    {
        if (stop.stop_requested())
            throw Cancelled();
        nPassages += int(texts.size());
        if (onPassages)
            onPassages();
        return embed(texts);
    }

    std::atomic<int> nPassages = 0; // embedded so far
    std::function<void()> onPassages;

private:
    std::vector<float> embed(std::span<const std::string> texts) const
    {
        std::vector<float> out;
        for (const std::string& text : texts) {
            std::vector<float> vector(size_t(m_dim), 0.01f);
            for (const std::string& term : store::termsOf(text, store::TermMode::query)) {
                uint32_t hash = 2166136261u; // FNV-1a: the same on every machine
                for (const char c : term)
                    hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
                vector[hash % uint32_t(m_dim)] += 1;
            }
            float squares = 0;
            for (const float v : vector)
                squares += v * v;
            for (const float v : vector)
                out.push_back(v / std::sqrt(squares));
        }
        return out;
    }

    std::string m_id;
    int m_dim;
};

} // namespace sy::test
