// SPDX-License-Identifier: GPL-3.0-or-later
// Families whose layers are not attention alone: every kind of matrix and tensor has the slope that its gradient says, however
// a pass is computed, and steps along it learn.
#include "../models/model_test.h"
#include "engine/models/adapter_binding.h"
#include "engine/train/decoder_pass.h"
#include "engine/train/memory_need.h"
#include "engine/train/new_adapter.h"
#include "engine/train/optimizer.h"
#include "engine/train/whole_model.h"

#include <QtTest>

#include <fstream>
#include <numeric>
#include <random>

#include <sys/wait.h>
#include <unistd.h>

using namespace sy;

namespace {

const QString kLatentModel = "../models/deepseek2-v3";

std::filesystem::path pathOf(const QString& name)
{
    return test::fixturePath("models-next/" + name.toStdString() + ".gguf");
}

std::vector<int32_t> tokensOf(const QString& name)
{
    if (name == kLatentModel)
        return test::goldenTokens();
    std::ifstream list(test::fixturePath("models-next/" + name.toStdString() + ".tokens.txt"));
    std::vector<int32_t> tokens;
    for (int32_t token; list >> token;)
        tokens.push_back(token);
    return tokens;
}

train::TrainingText textOf(std::span<const int32_t> tokens)
{
    return {{tokens.begin(), tokens.end()}, std::vector<uint8_t>(tokens.size(), 1)};
}

// Two texts, the longer one longer than what an indexer picks, and than the largest block that is compressed.
train::PackedBatch batchOf(const QString& name)
{
    const std::vector<int32_t> tokens = tokensOf(name);
    train::PackedBatch batch;
    batch.add(textOf(std::span(tokens).first(9)));
    batch.add(textOf(std::span(tokens).last(name == "deepseek4" ? 140 : std::min<size_t>(tokens.size(), 50))));
    return batch;
}

// A model of a file's shapes whose every part matters: the files' own numbers are so small that most layers hardly speak.
class LivelySource final : public formats::TensorSource {
public:
    explicit LivelySource(const QString& name)
        : m_file(formats::GgufFile::open(pathOf(name))), m_metadata(m_file.metadata())
    {
        std::mt19937 random(name == kLatentModel ? 18 : 17); // no router of theirs is near a tie
        if (name == "deepseek4") { // the first layer looks its experts up
            m_metadata.setInteger("deepseek4.hash_layer_count", 1);
            Tensor table = Tensor::empty({128, 2}, DType::I32);
            for (int32_t token = 0; token < 128; ++token)
                for (int32_t i = 0; i < 2; ++i)
                    table.data<int32_t>()[token * 2 + i] = (token * 5 + i * 3) % 8;
            m_tensors["blk.0.ffn_gate_tid2eid.weight"] = table;
        }
        for (const formats::TensorInfo& info : m_file.tensors()) {
            const Tensor stored = m_file.get(info.name);
            const std::string tensor(info.name);
            const size_t joined = tensor.find("gate_up_exps");
            if (stored.dtype() == DType::I32) {
                m_tensors[tensor] = stored;
            } else if (joined == std::string::npos) {
                m_tensors[tensor] = drawn(tensor, stored.shape(), random);
            } else { // two matrices, which can be trained whole
                const Shape half{stored.shape()[0], stored.shape()[1] / 2, stored.cols()};
                for (const char* part : {"gate_exps", "up_exps"})
                    m_tensors[std::string(tensor).replace(joined, 12, part)] = drawn(tensor, half, random);
            }
        }
    }
    bool has(std::string_view name) const override { return m_tensors.contains(name); }
    Tensor get(std::string_view name) const override
    {
        const auto found = m_tensors.find(name);
        if (found == m_tensors.end())
            throw BadFile("lively", "tensor " + std::string(name) + " is missing");
        return found->second;
    }
    const formats::Metadata& metadata() const override { return m_metadata; }
    bool isShared() const override { return true; }

private:
    static Tensor drawn(const std::string& name, const Shape& shape, std::mt19937& random)
    {
        const bool isNorm = name.find("norm.weight") != std::string::npos, isRate = name.ends_with("ssm_a"),
                   isMix = name.find("hc_") != std::string::npos && name.ends_with("scale.weight");
        Tensor t = Tensor::empty(shape);
        const bool isVector = shape.rank() == 1;
        std::normal_distribution<float> values(0, isVector || name.find("conv1d") != std::string::npos
                                                      ? 0.3f
                                                      : 1.3f / std::sqrt(float(shape.back())));
        for (int64_t i = 0; i < t.count(); ++i) {
            const float value = values(random);
            t.f32()[i] = isMix ? 2 + value : isRate ? -0.3f - std::abs(value) : isNorm && !name.ends_with(".bias") ? 1 + value : value;
        }
        return t;
    }

    formats::GgufFile m_file;
    formats::Metadata m_metadata;
    std::map<std::string, Tensor, std::less<>> m_tensors;
};

// An update of all that can have one, with a B that is not zero.
train::TrainedSet everywhere(const models::Model& model)
{
    train::RunConfig::Adapter config;
    config.targets = {"all-linear"};
    config.rank = 3;
    config.alpha = 6;
    train::TrainedSet set = train::newAdapter(model, config, 7);
    uint32_t x = 1;
    for (auto& [name, update] : set.updates)
        for (int64_t i = 0; i < update.b.value.count(); ++i) {
            x = x * 1664525 + 1013904223;
            update.b.value.f32()[i] = (float(x >> 8) * 0x1p-23f - 1.0f) * 0.1f;
        }
    return set;
}

double lossOf(train::DecoderPass& pass, const train::PackedBatch& batch)
{
    const auto losses = pass.losses(batch);
    return std::accumulate(losses.begin(), losses.end(), 0.0);
}

void step(train::DecoderPass& pass, const train::PackedBatch& batch, const train::PassOptions& options = {})
{
    pass.step(batch, std::vector<float>(size_t(batch.nLabels()), 1.0f), options);
}

bool sameGradients(train::TrainedSet& a, train::TrainedSet& b)
{
    const auto left = a.parameters(), right = b.parameters();
    for (size_t i = 0; i < left.size(); ++i) {
        const Tensor &x = left[i]->gradient, &y = right[i]->gradient;
        if (bool(x) != bool(y) || (x && std::memcmp(x.raw(), y.raw(), x.bytes()) != 0))
            return false;
    }
    return left.size() == right.size();
}

// "attn_q.weight.lora_a" of "blk.3.attn_q.weight.lora_a".
std::string kindOf(const std::string& name)
{
    return name.starts_with("blk.") ? name.substr(name.find('.', 4) + 1) : name;
}

// Of this process, bytes: "VmRSS" now, "VmHWM" at its highest.
int64_t memoryOf(const std::string& what)
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(what + ":"))
            return std::strtoll(line.c_str() + what.size() + 1, nullptr, 10) * 1024;
    return 0;
}

// What f() returns in a process of its own, which has no buffers of earlier tests.
double alone(const std::function<double()>& f)
{
    int pipes[2];
    if (pipe(pipes) != 0)
        return 0;
    const pid_t child = fork();
    if (child == 0) {
        const double result = f();
        const bool isWritten = write(pipes[1], &result, sizeof result) == sizeof result;
        _exit(isWritten ? 0 : 1);
    }
    double result = 0;
    if (read(pipes[0], &result, sizeof result) != sizeof result)
        result = 0;
    waitpid(child, nullptr, 0);
    close(pipes[0]);
    close(pipes[1]);
    return result;
}

constexpr double kSlopeLimit = 0.006;

// Every kind of parameter along its own gradient: the loss rises by the gradient's length.
double worstSlope(train::DecoderPass& pass, train::TrainedSet& set, const train::PackedBatch& batch)
{
    step(pass, batch, {.hasCheckpoints = true});
    std::map<std::string, std::vector<autograd::Parameter*>> kinds;
    for (autograd::Parameter* p : set.parameters())
        kinds[kindOf(p->name)].push_back(p);
    double worst = 0;
    for (const auto& [kind, parameters] : kinds) {
        double square = 0;
        std::vector<Tensor> middle;
        for (const autograd::Parameter* p : parameters) {
            middle.push_back(Tensor::of(p->value.values(), p->value.shape()));
            for (const float g : p->gradient ? p->gradient.values() : std::span<const float>())
                square += double(g) * double(g);
        }
        const double slope = std::sqrt(square);
        const auto lossAt = [&](double factor) {
            for (size_t i = 0; i < parameters.size(); ++i) {
                autograd::Parameter& p = *parameters[i];
                for (int64_t j = 0; p.gradient && j < p.value.count(); ++j)
                    p.value.f32()[j] =
                        float(double(middle[i].f32()[j]) + factor * double(p.gradient.f32()[j]) / slope);
            }
            return lossOf(pass, batch);
        };
        // A step that is too short drowns in rounding; on a longer way a token may choose another expert or key, and the
        // loss leaps. So the best of a few steps counts: a gradient that is wrong is wrong at all of them.
        double measured = 0, error = INFINITY;
        for (const double change : {0.012, 0.006, 0.02, 0.003}) {
            if (error < kSlopeLimit)
                break;
            // Twice as far as well, which takes the third derivative out.
            const double t = change / slope, near = lossAt(t) - lossAt(-t), far = lossAt(2 * t) - lossAt(-2 * t);
            const double found = (8 * near - far) / (12 * t), off = std::abs(found / slope - 1);
            if (off < error) {
                error = off;
                measured = found;
            }
        }
        lossAt(0);
        if (!(error < kSlopeLimit))
            qInfo("%s: gradient %g, measured %g", kind.c_str(), slope, measured);
        worst = std::max(worst, error);
    }
    qInfo("%zu kinds, %.1e", kinds.size(), worst);
    return worst;
}

} // namespace

class TestNewerArchitectures : public QObject {
    Q_OBJECT

private:
    static void addFamilies()
    {
        QTest::addColumn<QString>("name");
        for (const char* name : {"qwen35", "qwen35moe", "deepseek32", "deepseek4"})
            QTest::newRow(name) << name;
    }

private slots:
    void initTestCase()
    {
        if (!std::filesystem::exists(pathOf("qwen35")))
            QSKIP("the golden models are not there");
    }

    void memoryIsPredictedAsItIsUsed_data()
    {
        QTest::addColumn<QString>("name");
        QTest::addColumn<bool>("hasCheckpoints");
        for (const char* name : {"qwen35", "qwen35moe", "deepseek32", "deepseek4"}) {
            QTest::addRow("%s", name) << name << true;
            QTest::addRow("%s without checkpoints", name) << name << false;
        }
    }

    void memoryIsPredictedAsItIsUsed()
    {
        QFETCH(QString, name);
        QFETCH(bool, hasCheckpoints);
#if defined(__SANITIZE_ADDRESS__)
        QSKIP("the sanitizer's own memory is no model's");
#endif
        const auto ratio = alone([&] {
            const auto model = models::loadModel(std::make_shared<LivelySource>(name));
            cpu::ThreadPool pool(cpu::physicalCores());
            const ops::OpContext context{pool};
            train::PackedBatch batch;
            const std::vector<int32_t> tokens = tokensOf(name);
            for (int i = 0; i < 2; ++i) {
                std::vector<int32_t> text;
                for (int j = 0; j < 1024; ++j)
                    text.push_back(tokens[size_t(j) % tokens.size()]);
                batch.add(textOf(text));
            }
            const int64_t before = memoryOf("VmRSS");
            train::TrainedSet set = everywhere(*model);
            train::DecoderPass pass(context, *model, set);
            train::AdamW optimizer;
            for (int i = 0; i < 2; ++i) {
                step(pass, batch, {.hasCheckpoints = hasCheckpoints});
                optimizer.step(pool, set, 1e-4);
            }
            const int64_t measured = memoryOf("VmHWM") - before;
            const train::MemoryNeed need =
                train::memoryNeed(*model, set, {batch.nTokens(), batch.nLabels()}, hasCheckpoints);
            const double predicted = double(need.trainedBytes + need.activationBytes + need.otherBytes);
            qInfo("predicted %.1f MB (trained %.1f, activations %.1f, other %.1f), measured %.1f MB", predicted / 1e6,
                  double(need.trainedBytes) / 1e6, double(need.activationBytes) / 1e6, double(need.otherBytes) / 1e6,
                  double(measured) / 1e6);
            return predicted / double(measured);
        });
        qInfo("%+.1f %%", 100 * ratio - 100);
        QVERIFY(std::abs(ratio - 1) < 0.08);
    }

    void everyKindOfUpdateHasItsSlope_data() { addFamilies(); }

    void everyKindOfUpdateHasItsSlope()
    {
        QFETCH(QString, name);
        const auto model = models::loadModel(std::make_shared<LivelySource>(name));
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
        train::TrainedSet set = everywhere(*model);
        train::DecoderPass pass(context, *model, set);
        QVERIFY(worstSlope(pass, set, batchOf(name)) < kSlopeLimit);
    }

    void everyKindOfTensorHasItsSlope_data()
    {
        using Names = std::vector<std::string>;
        const Names delta = {"ssm_conv1d.weight", "ssm_dt.bias", "ssm_a", "ssm_norm.weight", "ssm_out.weight"};
        const Names latent = {"attn_q_a.weight",        "attn_q_a_norm.weight", "attn_q_b.weight", "attn_kv_a_mqa.weight",
                              "attn_kv_a_norm.weight", "attn_k_b.weight",       "attn_v_b.weight", "attn_output.weight"};
        QTest::addColumn<QString>("name");
        QTest::addColumn<Names>("parts");
        QTest::newRow("qwen35") << "qwen35" << delta;
        QTest::newRow("qwen35moe") << "qwen35moe" << delta;
        QTest::newRow("deepseek2") << kLatentModel << latent;
        QTest::newRow("deepseek32") << "deepseek32" << latent;
    }

    void everyKindOfTensorHasItsSlope()
    {
        QFETCH(QString, name);
        QFETCH(std::vector<std::string>, parts);
        const auto source = std::make_shared<LivelySource>(name);
        const auto model = models::loadModel(source);
        train::TrainedSet set = train::wholeModel(*model, *source);
        for (const std::string& part : parts)
            QVERIFY2(set.tensor("blk.0." + part), part.c_str());
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
        train::DecoderPass pass(context, *model, set);
        QVERIFY(worstSlope(pass, set, batchOf(name)) < kSlopeLimit);
        // From nothing, heads forget slowly and every one at a pace of its own.
        train::drawWeights(set, 3, model->config().nLayers);
        if (const autograd::Parameter* rates = set.tensor("blk.0.ssm_a")) {
            for (const float rate : rates->value.values())
                QVERIFY(rate < 0 && rate >= -16);
            QVERIFY(rates->value.f32()[0] != rates->value.f32()[1]);
        }
        QVERIFY(std::isfinite(lossOf(pass, batchOf(name))));
    }

    void gradientsAreTheSameHoweverTheyAreComputed_data() { addFamilies(); }

    void gradientsAreTheSameHoweverTheyAreComputed()
    {
        QFETCH(QString, name);
        const auto model = models::loadModel(std::make_shared<LivelySource>(name));
        const train::PackedBatch batch = batchOf(name);
        const auto gradients = [&](int nThreads, const train::PassOptions& options) {
            cpu::ThreadPool pool(nThreads);
            const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
            train::TrainedSet set = everywhere(*model);
            train::DecoderPass pass(context, *model, set);
            step(pass, batch, options);
            return set;
        };
        train::TrainedSet plain = gradients(1, {});
        for (const int nThreads : {1, 2, 3}) {
            train::TrainedSet again = gradients(nThreads, {.hasCheckpoints = true, .lossChunkRows = 7});
            QVERIFY(sameGradients(again, plain));
        }
    }

    void packedTextsLearnWhatTheyLearnApart_data() { addFamilies(); }

    void packedTextsLearnWhatTheyLearnApart()
    {
        QFETCH(QString, name);
        const auto model = models::loadModel(std::make_shared<LivelySource>(name));
        const std::vector<int32_t> tokens = tokensOf(name);
        const std::vector<train::TrainingText> texts = {textOf(std::span(tokens).first(9)), textOf(std::span(tokens).last(150)),
                                                        textOf(std::span(tokens).subspan(30, 21))};
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool, cpu::level(), ops::Activations::f32};
        train::TrainedSet together = everywhere(*model), apart = everywhere(*model);
        train::DecoderPass all(context, *model, together), each(context, *model, apart);
        train::PackedBatch packed;
        std::vector<float> losses;
        for (const train::TrainingText& text : texts) {
            packed.add(text);
            train::PackedBatch one;
            one.add(text);
            const auto part = each.losses(one);
            losses.insert(losses.end(), part.begin(), part.end());
            step(each, one);
        }
        QCOMPARE(all.losses(packed), losses); // bit for bit
        step(all, packed);
        double worst = 0;
        const auto left = together.parameters(), right = apart.parameters();
        for (size_t i = 0; i < left.size(); ++i) {
            QCOMPARE(bool(left[i]->gradient), bool(right[i]->gradient));
            if (left[i]->gradient)
                worst = std::max(worst, test::normalizedError(left[i]->gradient.values(), right[i]->gradient.values()));
        }
        qInfo("gradients %.1e", worst);
        QVERIFY(worst < 1e-9);
    }

    void twentyStepsLearnAText_data() { addFamilies(); }

    void twentyStepsLearnAText()
    {
        QFETCH(QString, name);
        const auto model = models::loadModel(std::make_shared<LivelySource>(name));
        cpu::ThreadPool pool(2);
        const ops::OpContext context{pool};
        train::RunConfig::Adapter config;
        config.targets = {"all-linear"};
        config.rank = 8;
        config.alpha = 16;
        train::TrainedSet set = train::newAdapter(*model, config, 1);
        train::DecoderPass pass(context, *model, set);
        const std::vector<int32_t> tokens = tokensOf(name);
        train::PackedBatch batch;
        batch.add(textOf(std::span(tokens).first(32)));
        const auto meanLoss = [&] { return lossOf(pass, batch) / double(batch.nLabels()); };
        const double before = meanLoss();
        train::AdamW optimizer;
        for (int i = 0; i < 20; ++i) {
            pass.step(batch, std::vector<float>(size_t(batch.nLabels()), 1 / float(batch.nLabels())), {.hasCheckpoints = true});
            train::clipGradients(pool, set, train::gradientNorm(pool, set), 1.0);
            optimizer.step(pool, set, 0.01);
        }
        const double after = meanLoss();
        qInfo("%.3f to %.3f nats", before, after);
        QVERIFY(after < before / 3);

        // The adapter as a chat has it knows as much of the text.
        nn::Adapter adapter = train::snapshot(set);
        models::bindAdapter(context, *model, adapter, "test");
        const auto cache = test::poolFor(*model, 100);
        nn::KvSequence sequence(*cache);
        const auto logits = test::allLogits(*model, context, sequence, std::span(tokens).first(31), {20, 1}, {&adapter, 1});
        const size_t nVocabulary = logits.size() / 31;
        double inChat = 0;
        for (size_t t = 0; t < 31; ++t) {
            double total = 0;
            for (size_t i = 0; i < nVocabulary; ++i)
                total += std::exp(double(logits[t * nVocabulary + i]));
            inChat += std::log(total) - double(logits[t * nVocabulary + size_t(tokens[t + 1])]);
        }
        qInfo("%.3f nats in a chat", inChat / 31);
        QVERIFY(std::abs(inChat / 31 - after) < 0.05 * after + 0.01);
    }
};

QTEST_APPLESS_MAIN(TestNewerArchitectures)
#include "tst_newer_architectures.moc"
