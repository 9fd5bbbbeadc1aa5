// SPDX-License-Identifier: GPL-3.0-or-later
// A language model that costs nothing: the state after a token is a hash of the state before it and the token, and lives in the
// KV cache as a real model's keys do. Its words depend on all of the context, and on nothing else; a page that was shared,
// copied or given up wrongly changes every word after it.
#pragma once

#include "engine/core/error.h"
#include "engine/generate/random.h"
#include "engine/generate/scheduler.h"
#include "engine/models/model.h"

#include <cmath>
#include <functional>
#include <stdexcept>

namespace sy::test {

class FakeModel final : public models::Model {
public:
    static constexpr int kVocabulary = 300;

    explicit FakeModel(int64_t contextLength = 4096)
    {
        m_config.architecture = "fake";
        m_config.contextLength = contextLength;
        m_config.nVocabulary = kVocabulary;
    }

    std::function<void(std::span<const models::SequenceStep>)> beforeStep; // on the scheduler's thread; may throw or wait
    int nLayers = 1;            // as layerObserver hears of them; a hidden state is one number
    int damagedLayer = -1;      // from there on it is NaN, and so is the first score
    uint32_t wrongIn = 0;       // says something else after one state in so many; 0: never
    bool repeatsItself = false; // the next word depends on the last one alone, so that every text comes to a circle

    const models::ModelConfig& config() const override { return m_config; }
    nn::KvLayout kvLayout() const override { return {1, 1, 2, 2, DType::F32}; }
    size_t computeBytes(int64_t, int64_t) const override { return 0; }
    Tensor embed(const ops::OpContext&, std::span<const std::vector<int32_t>>) override
    {
        throw std::invalid_argument("not an embedding model");
    }

    uint32_t after(uint32_t state, int32_t token) const { return next(repeatsItself ? 0 : state, token); }
    static uint32_t next(uint32_t state, int32_t token)
    {
        return generate::philox({state, uint32_t(token), 1, 2}, {3, 4})[0];
    }

    static void writeLogits(uint32_t state, float* row)
    {
        for (int i = 0; i < kVocabulary; i += 4) {
            const auto bits = generate::philox({state, uint32_t(i), 5, 6}, {7, 8});
            for (size_t j = 0; j < 4; ++j)
                row[size_t(i) + j] = float(bits[j] >> 8) / float(1 << 24) * 8 - 4;
        }
    }

    static std::vector<float> logitsAfter(std::span<const int32_t> tokens)
    {
        uint32_t state = 0;
        for (const int32_t token : tokens)
            state = next(state, token);
        std::vector<float> row(kVocabulary);
        writeLogits(state, row.data());
        return row;
    }

    /// What a correct scheduler answers, made the plain way.
    static std::vector<int32_t> answer(std::vector<int32_t> prompt, const generate::SamplingSettings& settings, int64_t n)
    {
        const size_t nPrompt = prompt.size();
        generate::TokenChooser chooser(settings);
        for (int64_t i = 0; i < n; ++i)
            prompt.push_back(chooser.choose(logitsAfter(prompt), {prompt, nPrompt}).id);
        return {prompt.begin() + long(nPrompt), prompt.end()};
    }

    Tensor step(const ops::OpContext&, std::span<const models::SequenceStep> sequences) override
    {
        if (beforeStep)
            beforeStep(sequences);
        if (layerObserver) { // before the caches have grown: nothing to take back
            for (int layer = 0; layer < nLayers; ++layer) {
                Tensor hidden = Tensor::empty({1, 1});
                hidden.f32()[0] = damagedLayer >= 0 && layer >= damagedLayer ? NAN : 1.0f;
                layerObserver->layerDone(layer, hidden);
            }
        }
        int64_t nRows = 0;
        for (size_t i = 0; i < sequences.size(); ++i) {
            try {
                sequences[i].cache->append(sequences[i].tokens);
            } catch (...) {
                while (i-- > 0)
                    sequences[i].cache->truncate(sequences[i].cache->length() - int64_t(sequences[i].tokens.size()));
                throw;
            }
            nRows += sequences[i].logits == models::LogitsWanted::all    ? int64_t(sequences[i].tokens.size())
                     : sequences[i].logits == models::LogitsWanted::last ? 1
                                                                         : 0;
        }
        Tensor logits = nRows ? Tensor::empty({nRows, kVocabulary}) : Tensor();
        float* row = nRows ? logits.f32() : nullptr;
        for (const models::SequenceStep& sequence : sequences) {
            const int64_t first = sequence.cache->length() - int64_t(sequence.tokens.size());
            uint32_t state = first > 0 ? stateAt(*sequence.cache, first - 1) : 0;
            for (size_t i = 0; i < sequence.tokens.size(); ++i) {
                state = after(state, sequence.tokens[i]);
                const float stored[2] = {float(state >> 16), float(state & 0xFFFF)};
                sequence.cache->store(0, first + int64_t(i), stored, stored, 1);
                const bool isLast = i + 1 == sequence.tokens.size();
                if (sequence.logits == models::LogitsWanted::all || (sequence.logits == models::LogitsWanted::last && isLast)) {
                    writeLogits(wrongIn > 0 && state % wrongIn == 0 ? ~state : state, row);
                    if (damagedLayer >= 0)
                        row[0] = NAN;
                    row += kVocabulary;
                }
            }
        }
        return logits;
    }

private:
    static uint32_t stateAt(const nn::KvSequence& cache, int64_t position)
    {
        const ops::KvPages pages = cache.pages(0);
        const auto* page = reinterpret_cast<const float*>(pages.keys[size_t(position / pages.pageTokens)]);
        const float* stored = page + position % pages.pageTokens * 2;
        return uint32_t(stored[0]) << 16 | uint32_t(stored[1]);
    }

    models::ModelConfig m_config;
};

} // namespace sy::test
