// SPDX-License-Identifier: GPL-3.0-or-later
// Inside of the KV cache, for kv_cache.cpp and kv_pool.cpp.
// A page belongs to sequences, which count themselves, and to at most one entry of the prefix index. The index is a tree: an
// entry knows the tokens of its own page and the entry of the page before, so that a chain of entries spells out a prefix
// and finding one never relies on hashes being different:
//
//      (root) --- [t0 ... t31] --- [t32 ... t63] --- [t64 ... t95]
//                             \--- [t32'... t63']
//
// Each variant (an adapter at a strength) is a tree of its own: entries of first pages name it, and those after them belong
// to it by their parents.
//
// Whoever holds an entry's page holds the pages of all entries before it: adoption takes a whole chain, and publishing
// replaces the sequence's own copy of a page by the index's. So the pages that only the index holds are closed under
// "after", and giving them up in the order of their last use, with every entry's stamp above those of the entries after it,
// removes leaves first.
#pragma once

#include "engine/core/error.h"
#include "engine/nn/kv_cache.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace sy::nn {

inline constexpr int kPageTokens = KvLayout::kPageTokens;

inline size_t pagesFor(int64_t nTokens)
{
    return KvLayout::pagesFor(nTokens);
}

size_t keyBytes(const KvLayout& layout); // of one layer in one page
size_t valueBytes(const KvLayout& layout);

inline int blockRows(const KvBlocks& blocks) // that a page has room for
{
    return std::max(1, kPageTokens / blocks.ratio);
}
size_t blockKeyBytes(const KvLayout& layout, const KvBlocks& blocks); // in one page
size_t blockValueBytes(const KvLayout& layout, const KvBlocks& blocks);

struct IndexEntry {
    const IndexEntry* parent; // nullptr: the first page
    std::string variant;      // of a first page; empty in the others
    uint64_t hash;            // of the variant and all tokens up to the end of the page
    std::array<int32_t, kPageTokens> tokens;
    KvPage* page;
    uint64_t lastUse;
};

struct KvPage {
    std::byte* memory = nullptr; // by layer: keys, then values; then the same of each KvLayout::blocks
    std::byte* recent = nullptr; // the same for layers with a window; null when there are none, or theirs has passed
    int nSequences = 0;
    IndexEntry* entry = nullptr;
};

struct KvPool::State {
    static constexpr size_t kMostSpare = 32;

    const KvLayout layout;
    const size_t recentBytes, lastingBytes; // of a page: of layers with a window, and of the others
    const size_t budgetBytes;

    mutable std::mutex mutex; // guards everything below and the fields of pages
    size_t heldBytes = 0;     // of pages with a sequence
    size_t evictableBytes = 0;
    std::unordered_multimap<uint64_t, std::unique_ptr<IndexEntry>> index;
    std::map<uint64_t, IndexEntry*> evictable;         // by last use: entries whose page no sequence holds
    std::vector<std::byte*> spareLasting, spareRecent; // memory of freed pages, for the next ones
    uint64_t clock = 0;

    State(KvLayout layout_, size_t budgetBytes_)
        : layout(std::move(layout_)), recentBytes(layout.recentBytes()), lastingBytes(layout.pageBytes() - recentBytes),
          budgetBytes(budgetBytes_ / layout.pageBytes() * layout.pageBytes())
    {
        spareLasting.reserve(kMostSpare);
        spareRecent.reserve(kMostSpare);
    }

    ~State()
    {
        assert(heldBytes == 0 && "a KvSequence outlived its pool");
        clearIndex();
        for (std::vector<std::byte*>* spare : {&spareLasting, &spareRecent})
            for (std::byte* memory : *spare)
                std::free(memory);
    }

    size_t bytesOf(const KvPage* page) const { return lastingBytes + (page->recent ? recentBytes : 0); }

    // n pages without content, each held once; the caller has the lock.
    void take(size_t n, std::vector<KvPage*>& pages)
    {
        const size_t wanted = n * (lastingBytes + recentBytes);
        if (heldBytes + wanted > budgetBytes)
            throw OutOfMemory("cpu", wanted, budgetBytes - heldBytes);
        while (heldBytes + evictableBytes + wanted > budgetBytes)
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

    static std::byte* newMemory(std::vector<std::byte*>& spare, size_t bytes)
    {
        if (bytes == 0)
            return nullptr;
        if (!spare.empty()) {
            std::byte* memory = spare.back();
            spare.pop_back();
            return memory;
        }
        auto* memory = static_cast<std::byte*>(std::aligned_alloc(64, (bytes + 63) / 64 * 64));
        if (!memory)
            throw OutOfMemory("cpu", bytes, 0);
        return memory;
    }

    static void giveBack(std::vector<std::byte*>& spare, std::byte* memory) noexcept
    {
        if (memory && spare.size() < kMostSpare)
            spare.push_back(memory);
        else
            std::free(memory);
    }

    KvPage* newPage()
    {
        auto page = std::make_unique<KvPage>();
        page->memory = newMemory(spareLasting, lastingBytes);
        try {
            page->recent = newMemory(spareRecent, recentBytes);
        } catch (...) {
            giveBack(spareLasting, page->memory);
            throw;
        }
        page->nSequences = 1;
        heldBytes += bytesOf(page.get());
        return page.release();
    }

    void freePage(KvPage* page) noexcept
    {
        giveBack(spareLasting, page->memory);
        giveBack(spareRecent, page->recent);
        delete page;
    }

    // Gives up the windowed layers of a page that one sequence alone knows. Whether it did.
    bool dropRecent(KvPage* page) noexcept
    {
        if (page->nSequences > 1 || page->entry || !page->recent)
            return false;
        giveBack(spareRecent, std::exchange(page->recent, nullptr));
        heldBytes -= recentBytes;
        return true;
    }

    void hold(KvPage* page)
    {
        if (page->nSequences++ == 0) {
            evictable.erase(page->entry->lastUse);
            evictableBytes -= bytesOf(page);
            heldBytes += bytesOf(page);
        }
    }

    void release(KvPage* page) noexcept
    {
        if (--page->nSequences > 0)
            return;
        heldBytes -= bytesOf(page);
        if (page->entry) {
            evictable.emplace(page->entry->lastUse, page->entry);
            evictableBytes += bytesOf(page);
        } else {
            freePage(page);
        }
    }

    IndexEntry* find(const IndexEntry* parent, std::string_view variant, uint64_t hash, std::span<const int32_t> tokens) const
    {
        const auto [first, last] = index.equal_range(hash);
        for (auto it = first; it != last; ++it) {
            if (it->second->parent == parent && (parent || it->second->variant == variant) &&
                std::equal(tokens.begin(), tokens.end(), it->second->tokens.begin()))
                return it->second.get();
        }
        return nullptr;
    }

    void evictOldest()
    {
        IndexEntry* entry = evictable.begin()->second;
        evictable.erase(evictable.begin());
        evictableBytes -= bytesOf(entry->page);
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
        evictableBytes = 0;
    }

    // Stamps a chain that was just walked, first page latest, so that leaves are given up first. All its pages are held.
    void touch(std::span<IndexEntry* const> chain)
    {
        clock += chain.size();
        for (size_t i = 0; i < chain.size(); ++i)
            chain[i]->lastUse = clock - i;
    }
};

} // namespace sy::nn
