// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/api/documents.h"
#include "engine/api/engine_state.h"
#include "engine/api/model_embedder.h"
#include "engine/documents/extractor.h"
#include "engine/retrieval/collection.h"
#include "engine/retrieval/searcher.h"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace sy::api {

/// What Documents keeps between calls: open collections with their vectors, loaded embedders, and a reader for pages.
struct Documents::State {
    explicit State(Engine& engine);

    std::filesystem::path fileOf(int64_t collectionId) const;
    /// Throws StorageFailure when there is no collection of that name.
    store::CollectionRow require(const std::string& name) const;
    std::shared_ptr<retrieval::Searcher> searcher(int64_t collectionId);
    void forget(int64_t collectionId); // before its file goes

    /// The embedder by id, name or path; null when the model is not there or cannot be loaded and mayFail is set.
    std::shared_ptr<ModelEmbedder> embedder(const std::string& idOrNameOrPath, bool mayFail);
    /// That of a collection; null when it has none or the model is gone.
    std::shared_ptr<ModelEmbedder> embedderOf(const std::filesystem::path& collectionFile);
    void checkQuotes(const std::filesystem::path& collectionFile, std::vector<Citation>& citations, std::stop_token stop);
    void sweepOrphans() const;

    Engine& engine;
    std::filesystem::path folder; // of the collections' files
    mutable std::mutex mutex;     // of the maps
    std::map<int64_t, std::shared_ptr<retrieval::Searcher>> searchers;
    std::map<std::string, std::shared_ptr<ModelEmbedder>> embedders; // by path

    std::mutex extractorMutex; // one call at a time
    documents::Extractor extractor;
};

SearchResult searchResultOf(const retrieval::SearchHit& hit);
DocumentRow rowOf(const retrieval::DocumentRow& row);

} // namespace sy::api
