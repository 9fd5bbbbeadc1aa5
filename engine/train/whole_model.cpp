// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/whole_model.h"

#include "engine/core/error.h"
#include "engine/generate/random.h"
#include "engine/train/decoder_pass.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace sy::train {

namespace {

constexpr double kDeviation = 0.02;

// Throws unless every matrix of the layers is a tensor of the file.
void requireOwnTensors(const models::DecoderView& decoder, const formats::TensorSource& source)
{
    const auto require = [&](const std::string& name) {
        if (!source.has(name + ".weight"))
            throw Unsupported("training a model whole that has no tensor " + name + ".weight",
                              "its file joins matrices; this version trains adapters on it");
    };
    const auto requireAll = [&](std::initializer_list<const nn::Linear*> linears) {
        for (const nn::Linear* linear : linears)
            require(linear->name);
    };
    const auto requireDense = [&](const nn::GatedFeedForward& f) {
        if (f.gate.weight)
            require(f.gate.name);
        requireAll({&f.up, &f.down});
    };
    if (!decoder.streamBlocks.empty())
        throw Unsupported("training a model with residual streams whole", "this version trains adapters on it");
    for (size_t layer = 0; layer < decoder.blocks.size(); ++layer) {
        const nn::DecoderBlock& block = decoder.blocks[layer];
        const auto* gqa = std::get_if<nn::GqaAttention>(&block.attention);
        const auto* mla = std::get_if<nn::MlaAttention>(&block.attention);
        if (gqa) {
            requireAll({&gqa->q, &gqa->k, &gqa->v, &gqa->output});
        } else if (mla) {
            if (mla->qDown.weight)
                require(mla->qDown.name);
            requireAll({&mla->q, &mla->latent, &mla->key, &mla->output});
            require(layerPrefix(int(layer)) + "attn_k_b");
            require(layerPrefix(int(layer)) + "attn_v_b");
        } else {
            const auto& delta = std::get<nn::DeltaNet>(block.attention);
            requireAll({&delta.qkv, &delta.gate, &delta.beta, &delta.alpha, &delta.output});
        }
        if (const auto* dense = std::get_if<nn::GatedFeedForward>(&block.feedForward)) {
            requireDense(*dense);
            continue;
        }
        const auto& moe = std::get<nn::MoeFeedForward>(block.feedForward);
        for (const ops::ExpertMatrices* matrices : {&moe.experts.gate, &moe.experts.up, &moe.experts.down})
            require(matrices->name);
        if (moe.shared)
            requireDense(*moe.shared);
    }
}

std::array<uint32_t, 4> drawsAt(uint64_t place, uint64_t seed, uint32_t tensor)
{
    const std::array<uint32_t, 2> key = {uint32_t(seed), uint32_t(seed >> 32)};
    return generate::philox({uint32_t(place), uint32_t(place >> 32), tensor, 0x77656967}, key);
}

// Between the two, each number alike.
void fillEvenly(Tensor& t, double from, double to, uint64_t seed, uint32_t tensor)
{
    for (int64_t i = 0; i < t.count(); ++i)
        t.f32()[i] = float(from + (to - from) * double(drawsAt(uint64_t(i), seed, tensor)[0]) * 0x1p-32);
}

// Four normal numbers of a place (Box and Muller).
void fillNormal(Tensor& t, double deviation, uint64_t seed, uint32_t tensor)
{
    for (int64_t i = 0; i < t.count(); i += 4) {
        const auto draws = drawsAt(uint64_t(i / 4), seed, tensor);
        for (int64_t j = i; j < std::min(i + 4, t.count()); ++j) {
            const auto pair = size_t(j - i) / 2 * 2;
            const double radius = std::sqrt(-2 * std::log((double(draws[pair]) + 1) * 0x1p-32));
            const double angle = 2 * std::numbers::pi * double(draws[pair + 1]) * 0x1p-32;
            t.f32()[j] = float(deviation * radius * ((j - i) % 2 == 0 ? std::cos(angle) : std::sin(angle)));
        }
    }
}

} // namespace

TrainedSet wholeModel(const models::Model& model, const formats::TensorSource& source)
{
    requireTrainable(model);
    const auto decoder = model.decoder();
    TrainedSet set;
    requireOwnTensors(*decoder, source);
    for (const std::string& name : knownNames(*decoder))
        if (source.has(name))
            set.tensors[name] = {name, source.get(name), {}};
    return set;
}

void drawWeights(TrainedSet& set, uint64_t seed, int nLayers)
{
    uint32_t index = 0;
    for (auto& [name, parameter] : set.tensors) {
        Tensor& value = parameter.value;
        ++index;
        if (name.ends_with("ssm_a")) {
            fillEvenly(value, -16, -1, seed, index);
        } else if (name.ends_with("ssm_dt.bias")) {
            std::fill_n(value.f32(), value.count(), 1.0f);
        } else if (name.ends_with("ssm_conv1d.weight")) { // (channels, kernel)
            const double bound = 1 / std::sqrt(double(value.cols()));
            fillEvenly(value, -bound, bound, seed, index);
        } else if (name.ends_with(".bias")) {
            std::fill_n(value.f32(), value.count(), 0.0f);
        } else if (name.find("norm") != std::string::npos) {
            std::fill_n(value.f32(), value.count(), 1.0f);
        } else {
            const bool writesResidual = name.find("attn_output.") != std::string::npos ||
                                        name.find("ssm_out.") != std::string::npos ||
                                        name.find("ffn_down") != std::string::npos;
            fillNormal(value, writesResidual ? kDeviation / std::sqrt(2.0 * nLayers) : kDeviation, seed, index);
        }
    }
}

} // namespace sy::train
