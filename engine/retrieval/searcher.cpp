// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/searcher.h"

#include "engine/core/error.h"
#include "engine/retrieval/collection_schema.h"
#include "engine/retrieval/language.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace sy::retrieval {

namespace {

constexpr int kCoverageDepth = 20; // the candidates whose words are compared with the question's

constexpr const char* kChunkColumns =
    "SELECT c.id, c.document, d.path, d.title, c.section, c.page, c.endPage, c.start, c.end, c.pageBreak, d.isRecord, c.text, c.header "
    "FROM chunks c JOIN documents d ON d.id = c.document ";

SearchHit hitFrom(const store::Statement& row)
{
    SearchHit hit;
    hit.chunk = row.integer(0);
    hit.document = row.integer(1);
    hit.path = row.text(2);
    hit.title = row.text(3);
    hit.section = row.text(4);
    hit.page = int(row.integer(5));
    hit.endPage = int(row.integer(6));
    hit.start = row.integer(7);
    hit.end = row.integer(8);
    hit.pageBreak = row.integer(9);
    hit.isRecord = row.integer(10) != 0;
    hit.text = row.text(11);
    return hit;
}

} // namespace

Searcher::Searcher(const std::filesystem::path& collectionFile) : m_database(openCollectionDatabase(collectionFile)) {}

SearchOutcome Searcher::search(const std::string& question, SearchMode mode, int top, Embedder* embedder, std::stop_token stop)
{
    const std::lock_guard lock(m_mutex);
    SearchOutcome outcome;
    outcome.mode = mode;

    std::vector<Scored> dense;
    std::vector<float> vector;
    if (mode != SearchMode::lexical) {
        m_vectors.synchronize(m_database);
        if (embedder && m_vectors.size() > 0 && embedder->id() == m_vectors.embedder()) {
            vector = embedder->embedQueries(std::span(&question, 1), stop);
            dense = m_vectors.search(vector, kSearchDepth);
            outcome.bestCosine = dense.front().score;
            outcome.meanCosine = m_vectors.meanScore(vector);
        } else if (mode == SearchMode::hybrid) {
            outcome.mode = SearchMode::lexical;
        }
    }
    if (stop.stop_requested())
        throw Cancelled();

    const std::vector<QueryTerm> terms = queryTerms(question);
    const TermWeights weights(m_database, terms);
    outcome.totalWeight = weights.total();
    std::vector<Scored> lexical;
    if (mode != SearchMode::dense)
        lexical = lexicalSearch(m_database, terms, kSearchDepth);

    double bestCoverage = 0;
    store::Statement texts(m_database, "SELECT header, text FROM chunks WHERE id = ?");
    for (size_t i = 0; i < lexical.size() && i < kCoverageDepth; ++i) {
        texts.bind(1, lexical[i].chunk);
        if (texts.step())
            bestCoverage = std::max(bestCoverage, weights.coverage(texts.textView(0), texts.textView(1)));
        texts.reset();
    }

    // The dense scores of chunks that only the words found are exact too: a list's end is no evidence against them.
    const size_t nRankedDense = dense.size();
    if (!dense.empty()) {
        std::unordered_set<int64_t> ranked;
        for (const Scored& s : dense)
            ranked.insert(s.chunk);
        for (const Scored& s : lexical)
            if (!ranked.contains(s.chunk))
                if (const auto score = m_vectors.score(s.chunk, vector))
                    dense.push_back({s.chunk, *score});
    }
    outcome.lexicalWeight = dense.empty() ? 1 : lexical.empty() ? 0 : lexicalWeight(bestCoverage, isMostlyCjk(question));
    const auto ranked = limitPerDocument(fuse(lexical, dense, nRankedDense, outcome.lexicalWeight), top);
    store::Statement query(m_database, std::string(kChunkColumns) + "WHERE c.id = ?");
    for (const Fused& fused : ranked) {
        query.bind(1, fused.chunk);
        if (query.step()) {
            SearchHit hit = hitFrom(query);
            hit.ranks = fused;
            hit.coverage = weights.coverage(query.textView(12), hit.text);
            outcome.hits.push_back(std::move(hit));
        }
        query.reset();
    }
    return outcome;
}

std::vector<Fused> Searcher::limitPerDocument(const std::vector<Fused>& ranked, int top)
{
    std::vector<Fused> taken, spare;
    std::unordered_map<int64_t, int> perDocument;
    store::Statement query(m_database, "SELECT c.document, d.isRecord FROM chunks c JOIN documents d ON d.id = c.document WHERE c.id = ?");
    for (const Fused& fused : ranked) {
        if (int(taken.size()) >= top)
            break;
        query.bind(1, fused.chunk);
        if (query.step()) {
            int& count = perDocument[query.integer(0)];
            const bool isRecord = query.integer(1) != 0;
            if (count < (isRecord ? 1 : kMaxPerDocument)) {
                ++count;
                taken.push_back(fused);
            } else if (!isRecord) {
                spare.push_back(fused);
            }
        }
        query.reset();
    }
    for (const Fused& fused : spare) {
        if (int(taken.size()) >= top)
            break;
        taken.push_back(fused);
    }
    std::stable_sort(taken.begin(), taken.end(), [](const Fused& a, const Fused& b) { return a.score > b.score; });
    return taken;
}

std::optional<SearchHit> Searcher::neighbour(const SearchHit& hit, int step)
{
    const std::lock_guard lock(m_mutex);
    // A document's chunks are written in one go, so their numbers rise in reading order.
    store::Statement query(m_database, std::string(kChunkColumns) +
                                           (step < 0 ? "WHERE c.document = ? AND c.id < ? ORDER BY c.id DESC LIMIT 1"
                                                     : "WHERE c.document = ? AND c.id > ? ORDER BY c.id LIMIT 1"));
    query.bindAll(hit.document, hit.chunk);
    if (!query.step())
        return std::nullopt;
    return hitFrom(query);
}

std::vector<DocumentName> Searcher::documents()
{
    const std::lock_guard lock(m_mutex);
    store::Statement query(m_database, "SELECT id, path, title, isRecord FROM documents WHERE status = 'indexed' ORDER BY id");
    std::vector<DocumentName> list;
    while (query.step())
        list.push_back({query.integer(0), query.text(1), query.text(2), query.integer(3) != 0});
    return list;
}

std::vector<SearchHit> Searcher::chunks(int64_t document, int64_t most)
{
    const std::lock_guard lock(m_mutex);
    store::Statement query(m_database, std::string(kChunkColumns) + "WHERE c.document = ? ORDER BY c.id LIMIT ?");
    query.bindAll(document, most);
    std::vector<SearchHit> list;
    while (query.step())
        list.push_back(hitFrom(query));
    return list;
}

TermWeights Searcher::weights(std::span<const QueryTerm> terms)
{
    const std::lock_guard lock(m_mutex);
    return TermWeights(m_database, terms);
}

} // namespace sy::retrieval
