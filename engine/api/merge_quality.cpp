// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/merge.h"

#include "engine/api/engine.h"
#include "engine/api/fine_tune.h"
#include "engine/api/models.h"
#include "engine/api/runs.h"
#include "engine/core/error.h"

#include <algorithm>
#include <stdexcept>

namespace sy::api {

namespace fs = std::filesystem;

MergeQuality compareMerged(Engine& engine, const fs::path& adapter, const fs::path& model, const fs::path& merged,
                           const std::string& text, const QualityOptions& options, std::stop_token stop,
                           const std::function<void(int64_t, int64_t)>& progress)
{
    const int64_t longest = engine.library().facts(model).contextLength;
    const int64_t window = longest > 0 ? std::min(options.contextLength, longest) : options.contextLength;
    const LoadOptions load{.contextLength = window};
    MergeQuality quality;
    int nDone = 0;
    const auto measure = [&](LoadedModel& loaded, const AdapterSetting& setting) {
        const auto tokens = loaded.tokenize(text, {.special = true});
        if (tokens.size() < 2)
            throw std::invalid_argument("the text has fewer than two tokens: there is nothing to predict");
        const auto onTokens = [&](int64_t done, int64_t total) {
            if (progress)
                progress(nDone * total + done, 3 * total);
        };
        const auto measured = loaded.perplexity(tokens, window, stop, onTokens, setting);
        ++nDone;
        quality.nTokens = measured.nTokens;
        return measured.perplexity;
    };
    {
        const auto original = engine.models().load(model, load, stop);
        quality.model = measure(*original, {});
        quality.adapter = measure(*original, {adapter, options.strength});
    }
    quality.merged = measure(*engine.models().load(merged, load, stop), {});
    return quality;
}

std::string examplesOf(Engine& engine, const std::string& run, std::stop_token stop,
                       const std::function<void(uint64_t, uint64_t)>& onRead)
{
    if (!findRun(engine, run))
        return {};
    std::string text;
    try {
        for (const FineTuneRow& row : planFineTune(engine, runConfig(engine, run), run, stop, onRead).preview)
            for (const FineTunePiece& piece : row.pieces)
                text += piece.text;
    } catch (const BadFile&) {
        text.clear();
    } catch (const StorageFailure&) {
        text.clear();
    }
    return text;
}

} // namespace sy::api
