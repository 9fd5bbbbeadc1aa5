// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/weights.h"

#include "engine/core/error.h"
#include "engine/quant/quant_table.h"

namespace sy::nn {

namespace {

bool isFloat(DType dtype)
{
    return dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
}

bool isInteger(DType dtype)
{
    return dtype == DType::I8 || dtype == DType::I16 || dtype == DType::I32 || dtype == DType::I64;
}

} // namespace

void WeightReader::bad(std::string problem) const
{
    throw BadFile(metadata().source(), std::move(problem));
}

Tensor WeightReader::checked(std::string_view name, const Shape& wanted)
{
    Tensor t = m_source.get(name);
    // A file drops leading sizes of 1.
    const bool fits = t.shape() == wanted || (t.count() == wanted.count() && t.cols() == wanted.back());
    if (!fits)
        bad("tensor " + std::string(name) + " has shape " + toString(t.shape()) + ", but the model's hyperparameters ask for " +
            toString(wanted));
    m_bytes += t.bytes();
    return t.reshaped(wanted);
}

Tensor WeightReader::matrix(std::string_view name, int64_t nRows, int64_t nCols)
{
    return checkedMatrix(name, Shape{nRows, nCols});
}

Tensor WeightReader::matrices(std::string_view name, int64_t n, int64_t nRows, int64_t nCols)
{
    return checkedMatrix(name, Shape{n, nRows, nCols});
}

Tensor WeightReader::checkedMatrix(std::string_view name, const Shape& wanted)
{
    const int64_t nCols = wanted.back();
    Tensor t = checked(name, wanted);
    const quant::QuantType* type = quant::find(t.dtype());
    if (!type || isInteger(t.dtype()) || t.dtype() == DType::F64)
        throw Unsupported("tensor " + std::string(name) + " of type " + std::string(quant::typeName(t.dtype())),
                          "a weight is of a float or block type");
    if (nCols % type->valuesPerBlock != 0 || t.bytes() != size_t(quant::rowBytes(t.dtype(), nCols)) * size_t(t.rows()))
        bad("tensor " + std::string(name) + " has rows that are no whole blocks of " + std::string(type->name));
    return t;
}

Tensor WeightReader::table(std::string_view name, int64_t nCols)
{
    const Tensor t = m_source.get(name);
    if (t.shape().rank() != 2 || t.rows() < 1 || t.rows() > INT32_MAX)
        bad("tensor " + std::string(name) + " has shape " + toString(t.shape()) + ", which is no table");
    return matrix(name, t.rows(), nCols);
}

Tensor WeightReader::vector(std::string_view name, int64_t n)
{
    return decoded(name, Shape{n});
}

Tensor WeightReader::vectors(std::string_view name, int64_t nVectors, int64_t n)
{
    return decoded(name, Shape{nVectors, n});
}

Tensor WeightReader::decoded(std::string_view name, const Shape& wanted)
{
    const Tensor t = checked(name, wanted);
    if (!isFloat(t.dtype()))
        throw Unsupported("tensor " + std::string(name) + " of type " + std::string(quant::typeName(t.dtype())),
                          "a norm's weight or a bias is F32, F16 or BF16");
    if (m_source.isShared())
        return t.reshaped(wanted);
    Tensor copy = Tensor::empty(wanted);
    quant::unpackRow(t.dtype(), t.raw(), copy.f32(), copy.count());
    return copy;
}

Tensor WeightReader::optionalVector(std::string_view name, int64_t n)
{
    return has(name) ? vector(name, n) : Tensor();
}

Tensor WeightReader::indices(std::string_view name, int64_t nRows, int64_t nCols, int32_t limit)
{
    const Tensor t = checked(name, Shape{nRows, nCols});
    if (t.dtype() != DType::I32)
        throw Unsupported("tensor " + std::string(name) + " of type " + std::string(quant::typeName(t.dtype())),
                          "a table of numbers is I32");
    const int32_t* values = t.data<int32_t>();
    for (int64_t i = 0; i < t.count(); ++i) {
        if (values[i] < 0 || values[i] >= limit)
            bad("tensor " + std::string(name) + " holds " + std::to_string(values[i]) + " where there are " + std::to_string(limit));
    }
    return t;
}

Linear loadLinear(WeightReader& weights, const std::string& name, int64_t out, int64_t in, Bias bias)
{
    Linear linear;
    linear.name = name;
    linear.weight = weights.matrix(name + ".weight", out, in);
    if (const Tensor scale = weights.optionalVector(name + ".scale", 1))
        linear.scale = scale.f32()[0];
    if (bias == Bias::required)
        linear.bias = weights.vector(name + ".bias", out);
    else if (bias == Bias::optional)
        linear.bias = weights.optionalVector(name + ".bias", out);
    return linear;
}

std::vector<Linear> loadProjections(WeightReader& weights, const std::vector<NamedRows>& parts, const std::string& fused,
                                    int64_t in, Bias bias)
{
    std::vector<Linear> linears;
    if (!weights.has(fused + ".weight")) {
        for (const NamedRows& part : parts)
            linears.push_back(loadLinear(weights, part.name, part.nRows, in, bias));
        return linears;
    }
    int64_t nRows = 0;
    for (const NamedRows& part : parts)
        nRows += part.nRows;
    const Linear all = loadLinear(weights, fused, nRows, in, bias);
    int64_t first = 0;
    for (const NamedRows& part : parts) {
        const Tensor partOfBias = all.bias ? all.bias.reshaped({nRows, 1}).rowRange(first, part.nRows).reshaped({part.nRows}) : Tensor();
        linears.push_back({all.weight.rowRange(first, part.nRows), partOfBias, all.scale, part.name});
        first += part.nRows;
    }
    return linears;
}

} // namespace sy::nn
