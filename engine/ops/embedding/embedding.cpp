// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/ops/embedding/embedding.h"

#include "engine/ops/matmul/tile.h"
#include "engine/ops/parallel_rows.h"
#include "engine/quant/quant_table.h"

#include <stdexcept>
#include <string>
#include <vector>

namespace sy::ops {

Tensor embedRows(const OpContext& context, const Tensor& table, std::span<const int32_t> ids)
{
    const quant::QuantType* type = quant::find(table.dtype());
    const int64_t dim = table.cols();
    if (!type || dim % type->valuesPerBlock != 0)
        throw std::invalid_argument("embedRows: a table " + toString(table.shape()) + " of " +
                                    std::string(quant::typeName(table.dtype())));
    for (const int32_t id : ids) {
        if (id < 0 || id >= table.rows())
            throw std::invalid_argument("embedRows: row " + std::to_string(id) + " of a table of " + std::to_string(table.rows()));
    }
    Tensor out = Tensor::empty({int64_t(ids.size()), dim});
    const size_t rowBytes = table.rowBytes();
    constexpr int64_t kCost = 8; // decoding a value, in the values that parallelRows counts
    parallelRows(context, out.rows(), dim * kCost, [&, values = out.f32()](int64_t first, int64_t end) {
        std::vector<std::byte> turned(table.layout() == Layout::tiles ? rowBytes : 0);
        for (int64_t i = first; i < end; ++i) {
            const int64_t id = ids[size_t(i)];
            const std::byte* row = table.raw() + size_t(id) * rowBytes;
            if (!turned.empty()) {
                unpackTileRow(*findTileFormat(table.dtype()), table.raw() + size_t(id / kTileRows) * kTileRows * rowBytes, rowBytes,
                              int(id % kTileRows), turned.data());
                row = turned.data();
            }
            type->unpack(row, values + i * dim, dim);
        }
    });
    return out;
}

} // namespace sy::ops
