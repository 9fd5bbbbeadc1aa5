// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/retrieval/query_terms.h"
#include "engine/store/database.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sy::retrieval {

struct Scored {
    int64_t chunk = 0;
    double score = 0; // better is higher
};

/// The chunks that have at least one of the terms, best BM25 first, at most `depth`. Titles and sections weigh twice as much.
std::vector<Scored> lexicalSearch(store::Database& database, std::span<const QueryTerm> terms, int depth);

/// How telling each term is in a collection: log(1 + (n - df + 0.5) / (df + 0.5)).
class TermWeights {
public:
    TermWeights() = default;
    TermWeights(store::Database& database, std::span<const QueryTerm> terms);

    double total() const { return m_total; }
    /// Share of the query's weight whose terms occur in the text, 0 to 1; 0 for a query without terms.
    double coverage(std::string_view text) const;
    double coverage(std::string_view header, std::string_view text) const;

private:
    std::unordered_map<std::string, double> m_weights;
    double m_total = 0;
};

int64_t nChunks(store::Database& database);
int64_t documentFrequency(store::Database& database, std::string_view term); // chunks that have it

} // namespace sy::retrieval
