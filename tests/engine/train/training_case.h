// SPDX-License-Identifier: GPL-3.0-or-later
// A case of shared/fixtures/training: a tiny model, a batch, an adapter, and what an independent implementation computed.
#pragma once

#include "../../fixtures.h"
#include "engine/formats/gguf.h"
#include "engine/formats/safetensors/safetensors_file.h"
#include "engine/models/model_table.h"
#include "engine/train/decoder_pass.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sy::test {

struct TrainingCase {
    nlohmann::json facts;
    std::map<std::string, Tensor> tensors;
    std::unique_ptr<models::Model> model;
    std::vector<train::TrainingText> texts;

    static bool exists(const std::string& name)
    {
        return std::filesystem::exists(fixturePath("training/" + name + ".safetensors"));
    }

    explicit TrainingCase(const std::string& name)
    {
        facts = nlohmann::json::parse(readFile(fixturePath("training/" + name + ".json")));
        const auto file = formats::SafetensorsFile::open(fixturePath("training/" + name + ".safetensors"));
        for (const formats::StoredTensor& stored : file.tensors()) {
            const auto dtype = stored.type == formats::StoredType::u8 ? DType::I8 : formats::plainType(stored.type).value();
            Tensor t = Tensor::empty(Shape(stored.shape), dtype);
            std::memcpy(t.raw(), file.bytesOf(stored).data(), stored.bytes);
            tensors[stored.name] = t;
        }
        model = models::loadModel(std::make_shared<formats::GgufFile>(
            formats::GgufFile::open(fixturePath("models/" + facts["model"].get<std::string>()))));
        if (!tensors.contains("input_ids"))
            return;
        const Tensor& ids = tensors["input_ids"];
        const Tensor& mask = tensors["loss_mask"];
        for (int64_t row = 0; row < ids.rows(); ++row) {
            train::TrainingText text;
            for (int64_t i = 0; i < tensors["lengths"].data<int32_t>()[row]; ++i) {
                text.tokens.push_back(ids.data<int32_t>()[row * ids.cols() + i]);
                text.isTrained.push_back(uint8_t(mask.data<int8_t>()[row * mask.cols() + i]));
            }
            texts.push_back(text);
        }
    }

    /// The adapter before training, in memory of its own.
    train::TrainedSet initial() const
    {
        train::TrainedSet set;
        const float scale = facts["alpha"].get<float>() / facts["rank"].get<float>();
        for (const auto& [key, a] : tensors) {
            if (!key.starts_with("init/") || !key.ends_with(".lora_a"))
                continue;
            const std::string stem = key.substr(0, key.size() - 7),
                              name = stem.substr(5, stem.size() - 5 - 7); // less ".weight"
            const auto magnitude = tensors.find(stem + ".lora_magnitude_vector");
            train::addUpdate(set, name, copy(a), copy(tensors.at(stem + ".lora_b")), scale,
                             magnitude == tensors.end() ? Tensor() : copy(magnitude->second));
        }
        return set;
    }

    static Tensor copy(const Tensor& t) { return Tensor::of(t.values(), t.shape()); }
};

/// The largest difference of a parameter's gradient from grad/NAME, as a share of that tensor's largest value; worst of all.
/// Tensors that are zero must be zero.
inline double gradientError(const TrainingCase& c, train::TrainedSet& set, const std::string& prefix = "grad/")
{
    double worst = 0;
    size_t nCompared = 0;
    for (autograd::Parameter* p : set.parameters()) {
        const auto expected = c.tensors.find(prefix + p->name);
        if (expected == c.tensors.end())
            continue;
        const Tensor& e = expected->second;
        if (e.count() != p->value.count() || !p->gradient)
            return INFINITY;
        ++nCompared;
        double largest = 0, error = 0;
        for (int64_t i = 0; i < e.count(); ++i) {
            largest = std::max(largest, double(std::abs(e.f32()[i])));
            error = std::max(error, double(std::abs(p->gradient.f32()[i] - e.f32()[i])));
        }
        worst = std::max(worst, largest > 0 ? error / largest : error > 0 ? INFINITY : 0.0);
    }
    const auto nExpected = std::ranges::count_if(c.tensors, [&](const auto& t) { return t.first.starts_with(prefix); });
    return nCompared == size_t(nExpected) ? worst : INFINITY;
}

} // namespace sy::test
