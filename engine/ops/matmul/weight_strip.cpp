// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/matmul/weight_strip.h"

#include "engine/ops/matmul/tile.h"
#include "engine/quant/quant_table.h"

#include <vector>

namespace sy::ops {

void decodeStrip(const Tensor& weight, int64_t firstRow, int64_t nRows, int64_t firstCol, int64_t nCols, float* out)
{
    const quant::QuantType& type = *quant::find(weight.dtype());
    const auto skipBytes = size_t(firstCol / type.valuesPerBlock * type.bytesPerBlock);
    const auto stripBytes = size_t(nCols / type.valuesPerBlock * type.bytesPerBlock);
    thread_local std::vector<std::byte> turned;
    for (int64_t k = 0; k < nRows; ++k) {
        const std::byte* blocks = weight.raw() + size_t(firstRow + k) * weight.rowBytes() + skipBytes;
        if (weight.layout() == Layout::tiles) {
            // A tile keeps a block of all its rows in one piece, so a strip of columns is one piece too.
            const int64_t tile = (firstRow + k) / kTileRows, inTile = (firstRow + k) % kTileRows;
            if (k == 0 || inTile == 0) {
                turned.resize(stripBytes * kTileRows);
                unpackTile(*findTileFormat(weight.dtype()),
                           weight.raw() + size_t(tile) * kTileRows * weight.rowBytes() + skipBytes * kTileRows, stripBytes,
                           turned.data());
            }
            blocks = turned.data() + size_t(inTile) * stripBytes;
        }
        type.unpack(blocks, out + k * nCols, nCols);
    }
}

} // namespace sy::ops
