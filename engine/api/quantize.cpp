// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/quantize.h"

#include "engine/api/model_text.h"
#include "engine/api/model_writing.h"
#include "engine/core/error.h"
#include "engine/cpu/thread_pool.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/importance_matrix.h"
#include "engine/formats/model_file.h"
#include "engine/quant/quant_table.h"
#include "engine/quant/recipe_table.h"
#include "engine/quant/weighted_pack.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <optional>
#include <stdexcept>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

quant::ModelTraits traitsOf(const formats::ModelFile& model)
{
    const std::string architecture(model.metadata().requireString("general.architecture"));
    quant::ModelTraits traits;
    traits.nLayers = int(model.metadata().integer(architecture + ".block_count").value_or(0));
    traits.nExperts = int(model.metadata().integer(architecture + ".expert_count").value_or(0));
    traits.hasHead = model.has("output.weight");
    return traits;
}

bool isBlockType(DType dtype)
{
    return quant::find(dtype)->valuesPerBlock > 1;
}

/// Q8_0 is taken for the original; what has fewer bits has lost too much to be rounded once more.
void checkSource(const formats::ModelFile& model)
{
    // MXFP4 is what some models are published in: such tensors stay as they are.
    for (const formats::TensorInfo& info : model.tensors())
        if (isBlockType(info.dtype) && info.dtype != DType::Q8_0 && info.dtype != DType::MXFP4)
            throw Unsupported("quantizing " + model.metadata().source() + " once more",
                              "tensor " + info.name + " is " + std::string(quant::typeName(info.dtype)) +
                                  " already; take the original, or its Q8_0");
}

void writeKeys(const formats::ModelFile& model, const quant::Recipe& recipe, formats::Metadata& out)
{
    writeModelKeys(model, out);
    out.setInteger("general.file_type", recipe.fileType);
    out.setInteger("general.quantization_version", 2);
}

/// One tensor in its new type.
class Encoder {
public:
    Encoder(cpu::ThreadPool& pool, const std::string& source, const std::stop_token& stop) : m_pool(pool), m_source(source), m_stop(stop) {}

    /// importance (matrices, columns), or empty.
    std::vector<std::byte> encode(const formats::TensorInfo& info, const Tensor& tensor, DType target, std::span<const float> importance) const
    {
        const int64_t nRows = tensor.rows(), nCols = tensor.cols();
        const int64_t rowBytes = quant::rowBytes(target, nCols), inBytes = quant::rowBytes(info.dtype, nCols);
        std::vector<std::byte> out(static_cast<size_t>(nRows * rowBytes));
        const auto nMatrices = int64_t(importance.size()) / nCols;
        std::atomic<bool> isBroken = false;
        const int64_t pieceRows = std::max<int64_t>(1, (1 << 18) / nCols);
        m_pool.parallelFor(nRows, pieceRows, [&](int64_t begin, int64_t end) {
            if (isBroken || m_stop.stop_requested())
                return;
            std::vector<float> values(static_cast<size_t>(nCols));
            for (int64_t row = begin; row < end; ++row) {
                quant::unpackRow(info.dtype, tensor.raw() + row * inBytes, values.data(), nCols);
                if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
                    isBroken = true;
                std::byte* to = out.data() + row * rowBytes;
                if (importance.empty())
                    quant::packRow(target, values.data(), to, nCols);
                else
                    quant::packWeightedRow(target, values.data(), importance.data() + row * nMatrices / nRows * nCols, to, nCols);
            }
        });
        if (m_stop.stop_requested())
            throw Cancelled();
        if (isBroken)
            throw BadFile(m_source, "tensor " + info.name + " holds a weight that is no finite number");
        return out;
    }

private:
    cpu::ThreadPool& m_pool;
    const std::string& m_source;
    const std::stop_token& m_stop;
};

} // namespace

std::vector<QuantizationType> quantizationTypes()
{
    std::vector<QuantizationType> types;
    for (const quant::Recipe& recipe : quant::recipes())
        types.push_back({std::string(recipe.name), std::string(recipe.description)});
    return types;
}

QuantizeResult quantizeModel(const fs::path& path, const fs::path& out, const std::string& type, int nThreads, std::stop_token stop,
                             const std::function<void(uint64_t, uint64_t)>& progress, const fs::path& importance)
{
    const quant::Recipe* recipe = quant::findRecipe(type);
    if (!recipe)
        throw std::invalid_argument("there is no quantization type \"" + type + "\"");
    formats::OpenOptions options;
    options.isExact = true;
    options.nThreads = nThreads;
    options.stop = stop;
    const auto model = formats::openModelFile(path, options);
    std::error_code error;
    for (const fs::path& part : model->paths())
        if (fs::equivalent(part, out, error))
            throw std::invalid_argument("the new file would replace the model that it is made from");
    checkSource(*model);

    std::optional<formats::ImportanceMatrix> matrix;
    if (!importance.empty())
        matrix = formats::ImportanceMatrix::open(importance);
    const quant::ModelTraits traits = traitsOf(*model);
    formats::GgufWriter writer(out);
    writeKeys(*model, *recipe, writer.metadata());
    std::vector<DType> targets;
    for (const formats::TensorInfo& info : model->tensors()) {
        const DType original = info.dtype == DType::Q8_0 ? DType::F16 : info.dtype;
        const DType chosen = quant::typeFor(*recipe, info.name, info.shape, original, traits);
        targets.push_back(chosen == original ? info.dtype : chosen);
        writer.declare(info.name, info.shape, targets.back());
    }
    cpu::ThreadPool pool(nThreads);
    const Encoder encoder(pool, model->metadata().source(), stop);
    QuantizeResult result;
    result.inBytes = model->fileBytes();
    const auto append = [&](size_t i, const formats::TensorInfo& info, const Tensor& tensor) {
        if (targets[i] == info.dtype) {
            writer.append(tensor);
        } else {
            std::vector<float> weights;
            if (matrix && quant::usesImportance(targets[i])) {
                weights = matrix->of(info.name, info.shape.rank() == 3 ? info.shape[0] : 1, tensor.cols());
                if (weights.empty())
                    result.withoutImportance.push_back(info.name);
            }
            writer.append(encoder.encode(info, tensor, targets[i], weights));
        }
        result.types[std::string(quant::typeName(targets[i]))] += uint64_t(tensor.rows() * quant::rowBytes(targets[i], tensor.cols()));
    };
    result.outBytes = writeTensors(*model, writer, out, append, stop, progress);
    return result;
}

} // namespace sy::api
