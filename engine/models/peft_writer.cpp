// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/peft_adapter.h"

#include "engine/core/error.h"
#include "engine/formats/new_file.h"
#include "engine/formats/safetensors/safetensors_writer.h"
#include "engine/models/adapter_binding.h"
#include "engine/models/peft_modules.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace sy::models {

namespace {

class Writer {
public:
    Writer(const Model& model, const nn::Adapter& adapter)
        : m_architecture(model.config().architecture), m_adapter(adapter), m_matrices(adaptableMatrices(model))
    {
    }

    void write(const std::filesystem::path& folder, const std::string& base)
    {
        for (const auto& [name, update] : m_adapter.updates)
            add(name, update);
        std::error_code failed;
        std::filesystem::create_directories(folder, failed);
        if (failed)
            throw StorageFailure(folder.string(), "making a folder for the adapter", failed.message());
        formats::writeSafetensors(folder / "adapter_model.safetensors", m_tensors);
        const std::string text = config(base).dump(2) + "\n";
        formats::NewFile file(folder / "adapter_config.json");
        file.write(std::as_bytes(std::span(text)));
        file.commit();
    }

private:
    struct Setting {
        std::string module;
        int64_t rank;
        double alpha;
    };

    void add(const std::string& name, const nn::MatrixUpdate& update)
    {
        const auto matrix = m_matrices.find(name);
        const size_t dot = name.find('.', 4);
        if (!name.starts_with("blk.") || dot == std::string::npos || matrix == m_matrices.end())
            unnamed(name);
        const std::string layer = "model.layers." + name.substr(4, dot - 4) + ".", below = name.substr(dot + 1);
        if (matrix->second.nExperts > 0) {
            addExperts(layer, below, matrix->second, update);
            return;
        }
        for (const PeftModule& module : kPeftModules) {
            // Both ways to call the experts that every token sees are in use.
            const bool isDeepSeek = m_architecture.starts_with("deepseek");
            const bool isOther = (module.stored.starts_with("mlp.shared_experts.") && !isDeepSeek) ||
                                 (module.stored.starts_with("mlp.shared_expert.") && isDeepSeek);
            if (module.named != below || isOther)
                continue;
            const auto& m = matrix->second;
            addModule(layer + std::string(module.stored), storedColumns(m, update.a), storedRows(m, update.b), update);
            if (update.magnitude)
                m_tensors.push_back({keyOf(layer + std::string(module.stored), "lora_magnitude_vector"),
                                     storedRows(m, update.magnitude.reshaped({m.out, 1})).reshaped({m.out})});
            return;
        }
        unnamed(name);
    }

    void addExperts(const std::string& layer, const std::string& below, const AdaptableMatrix& m,
                    const nn::MatrixUpdate& update)
    {
        const bool isMixtral = m_architecture == "llama";
        for (const PeftModule& matrix : kPeftExpertMatrices) {
            if (matrix.named != below || matrix.stored.starts_with('w') != isMixtral || m_architecture == "gpt-oss")
                continue;
            for (int64_t e = 0; e < m.nExperts; ++e) {
                const auto part = [e](const Tensor& factor) {
                    return factor.shape().rank() == 3 ? factor.rowRange(e * factor.shape()[1], factor.shape()[1]) : factor;
                };
                addModule(layer + (isMixtral ? "block_sparse_moe.experts." : "mlp.experts.") + std::to_string(e) + "." +
                              std::string(matrix.stored),
                          part(update.a), part(update.b), update);
            }
            return;
        }
        unnamed(layer + below);
    }

    void addModule(const std::string& module, const Tensor& a, const Tensor& b, const nn::MatrixUpdate& update)
    {
        m_settings.push_back({module, update.rank(), double(update.scale) * double(update.rank())});
        m_tensors.push_back({keyOf(module, "lora_A.weight"), a});
        m_tensors.push_back({keyOf(module, "lora_B.weight"), b});
    }

    static std::string keyOf(const std::string& module, const char* what)
    {
        return "base_model.model." + module + "." + what;
    }

    // Rows as Hugging Face's files have them.
    static Tensor storedRows(const AdaptableMatrix& m, const Tensor& rows)
    {
        Tensor t = Tensor::empty(rows.shape());
        for (int64_t row = 0; row < m.out; ++row)
            std::copy_n(rows.f32() + row * rows.cols(), rows.cols(), t.f32() + hfRowOf(m, row) * rows.cols());
        return t;
    }

    static Tensor storedColumns(const AdaptableMatrix& m, const Tensor& a)
    {
        Tensor t = Tensor::empty(a.shape());
        for (int64_t i = 0; i < t.count(); ++i)
            t.f32()[i / m.in * m.in + hfColumnOf(m, i % m.in)] = a.f32()[i];
        return t;
    }

    [[noreturn]] void unnamed(const std::string& name) const
    {
        throw Unsupported("an update of " + name + " as PEFT",
                          "this version knows no name for it in the model \"" + m_architecture + "\"");
    }

    // The commonest rank and alpha for all, and patterns for the others.
    nlohmann::ordered_json config(const std::string& base) const
    {
        const auto commonest = [&](auto Setting::*value) {
            std::map<double, int> counts;
            for (const Setting& s : m_settings)
                ++counts[double(s.*value)];
            return std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; })->first;
        };
        const double rank = commonest(&Setting::rank), alpha = commonest(&Setting::alpha);
        nlohmann::ordered_json ranks = nlohmann::ordered_json::object(), alphas = ranks;
        std::set<std::string> ends;
        for (const Setting& s : m_settings) {
            if (double(s.rank) != rank)
                ranks[s.module] = s.rank;
            if (s.alpha != alpha)
                alphas[s.module] = s.alpha;
            ends.insert(s.module.substr(s.module.rfind('.') + 1));
        }
        const bool isDora = std::ranges::any_of(m_adapter.updates, [](const auto& u) { return bool(u.second.magnitude); });
        return {{"peft_type", "LORA"},
                {"task_type", "CAUSAL_LM"},
                {"base_model_name_or_path", base},
                {"r", int64_t(rank)},
                {"lora_alpha", alpha},
                {"lora_dropout", 0.0},
                {"bias", "none"},
                {"target_modules", ends},
                {"rank_pattern", ranks},
                {"alpha_pattern", alphas},
                {"use_rslora", false},
                {"use_dora", isDora},
                {"fan_in_fan_out", false},
                {"init_lora_weights", true},
                {"inference_mode", true},
                {"modules_to_save", nullptr}};
    }

    std::string m_architecture;
    const nn::Adapter& m_adapter;
    AdaptableMatrices m_matrices;
    std::vector<formats::NamedTensor> m_tensors;
    std::vector<Setting> m_settings;
};

} // namespace

void writePeftAdapter(const std::filesystem::path& folder, const Model& model, const nn::Adapter& adapter,
                      const std::string& base)
{
    if (adapter.updates.empty())
        throw Unsupported("an empty adapter as PEFT", "there is nothing in it");
    Writer(model, adapter).write(folder, base);
}

} // namespace sy::models
