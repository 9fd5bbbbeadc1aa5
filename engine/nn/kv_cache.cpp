// SPDX-License-Identifier: GPL-3.0-or-later
// A page belongs to sequences, which count themselves, and to at most one entry of the prefix index. The index is a tree: an
// entry knows the tokens of its own page and the entry of the page before, so that a chain of entries spells out a prefix and
// finding one never relies on hashes being different:
//
//      (root) --- [t0 ... t31] --- [t32 ... t63] --- [t64 ... t95]
//                             \--- [t32'... t63']
//
// Whoever holds an entry's page holds the pages of all entries before it: adoption takes a whole chain, and publishing replaces
// the sequence's own copy of a page by the index's. So the pages that only the index holds are closed under "after", and giving
// them up in the order of their last use, with every entry's stamp above those of the entries after it, removes leaves first.
#include "engine/nn/kv_cache.h"

#include "engine/core/error.h"
#include "engine/quant/half.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <unordered_map>
#include <utility>

namespace sy::nn {

namespace {

constexpr int kPageTokens = KvLayout::kPageTokens;

struct IndexEntry {
    const IndexEntry* parent; // nullptr: the first page
    uint64_t hash;            // of all tokens up to the end of the page
    std::array<int32_t, kPageTokens> tokens;
    KvPage* page;
    uint64_t lastUse;
};

uint64_t chainHash(uint64_t before, std::span<const int32_t> tokens)
{
    uint64_t h = before;
    for (const int32_t token : tokens) {
        h = (h ^ uint32_t(token)) * 0x9E3779B97F4A7C15;
        h ^= h >> 29;
    }
    return h;
}

size_t elementBytes(DType dtype)
{
    return dtype == DType::F32 ? 4 : 2;
}

size_t keyBytes(const KvLayout& layout) // of one layer in one page
{
    return size_t(layout.nKvHeads) * kPageTokens * size_t(layout.keyDim) * elementBytes(layout.dtype);
}

size_t valueBytes(const KvLayout& layout)
{
    return size_t(layout.nKvHeads) * kPageTokens * size_t(layout.valueDim) * elementBytes(layout.dtype);
}

size_t pagesFor(int64_t nTokens)
{
    return size_t((nTokens + kPageTokens - 1) / kPageTokens);
}

} // namespace

struct KvPage {
    std::byte* memory = nullptr; // by layer: keys, then values
    int nSequences = 0;
    IndexEntry* entry = nullptr;
};

size_t KvLayout::pageBytes() const
{
    return size_t(nLayers) * (keyBytes(*this) + valueBytes(*this));
}

struct KvPool::State {
    static constexpr size_t kMostSpare = 32;

    const KvLayout layout;
    const size_t pageBytes;
    const size_t nMostPages;

    mutable std::mutex mutex; // guards everything below and the fields of pages
    size_t nHeld = 0;         // pages with a sequence
    std::unordered_multimap<uint64_t, std::unique_ptr<IndexEntry>> index;
    std::map<uint64_t, IndexEntry*> evictable; // by last use: entries whose page no sequence holds
    std::vector<std::byte*> spare;             // memory of freed pages, for the next ones
    uint64_t clock = 0;

    State(KvLayout layout_, size_t budgetBytes)
        : layout(layout_), pageBytes(layout_.pageBytes()), nMostPages(budgetBytes / pageBytes)
    {
        spare.reserve(kMostSpare);
    }

    ~State()
    {
        assert(nHeld == 0 && "a KvSequence outlived its pool");
        clearIndex();
        for (std::byte* memory : spare)
            std::free(memory);
    }

    // n pages without content, each held once; the caller has the lock.
    void take(size_t n, std::vector<KvPage*>& pages)
    {
        if (nHeld + n > nMostPages)
            throw OutOfMemory("cpu", n * pageBytes, (nMostPages - nHeld) * pageBytes);
        while (nHeld + evictable.size() + n > nMostPages)
            evictOldest();
        const size_t before = pages.size();
        try {
            pages.reserve(before + n);
            for (size_t i = 0; i < n; ++i)
                pages.push_back(newPage());
        } catch (...) {
            for (size_t i = before; i < pages.size(); ++i)
                release(pages[i]);
            pages.resize(before);
            throw;
        }
    }

    KvPage* newPage()
    {
        auto page = std::make_unique<KvPage>();
        if (!spare.empty()) {
            page->memory = spare.back();
            spare.pop_back();
        } else {
            page->memory = static_cast<std::byte*>(std::aligned_alloc(64, (pageBytes + 63) / 64 * 64));
            if (!page->memory)
                throw OutOfMemory("cpu", pageBytes, 0);
        }
        page->nSequences = 1;
        ++nHeld;
        return page.release();
    }

    void freePage(KvPage* page) noexcept
    {
        if (spare.size() < kMostSpare)
            spare.push_back(page->memory);
        else
            std::free(page->memory);
        delete page;
    }

    void hold(KvPage* page)
    {
        if (page->nSequences++ == 0) {
            evictable.erase(page->entry->lastUse);
            ++nHeld;
        }
    }

    void release(KvPage* page) noexcept
    {
        if (--page->nSequences > 0)
            return;
        --nHeld;
        if (page->entry)
            evictable.emplace(page->entry->lastUse, page->entry);
        else
            freePage(page);
    }

    IndexEntry* find(const IndexEntry* parent, uint64_t hash, std::span<const int32_t> tokens) const
    {
        const auto [first, last] = index.equal_range(hash);
        for (auto it = first; it != last; ++it) {
            if (it->second->parent == parent && std::equal(tokens.begin(), tokens.end(), it->second->tokens.begin()))
                return it->second.get();
        }
        return nullptr;
    }

    void evictOldest()
    {
        IndexEntry* entry = evictable.begin()->second;
        evictable.erase(evictable.begin());
        freePage(entry->page);
        const auto [first, last] = index.equal_range(entry->hash);
        index.erase(std::find_if(first, last, [&](const auto& item) { return item.second.get() == entry; }));
    }

    void clearIndex() noexcept
    {
        for (auto& [hash, entry] : index) {
            entry->page->entry = nullptr;
            if (entry->page->nSequences == 0)
                freePage(entry->page);
        }
        index.clear();
        evictable.clear();
    }

    // Stamps a chain that was just walked, first page latest, so that leaves are given up first. All its pages are held.
    void touch(std::span<IndexEntry* const> chain)
    {
        clock += chain.size();
        for (size_t i = 0; i < chain.size(); ++i)
            chain[i]->lastUse = clock - i;
    }
};

KvPool::KvPool(KvLayout layout, size_t budgetBytes)
{
    if (layout.dtype != DType::F32 && layout.dtype != DType::F16)
        throw std::invalid_argument("a KV cache holds F32 or F16");
    if (layout.nLayers < 1 || layout.nKvHeads < 1 || layout.keyDim < 1 || layout.valueDim < 1)
        throw std::invalid_argument("a KV cache without layers, heads or values");
    m_state = std::make_unique<State>(layout, budgetBytes);
}

KvPool::~KvPool() = default;

const KvLayout& KvPool::layout() const
{
    return m_state->layout;
}

size_t KvPool::budgetBytes() const
{
    return m_state->nMostPages * m_state->pageBytes;
}

size_t KvPool::usedBytes() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->nHeld * m_state->pageBytes;
}

size_t KvPool::cachedBytes() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->evictable.size() * m_state->pageBytes;
}

int64_t KvPool::freeTokens() const
{
    const std::lock_guard lock(m_state->mutex);
    return int64_t(m_state->nMostPages - m_state->nHeld) * kPageTokens;
}

void KvPool::clearPrefixIndex()
{
    const std::lock_guard lock(m_state->mutex);
    m_state->clearIndex();
}

KvSequence::KvSequence(KvPool& pool)
    : m_pool(&pool), m_keyPages(size_t(pool.layout().nLayers)), m_valuePages(size_t(pool.layout().nLayers))
{
}

KvSequence::~KvSequence()
{
    releaseAll();
}

KvSequence::KvSequence(KvSequence&& other) noexcept
    : m_pool(other.m_pool), m_tokens(std::move(other.m_tokens)), m_pages(std::move(other.m_pages)),
      m_keyPages(std::move(other.m_keyPages)), m_valuePages(std::move(other.m_valuePages))
{
    other.m_pages.clear();
    other.m_tokens.clear();
}

KvSequence& KvSequence::operator=(KvSequence&& other) noexcept
{
    if (this != &other) {
        releaseAll();
        m_pool = other.m_pool;
        m_tokens = std::move(other.m_tokens);
        m_pages = std::move(other.m_pages);
        m_keyPages = std::move(other.m_keyPages);
        m_valuePages = std::move(other.m_valuePages);
        other.m_pages.clear();
        other.m_tokens.clear();
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
    const size_t keys = keyBytes(layout), values = valueBytes(layout);
    for (size_t layer = 0; layer < size_t(layout.nLayers); ++layer) {
        m_keyPages[layer].resize(m_pages.size());
        m_valuePages[layer].resize(m_pages.size());
        for (size_t i = firstPage; i < m_pages.size(); ++i) {
            const std::byte* start = m_pages[i]->memory + layer * (keys + values);
            m_keyPages[layer][i] = start;
            m_valuePages[layer][i] = start + keys;
        }
    }
}

int64_t KvSequence::adoptPrefix(std::span<const int32_t> prompt)
{
    if (!m_tokens.empty())
        throw std::invalid_argument("adoptPrefix: the sequence is not empty");
    if (prompt.empty())
        return 0;
    const size_t nMost = (prompt.size() - 1) / kPageTokens;
    std::vector<IndexEntry*> chain;
    chain.reserve(nMost);
    m_pages.reserve(nMost);
    m_tokens.reserve(prompt.size());
    KvPool::State& state = *m_pool->m_state;
    {
        const std::lock_guard lock(state.mutex);
        uint64_t hash = 0;
        for (size_t i = 0; i < nMost; ++i) {
            const auto tokens = prompt.subspan(i * kPageTokens, kPageTokens);
            hash = chainHash(hash, tokens);
            IndexEntry* entry = state.find(chain.empty() ? nullptr : chain.back(), hash, tokens);
            if (!entry)
                break;
            state.hold(entry->page);
            m_pages.push_back(entry->page);
            chain.push_back(entry);
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
        std::memcpy((*next)->memory, m_pages.back()->memory, state.pageBytes);
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
    const size_t nPages = pagesFor(newLength);
    if (nPages < m_pages.size()) {
        const std::lock_guard lock(m_pool->m_state->mutex);
        for (size_t i = nPages; i < m_pages.size(); ++i)
            m_pool->m_state->release(m_pages[i]);
    }
    m_pages.resize(nPages);
    m_tokens.resize(size_t(newLength));
    repoint(nPages);
}

KvSequence KvSequence::fork() const
{
    KvSequence copy(*m_pool);
    copy.m_tokens = m_tokens;
    copy.m_keyPages = m_keyPages;
    copy.m_valuePages = m_valuePages;
    copy.m_pages.reserve(m_pages.size());
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
        for (int head = 0; head < layout.nKvHeads; ++head, from += dim) {
            const int64_t at = (int64_t(head) * kPageTokens + slot) * dim;
            auto* to = const_cast<std::byte*>(page);
            if (layout.dtype == DType::F32)
                std::memcpy(to + at * 4, from, size_t(dim) * 4);
            else
                quant::floatToHalf(from, reinterpret_cast<uint16_t*>(to) + at, dim);
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

void KvSequence::publish()
{
    const size_t nWhole = m_tokens.size() / kPageTokens;
    if (nWhole == 0)
        return;
    std::vector<IndexEntry*> chain;
    chain.reserve(nWhole);
    size_t firstChanged = m_pages.size();
    KvPool::State& state = *m_pool->m_state;
    {
        const std::lock_guard lock(state.mutex);
        uint64_t hash = 0;
        for (size_t i = 0; i < nWhole; ++i) {
            const auto tokens = std::span<const int32_t>(m_tokens).subspan(i * kPageTokens, kPageTokens);
            hash = chainHash(hash, tokens);
            const IndexEntry* parent = chain.empty() ? nullptr : chain.back();
            IndexEntry* entry = state.find(parent, hash, tokens);
            if (!entry) {
                auto made = std::make_unique<IndexEntry>(IndexEntry{parent, hash, {}, m_pages[i], 0});
                std::copy(tokens.begin(), tokens.end(), made->tokens.begin());
                entry = state.index.emplace(hash, std::move(made))->second.get();
                m_pages[i]->entry = entry;
            } else if (entry->page != m_pages[i]) {
                state.hold(entry->page);
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
