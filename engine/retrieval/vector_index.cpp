// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/retrieval/vector_index.h"

#include "engine/retrieval/collection_schema.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace sy::retrieval {

namespace {

/// Sixteen running sums, so that the compiler may use vectors without being allowed to reorder a single sum.
float dot(const float* a, const float* b, int n)
{
    constexpr int kLanes = 16;
    float sums[kLanes] = {};
    int i = 0;
    for (; i + kLanes <= n; i += kLanes)
        for (int lane = 0; lane < kLanes; ++lane)
            sums[lane] += a[i + lane] * b[i + lane];
    for (; i < n; ++i)
        sums[0] += a[i] * b[i];
    for (int width = kLanes / 2; width > 0; width /= 2)
        for (int lane = 0; lane < width; ++lane)
            sums[lane] += sums[lane + width];
    return sums[0];
}

} // namespace

void VectorIndex::synchronize(store::Database& database)
{
    store::Statement version(database, "PRAGMA data_version");
    const int64_t dataVersion = version.step() ? version.integer(0) : 0;
    if (dataVersion == m_dataVersion)
        return;
    const std::string embedder = fact(database, kEmbedderFact).value_or("");
    const int dim = std::atoi(fact(database, kDimensionsFact).value_or("0").c_str());
    if (embedder != m_embedder || dim != m_dim) {
        m_embedder = embedder;
        m_dim = dim;
        m_chunks.clear();
        m_values.clear();
    }
    if (m_dim > 0) {
        dropMissing(database);
        loadNew(database);
    }
    updateMean();
    m_dataVersion = dataVersion; // read first: a commit in between is seen the next time
}

void VectorIndex::dropMissing(store::Database& database)
{
    if (m_chunks.empty())
        return;
    std::vector<int64_t> present;
    present.reserve(m_chunks.size());
    // The index on document holds the numbers alone; the tables themselves would pull every text through the cache.
    store::Statement query(database, "SELECT id FROM chunks INDEXED BY chunks_by_document WHERE document > 0");
    while (query.step())
        present.push_back(query.integer(0));
    std::sort(present.begin(), present.end());
    size_t kept = 0;
    for (size_t i = 0; i < m_chunks.size(); ++i) {
        if (!std::binary_search(present.begin(), present.end(), m_chunks[i]))
            continue;
        if (kept != i) {
            m_chunks[kept] = m_chunks[i];
            std::copy_n(m_values.begin() + ptrdiff_t(i) * m_dim, m_dim, m_values.begin() + ptrdiff_t(kept) * m_dim);
        }
        ++kept;
    }
    m_chunks.resize(kept);
    m_values.resize(kept * size_t(m_dim));
}

void VectorIndex::loadNew(store::Database& database)
{
    store::Statement query(database, "SELECT chunk, vector FROM embeddings WHERE chunk > ? ORDER BY chunk");
    query.bind(1, m_chunks.empty() ? int64_t(0) : m_chunks.back());
    while (query.step()) {
        const auto blob = query.blob(1);
        if (blob.size() != size_t(m_dim) * sizeof(float))
            continue; // no writer of ours leaves one; a damaged row must not shift all others
        m_chunks.push_back(query.integer(0));
        m_values.resize(m_values.size() + size_t(m_dim));
        std::memcpy(m_values.data() + m_values.size() - size_t(m_dim), blob.data(), blob.size());
    }
}

void VectorIndex::updateMean()
{
    std::vector<double> sums(size_t(m_dim), 0.0);
    for (size_t i = 0; i < m_values.size(); i += size_t(m_dim))
        for (size_t j = 0; j < size_t(m_dim); ++j)
            sums[j] += m_values[i + j];
    m_mean.assign(size_t(m_dim), 0.0f);
    for (size_t j = 0; j < size_t(m_dim) && !m_chunks.empty(); ++j)
        m_mean[j] = float(sums[j] / double(m_chunks.size()));
}

double VectorIndex::meanScore(std::span<const float> query) const
{
    return query.size() == m_mean.size() ? dot(m_mean.data(), query.data(), m_dim) : 0;
}

std::vector<Scored> VectorIndex::search(std::span<const float> query, int depth) const
{
    if (m_chunks.empty() || depth <= 0)
        return {};
    if (int(query.size()) != m_dim)
        throw std::invalid_argument("the query's vector has " + std::to_string(query.size()) + " values, the collection's " +
                                    std::to_string(m_dim));
    std::vector<Scored> all(m_chunks.size());
    for (size_t i = 0; i < m_chunks.size(); ++i)
        all[i] = {m_chunks[i], dot(m_values.data() + i * size_t(m_dim), query.data(), m_dim)};
    const auto n = std::min(all.size(), size_t(depth));
    // Equal scores (duplicate passages) keep the order of the documents, whatever else is in the collection.
    const auto isBetter = [](const Scored& a, const Scored& b) { return a.score != b.score ? a.score > b.score : a.chunk < b.chunk; };
    std::partial_sort(all.begin(), all.begin() + ptrdiff_t(n), all.end(), isBetter);
    all.resize(n);
    return all;
}

std::span<const float> VectorIndex::vectorOf(int64_t chunk) const
{
    const auto found = std::lower_bound(m_chunks.begin(), m_chunks.end(), chunk);
    if (found == m_chunks.end() || *found != chunk)
        return {};
    return {m_values.data() + (found - m_chunks.begin()) * m_dim, size_t(m_dim)};
}

std::optional<double> VectorIndex::score(int64_t chunk, std::span<const float> query) const
{
    const auto vector = vectorOf(chunk);
    if (vector.empty() || vector.size() != query.size())
        return std::nullopt;
    return dot(vector.data(), query.data(), m_dim);
}

} // namespace sy::retrieval
