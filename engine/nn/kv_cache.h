// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "engine/core/tensor.h"
#include "engine/ops/attention/attention.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sy::nn {

/// Rows that stand for several tokens each: DeepSeek V4's compressed keys. They are kept for as long as their tokens, a row in
/// the page of its last token.
struct KvBlocks {
    int ratio;    // tokens of a row: divides KvLayout::kPageTokens, or is a multiple of it
    int keyDim;
    int valueDim; // 0: a row has no value
};

/// Sizes of a model's KV cache. The layers of one page are allocated together, those with a window apart from the others, so that
/// they can be given up when the window has passed.
struct KvLayout {
    int nLayers; // that keep keys and values
    int nKvHeads;
    int keyDim;
    int valueDim;             // 0: values are part of their keys
    DType dtype = DType::F16; // F32, F16 or Q8_0
    int window = 0;                 // tokens that windowed layers see, their own included
    std::vector<bool> isWindowed;   // by layer; empty: none
    size_t stateFloats = 0;         // of one sequence, whatever its length: the memory of recurrent layers, unfinished blocks
    std::vector<KvBlocks> blocks;   // besides the layers; only with a state, since a block may not end where a page does
    static constexpr int kPageTokens = 32;
    static constexpr size_t pagesFor(int64_t nTokens) { return size_t((nTokens + kPageTokens - 1) / kPageTokens); }
    size_t pageBytes() const;   // of a page with all its layers
    size_t recentBytes() const; // of them, in windowed layers
    bool forgets() const { return window > 0 || stateFloats > 0; } // KvSequence::truncate() cannot go back to every length

    /// What a sequence of nTokens holds at most, when it grows by at most stepTokens at once.
    size_t bytes(int64_t nTokens, int64_t stepTokens) const;
};

class KvPool;
struct KvPage;

/// The cached tokens of one sequence: a list of pages, the last partly filled. Pages that other sequences (or the prefix index)
/// hold too are never written: appending to a shared, partly filled page copies it first. Movable, not copyable; fork() makes a
/// second sequence that shares everything so far. Used by one thread at a time; destroyed before its pool.
///
/// In layers with a window, pages that no later token sees are given up as the sequence grows, unless others hold them. A model with
/// recurrent layers keeps a state besides: a step writes the next one while the last is still there, and commitState() exchanges
/// them. Such a sequence adopts no prefix and publishes none, since a state stands for one length only.
class KvSequence {
public:
    /// variant: what keys and values depend on besides the model and the tokens, by any name that is unique to it (an adapter's
    /// content and strength); empty: nothing. Only sequences of the same variant share pages through the prefix index.
    explicit KvSequence(KvPool& pool, std::string variant = {});
    ~KvSequence();
    KvSequence(KvSequence&&) noexcept;
    KvSequence& operator=(KvSequence&&) noexcept;

    int64_t length() const { return int64_t(m_tokens.size()); }
    std::span<const int32_t> tokens() const { return m_tokens; } // what is cached, for prefix comparison
    const std::string& variant() const { return m_variant; }

    /// Finds the longest run of whole pages in the pool's prefix index that holds the beginning of `prompt` in this
    /// sequence's variant and adopts them.
    /// Returns the number of tokens adopted; always leaves at least one token of the prompt to compute. Only on an empty
    /// sequence: std::invalid_argument otherwise.
    int64_t adoptPrefix(std::span<const int32_t> prompt);

    /// Makes room for tokens at positions length() …; afterwards store() may write them. Throws OutOfMemory when the pool is full
    /// and nothing can be evicted; the sequence is then unchanged.
    void append(std::span<const int32_t> tokens);

    /// Forgets the tokens from `length` on. Throws std::invalid_argument unless 0 <= length <= length() and what the next token
    /// needs is still there: restorable(length) == length.
    void truncate(int64_t length);

    /// The longest beginning of at most `length` tokens that truncate() can go back to: `length` itself without windows and state;
    /// less where a window has passed; with a state only 0, length() and the length before the last append() until commitState().
    int64_t restorable(int64_t length) const;

    /// The state before the last append(): zeros at first; and the memory for the one after it. Null without stateFloats.
    const float* state() const { return m_state.get(); }
    float* nextState() const { return m_nextState.get(); }
    /// The step that wrote nextState() has succeeded.
    void commitState();

    KvSequence fork() const;

    /// Writes rows (n, nKvHeads * dim) f32 for positions first … first+n-1 of a layer, converting to the pool's type. Only
    /// positions of the last append(). Several threads may store different rows at once.
    void store(int layer, int64_t first, const float* keys, const float* values, int64_t n) const;

    /// The pages as the attention op reads them; valid until the sequence changes.
    ops::KvPages pages(int layer) const;

    /// Writes row `block` of KvLayout::blocks[index], whose last token is one of the last append(): key, and value where it has
    /// one. One thread at a time for each index.
    void storeBlock(int index, int64_t block, const float* key, const float* value) const;

    /// These rows as pages of fewer tokens: row b is the b-th.
    ops::KvPages blockPages(int index) const;

    /// Puts this sequence's whole pages into the pool's prefix index (hash of the variant and of all tokens before and in the page), so
    /// that later prompts can adopt them. Where the index has a page for the same tokens already, that one replaces this
    /// sequence's copy.
    /// Called by the scheduler when a request ends or a prompt has been processed: only when all of it has been stored.
    void publish();

private:
    void repoint(size_t firstPage);
    void repointBlocks(size_t firstPage);
    void releaseAll() noexcept;
    void dropPassedWindows(int64_t nextPosition);
    size_t firstRecentPage(int64_t length) const; // that a token at this position sees through a window
    void prepareState();

    KvPool* m_pool;
    std::string m_variant;
    std::vector<int32_t> m_tokens;
    std::vector<KvPage*> m_pages;                                        // counted in the pool
    std::vector<std::vector<const std::byte*>> m_keyPages, m_valuePages; // per layer, as pages() hands them out
    std::vector<std::vector<const std::byte*>> m_blockKeys, m_blockValues; // per entry of KvLayout::blocks
    size_t m_nDropped = 0;                                               // pages whose windowed layers this sequence gave up
    std::shared_ptr<float[]> m_state;     // shared with forks; never written
    std::shared_ptr<float[]> m_nextState; // this sequence's own
    int64_t m_stateLength = 0;            // tokens that m_state stands for
};

/// Owns the pages of one loaded model. Thread-safe. Throws std::invalid_argument for a layout that makes no sense.
class KvPool {
public:
    /// Pages are allocated when they are first needed, up to `budgetBytes` in whole pages.
    KvPool(KvLayout layout, size_t budgetBytes);
    ~KvPool();
    const KvLayout& layout() const;
    size_t budgetBytes() const;
    size_t usedBytes() const;   // pages held by sequences
    size_t cachedBytes() const; // pages kept only by the prefix index; given up least recently used first
    int64_t freeTokens() const; // tokens that can still be appended in new pages, evictable pages counted
    void clearPrefixIndex();

private:
    friend class KvSequence;
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace sy::nn
