// SPDX-License-Identifier: GPL-3.0-or-later
// Files that are cut, padded or lie. Each must be refused with the right kind of error, and none may crash or allocate what
// it claims. Inputs lie at the end of an exact heap block, so that a sanitizer sees one byte read too far.
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "tests/engine/formats/gguf_bytes.h"

#include <QTest>
#include <memory>

using namespace sy;
using namespace sy::formats;
using sy::test::GgufBytes;

namespace {

GgufFile parsed(const std::string& bytes)
{
    const std::shared_ptr<std::byte[]> exact(new std::byte[bytes.size()]);
    std::memcpy(exact.get(), bytes.data(), bytes.size());
    return GgufFile::parse({exact.get(), bytes.size()}, "test.gguf", exact);
}

// Opens the file and uses everything it then offers. "" when that went well, otherwise the kind of error and its text.
QString outcome(const std::string& bytes)
{
    try {
        const GgufFile file = parsed(bytes);
        size_t sum = 0;
        for (const TensorInfo& info : file.tensors()) {
            const Tensor tensor = file.get(info.name);
            for (size_t i = 0; i < tensor.bytes(); ++i)
                sum += size_t(tensor.raw()[i]);
        }
        const Metadata& m = file.metadata();
        for (size_t i = 0; i < m.size(); ++i) {
            try {
                sum += m.strings(m.keyAt(i)).size();
            } catch (const BadFile&) { // another type
            }
            try {
                sum += m.reals(m.keyAt(i)).size();
            } catch (const BadFile&) {
            }
        }
        return sum == size_t(-1) ? "never" : "";
    } catch (const BadFile& e) {
        return QString("BadFile: ") + e.what();
    } catch (const Unsupported& e) {
        return QString("Unsupported: ") + e.what();
    }
}

} // namespace

class TestGgufLies : public QObject {
    Q_OBJECT

private slots:
    void theGoodFileIsGood();
    void cuttingAtAnyByteIsRefused();
    void changingAnyByteNeverCrashes();
    void paddingBehindIsHarmlessAndInFrontIsRefused();
    void liesAreRefused_data();
    void liesAreRefused();
    void errorsTellTheByte();
    void wrongTypesOfMetadataAreNamed();
    void missingTensorsAndKeysAreNamed();
};

void TestGgufLies::theGoodFileIsGood()
{
    const GgufFile file = parsed(test::goodGguf());
    QCOMPARE(file.tensors().size(), size_t(3));
    QCOMPARE(file.tensors()[2].name, std::string("blk.0.ffn_up.weight"));
    QVERIFY(file.tensors()[2].shape == (Shape{1, 2, 3, 2})); // turned round
    QVERIFY(file.find("token_embd.weight")->dtype == DType::Q4_0);
    QCOMPARE(file.find("token_embd.weight")->bytes, uint64_t(18));
    QCOMPARE(file.find("output_norm.weight")->offset % 64, uint64_t(0));
    QCOMPARE(*file.string("general.architecture"), std::string_view("llama"));
    QCOMPARE(*file.integer("llama.block_count"), int64_t(2));
    QCOMPARE(*file.real("llama.rope.freq_base"), 10000.0);
    QCOMPARE(*file.real("llama.block_count"), 2.0);
    QCOMPARE(*file.boolean("tokenizer.ggml.add_bos_token"), true);
    QVERIFY(file.strings("tokenizer.ggml.tokens") == (std::vector<std::string_view>{"a", "", "bc"}));
    QVERIFY(file.metadata().reals("tokenizer.ggml.scores") == (std::vector<float>{1, 2, -3}));
    QVERIFY(file.metadata().booleans("llama.layer_flags") == (std::vector<bool>{false, true}));
    QVERIFY(file.metadata().isArray("llama.layer_flags"));
    QCOMPARE(file.metadata().arraySize("llama.layer_flags"), size_t(2));
    QVERIFY(file.metadata().integers("llama.block_count") == std::vector<int64_t>{2}); // one value counts as an array
    QVERIFY(!file.integer("absent") && !file.metadata().has("absent") && file.strings("absent").empty());
}

void TestGgufLies::cuttingAtAnyByteIsRefused()
{
    const std::string good = test::goodGguf();
    for (size_t n = 0; n < good.size(); ++n) {
        const QString result = outcome(good.substr(0, n));
        QVERIFY2(result.startsWith("BadFile"), qPrintable(QString("cut at %1: %2").arg(n).arg(result)));
    }
    QCOMPARE(outcome(good), QString());
}

void TestGgufLies::changingAnyByteNeverCrashes()
{
    const std::string good = test::goodGguf();
    int nRefused = 0;
    for (size_t i = 0; i < good.size(); ++i)
        for (const int change : {0x01, 0x80, 0xFF, -1}) {
            std::string bad = good;
            bad[i] = char(change < 0 ? 0x7F : good[i] ^ change);
            nRefused += outcome(bad).isEmpty() ? 0 : 1;
        }
    QVERIFY2(nRefused > 1500, qPrintable(QString::number(nRefused))); // the rest changed a value to another good one
}

void TestGgufLies::paddingBehindIsHarmlessAndInFrontIsRefused()
{
    const std::string good = test::goodGguf();
    QCOMPARE(outcome(good + std::string(1000, '\xAA')), QString());
    QVERIFY(outcome(std::string(32, '\0') + good).startsWith("BadFile: test.gguf: this is no GGUF file"));
}

void TestGgufLies::liesAreRefused_data()
{
    QTest::addColumn<QByteArray>("file");
    QTest::addColumn<QString>("expected"); // beginning of the kind, then a part of the text after "…"
    const auto row = [](const char* name, const GgufBytes& bytes, const char* expected) {
        QTest::newRow(name) << QByteArray::fromStdString(bytes.string()) << QString(expected);
    };
    constexpr uint64_t kHuge = uint64_t(1) << 60;

    QTest::newRow("empty") << QByteArray() << "BadFile…ends inside the GGUF header";
    QTest::newRow("another format") << QByteArray(64, 'x') << "BadFile…no GGUF file";
    row("version 2 has the same layout", GgufBytes(0, 0, 2), "");
    row("version 1", GgufBytes(0, 0, 1), "Unsupported…version is 1");
    row("version 4", GgufBytes(0, 0, 4), "Unsupported…version is 4");
    row("big-endian", GgufBytes(0, 0, 0x03000000), "Unsupported…big-endian");
    row("more tensors than bytes", GgufBytes(1000).zeros(500), "BadFile…claims 1000 tensors");
    row("2^60 tensors", GgufBytes(kHuge).zeros(500), "BadFile…tensors");
    row("-1 tensors", GgufBytes(UINT64_MAX).zeros(500), "BadFile…tensors");
    row("2^60 keys", GgufBytes(0, kHuge).zeros(500), "BadFile…metadata keys");
    row("-1 keys", GgufBytes(0, UINT64_MAX).zeros(500), "BadFile…metadata keys");

    row("key without letters", GgufBytes(0, 1).text("").zeros(40), "BadFile…key is empty");
    row("key with a control character", GgufBytes(0, 1).key(std::string("a\nb"), 0).zeros(40), "BadFile…not plain text");
    row("key of broken UTF-8", GgufBytes(0, 1).key("a\xC3", 0).zeros(40), "BadFile…not plain text");
    row("key longer than the file", GgufBytes(0, 1).put(kHuge).zeros(40), "BadFile…ends inside a metadata key");
    row("key of 2^64-1 bytes", GgufBytes(0, 1).put(UINT64_MAX).zeros(40), "BadFile…ends inside a metadata key");
    row("key twice", GgufBytes(0, 2).key("same.key.name", 0).put(uint8_t(1)).key("same.key.name", 0).put(uint8_t(1)).zeros(40),
        "BadFile…same.key.name occurs twice");
    row("value of type 13", GgufBytes(0, 1).key("a.b", 13).zeros(40), "BadFile…unknown type 13");
    row("value of type -1", GgufBytes(0, 1).key("a.b", -1).zeros(40), "BadFile…unknown type -1");
    row("array of arrays", GgufBytes(0, 1).key("a.b", 9).put(int32_t(9)).put(uint64_t(1)).zeros(40), "Unsupported…array of arrays");
    row("array of type 99", GgufBytes(0, 1).key("a.b", 9).put(int32_t(99)).put(uint64_t(1)).zeros(40), "BadFile…unknown type 99");
    row("array longer than the file", GgufBytes(0, 1).key("a.b", 9).put(int32_t(4)).put(uint64_t(11)).zeros(40), "BadFile…claims 11");
    row("array of 2^62 u32", GgufBytes(0, 1).key("a.b", 9).put(int32_t(4)).put(uint64_t(1) << 62).zeros(40), "BadFile…claims");
    row("array of 2^61 strings", GgufBytes(0, 1).key("a.b", 9).put(int32_t(8)).put(uint64_t(1) << 61).zeros(40), "BadFile…claims");
    row("string longer than the file", GgufBytes(0, 1).key("a.b", 8).put(uint64_t(41)).zeros(40), "BadFile…ends inside metadata key a.b");
    row("string of 2^64-1 bytes", GgufBytes(0, 1).key("a.b", 8).put(UINT64_MAX).zeros(40), "BadFile…ends inside metadata key a.b");
    row("third string of an array too long",
        GgufBytes(0, 1).key("a.b", 9).put(int32_t(8)).put(uint64_t(3)).text("x").text("y").put(uint64_t(50)).zeros(40),
        "BadFile…ends inside metadata key a.b");
    row("boolean 2", GgufBytes(0, 1).key("a.b", 7).put(uint8_t(2)).zeros(40), "BadFile…neither true nor false");

    const auto withAlignment = [](uint32_t alignment) {
        return GgufBytes(1, 1).key("general.alignment", 4).put(alignment).tensor("t", {8}, 0, 0).pad(64).zeros(256);
    };
    row("alignment 64 is fine", withAlignment(64), "");
    for (const uint32_t alignment : {0u, 1u, 4u, 24u, 0x80000000u})
        row(("alignment " + std::to_string(alignment)).c_str(), withAlignment(alignment), "BadFile…general.alignment");
    row("alignment as u64", GgufBytes(0, 1).key("general.alignment", 10).put(uint64_t(32)).zeros(64), "BadFile…general.alignment");
    row("alignment as string", GgufBytes(0, 1).key("general.alignment", 8).text("32").zeros(64), "BadFile…general.alignment");

    const auto one = [](const std::vector<int64_t>& dims, int32_t type, uint64_t offset = 0) {
        return GgufBytes(1).tensor("t", dims, type, offset).pad().zeros(4096);
    };
    row("one good tensor", one({8, 4}, 0), "");
    row("rank 0", one({}, 0), "BadFile…0 dimensions");
    row("rank 5", one({1, 1, 1, 1, 1}, 0), "BadFile…5 dimensions");
    row("size 0", one({8, 0}, 0), "BadFile…size of 0");
    row("size -8", one({-8}, 0), "BadFile…size of -8");
    row("two negative sizes", one({-8, -8}, 0), "BadFile…size of -8");
    row("product overflows", one({int64_t(1) << 32, int64_t(1) << 32}, 0), "BadFile…size of");
    row("product wraps to something small", one({int64_t(1) << 32, int64_t(1) << 32, 1, 4}, 0), "BadFile…size of");
    row("bytes overflow", one({int64_t(1) << 61, 2}, 0), "BadFile…larger than any file");
    row("larger than the file", one({8, 1000}, 0), "BadFile…ends past the end");
    row("as large as an address space", one({int64_t(1) << 40, 1 << 20}, 0), "BadFile…ends past the end");
    row("row is no whole number of blocks", one({48, 4}, 2), "BadFile…no whole number of Q4_0 blocks");
    row("row of 128 in a K-quant", one({128, 2}, 12), "BadFile…no whole number of Q4_K blocks");
    row("offset 32 for the first", one({8}, 0, 32), "BadFile…where 0 is expected");
    row("offset unaligned", one({8}, 0, 4), "BadFile…where 0 is expected");
    row("offset 2^64-32", one({8}, 0, UINT64_MAX - 31), "BadFile…where 0 is expected");
    row("overlapping", GgufBytes(2).tensor("a", {16}, 0, 0).tensor("b", {16}, 0, 32).pad().zeros(4096), "BadFile…where 64 is expected");
    row("a tensor twice", GgufBytes(2).tensor("a", {8}, 0, 0).tensor("a", {8}, 0, 32).pad().zeros(4096), "BadFile…tensor a occurs twice");
    row("second ends past the end", GgufBytes(2).tensor("a", {8}, 0, 0).tensor("b", {8}, 0, 32).pad().zeros(63), "BadFile…tensor b ends");
    row("data section absent", GgufBytes(1).tensor("a", {8}, 0, 0), "BadFile…ends past the end");
    row("tensor without a name", GgufBytes(1).tensor("", {8}, 0, 0).zeros(100), "BadFile…name is empty");
    row("tensor name of 300 letters", GgufBytes(1).tensor(std::string(300, 'n'), {8}, 0, 0).zeros(100), "BadFile…300 bytes long");
    row("tensor name with NUL", GgufBytes(1).tensor(std::string_view("a\0b", 3), {8}, 0, 0).zeros(100), "BadFile…not plain text");
    row("part of a split model", GgufBytes(0, 1).key("split.count", 2).put(uint16_t(3)).zeros(64), "BadFile…one of 3 files");

    // The type is refused before sizes are looked at, so an absurd size beside it changes nothing.
    const std::vector<int64_t> absurd{int64_t(1) << 62, int64_t(1) << 62};
    row("Q4_2", one(absurd, 4), "Unsupported…Q4_2 of tensor t");
    row("Q4_3", one(absurd, 5), "Unsupported…Q4_3");
    row("Q8_1", one(absurd, 9), "Unsupported…Q8_1");
    row("Q8_K", one(absurd, 15), "Unsupported…Q8_K");
    row("Q4_0_4_4", one(absurd, 31), "Unsupported…Q4_0_4_4");
    row("Q4_0_8_8", one(absurd, 33), "Unsupported…Q4_0_8_8");
    row("I2_S", one(absurd, 36), "Unsupported…ik_llama.cpp");
    row("IQ4_NL_8_8", one(absurd, 38), "Unsupported…IQ4_NL_8_8");
    row("Q1_0", one(absurd, 41), "Unsupported…Q1_0");
    row("IQ4_K", one(absurd, 139), "Unsupported…IQ4_K of tensor t is not supported: only ik_llama.cpp");
    row("an ik_llama.cpp type without a name", one(absurd, 220), "Unsupported…ik_llama.cpp");
    row("type 43", one(absurd, 43), "Unsupported…number 43");
    row("type -1", one(absurd, -1), "Unsupported…number -1");
    row("type 2^31-1", one(absurd, INT32_MAX), "Unsupported…number 2147483647");
}

void TestGgufLies::liesAreRefused()
{
    QFETCH(QByteArray, file);
    QFETCH(QString, expected);
    const QString result = outcome(file.toStdString());
    if (expected.isEmpty()) {
        QCOMPARE(result, QString());
        return;
    }
    const QStringList parts = expected.split("…");
    QVERIFY2(result.startsWith(parts[0]) && result.contains(parts[1]), qPrintable(result));
}

void TestGgufLies::errorsTellTheByte()
{
    try {
        parsed(GgufBytes(0, 1).key("a.b", 13).zeros(40).string());
        QFAIL("opened");
    } catch (const BadFile& e) {
        QCOMPARE(e.offset, int64_t(24 + 8 + 3)); // header, length and letters of the key
        QCOMPARE(e.path, std::string("test.gguf"));
    }
    try {
        parsed(GgufBytes(1).tensor("t", {8, 0}, 0, 0).zeros(100).string());
        QFAIL("opened");
    } catch (const BadFile& e) {
        QCOMPARE(e.offset, int64_t(24 + 8 + 1 + 4 + 8)); // the second dimension
    }
}

void TestGgufLies::wrongTypesOfMetadataAreNamed()
{
    const GgufFile file = parsed(test::goodGguf());
    const auto message = [](auto call) {
        try {
            call();
        } catch (const BadFile& e) {
            return QString(e.what());
        }
        return QString();
    };
    const Metadata& m = file.metadata();
    QVERIFY(message([&] { m.integer("general.architecture"); }).contains("general.architecture holds string where an integer"));
    QVERIFY(message([&] { m.string("llama.block_count"); }).contains("holds u32 where a string"));
    QVERIFY(message([&] { m.integer("tokenizer.ggml.scores"); }).contains("holds an array of f32"));
    QVERIFY(message([&] { m.integer("llama.rope.freq_base"); }).contains("holds f32"));
    QVERIFY(message([&] { m.boolean("llama.block_count"); }).contains("where true or false"));
    QVERIFY(message([&] { m.strings("tokenizer.ggml.scores"); }).contains("where strings"));
    QVERIFY(message([&] { m.integers("tokenizer.ggml.tokens"); }).contains("where integers"));
    QVERIFY(message([&] { m.reals("tokenizer.ggml.tokens"); }).contains("where numbers"));
    QVERIFY(message([&] { m.booleans("tokenizer.ggml.tokens"); }).contains("where true or false values"));
    const GgufFile large = parsed(GgufBytes(0, 1).key("a.b", 10).put(UINT64_MAX).zeros(40).string());
    QVERIFY(message([&] { large.integer("a.b"); }).contains("larger than"));
}

void TestGgufLies::missingTensorsAndKeysAreNamed()
{
    const GgufFile file = parsed(test::goodGguf());
    try {
        file.get("blk.7.attn_q.weight");
        QFAIL("found");
    } catch (const BadFile& e) {
        QCOMPARE(e.problem, std::string("tensor blk.7.attn_q.weight is missing"));
    }
    try {
        file.metadata().requireInteger("llama.context_length");
        QFAIL("found");
    } catch (const BadFile& e) {
        QCOMPARE(e.problem, std::string("metadata key llama.context_length is missing"));
    }
}

QTEST_APPLESS_MAIN(TestGgufLies)
#include "tst_gguf_lies.moc"
