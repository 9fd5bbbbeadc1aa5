// SPDX-License-Identifier: GPL-3.0-or-later
// Headers, indexes and configs that are cut, changed or lie: each is refused with the file and, where there is one, the tensor and the
// byte; and whatever is accepted lies inside the file.
#include "safetensors_bytes.h"

#include "engine/core/error.h"
#include "engine/formats/safetensors/safetensors_folder.h"
#include "engine/formats/safetensors/safetensors_model.h"

#include <nlohmann/json.hpp>

#include <QTemporaryDir>
#include <QTest>

#include <functional>

using namespace sy;
using namespace sy::formats;
using nlohmann::json;

namespace {

const std::string kData(64, 'x');

std::string oneTensor(const std::string& fields)
{
    return "{\"t\":{" + fields + "}}";
}

/// A golden folder's copy that a test may spoil.
class Copy {
public:
    explicit Copy(const char* name) : m_root(test::fixturePath(std::string("hf/") + name))
    {
        if (std::filesystem::exists(m_root))
            for (const auto& entry : std::filesystem::recursive_directory_iterator(m_root))
                if (entry.is_regular_file())
                    test::writeFile(path(entry.path().lexically_relative(m_root).string()), test::readFile(entry.path()));
    }
    bool isThere() const { return std::filesystem::exists(path("config.json")); }
    std::filesystem::path path(const std::string& name = {}) const { return std::filesystem::path(m_dir.path().toStdString()) / name; }
    void editJson(const std::string& name, const std::function<void(json&)>& edit) const
    {
        json value = json::parse(test::readFile(path(name)));
        edit(value);
        test::writeFile(path(name), value.dump());
    }
    void editHeader(const std::string& name, const std::function<void(json&)>& edit) const
    {
        const std::string bytes = test::readFile(path(name));
        uint64_t n = 0;
        std::memcpy(&n, bytes.data(), sizeof n);
        json header = json::parse(bytes.substr(8, n));
        edit(header);
        test::writeFile(path(name), test::safetensorsBytes(header.dump(), bytes.substr(8 + n)));
    }

private:
    std::filesystem::path m_root;
    QTemporaryDir m_dir;
};

std::string refusal(const std::filesystem::path& folder)
{
    try {
        const auto model = SafetensorsModel::open(folder);
        for (const TensorInfo& info : model->tensors())
            model->get(info.name);
        return {};
    } catch (const Error& error) {
        return error.what();
    }
}

} // namespace

class TestSafetensorsLies : public QObject {
    Q_OBJECT

private slots:
    void goodFilesAreRead();
    void headersThatLieAreRefused_data();
    void headersThatLieAreRefused();
    void lengthsOfTheHeaderThatLieAreRefused();
    void aChangedByteNeverLeadsOutside();
    void foldersThatContradictThemselvesAreRefused_data();
    void foldersThatContradictThemselvesAreRefused();

    void integersThatAreKnownAreIgnored();
};

void TestSafetensorsLies::goodFilesAreRead()
{
    const std::string bytes = test::safetensorsBytes(R"({"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
                                                     R"("a":{"dtype":"U8","shape":[],"data_offsets":[24,25]},"n":{"dtype":"BF16","shape":[0,7],"data_offsets":[25,25]}}   )",
                                                     std::string(25, 'x'));
    const auto file = SafetensorsFile::parse(test::asBytes(bytes), "good");
    QCOMPARE(file.tensors().size(), size_t(3));
    const StoredTensor& b = file.tensors()[0];
    QCOMPARE(b.name, std::string("b"));
    QCOMPARE(b.rows(), 2);
    QCOMPARE(b.cols(), 3);
    QCOMPARE(file.bytesOf(b).data(), test::asBytes(bytes).data() + bytes.size() - 25);
    QCOMPARE(file.tensors()[1].count(), 1);
    QCOMPARE(file.tensors()[2].count(), 0);
}

void TestSafetensorsLies::headersThatLieAreRefused_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QByteArray>("word");
    const auto row = [](const char* name, const std::string& header, const char* word) {
        QTest::newRow(name) << QByteArray::fromStdString(header) << QByteArray(word);
    };
    row("no JSON", "{\"t\":", "no valid JSON");
    row("a list", "[]", "no JSON object");
    row("white space first", " {}", "no JSON object");
    row("text behind", "{}x", "no valid JSON");
    row("invalid UTF-8", "{\"\xFF\":1}", "no valid JSON");
    row("huge number", "{\"t\":1e999}", "cannot be used");
    row("deep", "{\"t\":" + std::string(5000, '[') + std::string(5000, ']') + "}", "levels");
    row("metadata is a list", R"({"__metadata__":[1]})", "__metadata__");
    row("tensor is a number", R"({"t":1})", "no JSON object");
    row("no dtype", oneTensor(R"("shape":[64],"data_offsets":[0,64])"), "no dtype");
    row("no shape", oneTensor(R"("dtype":"U8","data_offsets":[0,64])"), "no shape");
    row("no offsets", oneTensor(R"("dtype":"U8","shape":[64])"), "no data_offsets");
    row("unknown field", oneTensor(R"("dtype":"U8","shape":[64],"data_offsets":[0,64],"x":1)"), "unknown field");
    row("dtype is a number", oneTensor(R"("dtype":1,"shape":[64],"data_offsets":[0,64])"), "dtype");
    row("unknown dtype", oneTensor(R"("dtype":"Q9","shape":[64],"data_offsets":[0,64])"), "Q9");
    row("negative size", oneTensor(R"("dtype":"U8","shape":[-64],"data_offsets":[0,64])"), "shape");
    row("fractional size", oneTensor(R"("dtype":"U8","shape":[64.0],"data_offsets":[0,64])"), "shape");
    row("size past 2^63", oneTensor(R"("dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,64])"), "shape");
    row("product overflows", oneTensor(R"("dtype":"F32","shape":[4294967296,4294967296,4],"data_offsets":[0,64])"), "larger than any file");
    row("product wraps to fit", oneTensor(R"("dtype":"F32","shape":[4611686018427387904,4,16],"data_offsets":[0,64])"), "larger than any file");
    row("many dimensions", oneTensor(R"("dtype":"U8","shape":[1,1,1,1,1,1,1,1,64],"data_offsets":[0,64])"), "shape");
    row("shape is too small", oneTensor(R"("dtype":"U8","shape":[63],"data_offsets":[0,64])"), "has 64 bytes");
    row("ends past the file", oneTensor(R"("dtype":"U8","shape":[65],"data_offsets":[0,65])"), "past the end");
    row("ends far past the file", oneTensor(R"("dtype":"U8","shape":[64],"data_offsets":[0,18446744073709551615])"), "past the end");
    row("ends before it begins", oneTensor(R"("dtype":"U8","shape":[64],"data_offsets":[64,0])"), "before it begins");
    row("one offset", oneTensor(R"("dtype":"U8","shape":[64],"data_offsets":[64])"), "data_offsets");
    row("negative offset", oneTensor(R"("dtype":"U8","shape":[64],"data_offsets":[-1,63])"), "data_offsets");
    row("hole in front", oneTensor(R"("dtype":"U8","shape":[63],"data_offsets":[1,64])"), "unused");
    row("bytes left over", oneTensor(R"("dtype":"U8","shape":[63],"data_offsets":[0,63])"), "belong to no tensor");
    row("no tensors, but data", "{}", "belong to no tensor");
    row("twice", R"({"t":{"dtype":"U8","shape":[32],"data_offsets":[0,32]},"t":{"dtype":"U8","shape":[32],"data_offsets":[32,64]}})", "twice");
    row("overlap", R"({"t":{"dtype":"U8","shape":[40],"data_offsets":[0,40]},"u":{"dtype":"U8","shape":[32],"data_offsets":[32,64]}})", "shares bytes");
    row("the same bytes", R"({"t":{"dtype":"U8","shape":[64],"data_offsets":[0,64]},"u":{"dtype":"U8","shape":[64],"data_offsets":[0,64]}})", "shares bytes");
    row("control character in a name", "{\"a\\nb\":{\"dtype\":\"U8\",\"shape\":[64],\"data_offsets\":[0,64]}}", "plain text");
    row("empty name", R"({"":{"dtype":"U8","shape":[64],"data_offsets":[0,64]}})", "name");
}

void TestSafetensorsLies::headersThatLieAreRefused()
{
    QFETCH(QByteArray, header);
    QFETCH(QByteArray, word);
    const std::string bytes = test::safetensorsBytes(header.toStdString(), kData);
    try {
        SafetensorsFile::parse(test::asBytes(bytes), "lie.safetensors");
        QFAIL("it was accepted");
    } catch (const BadFile& error) {
        QVERIFY2(QByteArray(error.what()).contains(word), error.what());
        QCOMPARE(error.path, std::string("lie.safetensors"));
    } catch (const Unsupported& error) {
        QVERIFY2(QByteArray(error.what()).contains(word), error.what());
    }
}

void TestSafetensorsLies::lengthsOfTheHeaderThatLieAreRefused()
{
    const std::string good = test::safetensorsBytes(oneTensor(R"("dtype":"U8","shape":[64],"data_offsets":[0,64])"), kData);
    for (const uint64_t length : {uint64_t(0), uint64_t(1), uint64_t(good.size() - 7), uint64_t(good.size()), uint64_t(1) << 40, ~uint64_t(0)}) {
        std::string bytes = good;
        std::memcpy(bytes.data(), &length, sizeof length);
        QVERIFY_THROWS_EXCEPTION(BadFile, SafetensorsFile::parse(test::asBytes(bytes), "lie"));
    }
    for (size_t size = 0; size < good.size(); ++size)
        QVERIFY_THROWS_EXCEPTION(BadFile, SafetensorsFile::parse(test::asBytes(good).first(size), "cut"));
    QVERIFY_THROWS_EXCEPTION(BadFile, SafetensorsFile::parse(test::asBytes(good + "x"), "padded"));
}

// Every byte of a real header is changed in a few ways: refused, or all tensors still lie inside.
void TestSafetensorsLies::aChangedByteNeverLeadsOutside()
{
    const auto path = test::fixturePath("hf/llama3-rope/model.safetensors");
    if (!std::filesystem::exists(path))
        QSKIP("the golden folders are not there");
    std::string bytes = test::readFile(path);
    uint64_t n = 0;
    std::memcpy(&n, bytes.data(), sizeof n);
    int nAccepted = 0, nRefused = 0;
    for (size_t at = 0; at < 8 + std::min<uint64_t>(n, 900); ++at) {
        const char before = bytes[at];
        for (const char to : {'0', '9', '"', char(before ^ 0x80), char(before + 1)}) {
            bytes[at] = to;
            try {
                const auto file = SafetensorsFile::parse(test::asBytes(bytes), "changed");
                for (const StoredTensor& tensor : file.tensors())
                    QVERIFY(tensor.offset + tensor.bytes <= bytes.size() && tensor.bytes == uint64_t(tensor.count() * storedTypeBytes(tensor.type)));
                ++nAccepted;
            } catch (const BadFile&) {
                ++nRefused;
            } catch (const Unsupported&) {
                ++nRefused;
            }
        }
        bytes[at] = before;
    }
    QVERIFY(nAccepted > 0); // a letter of a name
    QVERIFY(nRefused > nAccepted);
}

void TestSafetensorsLies::foldersThatContradictThemselvesAreRefused_data()
{
    QTest::addColumn<QString>("folder");
    QTest::addColumn<int>("spoil");
    QTest::addColumn<QString>("words"); // all of them
    QTest::newRow("shard is missing") << "llama" << 0 << "model-00002-of-00003.safetensors";
    QTest::newRow("index names a tensor that is not there") << "llama" << 1 << "tensor nowhere|model-00001";
    QTest::newRow("index names the wrong shard") << "llama" << 2 << "model.norm.weight|index.json";
    QTest::newRow("index leaves a tensor out") << "llama" << 3 << "model.norm.weight|index.json";
    QTest::newRow("index leads out of the folder") << "llama" << 4 << "no file of this folder";
    QTest::newRow("index without map") << "llama" << 5 << "weight_map";
    QTest::newRow("no index") << "llama" << 6 << "no model.safetensors.index.json";
    QTest::newRow("no config") << "qwen3" << 7 << "config.json";
    QTest::newRow("unknown model type") << "qwen3" << 8 << "mamba|not supported";
    QTest::newRow("unknown tensor") << "qwen3" << 9 << "model.layers.0.self_attn.q_proj.lora|unknown|qwen3|model.safetensors|byte";
    QTest::newRow("missing tensor") << "qwen3" << 10 << "model.layers.1.mlp.up_proj.weight|missing";
    QTest::newRow("fewer layers than tensors") << "qwen3" << 11 << "model.layers.1.|unknown";
    QTest::newRow("more layers than tensors") << "qwen3" << 12 << "model.layers.2.|missing";
    QTest::newRow("heads do not fit") << "llama" << 13 << "q_proj|pairs";
    QTest::newRow("quantization method") << "qwen3-fp8" << 14 << "awq|not supported";
    QTest::newRow("scales of another block") << "qwen3-fp8" << 15 << "weight_scale_inv|blocks of 64 x 128";
    QTest::newRow("activation") << "llama" << 16 << "relu|not supported";
    QTest::newRow("rope scaling") << "llama" << 17 << "dynamic|not supported";
    QTest::newRow("size is text") << "llama" << 18 << "config.json|hidden_size";
    QTest::newRow("size is absurd") << "llama" << 19 << "num_hidden_layers";
    QTest::newRow("an integer tensor where a weight belongs") << "qwen3" << 20 << "model.norm.weight|I32";
    QTest::newRow("pickled weights only") << "qwen3" << 21 << "pickled";
    QTest::newRow("latent heads do not fit") << "deepseek-v3" << 22 << "kv_b_proj|heads";
    QTest::newRow("expert of another shape") << "mixtral" << 23 << "experts|missing";
    QTest::newRow("fused experts of another width") << "qwen3-moe-fused" << 24 << "gate_up_proj";
    QTest::newRow("blocks without scales") << "gpt-oss-mxfp4" << 25 << "_scales";
}

void TestSafetensorsLies::foldersThatContradictThemselvesAreRefused()
{
    QFETCH(QString, folder);
    QFETCH(int, spoil);
    QFETCH(QString, words);
    const Copy copy(folder.toUtf8().constData());
    if (!copy.isThere())
        QSKIP("the golden folders are not there");
    QCOMPARE(refusal(copy.path()), std::string());
    const auto config = [&](const char* key, const json& value) { copy.editJson("config.json", [&](json& c) { c[key] = value; }); };
    const auto index = [&](const std::function<void(json&)>& edit) { copy.editJson("model.safetensors.index.json", edit); };
    const auto header = [&](const std::function<void(json&)>& edit) { copy.editHeader("model.safetensors", edit); };
    const auto rename = [&](const char* from, const char* to) {
        header([&](json& h) {
            h[to] = h.at(from);
            h.erase(from);
        });
    };
    const std::string kNorm = "model.norm.weight";
    switch (spoil) {
    case 0: std::filesystem::remove(copy.path("model-00002-of-00003.safetensors")); break;
    case 1: index([](json& i) { i["weight_map"]["nowhere"] = "model-00001-of-00003.safetensors"; }); break;
    case 2: index([&](json& i) { i["weight_map"][kNorm] = "model-00002-of-00003.safetensors"; }); break;
    case 3: index([&](json& i) { i["weight_map"].erase(kNorm); }); break;
    case 4: index([&](json& i) { i["weight_map"][kNorm] = "../model.safetensors"; }); break;
    case 5: index([](json& i) { i = json::object(); }); break;
    case 6: std::filesystem::remove(copy.path("model.safetensors.index.json")); break;
    case 7: std::filesystem::remove(copy.path("config.json")); break;
    case 8: config("model_type", "mamba"); break;
    case 9: rename("lm_head.weight", "model.layers.0.self_attn.q_proj.lora"); break;
    case 10: rename("model.layers.1.mlp.up_proj.weight", "other"); break;
    case 11: config("num_hidden_layers", 1); break;
    case 12: config("num_hidden_layers", 3); break;
    case 13: config("num_attention_heads", 64); break;
    case 14: copy.editJson("config.json", [](json& c) { c["quantization_config"]["quant_method"] = "awq"; }); break;
    case 15: copy.editJson("config.json", [](json& c) { c["quantization_config"]["weight_block_size"] = {64, 128}; }); break;
    case 16: config("hidden_act", "relu"); break;
    case 17: config("rope_scaling", {{"rope_type", "dynamic"}, {"factor", 2}}); break;
    case 18: config("hidden_size", "64"); break;
    case 19: config("num_hidden_layers", 2000000000); break;
    case 20: header([&](json& h) { h[kNorm]["dtype"] = "I32"; }); break;
    case 21:
        std::filesystem::rename(copy.path("model.safetensors"), copy.path("pytorch_model.bin"));
        break;
    case 22: config("v_head_dim", 16); break;
    case 23: config("num_local_experts", 5); break;
    case 24: config("num_experts", 4); break;
    case 25: rename("model.layers.0.mlp.experts.down_proj_scales", "other"); break;
    }
    const QString message = QString::fromStdString(refusal(copy.path()));
    QVERIFY(!message.isEmpty());
    for (const QString& word : words.split('|'))
        QVERIFY2(message.contains(word), qPrintable(message));
}

// Tables that models bring along and nobody reads, in any integer type.
void TestSafetensorsLies::integersThatAreKnownAreIgnored()
{
    const Copy copy("bert");
    if (!copy.isThere())
        QSKIP("the golden folders are not there");
    const auto model = SafetensorsModel::open(copy.path());
    for (const TensorInfo& info : model->tensors())
        QVERIFY(info.dtype == DType::F32);
    copy.editHeader("model.safetensors", [](json& h) {
        h["encoder.position_ids"] = h.at("embeddings.position_ids");
        h.erase("embeddings.position_ids");
    });
    QVERIFY(QString::fromStdString(refusal(copy.path())).contains("encoder.position_ids"));
}

QTEST_APPLESS_MAIN(TestSafetensorsLies)
#include "tst_safetensors_lies.moc"
