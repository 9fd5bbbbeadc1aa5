// SPDX-License-Identifier: GPL-3.0-or-later
// What a folder becomes: GGUF's keys and tensors of each family, element by element where the order or the values change. The forward
// passes' goldens are in tests/engine/models/tst_folder_goldens.cpp.
#include "safetensors_bytes.h"

#include "engine/core/error.h"
#include "engine/formats/safetensors/model_card.h"
#include "engine/formats/safetensors/safetensors_model.h"
#include "engine/formats/safetensors/stored_rows.h"
#include "engine/quant/quant_table.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>

#include <cmath>

using namespace sy;
using namespace sy::formats;
using nlohmann::json;

namespace {

std::filesystem::path folder(const char* name)
{
    return test::fixturePath(std::string("hf/") + name);
}

std::shared_ptr<const SafetensorsModel> open(const char* name)
{
    OpenOptions options;
    options.isExact = true;
    options.nThreads = 2;
    return SafetensorsModel::open(folder(name), options);
}

std::vector<float> valuesOf(const Tensor& tensor)
{
    std::vector<float> values(static_cast<size_t>(tensor.count()));
    quant::unpackRow(tensor.dtype(), tensor.raw(), values.data(), tensor.count());
    return values;
}

std::vector<float> stored(const char* name, const std::string& tensor)
{
    const auto files = SafetensorsFolder::open(folder(name));
    const StoredRows rows(files, files.require(tensor));
    std::vector<float> values(static_cast<size_t>(rows.nRows() * rows.nCols()));
    for (int64_t row = 0; row < rows.nRows(); ++row)
        rows.read(row, values.data() + row * rows.nCols());
    return values;
}

} // namespace

class TestSafetensorsModel : public QObject {
    Q_OBJECT

private slots:
    void init();
    void keysAreThoseOfGguf_data();
    void keysAreThoseOfGguf();
    void halvesBecomeNeighbours();
    void viewsAreTheFilesBytes();
    void llama3ScalingBecomesDivisors();
    void normsGetTheirOne();
    void expertsAreStackedHoweverTheyAreStored();
    void bothFormsOfGptOssAreTheSameModel();
    void latentProjectionsAreSplit();
    void scaledFp8IsExactOnlyWhenAskedFor();
    void everyFp8CodeIsItsNumber();
    void theLicenseIsTheCards_data();
    void theLicenseIsTheCards();
    void stoppingALoadIsCancelled();
    void aQuantizedFolderHasTheTypesOfItsRecipe();
};

void TestSafetensorsModel::init()
{
    if (!std::filesystem::exists(folder("llama")))
        QSKIP("the golden folders are not there");
}

void TestSafetensorsModel::keysAreThoseOfGguf_data()
{
    QTest::addColumn<QByteArray>("folder");
    QTest::addColumn<QByteArray>("keys"); // JSON
    const auto row = [](const char* name, const char* keys) { QTest::newRow(name) << QByteArray(name) << QByteArray(keys); };
    row("llama", R"({"general.architecture": "llama", "general.name": "llama", "llama.context_length": 512, "llama.embedding_length": 64,
        "llama.block_count": 3, "llama.feed_forward_length": 96, "llama.attention.head_count": 4, "llama.attention.head_count_kv": 2,
        "llama.attention.key_length": 16, "llama.rope.dimension_count": 16, "llama.rope.freq_base": 10000.0, "llama.vocab_size": 256,
        "llama.attention.layer_norm_rms_epsilon": 1e-5, "llama.rope.scaling.type": null})");
    row("mixtral", R"({"general.architecture": "llama", "llama.expert_count": 4, "llama.expert_used_count": 2, "llama.rope.freq_base": 1e6})");
    row("qwen3", R"({"general.architecture": "qwen3", "qwen3.attention.key_length": 32, "qwen3.rope.freq_base": 1e6})");
    row("qwen3-moe", R"({"general.architecture": "qwen3moe", "qwen3moe.expert_count": 8, "qwen3moe.expert_used_count": 3, "qwen3moe.expert_feed_forward_length": 24})");
    row("olmoe", R"({"general.architecture": "olmoe", "olmoe.expert_count": 8, "olmoe.expert_feed_forward_length": 16})");
    row("gemma3-text", R"({"general.architecture": "gemma3", "gemma3.attention.sliding_window": 8, "gemma3.attention.sliding_window_pattern": 6,
        "gemma3.rope.freq_base": 1e6, "gemma3.rope.freq_base_swa": 1e4, "gemma3.rope.scaling.type": "linear", "gemma3.rope.scaling.factor": 8.0,
        "gemma3.attention.scale": 0.20412414523, "gemma3.final_logit_softcapping": null})");
    row("deepseek-v2-lite", R"({"general.architecture": "deepseek2", "deepseek2.attention.head_count_kv": 1, "deepseek2.attention.q_lora_rank": null,
        "deepseek2.attention.kv_lora_rank": 32, "deepseek2.attention.key_length": 48, "deepseek2.attention.value_length": 32,
        "deepseek2.attention.key_length_mla": 32, "deepseek2.attention.value_length_mla": 24, "deepseek2.rope.dimension_count": 16,
        "deepseek2.leading_dense_block_count": 1, "deepseek2.expert_shared_count": 2, "deepseek2.expert_gating_func": 1,
        "deepseek2.expert_weights_norm": false, "deepseek2.expert_weights_scale": 1.0, "deepseek2.expert_group_count": null,
        "deepseek2.rope.scaling.type": "yarn", "deepseek2.rope.scaling.factor": 40.0,
        "deepseek2.rope.scaling.original_context_length": 4096, "deepseek2.rope.scaling.yarn_log_multiplier": 0.0707,
        "deepseek2.rope.scaling.attn_factor": null})");
    row("deepseek-v2", R"({"deepseek2.attention.q_lora_rank": 24, "deepseek2.expert_group_count": 4, "deepseek2.expert_group_used_count": 2,
        "deepseek2.expert_gating_func": 1, "deepseek2.expert_weights_scale": 16.0})");
    row("deepseek-v3", R"({"deepseek2.block_count": 2, "deepseek2.expert_gating_func": 2, "deepseek2.expert_weights_norm": true,
        "deepseek2.expert_weights_scale": 2.5, "deepseek2.rope.scaling.yarn_log_multiplier": 0.1, "deepseek2.nextn_predict_layers": null})");
    row("moonlight", R"({"deepseek2.rope.scaling.type": null, "deepseek2.rope.freq_base": 5e4, "deepseek2.expert_weights_scale": 2.446,
        "deepseek2.expert_group_count": null})");
    row("gpt-oss-bf16", R"({"general.architecture": "gpt-oss", "gpt-oss.attention.sliding_window": 8, "gpt-oss.rope.scaling.type": "yarn",
        "gpt-oss.rope.scaling.yarn_truncate": false, "gpt-oss.expert_count": 8, "gpt-oss.expert_used_count": 3})");
    row("bert", R"({"general.architecture": "bert", "bert.pooling_type": 1, "bert.attention.causal": false, "bert.hidden_activation": "gelu",
        "bert.attention.layer_norm_epsilon": 1e-12})");
}

void TestSafetensorsModel::keysAreThoseOfGguf()
{
    QFETCH(QByteArray, folder);
    QFETCH(QByteArray, keys);
    const auto model = open(folder.constData());
    const Metadata& m = model->metadata();
    const json expected = json::parse(keys.toStdString());
    for (const auto& [key, value] : expected.items()) {
        if (value.is_null())
            QVERIFY2(!m.has(key), key.c_str());
        else if (value.is_string())
            QCOMPARE(std::string(m.requireString(key)), value.get<std::string>());
        else if (value.is_boolean())
            QCOMPARE(m.boolean(key), std::optional(value.get<bool>()));
        else if (value.is_number_integer())
            QCOMPARE(m.requireInteger(key), value.get<int64_t>());
        else
            QVERIFY2(std::abs(m.requireReal(key) - value.get<double>()) < 1e-6 * std::abs(value.get<double>()), key.c_str());
    }
}

void TestSafetensorsModel::halvesBecomeNeighbours()
{
    const auto model = open("llama");
    const auto from = stored("llama", "model.layers.1.self_attn.k_proj.weight"), to = valuesOf(model->get("blk.1.attn_k.weight"));
    QCOMPARE(to.size(), from.size());
    for (size_t row = 0; row < 32; ++row) { // two heads of 16
        const size_t inHead = row % 16, source = row - inHead + inHead % 2 * 8 + inHead / 2;
        for (size_t col = 0; col < 64; ++col)
            QCOMPARE(to[row * 64 + col], from[source * 64 + col]);
    }
    QCOMPARE(valuesOf(model->get("blk.1.attn_v.weight")), stored("llama", "model.layers.1.self_attn.v_proj.weight"));
}

void TestSafetensorsModel::viewsAreTheFilesBytes()
{
    const auto model = open("llama");
    const auto again = model->get("blk.0.attn_v.weight"), once = model->get("blk.0.attn_v.weight");
    QCOMPARE(once.raw(), again.raw()); // no copies
    QVERIFY(model->get("blk.0.attn_q.weight").raw() != model->get("blk.0.attn_q.weight").raw());
}

void TestSafetensorsModel::llama3ScalingBecomesDivisors()
{
    const auto divisors = valuesOf(open("llama3-rope")->get("rope_freqs.weight"));
    QCOMPARE(divisors.size(), size_t(8));
    QCOMPARE(divisors.front(), 1.0f);
    QCOMPARE(divisors.back(), 8.0f);
    QVERIFY(std::ranges::any_of(divisors, [](float d) { return d > 1 && d < 8; }));
    QVERIFY(std::ranges::is_sorted(divisors));
}

void TestSafetensorsModel::normsGetTheirOne()
{
    const auto model = open("gemma3-text");
    for (const auto& [name, from] : {std::pair("output_norm.weight", "model.norm.weight"),
                                     {"blk.3.attn_norm.weight", "model.layers.3.input_layernorm.weight"},
                                     {"blk.3.ffn_norm.weight", "model.layers.3.pre_feedforward_layernorm.weight"},
                                     {"blk.3.post_ffw_norm.weight", "model.layers.3.post_feedforward_layernorm.weight"},
                                     {"blk.3.attn_q_norm.weight", "model.layers.3.self_attn.q_norm.weight"}}) {
        auto expected = stored("gemma3-text", from);
        for (float& value : expected)
            value += 1;
        QCOMPARE(valuesOf(model->get(name)), expected);
    }
    QVERIFY(!model->has("output.weight"));
}

void TestSafetensorsModel::expertsAreStackedHoweverTheyAreStored()
{
    const auto apart = open("qwen3-moe"), fused = open("qwen3-moe-fused");
    for (const char* name : {"blk.0.ffn_gate_exps.weight", "blk.1.ffn_up_exps.weight", "blk.1.ffn_down_exps.weight"}) {
        QVERIFY(apart->get(name).shape() == fused->get(name).shape());
        QCOMPARE(valuesOf(apart->get(name)), valuesOf(fused->get(name)));
    }
    const auto up = valuesOf(apart->get("blk.1.ffn_up_exps.weight")), seventh = stored("qwen3-moe", "model.layers.1.mlp.experts.7.up_proj.weight");
    QVERIFY(apart->get("blk.1.ffn_up_exps.weight").shape() == Shape({8, 24, 64}));
    QVERIFY(std::equal(seventh.begin(), seventh.end(), up.end() - ptrdiff_t(seventh.size())));
    const auto mixtral = open("mixtral");
    const auto w2 = stored("mixtral", "model.layers.1.block_sparse_moe.experts.0.w2.weight"), down = valuesOf(mixtral->get("blk.1.ffn_down_exps.weight"));
    QVERIFY(std::equal(w2.begin(), w2.end(), down.begin()));
    const auto w3 = stored("mixtral", "model.layers.1.block_sparse_moe.experts.0.w3.weight"), mixtralUp = valuesOf(mixtral->get("blk.1.ffn_up_exps.weight"));
    QVERIFY(std::equal(w3.begin(), w3.end(), mixtralUp.begin()));
}

void TestSafetensorsModel::bothFormsOfGptOssAreTheSameModel()
{
    const auto floats = open("gpt-oss-bf16"), blocks = open("gpt-oss-mxfp4");
    QCOMPARE(floats->tensors().size(), blocks->tensors().size());
    for (const TensorInfo& info : floats->tensors())
        QCOMPARE(valuesOf(floats->get(info.name)), valuesOf(blocks->get(info.name)));
    QVERIFY(blocks->get("blk.1.ffn_gate_exps.weight").dtype() == DType::MXFP4);
    QVERIFY(blocks->get("blk.1.ffn_gate_exps.weight").shape() == Shape({8, 32, 64}));
    // Row 0 of the gate is column 0 of the first expert, row 0 of up is column 1.
    const auto fused = stored("gpt-oss-bf16", "model.layers.1.mlp.experts.gate_up_proj"); // (8, 64, 64)
    const auto gate = valuesOf(floats->get("blk.1.ffn_gate_exps.weight")), up = valuesOf(floats->get("blk.1.ffn_up_exps.weight"));
    for (size_t in = 0; in < 64; ++in) {
        QCOMPARE(gate[in], fused[in * 64]);
        QCOMPARE(up[in], fused[in * 64 + 1]);
        QCOMPARE(gate[(7 * 32 + 5) * 64 + in], fused[(7 * 64 + in) * 64 + 10]);
    }
    const auto bias = stored("gpt-oss-bf16", "model.layers.1.mlp.experts.gate_up_proj_bias"), upBias = valuesOf(floats->get("blk.1.ffn_up_exps.bias"));
    QCOMPARE(upBias[3 * 32 + 4], bias[3 * 64 + 9]);
}

void TestSafetensorsModel::latentProjectionsAreSplit()
{
    const auto model = open("deepseek-v3");
    const auto joint = stored("deepseek-v3", "model.layers.1.self_attn.kv_b_proj.weight"); // 4 heads * (16 + 24) rows of 32
    const auto keys = valuesOf(model->get("blk.1.attn_k_b.weight")), values = valuesOf(model->get("blk.1.attn_v_b.weight"));
    QVERIFY(model->get("blk.1.attn_k_b.weight").shape() == Shape({4, 32, 16}));
    QVERIFY(model->get("blk.1.attn_v_b.weight").shape() == Shape({4, 24, 32}));
    for (size_t head = 0; head < 4; ++head)
        for (size_t in = 0; in < 32; ++in) {
            for (size_t key = 0; key < 16; ++key)
                QCOMPARE(keys[(head * 32 + in) * 16 + key], joint[(head * 40 + key) * 32 + in]);
            for (size_t value = 0; value < 24; ++value)
                QCOMPARE(values[(head * 24 + value) * 32 + in], joint[(head * 40 + 16 + value) * 32 + in]);
        }
    for (const TensorInfo& info : model->tensors())
        QVERIFY2(!info.name.starts_with("blk.2."), info.name.c_str()); // predicts further tokens: no part of the trunk
}

void TestSafetensorsModel::scaledFp8IsExactOnlyWhenAskedFor()
{
    const auto exact = open("qwen3-fp8");
    const auto usual = SafetensorsModel::open(folder("qwen3-fp8"));
    QVERIFY(exact->get("blk.0.ffn_down.weight").dtype() == DType::F32);
    QVERIFY(usual->get("blk.0.ffn_down.weight").dtype() == DType::BF16);
    const auto a = valuesOf(exact->get("blk.0.ffn_down.weight")), b = valuesOf(usual->get("blk.0.ffn_down.weight"));
    for (size_t i = 0; i < a.size(); ++i)
        QVERIFY(std::abs(a[i] - b[i]) <= std::abs(a[i]) / 256);

    // Row 150, column 200 of (160, 288): block (1, 1), both partial.
    const auto files = SafetensorsFolder::open(folder("qwen3-fp8"));
    const std::string name = "model.layers.0.mlp.down_proj.weight";
    const auto scales = stored("qwen3-fp8", name + "_scale_inv"), codes = stored("qwen3-fp8", name);
    QCOMPARE(a[150 * 288 + 200], codes[150 * 288 + 200] * scales[1 * 3 + 1]);
    QCOMPARE(a[159 * 288 + 287], codes[159 * 288 + 287] * scales[1 * 3 + 2]);
    QCOMPARE(a[0], codes[0] * scales[0]);
}

void TestSafetensorsModel::everyFp8CodeIsItsNumber()
{
    std::string codes;
    for (int code = 0; code < 256; ++code)
        codes += char(code);
    for (const char* type : {"F8_E4M3", "F8_E5M2"}) {
        QTemporaryDir dir;
        const std::filesystem::path root(dir.path().toStdString());
        test::writeFile(root / "model.safetensors",
                        test::safetensorsBytes(std::string(R"({"t":{"dtype":")") + type + R"(","shape":[1,256],"data_offsets":[0,256]}})", codes));
        const auto files = SafetensorsFolder::open(root);
        const StoredRows rows(files, files.require("t"));
        QVERIFY(rows.exactType() == DType::BF16);
        std::vector<float> values(256);
        rows.read(0, values.data());
        const bool isE4m3 = std::string(type) == "F8_E4M3";
        const int nMantissa = isE4m3 ? 3 : 2, bias = isE4m3 ? 7 : 15, most = isE4m3 ? 15 : 31;
        for (int code = 0; code < 256; ++code) { // the definition, in double
            const int exponent = code >> nMantissa & most, mantissa = code & ((1 << nMantissa) - 1);
            double value = exponent ? std::ldexp(1 + std::ldexp(mantissa, -nMantissa), exponent - bias)
                                    : std::ldexp(mantissa, 1 - bias - nMantissa);
            if (isE4m3 && (code & 0x7F) == 0x7F)
                value = NAN;
            if (!isE4m3 && exponent == most)
                value = mantissa ? NAN : INFINITY;
            const double expected = code & 0x80 ? -value : value;
            QVERIFY2((std::isnan(expected) && std::isnan(values[size_t(code)])) || double(values[size_t(code)]) == expected,
                     qPrintable(QString("%1 %2").arg(type).arg(code)));
        }
    }
}

void TestSafetensorsModel::theLicenseIsTheCards_data()
{
    QTest::addColumn<QByteArray>("card");
    QTest::addColumn<QByteArray>("license");
    QTest::newRow("plain") << QByteArray("---\nlanguage: en\nlicense: apache-2.0\n---\n# Model\n") << QByteArray("apache-2.0");
    QTest::newRow("named") << QByteArray("---\r\nlicense: other\r\nlicense_name: \"some terms\"\r\n---\r\n") << QByteArray("some terms");
    QTest::newRow("only in the text") << QByteArray("# Model\nlicense: mit\n") << QByteArray();
    QTest::newRow("behind the block") << QByteArray("---\ntags: x\n---\nlicense: mit\n") << QByteArray();
    QTest::newRow("empty") << QByteArray() << QByteArray();
}

void TestSafetensorsModel::theLicenseIsTheCards()
{
    QFETCH(QByteArray, card);
    QFETCH(QByteArray, license);
    QTemporaryDir dir;
    const std::filesystem::path root(dir.path().toStdString());
    QCOMPARE(licenseOf(root), std::string());
    test::writeFile(root / "README.md", card.toStdString());
    QCOMPARE(QByteArray::fromStdString(licenseOf(root)), license);
}

void TestSafetensorsModel::stoppingALoadIsCancelled()
{
    std::stop_source stop;
    OpenOptions options;
    options.stop = stop.get_token();
    const auto model = SafetensorsModel::open(folder("qwen3-moe"), options);
    stop.request_stop();
    QVERIFY_THROWS_EXCEPTION(Cancelled, model->get("blk.0.ffn_up_exps.weight"));
}

void TestSafetensorsModel::aQuantizedFolderHasTheTypesOfItsRecipe()
{
    OpenOptions options;
    options.quantization = "Q4_K";
    const auto model = SafetensorsModel::open(folder("qwen3-moe"), options); // rows of 64: no multiple of 256
    QVERIFY(model->get("blk.0.ffn_up_exps.weight").dtype() == DType::Q5_0);
    QVERIFY(model->get("blk.0.attn_q.weight").dtype() == DType::Q8_0);
    QVERIFY(model->get("blk.0.ffn_gate_inp.weight").dtype() == DType::BF16);
    QVERIFY(model->get("blk.0.attn_norm.weight").dtype() == DType::BF16);
    QVERIFY(model->get("output.weight").dtype() == DType::Q8_0);
}

QTEST_APPLESS_MAIN(TestSafetensorsModel)
#include "tst_safetensors_model.moc"
