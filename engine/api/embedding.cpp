// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/loaded_model.h"
#include "engine/api/model_embedder.h"
#include "engine/core/error.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace sy::api {

namespace {

void normalizeRow(std::span<float> row)
{
    double squares = 0;
    for (const float v : row)
        squares += double(v) * double(v);
    if (squares == 0)
        return;
    const auto scale = float(1 / std::sqrt(squares));
    for (float& v : row)
        v *= scale;
}

std::string_view prefixOf(const ModelLibrary::Prefixes& prefixes, LoadedModel::EmbedInput::Kind kind)
{
    switch (kind) {
    case LoadedModel::EmbedInput::Kind::plain: break;
    case LoadedModel::EmbedInput::Kind::query: return prefixes.query;
    case LoadedModel::EmbedInput::Kind::passage: return prefixes.passage;
    }
    return {};
}

generate::EmbeddingQueue& queueOf(const LoadedModel::State& state)
{
    if (!state.embeddings)
        throw std::invalid_argument(state.facts.name + " is not an embedding model");
    return *state.embeddings;
}

struct Embedded {
    std::vector<float> rows;
    std::vector<int64_t> nTokens;
};

/// Tokenizes, embeds, normalizes. prefixAndText(i) gives the whole text of input i.
template <typename F>
Embedded embedTexts(const LoadedModel::State& state, size_t n, F&& prefixAndText, generate::Priority priority, bool normalize,
                    std::stop_token stop)
{
    generate::EmbeddingQueue& queue = queueOf(state);
    std::vector<std::vector<int32_t>> sequences(n);
    for (size_t i = 0; i < n; ++i) {
        if (stop.stop_requested())
            throw Cancelled();
        sequences[i] = state.encodeForEmbedding(prefixAndText(i));
    }
    Embedded result;
    for (const auto& sequence : sequences)
        result.nTokens.push_back(int64_t(sequence.size()));
    result.rows = queue.embed(sequences, priority, std::move(stop));
    const auto dim = size_t(queue.dim());
    for (size_t i = 0; normalize && i < n; ++i)
        normalizeRow(std::span(result.rows).subspan(i * dim, dim));
    return result;
}

// A few texts are a question; hundreds are a folder.
constexpr size_t kInteractiveTexts = 4;

generate::Priority priorityFor(size_t n)
{
    return n <= kInteractiveTexts ? generate::Priority::interactive : generate::Priority::batch;
}

} // namespace

std::vector<int32_t> LoadedModel::State::encodeForEmbedding(std::string_view text) const
{
    std::vector<int32_t> ids = requireTokenizer().encode(text, {.parseSpecial = false, .addSpecial = true});
    const auto window = size_t(options.contextLength);
    if (ids.size() > window) {
        const int32_t last = ids.back();
        ids.resize(window);
        if (requireTokenizer().addsEos())
            ids.back() = last;
    }
    if (ids.empty()) // a vocabulary without special tokens, and nothing to embed
        ids.push_back(std::max<int32_t>(requireTokenizer().unknown(), 0));
    return ids;
}

std::vector<LoadedModel::Embedding> LoadedModel::embed(std::span<const EmbedInput> inputs, bool normalize, std::stop_token stop)
{
    const State& state = *m_state;
    const auto text = [&](size_t i) { return std::string(prefixOf(state.prefixes, inputs[i].kind)) + inputs[i].text; };
    const Embedded embedded = embedTexts(state, inputs.size(), text, priorityFor(inputs.size()), normalize, std::move(stop));
    std::vector<Embedding> result;
    const auto dim = size_t(state.model->config().dim);
    for (size_t i = 0; i < inputs.size(); ++i) {
        const auto row = std::span(embedded.rows).subspan(i * dim, dim);
        result.push_back({{row.begin(), row.end()}, embedded.nTokens[i]});
    }
    return result;
}

ModelEmbedder::ModelEmbedder(std::shared_ptr<LoadedModel> model) : m_model(std::move(model))
{
    queueOf(m_model->state());
}

int ModelEmbedder::dim() const
{
    return int(m_model->state().model->config().dim);
}

std::string ModelEmbedder::id() const
{
    const LoadedModel::State& state = m_model->state();
    return state.facts.name + "/" + std::to_string(state.facts.fileBytes) + "/" + state.prefixes.query + "/" +
           state.prefixes.passage + "/" + std::to_string(dim());
}

int ModelEmbedder::windowTokens() const
{
    return int(m_model->contextLength());
}

std::string ModelEmbedder::passagePrefix() const
{
    return m_model->state().prefixes.passage;
}

int ModelEmbedder::countTokens(std::string_view text) const
{
    return int(m_model->state().requireTokenizer().encode(text, {.parseSpecial = false, .addSpecial = true}).size());
}

std::vector<float> ModelEmbedder::embedQueries(std::span<const std::string> texts, std::stop_token stop)
{
    const LoadedModel::State& state = m_model->state();
    const auto text = [&](size_t i) { return state.prefixes.query + texts[i]; };
    return embedTexts(state, texts.size(), text, priorityFor(texts.size()), true, std::move(stop)).rows;
}

std::vector<float> ModelEmbedder::embedPassages(std::span<const std::string> texts, std::stop_token stop)
{
    const LoadedModel::State& state = m_model->state();
    const auto text = [&](size_t i) { return state.prefixes.passage + texts[i]; };
    return embedTexts(state, texts.size(), text, generate::Priority::batch, true, std::move(stop)).rows;
}

} // namespace sy::api
