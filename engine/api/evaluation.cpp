// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/loaded_model.h"
#include "engine/core/error.h"
#include "engine/generate/candidates.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sy::api {

namespace {

constexpr int64_t kDefaultChunk = 64; // positions whose logits are in memory at once: 40 MB for 152,000 tokens

} // namespace

void LoadedModel::logits(std::span<const int32_t> tokens, int64_t chunk,
                         const std::function<void(std::span<const float> rows, int64_t nPositions)>& onRows, std::stop_token stop,
                         const AdapterSetting& adapter)
{
    generate::Scheduler& scheduler = m_state->chat();
    generate::ScoreTask task;
    task.adapter = m_state->adapterFor(adapter);
    task.tokens.assign(tokens.begin(), tokens.end());
    task.stepTokens = chunk > 0 ? chunk : kDefaultChunk;
    const int64_t nVocabulary = m_state->model->config().nVocabulary;
    task.onRows = [&](std::span<const float> rows, int64_t) { onRows(rows, int64_t(rows.size()) / nVocabulary); };
    scheduler.score(std::move(task), std::move(stop));
}

// Windows are whole ones; a text's rest is left out, as every published figure does, unless it is all there is.
LoadedModel::Perplexity LoadedModel::perplexity(std::span<const int32_t> tokens, int64_t context, std::stop_token stop,
                                                const std::function<void(int64_t done, int64_t total)>& progress,
                                                const AdapterSetting& adapter)
{
    generate::Scheduler& scheduler = m_state->chat();
    if (context < 2 || context > contextLength())
        throw std::invalid_argument("a window of " + std::to_string(context) + " tokens; this model takes 2 to " +
                                    std::to_string(contextLength()));
    if (tokens.size() < 2)
        throw std::invalid_argument("perplexity needs at least two tokens");
    const int64_t window = std::min(context, int64_t(tokens.size()));
    const int64_t nWindows = int64_t(tokens.size()) / window;
    const int64_t total = nWindows * window;
    const int64_t nVocabulary = m_state->model->config().nVocabulary;

    const generate::AdapterChoice choice = m_state->adapterFor(adapter);
    double nll = 0;
    int64_t nScored = 0;
    for (int64_t begin = 0; begin < total; begin += window) {
        const auto ids = tokens.subspan(size_t(begin), size_t(window));
        generate::ScoreTask task;
        task.tokens.assign(ids.begin(), ids.end());
        task.adapter = choice;
        task.stepTokens = kDefaultChunk;
        task.onRows = [&](std::span<const float> rows, int64_t first) {
            const int64_t n = int64_t(rows.size()) / nVocabulary;
            for (int64_t i = 0; i < n && first + i + 1 < window; ++i) {
                const auto row = rows.subspan(size_t(i * nVocabulary), size_t(nVocabulary));
                const float best = generate::highest(row);
                nll += double(best) + std::log(generate::sumExp(row, best)) - double(row[size_t(ids[size_t(first + i + 1)])]);
                ++nScored;
            }
            if (progress)
                progress(begin + first + n, total);
        };
        scheduler.score(std::move(task), stop);
    }
    const double mean = nll / double(nScored);
    return {std::exp(mean), mean, nScored};
}

} // namespace sy::api
