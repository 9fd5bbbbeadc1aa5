// SPDX-License-Identifier: GPL-3.0-or-later
// Cuts a ragged batch into jobs of one key/value head and a block of rows. A block that is short of rows (decode) over a long
// context is cut along the keys too, so that few heads still keep many threads busy; the partial results are merged in key order.
// Long blocks (prefill) walk the same segments one after another and merge them the same way, so both give the same bits.
#include "engine/ops/attention/attention.h"

#include "engine/ops/attention/attention_rows.h"

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace sy::ops {

namespace {

AttentionKernels attentionKernels(cpu::Level level)
{
#if defined(__x86_64__)
    if (level == cpu::Level::avx512)
        return avx512AttentionKernels();
    if (level == cpu::Level::avx2)
        return avx2AttentionKernels();
#endif
    (void)level;
    return scalarAttentionKernels();
}

// One head's tiles in the pages of a sequence.
struct PagedHead {
    const KvPages* pages;
    const std::span<const std::byte* const>* values; // of the pages; or the keys once more
    size_t keyOffset, valueOffset; // bytes of this head inside a page
    size_t keyTileBytes, valueTileBytes;

    static KeyTile tile(const void* source, int64_t index)
    {
        const auto& head = *static_cast<const PagedHead*>(source);
        const int tilesPerPage = head.pages->pageTokens / kKeyTile;
        const size_t page = size_t(index / tilesPerPage), inside = size_t(index % tilesPerPage);
        return {head.pages->keys[page] + head.keyOffset + inside * head.keyTileBytes,
                (*head.values)[page] + head.valueOffset + inside * head.valueTileBytes};
    }
};

// One head's tiles in dense (tokens, heads * dim) matrices.
struct DenseHead {
    const float* keys;
    const float* values;
    int64_t keyStride, valueStride;

    static KeyTile tile(const void* source, int64_t index)
    {
        const auto& head = *static_cast<const DenseHead*>(source);
        return {reinterpret_cast<const std::byte*>(head.keys + index * kKeyTile * head.keyStride),
                reinterpret_cast<const std::byte*>(head.values + index * kKeyTile * head.valueStride)};
    }
};

struct Block {
    size_t sequence;
    int kvHead;
    int firstHead, nHeads;    // of the query heads that share this key/value head
    int64_t firstRow; // inside the sequence
    int nRows;
    int64_t firstKey, endKey; // of the part of the keys that this job takes
    int64_t partial = -1;     // index of its first query in the partial results, or -1: it finishes its rows itself
    bool isFirst = true;      // of those that share the rows and have different keys
};

// Heads of a group that one block takes: as many as fit; few when a step has little else to keep the threads busy with.
int headsPerBlock(int group, int64_t nOtherBlocks, int nThreads)
{
    constexpr int kFewest = 4; // heads that share the turning of a tile of keys
    int64_t nParts = (group + kMostQueries - 1) / kMostQueries;
    while (nParts * nOtherBlocks < nThreads && (group + nParts) / (nParts + 1) >= kFewest)
        ++nParts;
    return int((group + nParts - 1) / nParts);
}

// Partial results of queries: largest, 16 sums, padded values.
struct Partials {
    std::vector<float> memory;
    float* largest;
    float* sums;
    float* weighted;
    void resize(int64_t nQueries, int padded)
    {
        memory.resize(size_t(nQueries) * (1 + 16 + padded));
        largest = memory.data();
        sums = largest + nQueries;
        weighted = sums + nQueries * 16;
    }
};

} // namespace

// Shared by both public functions: `describe` fills the fields of a job that depend on where keys lie.
template <class Describe>
static void runBlocks(const OpContext& context, const AttentionConfig& config, const std::vector<Block>& blocks,
                      int64_t nPartials, Tensor& out, const Describe& describe)
{
    const AttentionKernels kernels = attentionKernels(context.level);
    const int group = config.nHeads / config.nKvHeads;
    const int padded = padded16(config.valueDim);
    const int64_t width = int64_t(config.nHeads) * config.valueDim;
    const std::vector<float> nothing(config.sinks ? size_t(padded) : 0, 0.0f);
    Partials shared;
    shared.resize(nPartials, padded);
    const auto write = [&](const Block& block, int64_t row0, int query, float* largest, float* sums, float* weighted) {
        const int64_t row = row0 + block.firstRow + query / block.nHeads;
        const int64_t head = int64_t(block.kvHead) * group + block.firstHead + query % block.nHeads;
        if (config.sinks) {
            // One more key with this score and a value of zeros.
            const float one[16] = {1.0f};
            kernels.merge(largest, sums, weighted, config.sinks + head, one, nothing.data(), padded);
        }
        kernels.finish(sums, weighted, out.f32() + row * width + head * config.valueDim, config.valueDim);
    };

    context.pool.parallelFor(int64_t(blocks.size()), 1, [&](int64_t begin, int64_t end) {
        thread_local Partials running, next;
        running.resize(kMostQueries, padded);
        next.resize(kMostQueries, padded);
        for (int64_t b = begin; b < end; ++b) {
            const Block& block = blocks[size_t(b)];
            const int nQueries = block.nRows * block.nHeads;
            describe(block, [&](AttentionRows job, int64_t row0) {
                job.nRows = block.nRows;
                job.group = block.nHeads;
                job.headDim = config.headDim;
                job.valueDim = config.valueDim;
                job.scale = config.scale;
                job.window = config.window;
                if (block.partial >= 0) {
                    job.firstKey = block.firstKey;
                    job.endKey = block.endKey;
                    job.largest = shared.largest + block.partial;
                    job.sums = shared.sums + block.partial * 16;
                    job.weighted = shared.weighted + block.partial * padded;
                    kernels.segment(job);
                    return;
                }
                for (int64_t key = block.firstKey; key < block.endKey; key += kSegmentKeys) {
                    Partials& p = key == block.firstKey ? running : next;
                    job.firstKey = key;
                    job.endKey = std::min(block.endKey, key + kSegmentKeys);
                    job.largest = p.largest;
                    job.sums = p.sums;
                    job.weighted = p.weighted;
                    kernels.segment(job);
                    for (int i = 0; key > block.firstKey && i < nQueries; ++i)
                        kernels.merge(running.largest + i, running.sums + i * 16, running.weighted + i * padded, next.largest + i,
                                      next.sums + i * 16, next.weighted + i * padded, padded);
                }
                for (int i = 0; i < nQueries; ++i)
                    write(block, row0, i, running.largest + i, running.sums + i * 16, running.weighted + i * padded);
            });
        }
    });

    // Split blocks follow each other in key order; the first of a family collects the others.
    for (size_t b = 0; b < blocks.size();) {
        const Block& block = blocks[b];
        if (block.partial < 0) {
            ++b;
            continue;
        }
        const int nQueries = block.nRows * block.nHeads;
        size_t next = b + 1;
        for (; next < blocks.size() && blocks[next].partial >= 0 && !blocks[next].isFirst; ++next)
            for (int i = 0; i < nQueries; ++i) {
                const int64_t to = block.partial + i, from = blocks[next].partial + i;
                kernels.merge(shared.largest + to, shared.sums + to * 16, shared.weighted + to * padded, shared.largest + from,
                              shared.sums + from * 16, shared.weighted + from * padded, padded);
            }
        describe(block, [&](const AttentionRows&, int64_t row0) {
            for (int i = 0; i < nQueries; ++i)
                write(block, row0, i, shared.largest + block.partial + i, shared.sums + (block.partial + i) * 16,
                      shared.weighted + (block.partial + i) * padded);
        });
        b = next;
    }
}

size_t kvRowBytes(DType dtype, int dim)
{
    switch (dtype) {
    case DType::F32: return size_t(dim) * 4;
    case DType::F16: return size_t(dim) * 2;
    case DType::Q8_0: return (size_t(dim) + 31) / 32 * 34;
    default: throw std::invalid_argument("keys and values are F32, F16 or Q8_0");
    }
}

static void check(const AttentionConfig& c)
{
    if (c.nKvHeads <= 0 || c.nHeads % c.nKvHeads != 0)
        throw std::invalid_argument("attention: key/value heads must divide the query heads");
    if (c.headDim <= 0 || c.headDim > 640 || c.valueDim <= 0 || c.valueDim > 640)
        throw std::invalid_argument("attention: head size outside 1 … 640");
    if (c.valuesInKeys && c.valueDim > c.headDim)
        throw std::invalid_argument("attention: values longer than the keys they lie in");
}

Tensor attention(const OpContext& context, const Tensor& q, std::span<const AttentionSequence> sequences,
                 const AttentionConfig& config)
{
    check(config);
    if (q.cols() != int64_t(config.nHeads) * config.headDim)
        throw std::invalid_argument("attention: q " + toString(q.shape()) + " does not fit the heads");
    Tensor out = Tensor::empty({q.rows(), int64_t(config.nHeads) * config.valueDim});
    const int group = config.nHeads / config.nKvHeads;
    int64_t nRowBlocks = 0;
    for (const AttentionSequence& sequence : sequences)
        nRowBlocks += (sequence.nRows + 15) / 16;
    const int nBlockHeads = headsPerBlock(group, nRowBlocks * config.nKvHeads, context.pool.nThreads());
    const int rowsPerBlock = std::max(1, kMostQueries / nBlockHeads);

    std::vector<Block> blocks;
    int64_t nPartials = 0;
    for (size_t s = 0; s < sequences.size(); ++s) {
        const AttentionSequence& sequence = sequences[s];
        if (sequence.kv.pageTokens % kKeyTile != 0)
            throw std::invalid_argument("attention: page size is no multiple of 32");
        kvRowBytes(sequence.kv.dtype, config.headDim); // throws for a type of no page
        if (sequence.firstRow < 0 || sequence.firstRow + sequence.nRows > q.rows())
            throw std::invalid_argument("attention: rows outside q");
        for (int64_t row = 0; row < sequence.nRows; row += rowsPerBlock) {
            const int nRows = int(std::min<int64_t>(rowsPerBlock, sequence.nRows - row));
            const int64_t nKeys = sequence.firstPosition + row + nRows;
            // Keys before the first row's window count for no row; the walk begins with the segment that it starts in.
            const int64_t firstSeen = config.window > 0 ? std::max<int64_t>(0, sequence.firstPosition + row - config.window + 1) : 0;
            const int64_t firstKey = firstSeen / kSegmentKeys * kSegmentKeys;
            const bool isSplit = nKeys - firstKey > kSegmentKeys && sequence.nRows <= 4 && context.pool.nThreads() > 1;
            for (int part = 0; part < config.nKvHeads * ((group + nBlockHeads - 1) / nBlockHeads); ++part) {
                const int head = part % config.nKvHeads, firstHead = part / config.nKvHeads * nBlockHeads;
                const int nHeads = std::min(nBlockHeads, group - firstHead);
                if (!isSplit) {
                    blocks.push_back({s, head, firstHead, nHeads, row, nRows, firstKey, nKeys});
                    continue;
                }
                for (int64_t key = firstKey; key < nKeys; key += kSegmentKeys) {
                    blocks.push_back({s, head, firstHead, nHeads, row, nRows, key, std::min(nKeys, key + kSegmentKeys), nPartials,
                                      key == firstKey});
                    nPartials += int64_t(nRows) * nHeads;
                }
            }
        }
    }

    runBlocks(context, config, blocks, nPartials, out, [&](const Block& block, const auto& use) {
        const AttentionSequence& sequence = sequences[block.sequence];
        const size_t keyBytes = kvRowBytes(sequence.kv.dtype, config.headDim);
        const size_t valueBytes = config.valuesInKeys ? keyBytes : kvRowBytes(sequence.kv.dtype, config.valueDim);
        const PagedHead head{&sequence.kv, config.valuesInKeys ? &sequence.kv.keys : &sequence.kv.values,
                             keyBytes * sequence.kv.pageTokens * block.kvHead, valueBytes * sequence.kv.pageTokens * block.kvHead,
                             keyBytes * kKeyTile, valueBytes * kKeyTile};
        AttentionRows job{};
        job.q = q.f32() + (sequence.firstRow + block.firstRow) * q.cols() +
                (int64_t(block.kvHead) * group + block.firstHead) * config.headDim;
        job.qStride = q.cols();
        job.position = sequence.firstPosition + block.firstRow;
        job.tile = PagedHead::tile;
        job.source = &head;
        job.keyBytes = int64_t(keyBytes);
        job.valueBytes = int64_t(valueBytes);
        job.dtype = sequence.kv.dtype;
        job.isCausal = true;
        use(job, sequence.firstRow);
    });
    return out;
}

Tensor encoderAttention(const OpContext& context, const Tensor& q, const Tensor& k, const Tensor& v,
                        std::span<const int64_t> lengths, const AttentionConfig& config)
{
    check(config);
    const int group = config.nHeads / config.nKvHeads;
    if (group > kMostQueries || config.valuesInKeys)
        throw std::invalid_argument("encoderAttention: " + std::to_string(group) + " heads share keys, or values lie in keys");
    int64_t total = 0;
    for (const int64_t n : lengths)
        total += n;
    if (q.rows() != total || k.rows() != total || v.rows() != total || q.cols() != int64_t(config.nHeads) * config.headDim ||
        k.cols() != int64_t(config.nKvHeads) * config.headDim || v.cols() != int64_t(config.nKvHeads) * config.valueDim)
        throw std::invalid_argument("encoderAttention: q, k and v do not fit the heads and lengths");
    Tensor out = Tensor::empty({total, int64_t(config.nHeads) * config.valueDim});
    const int rowsPerBlock = std::max(1, kMostQueries / group);

    std::vector<Block> blocks;
    std::vector<int64_t> firstRows;
    for (size_t s = 0; s < lengths.size(); ++s) {
        firstRows.push_back(s ? firstRows.back() + lengths[s - 1] : 0);
        for (int64_t row = 0; row < lengths[s]; row += rowsPerBlock)
            for (int head = 0; head < config.nKvHeads; ++head)
                blocks.push_back({s, head, 0, group, row, int(std::min<int64_t>(rowsPerBlock, lengths[s] - row)), 0, lengths[s]});
    }
    runBlocks(context, config, blocks, 0, out, [&](const Block& block, const auto& use) {
        const int64_t first = firstRows[block.sequence];
        const DenseHead head{k.f32() + first * k.cols() + int64_t(block.kvHead) * config.headDim,
                             v.f32() + first * v.cols() + int64_t(block.kvHead) * config.valueDim, k.cols(), v.cols()};
        AttentionRows job{};
        job.q = q.f32() + (first + block.firstRow) * q.cols() + int64_t(block.kvHead) * group * config.headDim;
        job.qStride = q.cols();
        job.position = block.firstRow;
        job.tile = DenseHead::tile;
        job.source = &head;
        job.keyBytes = k.cols() * int64_t(sizeof(float));
        job.valueBytes = v.cols() * int64_t(sizeof(float));
        job.dtype = DType::F32;
        job.isCausal = false;
        use(job, first);
    });
    return out;
}

} // namespace sy::ops
