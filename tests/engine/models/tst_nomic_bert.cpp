// SPDX-License-Identifier: GPL-3.0-or-later
// No other implementation's outputs are at hand: a tiny model against the paper's definition in double.
#include "model_test.h"

#include <QtTest>

#include <random>

using namespace sy;

namespace {

constexpr int kDim = 32, kHeads = 4, kHeadDim = 8, kFfn = 48, kLayers = 2, kVocabulary = 50;
using Vec = std::vector<double>;

class TinyNomic final : public formats::TensorSource {
public:
    TinyNomic()
    {
        m_metadata.setString("general.architecture", "nomic-bert");
        for (const auto& [key, value] : std::map<std::string, int>{{"context_length", 64},
                                                                   {"embedding_length", kDim},
                                                                   {"block_count", kLayers},
                                                                   {"feed_forward_length", kFfn},
                                                                   {"attention.head_count", kHeads},
                                                                   {"pooling_type", 1}})
            m_metadata.setInteger("nomic-bert." + key, value);
        m_metadata.setReal("nomic-bert.attention.layer_norm_epsilon", 1e-12);
        m_metadata.setReal("nomic-bert.rope.freq_base", 1000);
        add("token_embd.weight", {kVocabulary, kDim});
        add("token_types.weight", {2, kDim});
        addNorm("token_embd_norm");
        for (int i = 0; i < kLayers; ++i) {
            const std::string p = "blk." + std::to_string(i) + ".";
            add(p + "attn_qkv.weight", {3 * kDim, kDim});
            add(p + "attn_output.weight", {kDim, kDim});
            addNorm(p + "attn_output_norm");
            add(p + "ffn_gate.weight", {kFfn, kDim});
            add(p + "ffn_up.weight", {kFfn, kDim});
            add(p + "ffn_down.weight", {kDim, kFfn});
            addNorm(p + "layer_output_norm");
        }
    }
    bool has(std::string_view name) const override { return m_tensors.contains(name); }
    Tensor get(std::string_view name) const override
    {
        const auto found = m_tensors.find(name);
        if (found == m_tensors.end())
            throw BadFile("tiny", "tensor " + std::string(name) + " is missing");
        return found->second;
    }
    const formats::Metadata& metadata() const override { return m_metadata; }

private:
    void add(const std::string& name, Shape shape)
    {
        Tensor t = Tensor::empty(shape);
        std::normal_distribution<float> normal(0, 0.3f);
        for (int64_t i = 0; i < t.count(); ++i)
            t.f32()[i] = normal(m_random);
        m_tensors[name] = t;
    }
    void addNorm(const std::string& name)
    {
        add(name + ".weight", {kDim});
        add(name + ".bias", {kDim});
    }

    formats::Metadata m_metadata{"tiny"};
    std::map<std::string, Tensor, std::less<>> m_tensors;
    std::mt19937 m_random{5};
};

Vec product(const Tensor& w, const Vec& x, int64_t firstRow, int64_t nRows)
{
    Vec y;
    for (int64_t r = firstRow; r < firstRow + nRows; ++r) {
        double sum = 0;
        for (size_t c = 0; c < x.size(); ++c)
            sum += double(w.f32()[r * w.cols() + int64_t(c)]) * x[c];
        y.push_back(sum);
    }
    return y;
}

void addAndNorm(const TinyNomic& m, const std::string& name, Vec& x, const Vec& y)
{
    double mean = 0, variance = 0;
    for (int i = 0; i < kDim; ++i)
        mean += (x[size_t(i)] += y[size_t(i)]) / kDim;
    for (const double v : x)
        variance += (v - mean) * (v - mean) / kDim;
    for (int i = 0; i < kDim; ++i)
        x[size_t(i)] = (x[size_t(i)] - mean) / std::sqrt(variance + 1e-12) * double(m.get(name + ".weight").f32()[i]) +
                       double(m.get(name + ".bias").f32()[i]);
}

// One head: pairs (i, i + 4).
void turn(Vec& v, int position)
{
    for (int h = 0; h < kHeads; ++h) {
        for (int i = 0; i < kHeadDim / 2; ++i) {
            const double angle = position * std::pow(1000.0, -2.0 * i / kHeadDim);
            double& a = v[size_t(h * kHeadDim + i)];
            double& b = v[size_t(h * kHeadDim + i + kHeadDim / 2)];
            const double x = a * std::cos(angle) - b * std::sin(angle);
            b = b * std::cos(angle) + a * std::sin(angle);
            a = x;
        }
    }
}

Vec exact(const TinyNomic& m, const std::vector<int32_t>& tokens)
{
    std::vector<Vec> x;
    for (const int32_t token : tokens) {
        Vec e(kDim), type(kDim);
        for (int i = 0; i < kDim; ++i) {
            e[size_t(i)] = double(m.get("token_embd.weight").f32()[token * kDim + i]);
            type[size_t(i)] = double(m.get("token_types.weight").f32()[i]);
        }
        addAndNorm(m, "token_embd_norm", e, type);
        x.push_back(e);
    }
    for (int layer = 0; layer < kLayers; ++layer) {
        const std::string p = "blk." + std::to_string(layer) + ".";
        std::vector<Vec> q, k, v;
        for (size_t t = 0; t < x.size(); ++t) {
            const Tensor qkv = m.get(p + "attn_qkv.weight");
            q.push_back(product(qkv, x[t], 0, kDim));
            k.push_back(product(qkv, x[t], kDim, kDim));
            v.push_back(product(qkv, x[t], 2 * kDim, kDim));
            turn(q.back(), int(t));
            turn(k.back(), int(t));
        }
        for (size_t t = 0; t < x.size(); ++t) {
            Vec attended(kDim, 0.0);
            for (int h = 0; h < kHeads; ++h) {
                Vec weights;
                double total = 0;
                for (size_t s = 0; s < x.size(); ++s) {
                    double score = 0;
                    for (int d = h * kHeadDim; d < (h + 1) * kHeadDim; ++d)
                        score += q[t][size_t(d)] * k[s][size_t(d)];
                    weights.push_back(std::exp(score / std::sqrt(double(kHeadDim))));
                    total += weights.back();
                }
                for (size_t s = 0; s < x.size(); ++s)
                    for (int d = h * kHeadDim; d < (h + 1) * kHeadDim; ++d)
                        attended[size_t(d)] += weights[s] / total * v[s][size_t(d)];
            }
            addAndNorm(m, p + "attn_output_norm", x[t], product(m.get(p + "attn_output.weight"), attended, 0, kDim));
            Vec hidden = product(m.get(p + "ffn_gate.weight"), x[t], 0, kFfn);
            const Vec up = product(m.get(p + "ffn_up.weight"), x[t], 0, kFfn);
            for (size_t i = 0; i < hidden.size(); ++i)
                hidden[i] = hidden[i] / (1 + std::exp(-hidden[i])) * up[i];
            addAndNorm(m, p + "layer_output_norm", x[t], product(m.get(p + "ffn_down.weight"), hidden, 0, kDim));
        }
    }
    Vec mean(kDim, 0.0);
    for (const Vec& row : x)
        for (size_t i = 0; i < mean.size(); ++i)
            mean[i] += row[i] / double(x.size());
    return mean;
}

} // namespace

class TestNomicBert : public QObject {
    Q_OBJECT

private slots:
    void agreesWithTheDefinition()
    {
        const auto source = std::make_shared<TinyNomic>();
        const auto model = models::loadModel(source);
        QVERIFY(model->config().isEmbedding);
        const std::vector<std::vector<int32_t>> texts = {{7}, {1, 2, 3, 4, 5, 6, 7, 8, 9}, {49, 0, 49}};
        for (const int nThreads : {1, 2, 3, 7}) {
            cpu::ThreadPool pool(nThreads);
            const Tensor vectors = model->embed({pool, cpu::level(), ops::Activations::f32}, texts);
            QCOMPARE(vectors.rows(), 3);
            for (size_t i = 0; i < texts.size(); ++i) {
                const Vec expected = exact(*source, texts[i]);
                for (int d = 0; d < kDim; ++d)
                    QVERIFY(std::abs(double(vectors.f32()[int64_t(i) * kDim + d]) - expected[size_t(d)]) < 1e-5);
            }
        }
    }
};

QTEST_APPLESS_MAIN(TestNomicBert)
#include "tst_nomic_bert.moc"
