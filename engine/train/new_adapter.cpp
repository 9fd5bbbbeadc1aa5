// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/new_adapter.h"

#include "engine/core/error.h"
#include "engine/generate/random.h"
#include "engine/models/adapter_binding.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

namespace sy::train {

namespace {

struct Preset {
    std::string_view name;
    bool (*includes)(const models::AdaptableMatrix& matrix);
};
constexpr Preset kPresets[] = {
    {"all-linear", [](const models::AdaptableMatrix&) { return true; }},
    {"attention", [](const models::AdaptableMatrix& m) { return m.isAttention; }},
    {"attention+shared-experts", [](const models::AdaptableMatrix& m) { return m.isAttention || m.isSharedExpert; }},
    {"experts", [](const models::AdaptableMatrix& m) { return m.nExperts > 0; }},
};

// Draws numbered by the matrix and their place in it.
void fillUniform(Tensor& t, float bound, uint64_t seed, uint32_t matrix)
{
    const std::array<uint32_t, 2> key = {uint32_t(seed), uint32_t(seed >> 32)};
    for (int64_t i = 0; i < t.count(); i += 4) {
        const auto draws = generate::philox({uint32_t(i / 4), uint32_t(uint64_t(i / 4) >> 32), matrix, 0x6c6f7261}, key);
        for (int64_t j = i; j < std::min(i + 4, t.count()); ++j)
            t.f32()[j] = (float(draws[size_t(j - i)] >> 8) * 0x1p-23f - 1.0f) * bound;
    }
}

template <class T>
T valueOf(const std::vector<std::pair<std::string, T>>& patterns, const std::string& name, T otherwise)
{
    for (const auto& [pattern, value] : patterns) {
        if (matchesPattern(name, pattern) || matchesPattern(name + ".weight", pattern))
            return value;
    }
    return otherwise;
}

int layerOf(const std::string& name) // "blk.3.ffn_up_exps"
{
    return std::atoi(name.c_str() + std::char_traits<char>::length("blk."));
}

// Of all experts, from those of some.
Tensor ofAll(const Tensor& factor, const std::vector<int32_t>& places)
{
    if (factor.shape().rank() != 3 || places.empty())
        return Tensor::of(factor.values(), factor.shape());
    const int64_t height = factor.shape()[1];
    Tensor all = Tensor::zeros({int64_t(places.size()), height, factor.cols()});
    for (size_t e = 0; e < places.size(); ++e) {
        if (places[e] >= 0)
            std::copy_n(factor.rowRange(places[e] * height, height).f32(), height * factor.cols(),
                        all.rowRange(int64_t(e) * height, height).f32());
    }
    return all;
}

std::set<std::string> chosen(const std::map<std::string, models::AdaptableMatrix>& matrices,
                             const RunConfig::Adapter& config, const std::string& architecture)
{
    std::set<std::string> names;
    for (const std::string& target : config.targets) {
        const size_t before = names.size();
        const auto* preset = std::ranges::find(kPresets, target, &Preset::name);
        bool isFound = false;
        for (const auto& [name, matrix] : matrices) {
            const bool fits = preset != std::end(kPresets)
                                  ? preset->includes(matrix)
                                  : matchesPattern(name, target) || matchesPattern(name + ".weight", target);
            isFound = isFound || fits;
            if (fits)
                names.insert(name);
        }
        if (!isFound && names.size() == before)
            throw Unsupported("the adapter target \"" + target + "\"",
                              "the model \"" + architecture + "\" has no such matrix to adapt");
    }
    return names;
}

} // namespace

TrainedSet newAdapter(const models::Model& model, const RunConfig::Adapter& config, uint64_t seed,
                      const ExpertChoice* experts)
{
    const std::map<std::string, models::AdaptableMatrix> matrices = models::adaptableMatrices(model);
    TrainedSet set;
    uint32_t index = 0;
    bool hasExperts = false;
    for (const std::string& name : chosen(matrices, config, model.config().architecture)) {
        const models::AdaptableMatrix& m = matrices.at(name);
        const int64_t rank = valueOf(config.rankPattern, name, config.rank);
        const double alpha = valueOf(config.alphaPattern, name, config.alpha);
        const double scale =
            config.method == RunConfig::Adapter::Method::rslora ? alpha / std::sqrt(double(rank)) : alpha / double(rank);
        std::vector<int32_t> places;
        int64_t nTrained = m.nExperts;
        if (m.nExperts > 0 && experts) {
            const auto layer = experts->find(layerOf(name));
            if (layer == experts->end() || layer->second.empty() || !std::ranges::is_sorted(layer->second) ||
                layer->second.front() < 0 || layer->second.back() >= m.nExperts)
                throw Unsupported("training some experts of " + name, "the choice does not fit the model");
            places.assign(size_t(m.nExperts), -1);
            for (nTrained = 0; const int32_t expert : layer->second)
                places[size_t(expert)] = int32_t(nTrained++);
            hasExperts = true;
        }
        Tensor a = Tensor::empty(m.nExperts > 0 ? Shape{nTrained, rank, m.in} : Shape{rank, m.in});
        fillUniform(a, float(1 / std::sqrt(double(m.in))), seed, index++);
        addUpdate(set, name, std::move(a), Tensor::zeros(m.nExperts > 0 ? Shape{nTrained, m.out, rank} : Shape{m.out, rank}),
                  float(scale))
            .places = std::move(places);
    }
    if (experts && !hasExperts)
        throw Unsupported("choosing experts", "none of the targets has any");
    return set;
}

void addMagnitudes(const ops::OpContext& context, const models::Model& model, TrainedSet& set)
{
    const auto matrices = models::adaptableMatrices(model);
    for (auto& [name, m] : set.updates) {
        const nn::Linear* linear = matrices.at(name).linear;
        if (!linear)
            throw Unsupported("DoRA on " + name, "this version scales the rows of whole matrices only");
        m.magnitude.value = nn::rowSquares(context, linear->weight);
        for (int64_t i = 0; i < m.magnitude.value.count(); ++i)
            m.magnitude.value.f32()[i] = std::sqrt(m.magnitude.value.f32()[i]) * std::abs(linear->scale);
    }
}

TrainedSet fromAdapter(const nn::Adapter& adapter)
{
    const auto copy = [](const Tensor& t) { return t ? Tensor::of(t.values(), t.shape()) : Tensor(); };
    TrainedSet set;
    for (const auto& [name, update] : adapter.updates)
        addUpdate(set, name, copy(update.a), copy(update.b), update.scale, copy(update.magnitude));
    return set;
}

nn::Adapter snapshot(const TrainedSet& set)
{
    const auto copy = [](const Tensor& t) { return t ? Tensor::of(t.values(), t.shape()) : Tensor(); };
    nn::Adapter adapter;
    for (const auto& [name, m] : set.updates)
        adapter.updates[name] = {
            ofAll(m.a.value, m.places), ofAll(m.b.value, m.places), m.scale, copy(m.magnitude.value), {}};
    return adapter;
}

} // namespace sy::train
