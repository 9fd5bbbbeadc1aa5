// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/train/decoder_pass.h"

#include "engine/autograd/checkpoint.h"
#include "engine/core/error.h"
#include "engine/models/adapter_binding.h"
#include "engine/ops/embedding/embedding.h"
#include "engine/ops/matmul/matmul.h"
#include "engine/ops/rms_norm/rms_norm.h"
#include "engine/ops/rope/rope.h"
#include "engine/ops/scale/scale.h"
#include "engine/ops/soft_cap/soft_cap.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <set>
#include <stdexcept>

namespace sy::train {

namespace {

// How long a chat may keep the processor while a run waits: a run gets some of it however much is asked of the model.
constexpr std::chrono::milliseconds kPatience(500);

// A pass's turn at the processor: between two ops it gives way to requests and hears that it should stop.
class BetweenOps {
public:
    BetweenOps(generate::StepLock* lock, std::stop_token stop) : m_stop(std::move(stop))
    {
        if (lock)
            m_turn.emplace(*lock);
    }
    void look()
    {
        if (m_turn)
            m_turn->pass(kPatience);
        if (m_stop.stop_requested())
            throw Cancelled();
    }

private:
    std::optional<generate::StepLock::Turn> m_turn;
    std::stop_token m_stop;
};

models::DecoderView viewOf(const models::Model& model)
{
    const std::optional<models::DecoderView> view = model.decoder();
    if (!view)
        throw Unsupported("training a model of the architecture \"" + model.config().architecture + "\"",
                          "this version trains decoders");
    if (model.config().isEmbedding)
        throw Unsupported("training an embedding model", "this version trains models that predict the next token");
    return *view;
}

} // namespace

std::string layerPrefix(int layer)
{
    return "blk." + std::to_string(layer) + ".";
}

std::set<std::string> knownNames(const models::DecoderView& decoder)
{
    std::set<std::string> names = {"token_embd.weight", "output.weight", "output.bias", "output_norm.weight"};
    const auto add = [&](const std::string& name) {
        names.insert(name);
        names.insert(name + ".weight");
        names.insert(name + ".bias");
    };
    const auto addLinears = [&](std::initializer_list<const nn::Linear*> linears) {
        for (const nn::Linear* linear : linears)
            if (linear->weight)
                add(linear->name);
    };
    const auto addExperts = [&](const nn::MoeFeedForward& moe, const std::string& prefix) {
        for (const ops::ExpertMatrices* matrices : {&moe.experts.gate, &moe.experts.up, &moe.experts.down})
            add(matrices->name);
        names.insert(prefix + "ffn_gate_inp.weight");
        names.insert(prefix + "ffn_gate_inp.bias");
        if (moe.shared)
            addLinears({&moe.shared->gate, &moe.shared->up, &moe.shared->down});
        if (moe.sharedGate)
            add(prefix + "ffn_gate_inp_shexp");
    };
    for (size_t i = 0; i < decoder.blocks.size(); ++i) {
        const nn::DecoderBlock& block = decoder.blocks[i];
        const std::string prefix = layerPrefix(int(i));
        for (const char* norm : {"attn_norm", "attn_q_norm", "attn_k_norm", "attn_q_a_norm", "attn_kv_a_norm",
                                 "post_attention_norm", "post_ffw_norm"})
            names.insert(prefix + norm + ".weight");
        names.insert(prefix + block.feedForwardNormName + ".weight");
        if (const auto* gqa = std::get_if<nn::GqaAttention>(&block.attention))
            addLinears({&gqa->q, &gqa->k, &gqa->v, &gqa->output});
        if (const auto* mla = std::get_if<nn::MlaAttention>(&block.attention)) {
            addLinears({&mla->q, &mla->qDown, &mla->latent, &mla->key, &mla->output});
            names.insert(mla->upName);
            names.insert(prefix + "attn_k_b.weight");
            names.insert(prefix + "attn_v_b.weight");
        }
        if (const auto* delta = std::get_if<nn::DeltaNet>(&block.attention)) {
            addLinears({&delta->qkv, &delta->gate, &delta->beta, &delta->alpha, &delta->output});
            for (const char* tensor : {"ssm_conv1d.weight", "ssm_dt.bias", "ssm_a", "ssm_norm.weight"})
                names.insert(prefix + tensor);
        }
        if (const auto* dense = std::get_if<nn::GatedFeedForward>(&block.feedForward))
            addLinears({&dense->gate, &dense->up, &dense->down});
        else
            addExperts(std::get<nn::MoeFeedForward>(block.feedForward), prefix);
    }
    for (size_t i = 0; i < decoder.streamBlocks.size(); ++i) {
        const nn::StreamBlock& block = decoder.streamBlocks[i];
        const nn::CompressedAttention& a = block.attention;
        const std::string prefix = layerPrefix(int(i));
        for (const char* norm : {"attn_norm", "attn_q_a_norm", "attn_kv_a_norm", "attn_compressor_norm", "ffn_norm"})
            names.insert(prefix + norm + ".weight");
        addLinears({&a.qDown, &a.q, &a.kv, &a.output});
        if (a.compressor)
            addLinears({&a.compressor->values, &a.compressor->scores});
        addExperts(block.feedForward, prefix);
    }
    return names;
}

void requireTrainable(const models::Model& model)
{
    viewOf(model);
}

DecoderPass::DecoderPass(const ops::OpContext& context, const models::Model& model, TrainedSet& trained)
    : m_context(context), m_decoder(viewOf(model)), m_trained(trained)
{
    checkNames();
    const auto matrices = models::adaptableMatrices(model);
    for (const auto& [name, update] : trained.updates) {
        const auto matrix = matrices.find(name);
        if (update.hasMagnitude() && (matrix == matrices.end() || !matrix->second.linear))
            throw Unsupported("DoRA on " + name, "this version scales the rows of whole matrices only");
    }
}

void DecoderPass::checkNames() const
{
    const std::set<std::string> known = knownNames(m_decoder);
    std::string unused;
    const auto check = [&](const std::string& name) {
        if (!known.contains(name))
            unused += (unused.empty() ? "" : ", ") + name;
    };
    for (const auto& [name, matrix] : m_trained.updates)
        check(name);
    for (const auto& [name, parameter] : m_trained.tensors)
        check(name);
    if (!unused.empty())
        throw Unsupported("training " + unused, "the model has no such matrix");
}

Pass DecoderPass::makePass(const PackedBatch& batch, const PassOptions& options) const
{
    const int64_t nVocabulary = m_decoder.tokenEmbedding->rows();
    if (batch.tokens.empty() || std::ranges::any_of(batch.tokens, [&](int32_t t) { return t < 0 || t >= nVocabulary; }))
        throw std::invalid_argument("a training batch without tokens, or with one outside the vocabulary");
    Pass pass{
        m_context,      {m_context.pool, m_context.level, ops::Activations::f32}, m_trained, batch, {}, options.balance, 0,
        options.dropout};
    for (const ops::RopeConfig& config : m_decoder.ropes) {
        ops::RopeAngles angles = ops::ropeAngles(m_context, config, batch.positions);
        ops::RopeAngles back = ops::gradientAngles(m_context, angles);
        pass.ropes.push_back({&config, std::move(angles), std::move(back)});
    }
    pass.nMoeLayers =
        int(m_decoder.streamBlocks.size()) + int(std::ranges::count_if(m_decoder.blocks, [](const nn::DecoderBlock& block) {
            return std::holds_alternative<nn::MoeFeedForward>(block.feedForward);
        }));
    return pass;
}

Variable DecoderPass::streamBlock(Pass& pass, Tape& tape, int layer, const Variable& streams) const
{
    const nn::StreamBlock& b = m_decoder.streamBlocks[size_t(layer)];
    const std::string prefix = layerPrefix(layer);
    const auto readBy = [&](const StreamMix& mix, const Variable& from, const Tensor& norm, const char* name) {
        return rmsNorm(pass, tape, gatherStreams(pass, tape, from, mix.in), norm, b.epsilon, prefix + name);
    };
    const StreamMix mix = hyperMix(pass, tape, b.attentionStreams, streams);
    const Variable attended = attend(pass, tape, b.attention, pass.ropes[size_t(b.rope)], prefix,
                                     readBy(mix, streams, b.attentionNorm, "attn_norm.weight"));
    const Variable middle = mixStreams(pass, tape, streams, attended, mix);
    const StreamMix mixAgain = hyperMix(pass, tape, b.feedForwardStreams, middle);
    const Variable in = readBy(mixAgain, middle, b.feedForwardNorm, "ffn_norm.weight");
    const Variable nothing{Tensor::zeros(in.value.shape()), nullptr};
    return mixStreams(pass, tape, middle, addFeedForward(pass, tape, b.feedForward, layer, prefix, in, nothing), mixAgain);
}

Variable DecoderPass::block(Pass& pass, Tape& tape, int layer, const Variable& x) const
{
    if (!m_decoder.streamBlocks.empty())
        return streamBlock(pass, tape, layer, x);
    const nn::DecoderBlock& b = m_decoder.blocks[size_t(layer)];
    const std::string prefix = layerPrefix(layer);
    const Variable in = rmsNorm(pass, tape, x, b.attentionNorm, b.epsilon, prefix + "attn_norm.weight");
    const Pass::Rope& rope = pass.ropes[size_t(b.rope)];
    const Variable middle = std::visit(
        [&](const auto& attention) { return addAttention(pass, tape, attention, rope, prefix, in, x); }, b.attention);
    const Variable normed =
        rmsNorm(pass, tape, middle, b.feedForwardNorm, b.epsilon, prefix + b.feedForwardNormName + ".weight");
    if (const auto* dense = std::get_if<nn::GatedFeedForward>(&b.feedForward))
        return addFeedForward(pass, tape, *dense, prefix, normed, middle);
    return addFeedForward(pass, tape, std::get<nn::MoeFeedForward>(b.feedForward), layer, prefix, normed, middle);
}

Variable DecoderPass::forward(Pass& pass, Tape& tape, bool hasCheckpoints, std::stop_token stop) const
{
    const float scale = m_decoder.embeddingScale;
    Tensor embedded = ops::embedRows(m_context, *m_decoder.tokenEmbedding, pass.batch.tokens);
    if (scale != 1)
        ops::scale(m_context, embedded, scale);
    autograd::Parameter* table = m_trained.tensor("token_embd.weight");
    Variable x = tape.record(std::move(embedded), table != nullptr, [&pass, table, scale](Tensor dy) {
        ops::addEmbeddingGrad(pass.exact, dy, pass.batch.tokens, scale, table->sum());
    });
    if (m_decoder.streamHead)
        x = toStreams(pass, tape, x, m_decoder.streamHead->config.nStreams);
    for (int layer = 0; layer < int(std::max(m_decoder.blocks.size(), m_decoder.streamBlocks.size())); ++layer) {
        if (stop.stop_requested())
            throw Cancelled();
        if (hasCheckpoints)
            x = autograd::checkpoint(
                tape, x, [this, &pass, layer](Tape& t, const Variable& in) { return block(pass, t, layer, in); });
        else
            x = block(pass, tape, layer, x);
    }
    if (m_decoder.streamHead)
        x = gatherStreams(pass, tape, *m_decoder.streamHead, x);
    return x;
}

ops::LossHead DecoderPass::lossHead() const
{
    return {m_decoder.head->weight, m_decoder.head->bias, m_decoder.head->softCap};
}

ops::CrossEntropyGrad DecoderPass::lossGrad(const Tensor& hidden, std::span<const int32_t> labels,
                                            std::span<const float> factors, int64_t chunk,
                                            const std::function<void()>& betweenOps)
{
    const ops::LossHead head = lossHead();
    const bool isTied = head.weight.raw() == m_decoder.tokenEmbedding->raw();
    autograd::Parameter* weight = m_trained.tensor(isTied ? "token_embd.weight" : "output.weight");
    autograd::Parameter* bias = m_trained.tensor("output.bias");
    return ops::crossEntropyGrad(m_context, hidden, head, labels, factors, chunk, weight ? &weight->sum() : nullptr,
                                 bias ? &bias->sum() : nullptr, betweenOps);
}

PassResult DecoderPass::run(const PackedBatch& batch, const std::function<std::vector<float>(const Tensor&)>& factorsOf,
                            const PassOptions& options, std::stop_token stop)
{
    BetweenOps between(m_lock, stop);
    const std::function<void()> betweenOps = [&] { between.look(); };
    Pass pass = makePass(batch, options);
    Tape tape(m_context.pool, true, betweenOps);
    const Variable x = forward(pass, tape, options.hasCheckpoints, stop);
    PassResult result;
    for (const auto& [layer, loss] : pass.balanceLosses)
        result.balanceLoss += loss;
    result.expertRows = std::move(pass.expertRows);
    if (batch.nLabels() > 0) {
        Variable hidden = rmsNorm(pass, tape, selectRows(pass, tape, x, batch.labelRows), m_decoder.head->norm,
                                  m_decoder.head->epsilon, "output_norm.weight");
        const std::vector<float> factors = factorsOf(hidden.value);
        const int64_t chunk = options.lossChunkRows > 0 ? options.lossChunkRows
                                                        : ops::lossChunkRows(hidden.value.rows(), hidden.value.cols(),
                                                                             m_decoder.head->weight.rows());
        ops::CrossEntropyGrad grad = lossGrad(hidden.value, batch.labels, factors, chunk, betweenOps);
        result.losses = std::move(grad.losses);
        tape.add(hidden, std::move(grad.hidden));
    } else if (options.balance.form != BalanceOptions::Form::none && x.isWanted()) {
        tape.add(x, Tensor::zeros(x.value.shape())); // the routers' own gradients start in the layers
    }
    tape.backward(stop);
    return result;
}

PassResult DecoderPass::step(const PackedBatch& batch, std::span<const float> factors, const PassOptions& options,
                             std::stop_token stop)
{
    if (int64_t(factors.size()) != batch.nLabels())
        throw std::invalid_argument(std::to_string(factors.size()) + " factors for " + std::to_string(batch.nLabels()) +
                                    " labels");
    return run(
        batch, [&](const Tensor&) { return std::vector<float>(factors.begin(), factors.end()); }, options, stop);
}

PassResult DecoderPass::step(const PackedBatch& batch, const LossFactors& factorsOf, const PassOptions& options,
                             std::stop_token stop)
{
    return run(
        batch,
        [&](const Tensor& hidden) {
            const int64_t chunk = ops::lossChunkRows(hidden.rows(), hidden.cols(), m_decoder.head->weight.rows());
            return factorsOf(ops::crossEntropy(m_context, hidden, lossHead(), batch.labels, chunk));
        },
        options, stop);
}

Tensor DecoderPass::hiddenOfLabels(const PackedBatch& batch, std::stop_token stop)
{
    BetweenOps between(m_lock, stop);
    const std::function<void()> betweenOps = [&] { between.look(); };
    Pass pass = makePass(batch, {});
    Tape silent(m_context.pool, false, betweenOps);
    const Variable x = forward(pass, silent, false, stop);
    if (batch.nLabels() == 0)
        return {};
    return ops::rmsNorm(m_context, ops::embedRows(m_context, x.value, batch.labelRows), m_decoder.head->norm,
                        m_decoder.head->epsilon);
}

std::vector<float> DecoderPass::losses(const PackedBatch& batch, std::stop_token stop)
{
    const Tensor hidden = hiddenOfLabels(batch, stop);
    if (!hidden)
        return {};
    const int64_t chunk = ops::lossChunkRows(hidden.rows(), hidden.cols(), m_decoder.head->weight.rows());
    std::vector<float> losses;
    for (int64_t first = 0; first < hidden.rows(); first += chunk) {
        if (stop.stop_requested())
            throw Cancelled();
        std::optional<generate::StepLock::Turn> turn;
        if (m_lock)
            turn.emplace(*m_lock);
        const int64_t n = std::min(chunk, hidden.rows() - first);
        const auto part = ops::crossEntropy(m_context, hidden.rowRange(first, n), lossHead(),
                                            std::span(batch.labels).subspan(size_t(first), size_t(n)), chunk);
        losses.insert(losses.end(), part.begin(), part.end());
    }
    return losses;
}

std::vector<float> DecoderPass::baseLosses(const PackedBatch& batch, std::stop_token stop)
{
    if (!m_trained.tensors.empty())
        throw std::invalid_argument("baseLosses: whole tensors are trained");
    TrainedSet nothing;
    DecoderPass base(m_context, m_decoder, nothing);
    base.m_lock = m_lock;
    return base.losses(batch, std::move(stop));
}

ExpertUsage DecoderPass::expertUsage(const PackedBatch& batch, std::stop_token stop)
{
    BetweenOps between(m_lock, stop);
    const std::function<void()> betweenOps = [&] { between.look(); };
    Pass pass = makePass(batch, {});
    Tape silent(m_context.pool, false, betweenOps);
    forward(pass, silent, false, stop);
    return {std::move(pass.expertRows), std::move(pass.expertWeights)};
}

Tensor DecoderPass::logits(const PackedBatch& batch)
{
    Pass pass = makePass(batch, {});
    Tape silent(m_context.pool, false);
    return nn::logits(m_context, *m_decoder.head, forward(pass, silent, false, {}).value);
}

} // namespace sy::train
