// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/kv_pool_state.h"

#include <stdexcept>
#include <string>

namespace sy::nn {

size_t keyBytes(const KvLayout& layout)
{
    return size_t(layout.nKvHeads) * kPageTokens * ops::kvRowBytes(layout.dtype, layout.keyDim);
}

size_t valueBytes(const KvLayout& layout)
{
    return size_t(layout.nKvHeads) * kPageTokens * ops::kvRowBytes(layout.dtype, layout.valueDim);
}

size_t blockKeyBytes(const KvLayout& layout, const KvBlocks& b)
{
    return size_t(blockRows(b)) * ops::kvRowBytes(layout.dtype, b.keyDim);
}

size_t blockValueBytes(const KvLayout& layout, const KvBlocks& b)
{
    return size_t(blockRows(b)) * ops::kvRowBytes(layout.dtype, b.valueDim);
}

size_t KvLayout::pageBytes() const
{
    size_t bytes = size_t(nLayers) * (keyBytes(*this) + valueBytes(*this));
    for (const KvBlocks& b : blocks)
        bytes += blockKeyBytes(*this, b) + blockValueBytes(*this, b);
    return bytes;
}

size_t KvLayout::recentBytes() const
{
    return size_t(std::ranges::count(isWindowed, true)) * (keyBytes(*this) + valueBytes(*this));
}

size_t KvLayout::bytes(int64_t nTokens, int64_t stepTokens) const
{
    // What has passed is given up when a step begins: until then its room is asked for beside the step before and the
    // window, all of which may begin inside a page.
    const size_t nPages = pagesFor(nTokens), nRecent = std::min(nPages, pagesFor(window) + 2 + 2 * pagesFor(stepTokens));
    return nPages * (pageBytes() - recentBytes()) + nRecent * recentBytes() + 2 * stateFloats * sizeof(float);
}

KvPool::KvPool(KvLayout layout, size_t budgetBytes)
{
    if (layout.nLayers < 1 || layout.nKvHeads < 1 || layout.keyDim < 1 || layout.valueDim < 0)
        throw std::invalid_argument("a KV cache without layers, heads or keys");
    if (!layout.isWindowed.empty() && (layout.isWindowed.size() != size_t(layout.nLayers) || layout.window < 1))
        throw std::invalid_argument("a KV cache with windows for " + std::to_string(layout.isWindowed.size()) + " of " +
                                    std::to_string(layout.nLayers) + " layers");
    for (const KvBlocks& b : layout.blocks) {
        if (b.ratio < 1 || (kPageTokens % b.ratio != 0 && b.ratio % kPageTokens != 0) || b.keyDim < 1 || b.valueDim < 0 ||
            layout.stateFloats == 0)
            throw std::invalid_argument("a KV cache with blocks of " + std::to_string(b.ratio) + " tokens");
    }
    m_state = std::make_unique<State>(std::move(layout), budgetBytes);
}

KvPool::~KvPool() = default;

const KvLayout& KvPool::layout() const
{
    return m_state->layout;
}

size_t KvPool::budgetBytes() const
{
    return m_state->budgetBytes;
}

size_t KvPool::usedBytes() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->heldBytes;
}

size_t KvPool::cachedBytes() const
{
    const std::lock_guard lock(m_state->mutex);
    return m_state->evictableBytes;
}

int64_t KvPool::freeTokens() const
{
    const std::lock_guard lock(m_state->mutex);
    return int64_t((m_state->budgetBytes - m_state->heldBytes) / m_state->layout.pageBytes()) * kPageTokens;
}

void KvPool::clearPrefixIndex()
{
    const std::lock_guard lock(m_state->mutex);
    m_state->clearIndex();
}

} // namespace sy::nn
