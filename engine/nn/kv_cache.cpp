// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/kv_cache.h"

#include "engine/nn/kv_pool_state.h"
#include "engine/quant/half.h"
#include "engine/quant/quant_table.h"

#include <cstring>
#include <functional>
#include <stdexcept>

namespace sy::nn {

namespace {

uint64_t rootHash(const std::string& variant)
{
    return variant.empty() ? 0 : std::hash<std::string>()(variant);
}

uint64_t chainHash(uint64_t before, std::span<const int32_t> tokens)
{
    uint64_t h = before;
    for (const int32_t token : tokens) {
        h = (h ^ uint32_t(token)) * 0x9E3779B97F4A7C15;
        h ^= h >> 29;
    }
    return h;
}

// Q8_0, the last block filled up with zeros.
void packCodes(const float* from, std::byte* to, int dim)
{
    const auto pack = quant::find(DType::Q8_0)->pack;
    const int whole = dim / 32 * 32;
    pack(from, to, whole);
    if (whole == dim)
        return;
    float rest[32] = {};
    std::copy_n(from + whole, dim - whole, rest);
    pack(rest, to + whole / 32 * 34, 32);
}

void packRow(DType dtype, const float* from, std::byte* to, int dim)
{
    if (dim == 0) // from is null: a cache without values
        return;
    if (dtype == DType::F32)
        std::memcpy(to, from, size_t(dim) * sizeof(float));
    else if (dtype == DType::F16)
        quant::floatToHalf(from, reinterpret_cast<uint16_t*>(to), dim);
    else
        packCodes(from, to, dim);
}

} // namespace

KvSequence::KvSequence(KvPool& pool, std::string variant)
    : m_pool(&pool), m_variant(std::move(variant)), m_keyPages(size_t(pool.layout().nLayers)), m_valuePages(size_t(pool.layout().nLayers)),
      m_blockKeys(pool.layout().blocks.size()), m_blockValues(pool.layout().blocks.size())
{
}

KvSequence::~KvSequence()
{
    releaseAll();
}

KvSequence::KvSequence(KvSequence&& other) noexcept : m_pool(other.m_pool)
{
    *this = std::move(other);
}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept
{
    if (this != &other) {
        releaseAll();
        m_pool = other.m_pool;
        m_variant = std::move(other.m_variant);
        m_tokens = std::exchange(other.m_tokens, {});
        m_pages = std::exchange(other.m_pages, {});
        m_keyPages = std::move(other.m_keyPages);
        m_valuePages = std::move(other.m_valuePages);
        m_blockKeys = std::move(other.m_blockKeys);
        m_blockValues = std::move(other.m_blockValues);
        m_nDropped = std::exchange(other.m_nDropped, 0);
        m_state = std::exchange(other.m_state, nullptr);
        m_nextState = std::exchange(other.m_nextState, nullptr);
        m_stateLength = std::exchange(other.m_stateLength, 0);
    }
    return *this;
}

void KvSequence::releaseAll() noexcept
{
    if (m_pages.empty())
        return;
    const std::lock_guard lock(m_pool->m_state->mutex);
    for (KvPage* page : m_pages)
        m_pool->m_state->release(page);
    m_pages.clear();
}

// Brings the per-layer pointers in line with m_pages, from a page on.
void KvSequence::repoint(size_t firstPage)
{
    const KvLayout& layout = m_pool->layout();
    const size_t keys = keyBytes(layout), layerBytes = keys + valueBytes(layout);
    size_t nLasting = 0, nRecent = 0; // layers of either kind so far
    for (size_t layer = 0; layer < size_t(layout.nLayers); ++layer) {
        const bool isWindowed = !layout.isWindowed.empty() && layout.isWindowed[layer];
        const size_t offset = (isWindowed ? nRecent++ : nLasting++) * layerBytes;
        m_keyPages[layer].resize(m_pages.size());
        m_valuePages[layer].resize(m_pages.size());
        for (size_t i = firstPage; i < m_pages.size(); ++i) {
            const std::byte* start = isWindowed ? m_pages[i]->recent : m_pages[i]->memory;
            m_keyPages[layer][i] = start ? start + offset : nullptr;
            m_valuePages[layer][i] = start ? start + offset + keys : nullptr;
        }
    }
    repointBlocks(firstPage);
}

void KvSequence::repointBlocks(size_t firstPage)
{
    const KvLayout& layout = m_pool->layout();
    if (layout.blocks.empty())
        return;
    const auto nLasting = layout.nLayers - std::ranges::count(layout.isWindowed, true);
    size_t offset = size_t(nLasting) * (keyBytes(layout) + valueBytes(layout));
    for (size_t index = 0; index < layout.blocks.size(); ++index) {
        const KvBlocks& blocks = layout.blocks[index];
        // A long block lies in the last of its pages: those before have room that stays empty.
        const size_t pagesPerRow = size_t(std::max(1, blocks.ratio / kPageTokens));
        const size_t keys = blockKeyBytes(layout, blocks);
        m_blockKeys[index].resize(m_pages.size() / pagesPerRow);
        m_blockValues[index].resize(m_pages.size() / pagesPerRow);
        for (size_t i = firstPage / pagesPerRow; i < m_blockKeys[index].size(); ++i) {
            m_blockKeys[index][i] = m_pages[(i + 1) * pagesPerRow - 1]->memory + offset;
            m_blockValues[index][i] = m_blockKeys[index][i] + keys;
        }
        offset += keys + blockValueBytes(layout, blocks);
    }
}

size_t KvSequence::firstRecentPage(int64_t position) const
{
    return size_t(std::max<int64_t>(0, position - m_pool->layout().window + 1) / kPageTokens);
}

void KvSequence::dropPassedWindows(int64_t nextPosition)
{
    const KvLayout& layout = m_pool->layout();
    const size_t end = layout.isWindowed.empty() ? 0 : firstRecentPage(nextPosition);
    if (end <= m_nDropped)
        return;
    {
        const std::lock_guard lock(m_pool->m_state->mutex);
        for (size_t i = m_nDropped; i < end; ++i) {
            if (!m_pool->m_state->dropRecent(m_pages[i]))
                continue;
            for (size_t layer = 0; layer < size_t(layout.nLayers); ++layer) {
                if (layout.isWindowed[layer])
                    m_keyPages[layer][i] = m_valuePages[layer][i] = nullptr;
            }
        }
    }
    m_nDropped = end;
}

int64_t KvSequence::restorable(int64_t wanted) const
{
    const KvLayout& layout = m_pool->layout();
    if (layout.stateFloats > 0)
        return wanted >= m_stateLength ? m_stateLength : 0;
    if (layout.isWindowed.empty())
        return wanted;
    const std::lock_guard lock(m_pool->m_state->mutex);
    for (int64_t length = wanted; length > 0;) {
        size_t page = pagesFor(length); // looks for a page in the window that has been given up, from behind
        while (page > firstRecentPage(length) && m_pages[page - 1]->recent)
            --page;
        if (page == firstRecentPage(length))
            return length;
        length = int64_t(page - 1) * kPageTokens;
    }
    return 0;
}

// Memory for the state of the step that follows.
void KvSequence::prepareState()
{
    const size_t n = m_pool->layout().stateFloats;
    if (n == 0)
        return;
    if (m_stateLength != length())
        throw std::invalid_argument("append: the last step's state was not committed");
    try {
        if (!m_state)
            m_state = std::shared_ptr<float[]>(new float[n]());
        if (!m_nextState || m_nextState.use_count() > 1)
            m_nextState = std::shared_ptr<float[]>(new float[n]);
    } catch (const std::bad_alloc&) {
        throw OutOfMemory("cpu", n * sizeof(float), 0);
    }
}

void KvSequence::commitState()
{
    if (m_pool->layout().stateFloats == 0 || m_stateLength == length())
        return;
    std::swap(m_state, m_nextState);
    m_stateLength = length();
}

int64_t KvSequence::adoptPrefix(std::span<const int32_t> prompt)
{
    if (!m_tokens.empty())
        throw std::invalid_argument("adoptPrefix: the sequence is not empty");
    if (prompt.empty() || m_pool->layout().stateFloats > 0)
        return 0;
    const size_t nMost = (prompt.size() - 1) / kPageTokens;
    std::vector<IndexEntry*> chain;
    chain.reserve(nMost);
    m_pages.reserve(nMost);
    m_tokens.reserve(prompt.size());
    KvPool::State& state = *m_pool->m_state;
    {
        const std::lock_guard lock(state.mutex);
        uint64_t hash = rootHash(m_variant);
        for (size_t i = 0; i < nMost; ++i) {
            const auto tokens = prompt.subspan(i * kPageTokens, kPageTokens);
            hash = chainHash(hash, tokens);
            IndexEntry* entry = state.find(chain.empty() ? nullptr : chain.back(), m_variant, hash, tokens);
            if (!entry)
                break;
            state.hold(entry->page);
            m_pages.push_back(entry->page);
            chain.push_back(entry);
        }
        // The token after the prefix looks back through its windows.
        const bool hasWindows = !m_pool->layout().isWindowed.empty();
        while (hasWindows && !chain.empty() &&
               !std::all_of(m_pages.begin() + ptrdiff_t(firstRecentPage(int64_t(chain.size()) * kPageTokens)), m_pages.end(),
                            [](const KvPage* page) { return page->recent; })) {
            state.release(m_pages.back());
            m_pages.pop_back();
            chain.pop_back();
        }
        state.touch(chain);
    }
    m_tokens.assign(prompt.begin(), prompt.begin() + ptrdiff_t(chain.size() * kPageTokens));
    repoint(0);
    return length();
}

void KvSequence::append(std::span<const int32_t> tokens)
{
    if (tokens.empty())
        return;
    prepareState();
    dropPassedWindows(length());
    const size_t nPages = pagesFor(length() + int64_t(tokens.size()));
    const size_t nNew = nPages - m_pages.size();
    const bool isLastPartlyFilled = length() % kPageTokens != 0;
    m_tokens.reserve(m_tokens.size() + tokens.size());
    m_pages.reserve(nPages);
    std::vector<KvPage*> taken;
    KvPool::State& state = *m_pool->m_state;
    bool copiesLast = false;
    {
        const std::lock_guard lock(state.mutex);
        copiesLast = isLastPartlyFilled && (m_pages.back()->nSequences > 1 || m_pages.back()->entry);
        state.take(nNew + copiesLast, taken);
    }
    size_t firstChanged = m_pages.size();
    auto next = taken.begin();
    if (copiesLast) {
        // Others may read the old page meanwhile; nobody writes it, since this sequence still counts.
        if (state.lastingBytes > 0)
            std::memcpy((*next)->memory, m_pages.back()->memory, state.lastingBytes);
        if (state.recentBytes > 0)
            std::memcpy((*next)->recent, m_pages.back()->recent, state.recentBytes);
        KvPage* shared = std::exchange(m_pages.back(), *next++);
        --firstChanged;
        const std::lock_guard lock(state.mutex);
        state.release(shared);
    }
    m_pages.insert(m_pages.end(), next, taken.end());
    m_tokens.insert(m_tokens.end(), tokens.begin(), tokens.end());
    repoint(firstChanged);
}

void KvSequence::truncate(int64_t newLength)
{
    if (newLength < 0 || newLength > length())
        throw std::invalid_argument("truncate: to " + std::to_string(newLength) + " of " + std::to_string(length()) + " tokens");
    if (newLength == length())
        return;
    if (restorable(newLength) != newLength)
        throw std::invalid_argument("truncate: what " + std::to_string(newLength) + " tokens left behind is gone");
    if (newLength == 0) {
        m_state = nullptr;
        m_stateLength = 0;
    }
    const size_t nPages = pagesFor(newLength);
    if (nPages < m_pages.size()) {
        const std::lock_guard lock(m_pool->m_state->mutex);
        for (size_t i = nPages; i < m_pages.size(); ++i)
            m_pool->m_state->release(m_pages[i]);
    }
    m_pages.resize(nPages);
    m_tokens.resize(size_t(newLength));
    m_nDropped = std::min(m_nDropped, nPages);
    repoint(nPages);
}

KvSequence KvSequence::fork() const
{
    KvSequence copy(*m_pool, m_variant);
    copy.m_tokens = m_tokens;
    copy.m_keyPages = m_keyPages;
    copy.m_valuePages = m_valuePages;
    copy.m_blockKeys = m_blockKeys;
    copy.m_blockValues = m_blockValues;
    copy.m_pages.reserve(m_pages.size());
    copy.m_nDropped = m_nDropped;
    copy.m_state = m_state;
    copy.m_stateLength = m_stateLength;
    const std::lock_guard lock(m_pool->m_state->mutex);
    for (KvPage* page : m_pages) {
        m_pool->m_state->hold(page);
        copy.m_pages.push_back(page);
    }
    return copy;
}

void KvSequence::store(int layer, int64_t first, const float* keys, const float* values, int64_t n) const
{
    const KvLayout& layout = m_pool->layout();
    if (layer < 0 || layer >= layout.nLayers || first < 0 || n < 0 || first + n > length())
        throw std::invalid_argument("store: positions " + std::to_string(first) + " to " + std::to_string(first + n) + " of " +
                                    std::to_string(length()) + " in layer " + std::to_string(layer));
    // One head's vector of one token goes to row `slot` of that head's part of the page.
    const auto put = [&](const float* from, int dim, const std::byte* page, int64_t slot) {
        const size_t rowBytes = ops::kvRowBytes(layout.dtype, dim);
        for (int head = 0; head < layout.nKvHeads; ++head, from += dim) {
            std::byte* to = const_cast<std::byte*>(page) + (size_t(head) * kPageTokens + size_t(slot)) * rowBytes;
            packRow(layout.dtype, from, to, dim);
        }
    };
    for (int64_t position = first; position < first + n; ++position) {
        const auto page = size_t(position / kPageTokens);
        assert(m_pages[page]->nSequences == 1 && !m_pages[page]->entry);
        put(keys, layout.keyDim, m_keyPages[size_t(layer)][page], position % kPageTokens);
        put(values, layout.valueDim, m_valuePages[size_t(layer)][page], position % kPageTokens);
        keys += layout.nKvHeads * layout.keyDim;
        values += layout.nKvHeads * layout.valueDim;
    }
}

ops::KvPages KvSequence::pages(int layer) const
{
    return {m_keyPages[size_t(layer)], m_valuePages[size_t(layer)], m_pool->layout().dtype, kPageTokens};
}

void KvSequence::storeBlock(int index, int64_t block, const float* key, const float* value) const
{
    const KvLayout& layout = m_pool->layout();
    if (index < 0 || index >= int(layout.blocks.size()) || block < 0 || (block + 1) * layout.blocks[size_t(index)].ratio > length())
        throw std::invalid_argument("storeBlock: row " + std::to_string(block) + " of blocks " + std::to_string(index) + " at " +
                                    std::to_string(length()) + " tokens");
    const KvBlocks& blocks = layout.blocks[size_t(index)];
    const auto nRows = int64_t(blockRows(blocks));
    const auto page = size_t(block / nRows), slot = size_t(block % nRows);
    assert(m_pages[size_t((block + 1) * blocks.ratio - 1) / size_t(kPageTokens)]->nSequences == 1);
    const auto put = [&](const float* from, int dim, const std::byte* rows) {
        if (dim > 0)
            packRow(layout.dtype, from, const_cast<std::byte*>(rows) + slot * ops::kvRowBytes(layout.dtype, dim), dim);
    };
    put(key, blocks.keyDim, m_blockKeys[size_t(index)][page]);
    put(value, blocks.valueDim, m_blockValues[size_t(index)][page]);
}

ops::KvPages KvSequence::blockPages(int index) const
{
    const KvLayout& layout = m_pool->layout();
    return {m_blockKeys[size_t(index)], m_blockValues[size_t(index)], layout.dtype, blockRows(layout.blocks[size_t(index)])};
}

void KvSequence::publish()
{
    const size_t nWhole = m_tokens.size() / kPageTokens;
    if (nWhole == 0 || m_pool->layout().stateFloats > 0)
        return;
    std::vector<IndexEntry*> chain;
    chain.reserve(nWhole);
    size_t firstChanged = m_pages.size();
    KvPool::State& state = *m_pool->m_state;
    {
        const std::lock_guard lock(state.mutex);
        uint64_t hash = rootHash(m_variant);
        for (size_t i = 0; i < nWhole; ++i) {
            const auto tokens = std::span<const int32_t>(m_tokens).subspan(i * kPageTokens, kPageTokens);
            hash = chainHash(hash, tokens);
            const IndexEntry* parent = chain.empty() ? nullptr : chain.back();
            IndexEntry* entry = state.find(parent, m_variant, hash, tokens);
            if (!entry) {
                auto made = std::make_unique<IndexEntry>(IndexEntry{parent, parent ? std::string() : m_variant, hash, {}, m_pages[i], 0});
                std::copy(tokens.begin(), tokens.end(), made->tokens.begin());
                entry = state.index.emplace(hash, std::move(made))->second.get();
                m_pages[i]->entry = entry;
            } else if (entry->page != m_pages[i]) {
                if (m_pages[i]->recent && !entry->page->recent && m_pages[i]->nSequences > 1)
                    break; // a fork needs the windowed layers too: they cannot move to the index's page
                state.hold(entry->page);
                if (!entry->page->recent) // same tokens, same values
                    entry->page->recent = std::exchange(m_pages[i]->recent, nullptr);
                state.release(m_pages[i]);
                m_pages[i] = entry->page;
                firstChanged = std::min(firstChanged, i);
            }
            chain.push_back(entry);
        }
        state.touch(chain);
    }
    repoint(firstChanged);
}

} // namespace sy::nn
