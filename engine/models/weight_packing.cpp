// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/weight_packing.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace sy::models {

namespace {

constexpr int64_t kPieceBytes = 16 << 20;

std::vector<Tensor*> packable(Model& model)
{
    std::vector<Tensor*> found;
    model.eachMatrix([&](Tensor& weight) {
        if (ops::packedBytes(weight) > 0)
            found.push_back(&weight);
    });
    return found;
}

size_t bytesOf(const std::vector<Tensor*>& matrices)
{
    return std::accumulate(matrices.begin(), matrices.end(), size_t(0),
                           [](size_t sum, const Tensor* weight) { return sum + ops::packedBytes(*weight); });
}

} // namespace

WeightPacking::WeightPacking(Model& model, WeightIsRead isRead)
    : m_matrices(packable(model)), m_nBytes(bytesOf(m_matrices)), m_arena(m_nBytes), m_isRead(std::move(isRead))
{
}

bool WeightPacking::choose(int64_t bytes)
{
    while (bytes > 0 && m_current < m_matrices.size()) {
        Tensor& weight = *m_matrices[m_current];
        if (m_nTiles == 0)
            m_packed = m_arena.reserve(weight);
        const int64_t nAll = ops::nTiles(weight), tileBytes = int64_t(weight.bytes()) / nAll, begin = m_nTiles;
        m_nTiles = std::min(nAll, begin + std::max<int64_t>(1, bytes / tileBytes));
        bytes -= (m_nTiles - begin) * tileBytes;
        m_pieces.push_back({&weight, begin, m_nTiles, m_packed});
        if (m_nTiles == nAll) {
            ++m_current;
            m_nTiles = 0;
        }
    }
    return !m_pieces.empty();
}

void WeightPacking::prefetch()
{
    for (Piece& piece : m_pieces)
        ops::prefetchTiles(*piece.weight, piece.begin, piece.end, piece.packed);
}

void WeightPacking::advance(const ops::OpContext& context)
{
    const auto tell = [&](const Tensor& original, int64_t begin, int64_t end) {
        const size_t tileBytes = original.bytes() / size_t(ops::nTiles(original));
        if (m_isRead)
            m_isRead({original.raw() + size_t(begin) * tileBytes, size_t(end - begin) * tileBytes});
    };
    for (Piece& piece : std::exchange(m_pieces, {})) {
        ops::packTiles(context, *piece.weight, piece.begin, piece.end, piece.packed);
        tell(*piece.weight, piece.begin, piece.end);
        m_nPackedBytes += size_t(piece.end - piece.begin) * (piece.packed.bytes() / size_t(ops::nTiles(piece.packed)));
        if (piece.end < ops::nTiles(*piece.weight))
            continue;
        const Tensor original = std::exchange(*piece.weight, std::move(piece.packed));
        tell(original, 0, ops::nTiles(original));
    }
}

void packWeights(const ops::OpContext& context, Model& model, WeightIsRead isRead)
{
    WeightPacking packing(model, std::move(isRead));
    while (packing.choose(kPieceBytes))
        packing.advance(context);
}

} // namespace sy::models
