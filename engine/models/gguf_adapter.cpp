// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/gguf_adapter.h"

#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/gguf_writer.h"
#include "engine/quant/quant_table.h"

#include <algorithm>
#include <cmath>

namespace sy::models {

namespace {

constexpr std::string_view kA = ".weight.lora_a", kB = ".weight.lora_b";

Tensor decoded(const formats::GgufFile& file, const std::string& name)
{
    const Tensor t = file.get(name);
    if (t.dtype() != DType::F32 && t.dtype() != DType::F16 && t.dtype() != DType::BF16)
        throw Unsupported("the adapter tensor " + name + " of type " + std::string(quant::typeName(t.dtype())),
                          "this version reads F32, F16 and BF16");
    if (t.dtype() == DType::F32 && reinterpret_cast<uintptr_t>(t.raw()) % alignof(float) == 0)
        return t; // the file's own memory
    Tensor values = Tensor::empty(t.shape());
    quant::unpackRow(t.dtype(), t.raw(), values.f32(), values.count());
    return values;
}

} // namespace

nn::Adapter readGgufAdapter(const std::filesystem::path& path, const Model& model)
{
    const formats::GgufFile file = formats::GgufFile::open(path);
    const formats::Metadata& keys = file.metadata();
    const auto bad = [&](const std::string& problem) { throw BadFile(path.string(), problem); };
    if (keys.string("general.type") != "adapter" || keys.string("adapter.type") != "lora")
        bad("is no LoRA adapter: general.type and adapter.type say otherwise");
    const std::string architecture(keys.requireString("general.architecture"));
    if (architecture != model.config().architecture)
        throw Unsupported("an adapter for " + architecture, "the model is a " + model.config().architecture);
    if (keys.has("adapter.alora.invocation_tokens"))
        throw Unsupported("an adapter that begins at its invocation tokens",
                          "this version applies adapters to whole sequences");
    const double alpha = keys.requireReal("adapter.lora.alpha");
    if (!std::isfinite(alpha))
        bad("adapter.lora.alpha is no number");

    nn::Adapter adapter;
    for (const formats::TensorInfo& info : file.tensors()) {
        const std::string name(info.name);
        if (name.ends_with(kB)) {
            if (!file.has(name.substr(0, name.size() - kB.size()) + std::string(kA)))
                bad(name + " stands alone");
            continue;
        }
        if (!name.ends_with(kA))
            throw Unsupported("the adapter tensor " + name,
                              "this version reads " + std::string(kA) + " and " + std::string(kB));
        const std::string matrix = name.substr(0, name.size() - kA.size());
        if (!file.has(matrix + std::string(kB)))
            bad(name + " stands alone");
        nn::MatrixUpdate update;
        update.a = decoded(file, name);
        update.b = decoded(file, matrix + std::string(kB));
        if (update.a.count() == 0 || update.b.count() == 0)
            bad("tensor " + name + " or its companion is empty");
        update.scale = float(alpha == 0 ? 1 : alpha / double(update.rank()));
        adapter.updates.emplace(matrix, std::move(update));
    }
    if (adapter.updates.empty())
        bad("has no tensors");
    return adapter;
}

void writeGgufAdapter(const std::filesystem::path& path, const Model& model, const nn::Adapter& adapter)
{
    // An alpha that leaves as many matrices as possible as they are.
    std::map<float, int> counts;
    for (const auto& [name, update] : adapter.updates) {
        if (update.magnitude)
            throw Unsupported("a DoRA adapter as GGUF", "the format has no place for the magnitudes");
        ++counts[update.scale * float(update.rank())];
    }
    const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
    const float alpha = most == counts.end() || most->first == 0 ? 1.0f : most->first;

    formats::GgufWriter out(path);
    out.metadata().setString("general.type", "adapter");
    out.metadata().setString("general.architecture", model.config().architecture);
    out.metadata().setString("adapter.type", "lora");
    out.metadata().setReal("adapter.lora.alpha", double(alpha));
    std::vector<Tensor> tensors;
    for (const auto& [name, update] : adapter.updates) {
        const bool isPerExpert = update.a.shape().rank() == 3 || update.b.shape().rank() == 3;
        const int64_t n = !isPerExpert ? 1 : update.a.shape().rank() == 3 ? update.a.shape()[0] : update.b.shape()[0];
        const float fold = update.scale / (alpha / float(update.rank()));
        const auto declare = [&, &name = name](const Tensor& factor, std::string_view suffix, float times) {
            const int64_t height = factor.shape().rank() == 3 ? factor.shape()[1] : factor.rows();
            Tensor t = Tensor::empty(isPerExpert ? Shape{n, height, factor.cols()} : Shape{height, factor.cols()});
            for (int64_t i = 0; i < t.count(); ++i)
                t.f32()[i] = factor.f32()[i % factor.count()] * times;
            out.declare(name + std::string(suffix), t.shape(), DType::F32);
            tensors.push_back(std::move(t));
        };
        declare(update.a, kA, 1);
        declare(update.b, kB, fold);
    }
    for (const Tensor& t : tensors)
        out.append(t);
    out.finish();
}

} // namespace sy::models
