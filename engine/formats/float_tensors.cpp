// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/float_tensors.h"

#include "engine/core/error.h"
#include "engine/formats/gguf_writer.h"
#include "engine/quant/quant_table.h"

namespace sy::formats {

namespace {

bool isFloat(DType dtype)
{
    return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
}

} // namespace

Tensor FloatTensors::get(std::string_view name) const
{
    const std::lock_guard lock(m_mutex);
    const auto found = m_made.find(name);
    if (found != m_made.end())
        return found->second;
    const Tensor stored = m_file->get(name);
    Tensor made = stored;
    if (isFloat(stored.dtype())) {
        made = Tensor::empty(stored.shape());
        if (m_hasMatrices || stored.shape().rank() < 2) // scales and norms are looked at while a model is loaded
            fill(stored, made);
    } else if (const quant::QuantType* type = quant::find(stored.dtype()); type && type->valuesPerBlock > 1) {
        throw Unsupported("training a quantized model whole",
                          "tensor " + std::string(name) + " is " + std::string(type->name) +
                              "; take the original in F32, F16 or BF16, or train an adapter");
    }
    m_made.emplace(name, made);
    return made;
}

void FloatTensors::read(const std::stop_token& stop)
{
    const std::lock_guard lock(m_mutex);
    for (auto& [name, made] : m_made) {
        if (stop.stop_requested())
            throw Cancelled();
        const Tensor stored = m_file->get(name);
        if (!m_hasMatrices && isFloat(stored.dtype()) && stored.shape().rank() >= 2)
            fill(stored, made);
    }
    m_hasMatrices = true;
}

void FloatTensors::fill(const Tensor& stored, Tensor& made) const
{
    const int64_t nCols = stored.cols();
    for (int64_t row = 0; row < stored.rows(); ++row)
        quant::unpackRow(stored.dtype(), stored.raw() + size_t(row) * stored.rowBytes(), made.f32() + row * nCols, nCols);
    m_file->notNeeded({stored.raw(), stored.bytes()});
}

void writeModel(const std::filesystem::path& path, const FloatTensors& values,
                const std::function<void(Metadata&)>& writeKeys)
{
    GgufWriter out(path);
    writeKeys(out.metadata());
    const std::vector<TensorInfo>& tensors = values.file().tensors();
    for (const TensorInfo& info : tensors)
        out.declare(info.name, info.shape, info.dtype);
    for (const TensorInfo& info : tensors) {
        const Tensor tensor = values.get(info.name);
        if (!isFloat(info.dtype)) {
            out.append({tensor.raw(), tensor.bytes()});
            continue;
        }
        const int64_t nCols = tensor.cols();
        std::vector<std::byte> row(size_t(quant::rowBytes(info.dtype, nCols)));
        for (int64_t r = 0; r < tensor.rows(); ++r) {
            quant::packRow(info.dtype, tensor.f32() + r * nCols, row.data(), nCols);
            out.append(row);
        }
    }
    out.finish();
}

} // namespace sy::formats
