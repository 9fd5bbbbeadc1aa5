// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/lexical_index.h"

#include "engine/store/fts_tokenizer.h"
#include "engine/store/terms.h"

#include <cmath>
#include <unordered_set>

namespace sy::retrieval {

std::vector<Scored> lexicalSearch(store::Database& database, std::span<const QueryTerm> terms, int depth)
{
    // OR: with FTS5's default, AND, a question of a dozen words finds nothing.
    std::string match;
    for (const QueryTerm& term : terms) {
        if (!match.empty())
            match += " OR ";
        match += store::quotedForMatch(term.surface);
    }
    std::vector<Scored> out;
    if (match.empty() || depth <= 0)
        return out;
    store::Statement query(database, "SELECT rowid, bm25(chunk_terms, 2.0, 1.0) AS score FROM chunk_terms WHERE chunk_terms MATCH ?1 "
                                     "ORDER BY score LIMIT ?2");
    query.bindAll(match, depth);
    while (query.step())
        out.push_back({query.integer(0), -query.real(1)}); // FTS5's is better when more negative
    return out;
}

int64_t nChunks(store::Database& database)
{
    store::Statement query(database, "SELECT count(*) FROM chunks");
    return query.step() ? query.integer(0) : 0;
}

int64_t documentFrequency(store::Database& database, std::string_view term)
{
    store::Statement query(database, "SELECT doc FROM chunk_vocabulary WHERE term = ?");
    query.bind(1, term);
    return query.step() ? query.integer(0) : 0;
}

TermWeights::TermWeights(store::Database& database, std::span<const QueryTerm> terms)
{
    const double n = double(nChunks(database));
    for (const QueryTerm& term : terms) {
        const double df = double(documentFrequency(database, term.term));
        const double weight = std::log(1 + (n - df + 0.5) / (df + 0.5));
        if (m_weights.emplace(term.term, weight).second)
            m_total += weight;
    }
}

double TermWeights::coverage(std::string_view text) const
{
    return coverage({}, text);
}

double TermWeights::coverage(std::string_view header, std::string_view text) const
{
    std::unordered_set<std::string_view> found;
    double sum = 0;
    const auto look = [&](const store::Term& term) {
        const auto weight = m_weights.find(std::string(term.text));
        if (weight != m_weights.end() && found.insert(weight->first).second)
            sum += weight->second;
    };
    store::forEachTerm(header, store::TermMode::document, look);
    store::forEachTerm(text, store::TermMode::document, look);
    return m_total > 0 ? sum / m_total : 0;
}

} // namespace sy::retrieval
