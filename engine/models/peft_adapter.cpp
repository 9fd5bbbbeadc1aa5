// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/peft_adapter.h"

#include "engine/core/error.h"
#include "engine/formats/json_text.h"
#include "engine/formats/safetensors/safetensors_file.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/peft_modules.h"
#include "engine/quant/quant_table.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace sy::models {

namespace {

constexpr uint64_t kMostConfigBytes = 1 << 20;

constexpr std::string_view kExpertFolders[] = {"mlp.experts.", "block_sparse_moe.experts."};

// The factors of one module of the file.
struct Factors {
    Tensor a, b, magnitude;
};

class Reader {
public:
    Reader(const std::filesystem::path& folder, const std::string& architecture, const AdaptableMatrices& matrices)
        : m_configPath((folder / "adapter_config.json").string()),
          m_config(formats::readJson(m_configPath, kMostConfigBytes)),
          m_path((folder / "adapter_model.safetensors").string()), m_architecture(architecture), m_matrices(matrices)
    {
        checkConfig();
    }

    nn::Adapter read()
    {
        const auto file = formats::SafetensorsFile::open(m_path);
        std::map<std::string, Factors> modules; // in one order, whatever the file's
        for (const formats::StoredTensor& tensor : file.tensors())
            place(modules, tensor, decoded(file, tensor));
        if (modules.empty())
            badFile("has no tensors");
        for (auto& [module, factors] : modules) {
            if (!factors.a || !factors.b)
                badFile("has only one of lora_A and lora_B for " + module);
            add(module, factors);
        }
        return std::move(m_adapter);
    }

private:
    [[noreturn]] void badConfig(const std::string& problem) const { throw BadFile(m_configPath, problem); }
    [[noreturn]] void badFile(const std::string& problem) const { throw BadFile(m_path, problem); }

    bool flag(const char* key) const
    {
        const auto found = m_config.find(key);
        return found != m_config.end() && found->is_boolean() && found->get<bool>();
    }
    double number(const nlohmann::json& value, const std::string& key) const
    {
        if (!value.is_number() || !std::isfinite(value.get<double>()) || std::abs(value.get<double>()) > 1e9)
            badConfig(key + " is no number that makes sense");
        return value.get<double>();
    }

    void checkConfig() const
    {
        if (!m_config.is_object() || m_config.value("peft_type", nlohmann::json("LORA")) != "LORA")
            throw Unsupported("the adapter " + m_configPath, "this version reads adapters of type LORA");
        for (const char* key : {"fan_in_fan_out", "lora_bias", "use_qalora", "use_bdlora"}) {
            if (flag(key))
                throw Unsupported("an adapter with " + std::string(key), "this version reads plain LoRA, rsLoRA and DoRA");
        }
        for (const char* key :
             {"modules_to_save", "layer_replication", "alora_invocation_tokens", "trainable_token_indices"}) {
            const auto found = m_config.find(key);
            if (found != m_config.end() && !found->is_null() && !found->empty())
                throw Unsupported("an adapter with " + std::string(key), "this version reads plain LoRA, rsLoRA and DoRA");
        }
        if (const auto bias = m_config.find("bias"); bias != m_config.end() && *bias != "none")
            throw Unsupported("an adapter with trained biases", "this version reads plain LoRA, rsLoRA and DoRA");
        for (const char* key : {"r", "lora_alpha"}) {
            if (!m_config.contains(key))
                badConfig(std::string(key) + " is missing");
        }
    }

    // The value of a pattern that a module's name ends in, else the general one. PEFT takes keys for regular expressions;
    // those that are more than names are not read.
    double setting(const char* patterns, const char* general, const std::string& module) const
    {
        if (const auto found = m_config.find(patterns); found != m_config.end() && found->is_object()) {
            for (const auto& [key, value] : found->items()) {
                if (key.find_first_of("*+?[](){}|\\^$") != std::string::npos)
                    throw Unsupported("the " + std::string(patterns) + " \"" + key + "\"",
                                      "this version knows the ends of names, not expressions");
                if (module == key || module.ends_with("." + key))
                    return number(value, patterns);
            }
        }
        return number(m_config.at(general), general);
    }

    float scaleOf(const std::string& module, int64_t rank) const
    {
        const double alpha = setting("alpha_pattern", "lora_alpha", module);
        if (setting("rank_pattern", "r", module) != double(rank))
            badFile(module + " has rank " + std::to_string(rank) + ", the configuration says another");
        return float(flag("use_rslora") ? alpha / std::sqrt(double(rank)) : alpha / double(rank));
    }

    Tensor decoded(const formats::SafetensorsFile& file, const formats::StoredTensor& tensor) const
    {
        const std::optional<DType> dtype = formats::plainType(tensor.type);
        const bool isFloat = dtype == DType::F32 || dtype == DType::F16 || dtype == DType::BF16;
        if (!isFloat || tensor.shape.size() > 2 || tensor.shape.empty() || tensor.count() == 0)
            badFile("tensor " + tensor.name + " is " + std::string(formats::storedTypeName(tensor.type)) + " " +
                    formats::shapeText(tensor));
        Tensor t = Tensor::empty(Shape(tensor.shape));
        quant::unpackRow(*dtype, file.bytesOf(tensor).data(), t.f32(), t.count());
        return t;
    }

    void place(std::map<std::string, Factors>& modules, const formats::StoredTensor& tensor, Tensor values) const
    {
        std::string name = tensor.name;
        if (name.starts_with("base_model.model."))
            name.erase(0, 17);
        if (name.ends_with(".weight"))
            name.erase(name.size() - 7);
        const size_t dot = name.rfind('.');
        const std::string what = dot == std::string::npos ? name : name.substr(dot + 1), module = name.substr(0, dot);
        if (what == "lora_A")
            modules[module].a = std::move(values);
        else if (what == "lora_B")
            modules[module].b = std::move(values);
        else if (what == "lora_magnitude_vector")
            modules[module].magnitude = values.reshaped({values.count()});
        else
            throw Unsupported("the adapter tensor " + tensor.name,
                              "this version reads lora_A, lora_B and lora_magnitude_vector");
    }

    void add(const std::string& module, Factors& f)
    {
        const size_t at = module.find("layers.");
        int layer = -1;
        const char* end = module.data() + module.size();
        const char* rest = end;
        if (at != std::string::npos && (at == 0 || module[at - 1] == '.'))
            rest = std::from_chars(module.data() + at + 7, end, layer).ptr;
        if (layer < 0 || rest == end || *rest != '.')
            unused(module);
        const std::string_view below(rest + 1, size_t(end - rest - 1));
        const std::string prefix = "blk." + std::to_string(layer) + ".";
        if (const auto* found = std::ranges::find(kPeftModules, below, &PeftModule::stored);
            found != std::end(kPeftModules)) {
            addMatrix(module, prefix + std::string(found->named), f);
            return;
        }
        for (const std::string_view folder : kExpertFolders) {
            if (below.starts_with(folder) && addExpert(module, below.substr(folder.size()), prefix, f))
                return;
            if (below.substr(0, folder.size() - 1) == folder.substr(0, folder.size() - 1) &&
                (below.size() == folder.size() - 1 || below.substr(folder.size()) == "base_layer")) {
                addFused(module, prefix, f);
                return;
            }
        }
        unused(module);
    }

    [[noreturn]] void unused(const std::string& module) const
    {
        throw Unsupported("an adapter for " + module, "the model \"" + m_architecture + "\" has no such matrix to adapt");
    }

    const AdaptableMatrix& matrix(const std::string& module, const std::string& name) const
    {
        const auto found = m_matrices.find(name);
        if (found == m_matrices.end())
            unused(module);
        return found->second;
    }

    void addMatrix(const std::string& module, const std::string& name, Factors& f)
    {
        const AdaptableMatrix& m = matrix(module, name);
        if (m.nExperts > 0 || f.b.rows() != m.out || f.a.cols() != m.in || f.a.rows() != f.b.cols() ||
            (f.magnitude && f.magnitude.count() != m.out))
            badFile(module + " has factors " + toString(f.a.shape()) + " and " + toString(f.b.shape()) + " for a matrix (" +
                    std::to_string(m.out) + ", " + std::to_string(m.in) + ")");
        nn::MatrixUpdate update{columnsInOrder(m, f.a), rowsInOrder(m, f.b), scaleOf(module, f.a.rows()), {}, {}};
        if (f.magnitude)
            update.magnitude = rowsInOrder(m, f.magnitude.reshaped({m.out, 1})).reshaped({m.out});
        if (!m_adapter.updates.emplace(name, std::move(update)).second)
            badFile("has two updates for " + name);
    }

    static Tensor rowsInOrder(const AdaptableMatrix& m, const Tensor& stored)
    {
        Tensor t = Tensor::empty(stored.shape());
        for (int64_t row = 0; row < m.out; ++row)
            std::copy_n(stored.f32() + hfRowOf(m, row) * stored.cols(), stored.cols(), t.f32() + row * stored.cols());
        return t;
    }
    static Tensor columnsInOrder(const AdaptableMatrix& m, const Tensor& stored)
    {
        Tensor t = Tensor::empty(stored.shape());
        for (int64_t i = 0; i < t.count(); ++i)
            t.f32()[i] = stored.f32()[i / m.in * m.in + hfColumnOf(m, i % m.in)];
        return t;
    }

    // NUMBER.gate_proj and so on.
    bool addExpert(const std::string& module, std::string_view below, const std::string& prefix, const Factors& f)
    {
        int64_t expert = -1;
        const char* end = below.data() + below.size();
        const char* rest = std::from_chars(below.data(), end, expert).ptr;
        if (expert < 0 || rest == end || *rest != '.')
            return false;
        const auto* found =
            std::ranges::find(kPeftExpertMatrices, std::string_view(rest + 1, size_t(end - rest - 1)), &PeftModule::stored);
        if (found == std::end(kPeftExpertMatrices))
            return false;
        const std::string name = prefix + std::string(found->named);
        const AdaptableMatrix& m = matrix(module, name);
        const int64_t rank = f.a.rows();
        if (expert >= m.nExperts || f.magnitude || f.b.rows() != m.out || f.a.cols() != m.in || f.b.cols() != rank)
            badFile(module + " does not fit the model's experts");
        auto [at, isNew] = m_adapter.updates.try_emplace(name);
        nn::MatrixUpdate& update = at->second;
        if (isNew) // experts that the file leaves out keep zeros, which change nothing
            update = {Tensor::zeros({m.nExperts, rank, m.in}),
                      Tensor::zeros({m.nExperts, m.out, rank}),
                      scaleOf(module, rank),
                      {},
                      {}};
        else if (update.rank() != rank || update.scale != scaleOf(module, rank))
            throw Unsupported("an adapter whose experts differ in rank or alpha",
                              "this version wants the same for all experts of a layer");
        std::copy_n(f.a.f32(), f.a.count(), update.a.f32() + expert * f.a.count());
        std::copy_n(f.b.f32(), f.b.count(), update.b.f32() + expert * f.b.count());
        return true;
    }

    // All experts in one parameter, gate and up together or down: the shapes tell which.
    void addFused(const std::string& module, const std::string& prefix, const Factors& f)
    {
        const AdaptableMatrix& gate = matrix(module, prefix + "ffn_gate_exps");
        const int64_t n = gate.nExperts, rank = f.a.rows() / std::max<int64_t>(1, n);
        if (m_architecture == "gpt-oss")
            throw Unsupported("an adapter for the fused experts of gpt-oss",
                              "its gate and up rows alternate, which this version does not read");
        if (f.magnitude || rank < 1 || f.a.rows() != rank * n || f.b.cols() != rank * n)
            badFile(module + " has factors " + toString(f.a.shape()) + " and " + toString(f.b.shape()) + " for " +
                    std::to_string(n) + " experts");
        const auto part = [&](const std::string& name, int64_t firstRow, int64_t out) {
            nn::MatrixUpdate update{
                f.a.reshaped({n, rank, f.a.cols()}), Tensor::empty({n, out, rank}), scaleOf(module, rank), {}, {}};
            for (int64_t e = 0; e < n; ++e)
                for (int64_t row = 0; row < out; ++row)
                    for (int64_t j = 0; j < rank; ++j) // the expert is the fastest index of a stored row
                        update.b.f32()[(e * out + row) * rank + j] = f.b.f32()[(firstRow + row) * f.b.cols() + j * n + e];
            if (!m_adapter.updates.emplace(name, std::move(update)).second)
                badFile("has two updates for " + name);
        };
        if (f.a.cols() == gate.in && f.b.rows() == 2 * gate.out) {
            part(prefix + "ffn_gate_exps", 0, gate.out);
            part(prefix + "ffn_up_exps", gate.out, gate.out);
        } else if (f.a.cols() == gate.out && f.b.rows() == gate.in) {
            part(prefix + "ffn_down_exps", 0, gate.in);
        } else {
            badFile(module + " does not fit the model's experts");
        }
    }

    std::string m_configPath;
    nlohmann::json m_config;
    std::string m_path;
    const std::string& m_architecture;
    const AdaptableMatrices& m_matrices;
    nn::Adapter m_adapter;
};

} // namespace

nn::Adapter readPeftAdapter(const std::filesystem::path& folder, const Model& model)
{
    return readPeftAdapter(folder, model.config().architecture, adaptableMatrices(model));
}

nn::Adapter readPeftAdapter(const std::filesystem::path& folder, const std::string& architecture,
                            const AdaptableMatrices& matrices)
{
    return Reader(folder, architecture, matrices).read();
}

} // namespace sy::models
