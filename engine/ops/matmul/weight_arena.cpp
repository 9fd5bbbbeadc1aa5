// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/weight_arena.h"

#include "engine/core/error.h"
#include "engine/ops/matmul/tile.h"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <sys/mman.h>
#include <unistd.h>

namespace sy::ops {

namespace {
constexpr size_t kAlignment = 64;
size_t padded(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// In steps of a huge page: meanwhile whoever else in the process maps memory has to wait.
void populate(const std::byte* data, size_t bytes, int advice) noexcept
{
    constexpr uintptr_t kStep = uintptr_t(2) << 20;
    static const auto pageBytes = uintptr_t(sysconf(_SC_PAGESIZE));
    const auto end = reinterpret_cast<uintptr_t>(data) + bytes;
    for (uintptr_t at = reinterpret_cast<uintptr_t>(data) / pageBytes * pageBytes, next; at < end; at = next) {
        next = std::min(end, (at + kStep) / kStep * kStep);
        madvise(reinterpret_cast<void*>(at), next - at, advice);
    }
}
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
    if (packedBytes(weight) == 0)
        return weight;
    Tensor packed = reserve(weight);
    packTiles(context, weight, 0, nTiles(weight), packed);
    return packed;
}

Tensor WeightArena::reserve(const Tensor& weight)
{
    const size_t bytes = packedBytes(weight);
    if (m_used + bytes > m_bytes)
        throw std::invalid_argument("WeightArena: more weights than it was made for");
    std::byte* out = m_memory.get() + m_used;
    m_used += bytes;
    return Tensor::wrap(out, weight.bytes(), weight.shape(), weight.dtype(), m_memory, Layout::tiles);
}

int64_t nTiles(const Tensor& weight)
{
    return weight.rows() / kTileRows;
}

void prefetchTiles(const Tensor& weight, int64_t begin, int64_t end, Tensor& packed) noexcept
{
    const size_t tileBytes = weight.rowBytes() * kTileRows, offset = size_t(begin) * tileBytes,
                 bytes = size_t(end - begin) * tileBytes;
    populate(weight.raw() + offset, bytes, MADV_POPULATE_READ);
    populate(packed.raw() + offset, bytes, MADV_POPULATE_WRITE);
}

void packTiles(const OpContext& context, const Tensor& weight, int64_t begin, int64_t end, Tensor& packed)
{
    const TileFormat& format = *findTileFormat(weight.dtype());
    const size_t rowBytes = weight.rowBytes(), tileBytes = rowBytes * kTileRows;
    context.pool.parallelFor(end - begin, 4, [&](int64_t first, int64_t last) {
        for (int64_t tile = begin + first; tile < begin + last; ++tile)
            packTile(format, weight.raw() + size_t(tile) * tileBytes, rowBytes, packed.raw() + size_t(tile) * tileBytes);
    });
}

} // namespace sy::ops
