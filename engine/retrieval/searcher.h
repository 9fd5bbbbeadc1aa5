// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/embedder.h"
#include "engine/retrieval/fusion.h"
#include "engine/retrieval/vector_index.h"
#include "engine/store/database.h"

#include <filesystem>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace sy::retrieval {

enum class SearchMode { lexical, dense, hybrid };

struct SearchHit {
    int64_t chunk = 0;
    int64_t document = 0;
    std::string path;  // or record id
    std::string title;
    std::string section; // headings, outermost first
    int page = 0, endPage = 0;
    int64_t start = 0, end = 0; // code points in the page's text
    int64_t pageBreak = -1;     // code points into text where endPage begins
    bool isRecord = false;
    std::string text;
    Fused ranks; // score, and how it came about
    double coverage = 0; // share of the question's word weight that title, section and text have
};

/// An indexed document as a user names it.
struct DocumentName {
    int64_t id = 0;
    std::string path; // or record id
    std::string title;
    bool isRecord = false;
};

struct SearchOutcome {
    std::vector<SearchHit> hits;
    SearchMode mode = SearchMode::hybrid;  // what was done: lexical when there is no embedder or no vector
    double lexicalWeight = 0;
    double bestCosine = 0, meanCosine = 0; // of the question to the chunks; 0 without vectors
    double totalWeight = 0;                // TermWeights::total of the question
};

/// Searches one collection. Keeps its vectors in memory and in step with whoever writes to the file. Thread-safe: calls take turns.
class Searcher {
public:
    explicit Searcher(const std::filesystem::path& collectionFile);

    /// The best `top` chunks. A record appears once, with its best chunk; a file three times at most unless that leaves places
    /// free. `embedder` may be null: then, and when its id is not that of the collection's vectors, only words count.
    /// Mode dense without vectors gives nothing. Throws StorageFailure, Cancelled, and what the embedder throws.
    SearchOutcome search(const std::string& question, SearchMode mode, int top, Embedder* embedder, std::stop_token stop = {});

    /// Chunks of the same document next to this one, in reading order: -1 gives the one before, +1 the one after. Empty at
    /// either end.
    std::optional<SearchHit> neighbour(const SearchHit& hit, int step);

    std::vector<DocumentName> documents(); // indexed ones, in the order in which they were added
    std::vector<SearchHit> chunks(int64_t document, int64_t most = INT64_MAX); // in reading order, from the first

    /// How telling the terms are in this collection; for attribution and refusal.
    TermWeights weights(std::span<const QueryTerm> terms);

private:
    std::vector<Fused> limitPerDocument(const std::vector<Fused>& ranked, int top);

    std::mutex m_mutex;
    store::Database m_database;
    VectorIndex m_vectors;
};

inline constexpr int kSearchDepth = 100;  // of each list before they are fused
inline constexpr int kMaxPerDocument = 3; // chunks of one file among the results

} // namespace sy::retrieval
