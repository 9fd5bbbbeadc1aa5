// SPDX-License-Identifier: GPL-3.0-or-later
// Internal to engine/api.
#pragma once

#include "engine/api/models.h"
#include "engine/retrieval/embedder.h"

#include <memory>

namespace sy::api {

/// Embeds documents and questions with a loaded embedding model; keeps it loaded. Calls from several threads share its steps.
class ModelEmbedder final : public retrieval::Embedder {
public:
    /// Throws std::invalid_argument when the model is none for embedding.
    explicit ModelEmbedder(std::shared_ptr<LoadedModel> model);

    int dim() const override;
    std::string id() const override;
    int windowTokens() const override;
    std::string passagePrefix() const override;
    int countTokens(std::string_view text) const override;
    std::vector<float> embedQueries(std::span<const std::string> texts, std::stop_token stop = {}) override;
    std::vector<float> embedPassages(std::span<const std::string> texts, std::stop_token stop = {}) override;

private:
    std::shared_ptr<LoadedModel> m_model;
};

} // namespace sy::api
