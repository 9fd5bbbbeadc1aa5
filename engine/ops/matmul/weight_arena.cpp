// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/weight_arena.h"

#include "engine/core/error.h"
#include "engine/ops/matmul/tile.h"

#include <stdexcept>
#include <sys/mman.h>

namespace sy::ops {

namespace {
constexpr size_t kAlignment = 64;
size_t padded(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
} // namespace

size_t packedBytes(const Tensor& weight)
{
    const bool hasForm = weight.layout() == Layout::rows && findTileFormat(weight.dtype()) && weight.cols() % kBlock == 0 &&
                         weight.rows() % kTileRows == 0;
    return hasForm ? padded(weight.bytes()) : 0;
}

WeightArena::WeightArena(size_t bytes) : m_bytes(bytes)
{
    if (bytes == 0)
        return;
    void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        throw OutOfMemory("cpu", bytes, 0);
    // A stream of weights leaves a small page every microsecond, and the walk for the next one stalls it, prefetches included: one
    // core of a Zen 3 virtual machine reads Q4_K at 15.5 GB/s from small pages and at 19.5 from huge ones, and decode of a 1.5B
    // model on two threads went from 18 to 22 tokens/s. Only a hint: where the system has none to give, small pages do.
    madvise(p, bytes, MADV_HUGEPAGE);
    m_memory = std::shared_ptr<std::byte>(static_cast<std::byte*>(p), [bytes](std::byte* memory) { munmap(memory, bytes); });
}

Tensor WeightArena::pack(const OpContext& context, const Tensor& weight)
{
    const size_t bytes = packedBytes(weight);
    if (bytes == 0)
        return weight;
    if (m_used + bytes > m_bytes)
        throw std::invalid_argument("WeightArena: more weights than it was made for");
    std::byte* out = m_memory.get() + m_used;
    m_used += bytes;
    const TileFormat& format = *findTileFormat(weight.dtype());
    const size_t rowBytes = weight.rowBytes(), tileBytes = rowBytes * kTileRows;
    context.pool.parallelFor(weight.rows() / kTileRows, 4, [&](int64_t begin, int64_t end) {
        for (int64_t tile = begin; tile < end; ++tile)
            packTile(format, weight.raw() + size_t(tile) * tileBytes, rowBytes, out + size_t(tile) * tileBytes);
    });
    return Tensor::wrap(out, weight.bytes(), weight.shape(), weight.dtype(), m_memory, Layout::tiles);
}

} // namespace sy::ops
