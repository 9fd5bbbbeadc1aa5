// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/merge.h"

#include "engine/api/engine.h"
#include "engine/api/engine_state.h"
#include "engine/api/model_text.h"
#include "engine/api/model_writing.h"
#include "engine/core/error.h"
#include "engine/formats/gguf_writer.h"
#include "engine/formats/model_file.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/gguf_adapter.h"
#include "engine/models/model_table.h"
#include "engine/models/peft_adapter.h"
#include "engine/quant/quant_table.h"

#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

namespace sy::api {

namespace fs = std::filesystem;

namespace {

constexpr DType kTypes[] = {DType::F32, DType::F16, DType::BF16, DType::Q8_0};

std::optional<DType> typeOf(const std::string& name)
{
    if (name.empty())
        return {};
    for (const DType type : kTypes)
        if (quant::typeName(type) == name)
            return type;
    throw std::invalid_argument("merging writes F32, F16, BF16 or Q8_0, not \"" + name + "\"");
}

/// The updates of an adapter, put into the rows of its matrices.
class Merger {
public:
    Merger(const models::Model& model, const nn::Adapter& adapter, double strength)
        : m_matrices(models::adaptableMatrices(model)), m_adapter(adapter), m_strength(float(strength))
    {
    }

    const nn::MatrixUpdate* updateOf(std::string_view tensor) const
    {
        constexpr std::string_view kEnd = ".weight";
        return tensor.ends_with(kEnd) ? m_adapter.find(tensor.substr(0, tensor.size() - kEnd.size())) : nullptr;
    }

    /// Every update must meet a whole tensor of the file.
    void check(const formats::ModelFile& file) const
    {
        for (const auto& [name, update] : m_adapter.updates) {
            const models::AdaptableMatrix& m = m_matrices.at(name);
            const Shape wanted = m.nExperts > 0 ? Shape{m.nExperts, m.out, m.in} : Shape{m.out, m.in};
            if (!file.has(name + ".weight") || file.get(name + ".weight").shape() != wanted)
                throw Unsupported("merging the update of " + name, "the model's file keeps this matrix in parts");
        }
    }

    /// Row `row` of all rows of the tensor, in place.
    void add(const std::string& name, const nn::MatrixUpdate& update, int64_t row, std::span<float> values) const
    {
        const models::AdaptableMatrix& m = m_matrices.at(name);
        const int64_t expert = row / m.out, inMatrix = row % m.out, rank = update.rank(), in = m.in;
        const float* a = update.a.f32() + (update.a.shape().rank() == 3 ? expert * rank * in : 0);
        const float* b = update.b.f32() + (update.b.shape().rank() == 3 ? expert * m.out * rank : 0) + inMatrix * rank;
        const float weightScale = m.linear ? m.linear->scale : 1.0f;
        if (!update.magnitude) {
            addProduct(values, a, b, rank, m_strength * update.scale / weightScale);
            return;
        }
        // DoRA: W + strength * (m / |W + s B A| * (W + s B A) - W)
        std::vector<float> whole(values.begin(), values.end());
        addProduct(whole, a, b, rank, update.scale / weightScale);
        for (size_t i = 0; i < values.size(); ++i)
            values[i] += m_strength * (update.rowFactors.f32()[inMatrix] * whole[i] - values[i]);
    }

private:
    static void addProduct(std::span<float> values, const float* a, const float* b, int64_t rank, float scale)
    {
        for (int64_t j = 0; j < rank; ++j) {
            const float factor = b[j] * scale;
            const float* from = a + j * int64_t(values.size());
            for (size_t i = 0; i < values.size(); ++i)
                values[i] += factor * from[i];
        }
    }

    std::map<std::string, models::AdaptableMatrix> m_matrices;
    const nn::Adapter& m_adapter;
    float m_strength;
};

/// Model and adapter, read and checked, and what each tensor becomes.
struct Preparation {
    Preparation(Processor& processor, const fs::path& adapterPath, const fs::path& modelPath, const fs::path& out,
                const MergeOptions& options, const std::stop_token& stop)
    {
        const std::optional<DType> type = typeOf(options.type);
        if (!(options.strength >= 0 && options.strength <= 2))
            throw std::invalid_argument("an adapter's strength is 0 to 2, not " + std::to_string(options.strength));
        formats::OpenOptions open;
        open.isExact = true;
        open.nThreads = processor.pool.nThreads();
        open.stop = stop;
        file = formats::openModelFile(modelPath, open);
        std::error_code error;
        for (const fs::path& part : file->paths())
            if (fs::equivalent(part, out, error))
                throw std::invalid_argument("the new file would replace the model that it is made from");
        model = models::loadModel(file);
        adapter = fs::is_directory(adapterPath) ? models::readPeftAdapter(adapterPath, *model)
                                                : models::readGgufAdapter(adapterPath, *model);
        models::checkAdapter(*model, adapter, adapterPath.string());
        merger.emplace(*model, adapter, options.strength);
        merger->check(*file);
        plan.inBytes = plan.outBytes = file->fileBytes();
        for (const formats::TensorInfo& info : file->tensors()) {
            const bool isUpdated = merger->updateOf(info.name) != nullptr;
            targets.push_back(isUpdated ? type.value_or(info.dtype) : info.dtype);
            if (isUpdated && !quant::find(targets.back())->pack)
                throw Unsupported("writing " + info.name + " as " + std::string(quant::typeName(targets.back())),
                                  "this version has no encoder for it; choose Q8_0 or F16 for the merged matrices");
            plan.nMatrices += isUpdated;
            plan.outBytes += uint64_t(bytesOf(info, targets.back())) - uint64_t(bytesOf(info, info.dtype)); // modulo 2^64
        }
        plan.availableBytes = roomFor(out);
        plan.isThere = fs::exists(out, error);
    }

    static int64_t bytesOf(const formats::TensorInfo& info, DType type)
    {
        const int64_t nCols = info.shape.back();
        return nCols > 0 ? info.shape.count() / nCols * quant::rowBytes(type, nCols) : 0;
    }

    std::shared_ptr<const formats::ModelFile> file;
    std::unique_ptr<models::Model> model;
    nn::Adapter adapter;
    std::optional<Merger> merger; // of these two
    std::vector<DType> targets;   // by tensor
    MergePlan plan;
};

} // namespace

MergePlan planMerge(Engine& engine, const fs::path& adapter, const fs::path& model, const fs::path& out, const MergeOptions& options,
                    std::stop_token stop)
{
    return Preparation(*engine.state().processor, adapter, model, out, options, stop).plan;
}

MergeResult mergeAdapter(Engine& engine, const fs::path& adapterPath, const fs::path& modelPath, const fs::path& out,
                         const MergeOptions& options, std::stop_token stop,
                         const std::function<void(uint64_t, uint64_t)>& progress)
{
    auto& processor = *engine.state().processor;
    Preparation made(processor, adapterPath, modelPath, out, options, stop);
    requireRoom(out, made.plan.outBytes);
    {
        const generate::StepLock::Turn turn(processor.stepLock);
        models::bindAdapter({processor.pool}, *made.model, made.adapter, adapterPath.string());
    }
    const Merger& merger = *made.merger;
    const std::vector<DType>& targets = made.targets;

    formats::GgufWriter writer(out);
    writeModelKeys(*made.file, writer.metadata());
    if (!options.name.empty())
        addToName(writer.metadata(), options.name);
    MergeResult result;
    result.inBytes = made.plan.inBytes;
    result.nMatrices = made.plan.nMatrices;
    for (size_t i = 0; i < targets.size(); ++i)
        writer.declare(made.file->tensors()[i].name, made.file->tensors()[i].shape, targets[i]);
    const auto append = [&](size_t i, const formats::TensorInfo& info, const Tensor& tensor) {
        const nn::MatrixUpdate* update = merger.updateOf(info.name);
        if (!update)
            return writer.append(tensor);
        const std::string name = info.name.substr(0, info.name.rfind('.'));
        const int64_t nRows = tensor.rows(), nCols = tensor.cols();
        const int64_t inBytes = quant::rowBytes(info.dtype, nCols), rowBytes = quant::rowBytes(targets[i], nCols);
        std::vector<std::byte> packed(static_cast<size_t>(nRows * rowBytes));
        const generate::StepLock::Turn turn(processor.stepLock); // one tensor a turn: a chat goes on between them
        processor.pool.parallelFor(nRows, 16, [&](int64_t begin, int64_t end) {
            std::vector<float> values(static_cast<size_t>(nCols));
            for (int64_t row = begin; row < end && !stop.stop_requested(); ++row) {
                quant::unpackRow(info.dtype, tensor.raw() + row * inBytes, values.data(), nCols);
                merger.add(name, *update, row, values);
                quant::packRow(targets[i], values.data(), packed.data() + row * rowBytes, nCols);
            }
        });
        if (stop.stop_requested())
            throw Cancelled();
        writer.append(packed);
    };
    result.outBytes = writeTensors(*made.file, writer, out, append, stop, progress);
    return result;
}

} // namespace sy::api
