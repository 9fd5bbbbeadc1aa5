// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/gguf_writer.h"
#include "engine/quant/quant_table.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>

using namespace sy;
using namespace sy::formats;

class TestGguf : public QObject {
    Q_OBJECT

private slots:
    void goldenModelsOpen_data();
    void goldenModelsOpen();
    void writtenFilesReadBackTheSame();
};

void TestGguf::goldenModelsOpen_data()
{
    QTest::addColumn<QString>("path");
    const std::filesystem::path folder = test::fixturePath("models");
    if (!std::filesystem::exists(folder)) {
        QTest::newRow("absent") << QString();
        return;
    }
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        if (entry.path().extension() == ".gguf")
            QTest::newRow(entry.path().stem().c_str()) << QString::fromStdString(entry.path().string());
}

void TestGguf::goldenModelsOpen()
{
    QFETCH(QString, path);
    if (path.isEmpty())
        QSKIP("fixtures/models is not there");
    const GgufFile file = GgufFile::open(path.toStdString());
    QVERIFY(file.string("general.architecture").has_value());
    QVERIFY(file.has("token_embd.weight"));
    QCOMPARE(file.fileBytes(), uint64_t(std::filesystem::file_size(path.toStdString())));
    const Tensor embedding = file.get("token_embd.weight");
    QCOMPARE(embedding.shape().rank(), 2);
    QCOMPARE(embedding.rows(), int64_t(256)); // vocabulary of 256 ids; dimensions are turned round
    for (const TensorInfo& info : file.tensors()) {
        const Tensor tensor = file.get(info.name);
        QCOMPARE(int64_t(tensor.bytes()), quant::rowBytes(tensor.dtype(), tensor.cols()) * tensor.rows());
        if (tensor.dtype() == DType::F32)
            QVERIFY(std::isfinite(tensor.values().back()));
    }
}

void TestGguf::writtenFilesReadBackTheSame()
{
    QTemporaryDir folder;
    const std::filesystem::path path = folder.filePath("a.gguf").toStdString();
    GgufWriter out(path);
    out.metadata().setString("general.architecture", "llama");
    out.metadata().setInteger("llama.block_count", 3);
    const std::vector<std::string> tokens{"a", "", "\xFF", "word"};
    out.metadata().setStrings("tokenizer.ggml.tokens", tokens);
    out.declare("a", {3, 2}, DType::F32);
    out.declare("b", {64}, DType::Q8_0);
    const Tensor a = Tensor::of(std::vector<float>{1, 2, 3, 4, 5, 6}, {3, 2});
    out.append(a);
    const std::vector<std::byte> blocks(68, std::byte{7});
    out.append(std::span(blocks).first(10));
    out.append(std::span(blocks).subspan(10));
    QVERIFY(!std::filesystem::exists(path));
    out.finish();

    const GgufFile file = GgufFile::open(path);
    QCOMPARE(file.version(), 3u);
    QCOMPARE(*file.string("general.architecture"), std::string_view("llama"));
    QCOMPARE(*file.integer("llama.block_count"), int64_t(3));
    const auto read = file.strings("tokenizer.ggml.tokens");
    QVERIFY(std::equal(read.begin(), read.end(), tokens.begin(), tokens.end()));
    QCOMPARE(file.tensors().size(), size_t(2));
    QVERIFY(file.get("a").shape() == (Shape{3, 2}));
    QVERIFY(std::ranges::equal(file.get("a").values(), a.values()));
    QCOMPARE(file.get("b").bytes(), size_t(68));
    QCOMPARE(file.find("b")->offset % 32, uint64_t(0));
    QVERIFY_EXCEPTION_THROWN(file.get("c"), BadFile);
}

QTEST_APPLESS_MAIN(TestGguf)
#include "tst_gguf.moc"
