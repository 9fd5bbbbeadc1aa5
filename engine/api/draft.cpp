// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/draft.h"

#include "engine/core/error.h"

#include <algorithm>

namespace sy::api {

namespace {

constexpr int32_t kMostPadding =
    512; // tokens that one vocabulary ends with and the other lacks; Qwen2 has 128, its smallest folder 271

std::string quoted(std::string_view text)
{
    return "\"" + std::string(text.substr(0, 40)) + "\"";
}

/// Why two vocabularies differ; empty when they agree.
std::string difference(const tokenizer::Tokenizer& model, const tokenizer::Tokenizer& draft)
{
    const int32_t nShared = std::min(model.size(), draft.size());
    for (int32_t id = 0; id < nShared; ++id) {
        if (model.tokenBytes(id) != draft.tokenBytes(id))
            return "token " + std::to_string(id) + " is " + quoted(model.tokenBytes(id)) + " to the one and " +
                   quoted(draft.tokenBytes(id)) + " to the other";
    }
    if (std::max(model.size(), draft.size()) - nShared > kMostPadding)
        return "the one has " + std::to_string(model.size()) + " tokens, the other " + std::to_string(draft.size());
    return {};
}

} // namespace

LoadOptions draftOptions(const LoadOptions& options)
{
    LoadOptions draft;
    draft.contextLength = options.contextLength;
    draft.isExact = options.isExact;
    draft.kvType = options.kvType;
    draft.evenIfTooLarge = true; // the estimate of both together decides
    std::error_code ignored;
    if (std::filesystem::is_directory(options.draft, ignored))
        draft.quantization = options.quantization;
    return draft;
}

std::string draftProblem(const DraftSide& model, const DraftSide& draft)
{
    if (draft.model.config().isEmbedding || model.model.config().isEmbedding)
        return "an embedding model writes no text; both are chat models";
    for (const DraftSide* each : {&model, &draft}) {
        if (each->model.kvLayout().forgets())
            return "the cache of " + each->name + " (" + each->model.config().architecture +
                   ") keeps a window or a state and cannot take wrong guesses back; use it without a draft model";
    }
    if (!model.tokenizer || !draft.tokenizer)
        return "without a tokenizer in both files nobody knows whether their tokens mean the same";
    if (const std::string why = difference(*model.tokenizer, *draft.tokenizer); !why.empty())
        return "their vocabularies differ: " + why + "; choose a smaller model of the same family";
    return {};
}

int64_t requireDraft(const LoadedModel::State& model, LoadedModel& draft)
{
    const LoadedModel::State& small = draft.state();
    const auto side = [](const LoadedModel::State& s) {
        return DraftSide{s.path.filename().string(), *s.model, s.tokenizer ? &*s.tokenizer : nullptr};
    };
    const DraftSide one = side(model), other = side(small);
    if (const std::string problem = draftProblem(one, other); !problem.empty())
        throw Unsupported(other.name + " as a draft model for " + one.name, problem);
    return std::min(model.tokenizer->size(), small.tokenizer->size());
}

std::unique_ptr<generate::DraftModel> makeDraft(const LoadedModel::State& model, LoadedModel& draft, int64_t nShared)
{
    const LoadedModel::State& small = draft.state();
    generate::DraftModel::Options options;
    options.contextLength = std::min(model.options.contextLength, small.options.contextLength);
    options.nVocabulary = std::min({nShared, model.model->config().nVocabulary, small.model->config().nVocabulary});
    options.expertMass = float(small.options.expertMass);
    // A pool of its own: somebody may chat with the same model, and is not to lose room to guesses.
    return std::make_unique<generate::DraftModel>(*small.model, small.pool->layout(), small.pool->budgetBytes(),
                                                  small.context(), small.processor->stepLock, options);
}

} // namespace sy::api
