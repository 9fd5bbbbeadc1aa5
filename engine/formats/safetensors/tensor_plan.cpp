// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/safetensors/tensor_plan.h"

#include "engine/core/error.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cstring>

namespace sy::formats {

namespace {

std::vector<int64_t> without(std::vector<int64_t> sizes, size_t nLast)
{
    sizes.resize(sizes.size() - nLast);
    return sizes;
}

void pack(DType dtype, const float* values, std::byte* out, int64_t n)
{
    quant::find(dtype)->pack(values, out, n);
}

} // namespace

TensorPlan::TensorPlan(std::shared_ptr<const SafetensorsFolder> folder, StoredRows::Block scaleBlock)
    : m_folder(std::move(folder)), m_scaleBlock(scaleBlock)
{
}

void TensorPlan::bad(const std::string& stored, const std::string& problem) const
{
    m_folder->bad(m_folder->require(stored), problem);
}

StoredRows TensorPlan::rowsOf(const std::string& stored)
{
    const StoredTensor& tensor = m_folder->require(stored);
    m_used.insert(stored);
    const std::string scaleName = stored + "_scale_inv"; // despite the name it multiplies
    const StoredTensor* scales = m_folder->find(scaleName);
    if (scales)
        m_used.insert(scaleName);
    return {*m_folder, tensor, scales, m_scaleBlock};
}

void TensorPlan::add(std::string name, Shape shape, DType dtype, std::function<void(int64_t, int64_t, std::byte*)> write,
                     bool isScaled)
{
    m_tensors.push_back({std::move(name), shape, dtype, isScaled, nullptr, std::move(write)});
}

void TensorPlan::add(std::string name, std::vector<float> values)
{
    const auto n = int64_t(values.size());
    add(std::move(name), {n}, DType::F32, [values = std::move(values)](int64_t, int64_t, std::byte* out) {
        std::memcpy(out, values.data(), values.size() * sizeof(float));
    });
}

// Rows of the new tensor are rows of stored ones, in another order or from several.
void TensorPlan::addRows(std::string name, Shape shape, std::vector<StoredRows> sources,
                         std::function<std::pair<size_t, int64_t>(int64_t row)> sourceOf)
{
    DType dtype = sources.front().exactType();
    for (const StoredRows& source : sources)
        if (source.exactType() != dtype)
            dtype = DType::F32;
    const int64_t nCols = sources.front().nCols(), rowBytes = quant::rowBytes(dtype, nCols);
    const bool isScaled = sources.front().isScaled();
    add(
        std::move(name), shape, dtype,
        [=, sources = std::move(sources), sourceOf = std::move(sourceOf)](int64_t first, int64_t n, std::byte* out) {
            std::vector<float> values(static_cast<size_t>(nCols));
            for (int64_t i = 0; i < n; ++i, out += rowBytes) {
                const auto [source, row] = sourceOf(first + i);
                const std::byte* raw = sources[source].exactType() == dtype ? sources[source].raw(row) : nullptr;
                if (raw) {
                    std::memcpy(out, raw, size_t(rowBytes));
                    continue;
                }
                sources[source].read(row, values.data());
                pack(dtype, values.data(), out, nCols);
            }
        },
        isScaled);
}

// Row i of matrix m of the new tensor (matrices, rows, cols) is a column of the source: its values stand in the source's rows
// firstRow + m * stepRows + 0 … cols-1, at column firstCol + i * stepCols.
void TensorPlan::addColumns(std::string name, Shape shape, StoredRows source, int64_t firstRow, int64_t stepRows, int64_t firstCol,
                            int64_t stepCols)
{
    const int64_t nRows = shape[1], nCols = shape[2];
    const DType dtype = source.exactType();
    const int64_t rowBytes = quant::rowBytes(dtype, nCols);
    const bool isScaled = source.isScaled();
    const auto write = [=, source = std::move(source)](int64_t first, int64_t n, std::byte* out) {
        std::vector<float> line(static_cast<size_t>(source.nCols())), turned(static_cast<size_t>(n * nCols));
        const int64_t matrix = first / nRows, firstOfMatrix = first % nRows;
        for (int64_t col = 0; col < nCols; ++col) {
            source.read(firstRow + matrix * stepRows + col, line.data());
            for (int64_t i = 0; i < n; ++i)
                turned[size_t(i * nCols + col)] = line[size_t(firstCol + (firstOfMatrix + i) * stepCols)];
        }
        for (int64_t i = 0; i < n; ++i)
            pack(dtype, turned.data() + i * nCols, out + i * rowBytes, nCols);
    };
    add(std::move(name), shape, dtype, write, isScaled);
}

void TensorPlan::take(std::string name, const std::string& stored)
{
    StoredRows rows = rowsOf(stored);
    const StoredTensor& tensor = rows.tensor();
    if (tensor.shape.empty() || tensor.shape.size() > 4)
        bad(stored, "has " + std::to_string(tensor.shape.size()) + " dimensions");
    const Shape shape{std::span<const int64_t>(tensor.shape)};
    if (rows.raw(0))
        m_tensors.push_back({std::move(name), shape, rows.exactType(), false, &tensor, {}});
    else
        addRows(std::move(name), shape, {std::move(rows)}, [](int64_t row) { return std::pair<size_t, int64_t>(0, row); });
}

void TensorPlan::takeIfThere(std::string name, const std::string& stored)
{
    if (has(stored))
        take(std::move(name), stored);
}

void TensorPlan::takeLinear(const std::string& name, const std::string& stored)
{
    take(name + ".weight", stored + ".weight");
    takeIfThere(name + ".bias", stored + ".bias");
}

void TensorPlan::takeRotated(const std::string& name, const std::string& stored, int64_t nHeads)
{
    StoredRows weight = rowsOf(stored + ".weight");
    const int64_t nRows = weight.nRows();
    if (weight.tensor().shape.size() != 2 || nRows % (2 * nHeads) != 0)
        bad(stored + ".weight", "has shape " + shapeText(weight.tensor()) + ", no whole pairs for " + std::to_string(nHeads) + " heads");
    const int64_t headDim = nRows / nHeads;
    const auto sourceRow = [headDim](int64_t row) {
        const int64_t inHead = row % headDim;
        return row - inHead + inHead % 2 * (headDim / 2) + inHead / 2;
    };
    const Shape shape{nRows, weight.nCols()};
    addRows(name + ".weight", shape, {std::move(weight)},
            [=](int64_t row) { return std::pair<size_t, int64_t>(0, sourceRow(row)); });
    if (!has(stored + ".bias"))
        return;
    StoredRows bias = rowsOf(stored + ".bias");
    if (bias.tensor().shape != std::vector<int64_t>{nRows})
        bad(stored + ".bias", "has shape " + shapeText(bias.tensor()) + ", which does not fit its weight");
    add(name + ".bias", {nRows}, DType::F32, [=, bias = std::move(bias)](int64_t, int64_t, std::byte* out) {
        std::vector<float> values(static_cast<size_t>(nRows)), turned(static_cast<size_t>(nRows));
        bias.read(0, values.data());
        for (int64_t i = 0; i < nRows; ++i)
            turned[size_t(i)] = values[size_t(sourceRow(i))];
        pack(DType::F32, turned.data(), out, nRows);
    });
}

void TensorPlan::takePlusOne(std::string name, const std::string& stored)
{
    StoredRows weight = rowsOf(stored);
    if (weight.tensor().shape.size() != 1)
        bad(stored, "is no vector");
    const int64_t n = weight.nCols();
    add(std::move(name), {n}, DType::F32, [=, weight = std::move(weight)](int64_t, int64_t, std::byte* out) {
        std::vector<float> values(static_cast<size_t>(n));
        weight.read(0, values.data());
        for (float& value : values)
            value += 1;
        pack(DType::F32, values.data(), out, n);
    });
}

void TensorPlan::takeRowsFrom(std::string name, const std::string& stored, int64_t first)
{
    StoredRows rows = rowsOf(stored);
    if (rows.tensor().shape.size() != 2 || first >= rows.nRows())
        bad(stored, "has shape " + shapeText(rows.tensor()) + ", no matrix of more than " + std::to_string(first) + " rows");
    const Shape shape{rows.nRows() - first, rows.nCols()};
    addRows(std::move(name), shape, {std::move(rows)}, [=](int64_t row) { return std::pair<size_t, int64_t>(0, first + row); });
}

void TensorPlan::takeStacked(std::string name, const std::vector<std::string>& stored)
{
    std::vector<StoredRows> matrices;
    for (const std::string& matrix : stored) {
        matrices.push_back(rowsOf(matrix));
        if (matrices.back().tensor().shape.size() != 2 || matrices.back().tensor().shape != matrices.front().tensor().shape)
            bad(matrix, "has shape " + shapeText(matrices.back().tensor()) + ", another one than " + stored.front());
    }
    const int64_t nRows = matrices.front().nRows();
    const Shape shape{int64_t(stored.size()), nRows, matrices.front().nCols()};
    addRows(std::move(name), shape, std::move(matrices),
            [nRows](int64_t row) { return std::pair<size_t, int64_t>(row / nRows, row % nRows); });
}

void TensorPlan::takeRowsOfEach(std::string name, const std::string& stored, int64_t first, int64_t step, int64_t n)
{
    StoredRows rows = rowsOf(stored);
    const std::vector<int64_t>& sizes = rows.tensor().shape;
    const bool isBias = sizes.size() == 2;
    const int64_t nStored = sizes.size() == 2 || sizes.size() == 3 ? sizes[1] : 0;
    if (n < 1 || first + (n - 1) * step >= nStored)
        bad(stored, "has shape " + shapeText(rows.tensor()) + ", which does not hold the rows that the config asks for");
    const int64_t nMatrices = sizes[0];
    if (!isBias) {
        const Shape shape{nMatrices, n, sizes[2]};
        addRows(std::move(name), shape, {std::move(rows)},
                [=](int64_t row) { return std::pair<size_t, int64_t>(0, row / n * nStored + first + row % n * step); });
        return;
    }
    const DType dtype = rows.exactType();
    const int64_t rowBytes = quant::rowBytes(dtype, n);
    add(std::move(name), {nMatrices, n}, dtype, [=, rows = std::move(rows)](int64_t begin, int64_t count, std::byte* out) {
        std::vector<float> values(static_cast<size_t>(nStored)), chosen(static_cast<size_t>(n));
        for (int64_t matrix = begin; matrix < begin + count; ++matrix, out += rowBytes) {
            rows.read(matrix, values.data());
            for (int64_t i = 0; i < n; ++i)
                chosen[size_t(i)] = values[size_t(first + i * step)];
            pack(dtype, chosen.data(), out, n);
        }
    });
}

void TensorPlan::takeColumnsOfEach(std::string name, const std::string& stored, int64_t first, int64_t step, int64_t n)
{
    StoredRows rows = rowsOf(stored);
    const std::vector<int64_t>& sizes = rows.tensor().shape;
    if (sizes.size() != 3 || n < 1 || first + (n - 1) * step >= sizes[2])
        bad(stored, "has shape " + shapeText(rows.tensor()) + ", which does not hold the columns that the config asks for");
    const int64_t nIn = sizes[1];
    const Shape shape{sizes[0], n, nIn};
    addColumns(std::move(name), shape, std::move(rows), 0, nIn, first, step);
}

void TensorPlan::takeMxfp4RowsOfEach(std::string name, const std::string& stored, int64_t first, int64_t step, int64_t n)
{
    const StoredTensor& blocks = m_folder->require(stored + "_blocks");
    const StoredTensor& scales = m_folder->require(stored + "_scales");
    m_used.insert(blocks.name);
    m_used.insert(scales.name);
    if (blocks.type != StoredType::u8 || blocks.shape.size() != 4 || blocks.shape[3] != 16 || blocks.count() < 1)
        bad(blocks.name, "has type " + std::string(storedTypeName(blocks.type)) + " and shape " + shapeText(blocks) +
                             ", no bytes in blocks of 16");
    if ((scales.type != StoredType::u8 && scales.type != StoredType::f8e8m0) || scales.shape != without(blocks.shape, 1))
        bad(scales.name, "has shape " + shapeText(scales) + ", no scale for each of the blocks " + shapeText(blocks));
    const int64_t nStored = blocks.shape[1], nBlocks = blocks.shape[2];
    if (n < 1 || first + (n - 1) * step >= nStored)
        bad(blocks.name, "has shape " + shapeText(blocks) + ", which does not hold the rows that the config asks for");
    const auto* codes = reinterpret_cast<const uint8_t*>(m_folder->bytesOf(blocks).data());
    const auto* exponents = reinterpret_cast<const uint8_t*>(m_folder->bytesOf(scales).data());
    add(std::move(name), {blocks.shape[0], n, nBlocks * 32}, DType::MXFP4, [=](int64_t begin, int64_t count, std::byte* bytes) {
        auto* out = reinterpret_cast<uint8_t*>(bytes);
        for (int64_t row = begin; row < begin + count; ++row) {
            const int64_t from = row / n * nStored + first + row % n * step;
            for (int64_t block = from * nBlocks; block < (from + 1) * nBlocks; ++block, out += 17) {
                out[0] = exponents[block];
                const uint8_t* in = codes + block * 16;
                const auto nibble = [in](int value) { return in[value / 2] >> value % 2 * 4 & 15; };
                for (int j = 0; j < 16; ++j)
                    out[1 + j] = uint8_t(nibble(j) | nibble(j + 16) << 4);
            }
        }
    });
}

void TensorPlan::takeLatentKeys(std::string name, const std::string& stored, int64_t nHeads, int64_t nopeDim, int64_t valueDim)
{
    StoredRows rows = rowsOf(stored);
    if (rows.tensor().shape.size() != 2 || rows.nRows() != nHeads * (nopeDim + valueDim))
        bad(stored, "has shape " + shapeText(rows.tensor()) + ", not " + std::to_string(nopeDim + valueDim) + " rows for each of " +
                        std::to_string(nHeads) + " heads");
    const Shape shape{nHeads, rows.nCols(), nopeDim};
    addColumns(std::move(name), shape, std::move(rows), 0, nopeDim + valueDim, 0, 1);
}

void TensorPlan::takeLatentValues(std::string name, const std::string& stored, int64_t nHeads, int64_t nopeDim, int64_t valueDim)
{
    StoredRows rows = rowsOf(stored);
    const int64_t perHead = nopeDim + valueDim;
    if (rows.tensor().shape.size() != 2 || rows.nRows() != nHeads * perHead)
        bad(stored, "has shape " + shapeText(rows.tensor()) + ", not " + std::to_string(perHead) + " rows for each of " +
                        std::to_string(nHeads) + " heads");
    const Shape shape{nHeads, valueDim, rows.nCols()};
    addRows(std::move(name), shape, {std::move(rows)}, [=](int64_t row) {
        return std::pair<size_t, int64_t>(0, row / valueDim * perHead + nopeDim + row % valueDim);
    });
}

void TensorPlan::ignore(const std::string& stored)
{
    m_used.insert(stored);
}

void TensorPlan::ignoreAll(const std::function<bool(const std::string&)>& isKnown)
{
    for (const StoredTensor* tensor : m_folder->tensors())
        if (isKnown(tensor->name))
            m_used.insert(tensor->name);
}

const StoredTensor* TensorPlan::unused() const
{
    for (const StoredTensor* tensor : m_folder->tensors())
        if (!m_used.contains(tensor->name))
            return tensor;
    return nullptr;
}

} // namespace sy::formats
