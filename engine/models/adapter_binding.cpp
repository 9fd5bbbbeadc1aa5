// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/models/adapter_binding.h"

#include "engine/core/error.h"

#include <initializer_list>
#include <utility>

namespace sy::models {

namespace {

class Collector {
public:
    explicit Collector(const DecoderView& decoder) : m_decoder(decoder) {}

    AdaptableMatrices collect()
    {
        for (const nn::DecoderBlock& block : m_decoder.blocks) {
            std::visit([&](const auto& attention) { addAttention(block, attention); }, block.attention);
            if (const auto* dense = std::get_if<nn::GatedFeedForward>(&block.feedForward))
                addDense(*dense, false);
            else
                addExperts(std::get<nn::MoeFeedForward>(block.feedForward));
        }
        for (const nn::StreamBlock& block : m_decoder.streamBlocks) {
            addAttention(block.attention);
            addExperts(block.feedForward);
        }
        return std::move(m_found);
    }

private:
    AdaptableMatrix* add(const nn::Linear& linear)
    {
        if (!linear.weight || linear.name.empty())
            return nullptr;
        return &(m_found[linear.name] = {linear.weight.rows(), linear.weight.cols(), 0, 0, &linear});
    }

    void addAttention(const nn::DecoderBlock& block, const nn::GqaAttention& a)
    {
        AdaptableMatrix* found[] = {add(a.q), add(a.k), add(a.v), add(a.output)};
        for (AdaptableMatrix* matrix : found)
            matrix->isAttention = true;
        if (m_decoder.ropes[size_t(block.rope)].layout == ops::RopeLayout::adjacent) {
            found[0]->nRotatedHeads = a.config.nHeads;
            found[1]->nRotatedHeads = a.config.nKvHeads;
        }
    }
    void addAttention(const nn::DecoderBlock&, const nn::MlaAttention& a)
    {
        for (const nn::Linear* linear : {&a.q, &a.qDown, &a.output}) {
            if (AdaptableMatrix* matrix = add(*linear))
                matrix->isAttention = true;
        }
        const nn::MlaConfig& c = a.config;
        m_found[a.latent.name] = {a.latent.weight.rows() + a.key.weight.rows(), a.latent.weight.cols(), 0, 0, nullptr, true};
        m_found[a.upName] = {int64_t(c.nHeads) * (c.nopeDim + c.valueDim), c.latentDim, 0, 0, nullptr, true};
    }
    // Not the groups' matrices, of which each is a block of one; and not the indexer, which nothing trains.
    void addAttention(const nn::CompressedAttention& a)
    {
        const auto addAll = [&](std::initializer_list<const nn::Linear*> linears) {
            for (const nn::Linear* linear : linears)
                add(*linear)->isAttention = true;
        };
        addAll({&a.qDown, &a.q, &a.kv, &a.output});
        if (a.compressor)
            addAll({&a.compressor->values, &a.compressor->scores});
    }
    void addAttention(const nn::DecoderBlock&, const nn::DeltaNet& d)
    {
        const ops::GatedDeltaConfig& c = d.config;
        const auto heads = [&](int64_t first, int64_t width) {
            return TurnedHeads{first, c.nKeyHeads, c.nValueHeads, width};
        };
        const std::pair<const nn::Linear*, TurnedHeads> byRow[] = {
            {&d.qkv, heads(2 * int64_t(c.nKeyHeads) * c.keyDim, c.valueDim)},
            {&d.gate, heads(0, c.valueDim)},
            {&d.beta, heads(0, 1)},
            {&d.alpha, heads(0, 1)},
            {&d.output, {}}};
        for (const auto& [linear, rows] : byRow) {
            AdaptableMatrix* matrix = add(*linear);
            matrix->isAttention = true;
            matrix->rows = rows;
        }
        m_found[d.output.name].columns = heads(0, c.valueDim);
    }

    void addDense(const nn::GatedFeedForward& f, bool isSharedExpert)
    {
        for (const nn::Linear* linear : {&f.gate, &f.up, &f.down}) {
            if (AdaptableMatrix* matrix = add(*linear))
                matrix->isSharedExpert = isSharedExpert;
        }
    }
    void addExperts(const nn::MoeFeedForward& moe)
    {
        for (const ops::ExpertMatrices* m : {&moe.experts.gate, &moe.experts.up, &moe.experts.down})
            m_found[m->name] = {m->weights[0].rows(), m->weights[0].cols(), moe.experts.nExperts()};
        if (moe.shared)
            addDense(*moe.shared, true);
    }

    const DecoderView& m_decoder;
    AdaptableMatrices m_found;
};

bool fits(const nn::MatrixUpdate& update, const AdaptableMatrix& matrix)
{
    const auto one = [&](const Tensor& factor, int64_t rows, int64_t cols) {
        const Shape& shape = factor.shape();
        const bool isPerExpert = shape.rank() == 3;
        return factor.dtype() == DType::F32 &&
               (isPerExpert ? matrix.nExperts > 0 && shape[0] == matrix.nExperts : shape.rank() == 2) &&
               shape[isPerExpert ? 1 : 0] == rows && factor.cols() == cols;
    };
    const bool hasFactor = !update.magnitude || (matrix.nExperts == 0 && update.magnitude.count() == matrix.out);
    return update.rank() > 0 && one(update.a, update.rank(), matrix.in) && one(update.b, matrix.out, update.rank()) &&
           hasFactor;
}

int64_t turnedBack(const TurnedHeads& heads, int64_t i)
{
    const int64_t at = i - heads.first;
    if (heads.nValueHeads == 0 || at < 0 || at >= heads.nValueHeads * heads.width)
        return i;
    const int64_t head = at / heads.width, perKey = heads.nValueHeads / heads.nKeyHeads;
    const int64_t stored = head % heads.nKeyHeads * perKey + head / heads.nKeyHeads;
    return heads.first + stored * heads.width + at % heads.width;
}

} // namespace

AdaptableMatrices adaptableMatrices(const Model& model)
{
    const std::optional<DecoderView> decoder = model.decoder();
    return decoder ? Collector(*decoder).collect() : AdaptableMatrices();
}

int64_t hfRowOf(const AdaptableMatrix& matrix, int64_t row)
{
    if (matrix.nRotatedHeads == 0)
        return turnedBack(matrix.rows, row);
    const int64_t height = matrix.out / matrix.nRotatedHeads, head = row / height, inHead = row % height;
    return head * height + inHead % 2 * (height / 2) + inHead / 2;
}

int64_t hfColumnOf(const AdaptableMatrix& matrix, int64_t column)
{
    return turnedBack(matrix.columns, column);
}

void checkAdapter(const Model& model, const nn::Adapter& adapter, const std::string& source)
{
    const AdaptableMatrices matrices = adaptableMatrices(model);
    std::string unused;
    for (const auto& [name, update] : adapter.updates) {
        const auto found = matrices.find(name);
        if (found == matrices.end()) {
            unused += (unused.empty() ? "" : ", ") + name;
            continue;
        }
        const AdaptableMatrix& matrix = found->second;
        if (!fits(update, matrix))
            throw BadFile(source, "the update of " + name + " has factors " + toString(update.a.shape()) + " and " +
                                      toString(update.b.shape()) + ", the model's matrix is (" + std::to_string(matrix.out) +
                                      ", " + std::to_string(matrix.in) + ")");
        if (update.magnitude && !matrix.linear)
            throw Unsupported("DoRA on " + name, "this version scales the rows of whole matrices only");
    }
    if (!unused.empty())
        throw Unsupported("an adapter for " + unused,
                          "the model \"" + model.config().architecture + "\" has no such matrix to adapt");
}

void bindAdapter(const ops::OpContext& context, const Model& model, nn::Adapter& adapter, const std::string& source)
{
    checkAdapter(model, adapter, source);
    const AdaptableMatrices matrices = adaptableMatrices(model);
    for (auto& [name, update] : adapter.updates) {
        const AdaptableMatrix& matrix = matrices.at(name);
        if (matrix.linear)
            update.packed = ops::packed(context, update.a, update.b);
        if (!update.magnitude)
            continue;
        const nn::Linear& linear = *matrix.linear;
        const Tensor norms = nn::updatedRowNorms(context, linear.weight, linear.scale,
                                                 nn::rowSquares(context, linear.weight), update.rows(0, matrix.out, 1));
        update.rowFactors = Tensor::empty({matrix.out});
        for (int64_t i = 0; i < matrix.out; ++i)
            update.rowFactors.f32()[i] = update.magnitude.f32()[i] / norms.f32()[i];
    }
}

} // namespace sy::models
