// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/engine.h"
#include "engine/api/library.h"
#include "engine/api/models.h"
#include "engine/api/quantize.h"
#include "engine/core/error.h"
#include "engine/core/sha256.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QTest>

#include <fstream>
#include <memory>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

class TestModelLibrary : public QObject {
    Q_OBJECT

private slots:
    void init();
    void aReferencedModelStaysWhereItIs();
    void aCopiedModelLiesInTheDataFolder();
    void theSameFileIsImportedOnce();
    void theSameContentsAreCopiedOnce();
    void twoFilesOfOneNameGetTwoIds();
    void removingAReferenceKeepsTheFile();
    void removingACopyDeletesIt();
    void aModelIsFoundByIdNameAndPath();
    void aNameThatMatchesNothingListsWhatThereIs();
    void aFileThatWentAwayIsMarked();
    void aChangedFileDoesNotVerify();
    void whatCannotRunIsRefusedWithItsReason();
    void whatIsNoModelIsABadFile();
    void factsAreThoseOfTheHeader();
    void whatDoesNotGrowWithAChatIsForetoldToo();
    void stoppingACopyLeavesNothing();
    void theNewestModelOfItsKindIsTheDefault();
    void aFolderIsReferencedOrCopiedWhole();
    void aFolderOfEachKindHasFacts();
    void aQuantizedCopyIsTheSameModel();

private:
    ModelLibrary& library() { return m_engine->library(); }
    fs::path own(const char* name) const { return fs::canonical(m_folder->filePath("data/models").toStdString()) / name; }
    QStringList ownFiles() const { return QDir(m_folder->filePath("data/models")).entryList(QDir::AllEntries | QDir::NoDotAndDotDot | QDir::Hidden); }
    fs::path model(const char* file, const char* name = "Tiny", const char* architecture = "llama", uint32_t seed = 1) const
    {
        const fs::path path = m_folder->filePath(file).toStdString();
        fs::create_directories(path.parent_path());
        test::writeTinyModel(path, name, architecture, seed);
        return fs::canonical(path);
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Engine> m_engine;
};

void TestModelLibrary::init()
{
    m_engine.reset();
    m_folder = std::make_unique<QTemporaryDir>();
    EngineOptions options;
    options.dataDir = m_folder->filePath("data").toStdString();
    options.nThreads = 1;
    m_engine = std::make_unique<Engine>(options);
}

void TestModelLibrary::aReferencedModelStaysWhereItIs()
{
    const fs::path file = model("My Model (v2).gguf");
    const ModelEntry entry = library().import(file, false);
    QCOMPARE(entry.id, std::string("my-model-v2"));
    QCOMPARE(entry.name, std::string("Tiny"));
    QCOMPARE(entry.path, file);
    QCOMPARE(entry.bytes, uint64_t(fs::file_size(file)));
    QCOMPARE(entry.kind, ModelKind::chat);
    QCOMPARE(entry.architecture, std::string("llama"));
    QVERIFY(entry.isReferenced && !entry.isMissing);
    QVERIFY(ownFiles().isEmpty());
}

void TestModelLibrary::aCopiedModelLiesInTheDataFolder()
{
    const fs::path file = model("a.gguf");
    uint64_t last = 0, total = 0;
    const ModelEntry entry = library().import(file, true, {}, [&](uint64_t done, uint64_t all) { last = done, total = all; });
    QCOMPARE(entry.path, own("a.gguf"));
    QVERIFY(!entry.isReferenced);
    QVERIFY(test::readFile(entry.path) == test::readFile(file));
    QCOMPARE(entry.sha256, sha256HexOfFile(file));
    QCOMPARE(last, uint64_t(fs::file_size(file)));
    QCOMPARE(total, last);
}

void TestModelLibrary::theSameFileIsImportedOnce()
{
    const fs::path file = model("a.gguf");
    const auto id = library().import(file, false).id;
    fs::create_symlink(file, m_folder->filePath("link.gguf").toStdString());
    QCOMPARE(library().import(m_folder->filePath("link.gguf").toStdString(), false).id, id);
    QCOMPARE(library().list().size(), size_t(1));
}

void TestModelLibrary::theSameContentsAreCopiedOnce()
{
    const auto id = library().import(model("a.gguf"), true).id;
    QCOMPARE(library().import(model("elsewhere/b.gguf"), true).id, id);
    QCOMPARE(ownFiles(), QStringList{"a.gguf"});
}

void TestModelLibrary::twoFilesOfOneNameGetTwoIds()
{
    const auto first = library().import(model("x/a.gguf", "One", "llama", 1), true);
    const auto second = library().import(model("y/a.gguf", "Two", "llama", 2), true);
    QCOMPARE(first.id, std::string("a"));
    QCOMPARE(second.id, std::string("a-2"));
    QVERIFY(first.path != second.path);
    QVERIFY(test::readFile(first.path) != test::readFile(second.path));
    library().remove("a-2");
    QCOMPARE(ownFiles(), QStringList{"a.gguf"});
}

void TestModelLibrary::removingAReferenceKeepsTheFile()
{
    const fs::path file = model("a.gguf");
    library().remove(library().import(file, false).id);
    QVERIFY(library().list().empty());
    QVERIFY(fs::exists(file));
}

void TestModelLibrary::removingACopyDeletesIt()
{
    const fs::path file = model("a.gguf");
    library().remove(library().import(file, true).id);
    QVERIFY(ownFiles().isEmpty());
    QVERIFY(fs::exists(file));
    QVERIFY_EXCEPTION_THROWN(library().remove("a"), std::invalid_argument);
}

void TestModelLibrary::aModelIsFoundByIdNameAndPath()
{
    const fs::path file = model("a.gguf", "Small Talker");
    library().import(file, false);
    for (const std::string& wanted : {std::string("a"), std::string("Small Talker"), std::string("small talker"), file.string()}) {
        QCOMPARE(library().resolve(wanted), file);
        QVERIFY(library().find(wanted).has_value());
    }
    QVERIFY(!library().find("b"));
    const fs::path other = model("other.gguf"); // a path need not be in the list
    QCOMPARE(library().resolve(other.string()), other);
}

void TestModelLibrary::aNameThatMatchesNothingListsWhatThereIs()
{
    library().import(model("a.gguf"), false);
    try {
        library().resolve("b");
        QFAIL("found");
    } catch (const StorageFailure& error) {
        QVERIFY2(error.detail.find("there are: a") != std::string::npos, error.what());
    }
}

void TestModelLibrary::aFileThatWentAwayIsMarked()
{
    const fs::path file = model("a.gguf");
    library().import(file, false);
    fs::remove(file);
    QVERIFY(library().list().front().isMissing);
    QVERIFY_EXCEPTION_THROWN(library().resolve("a"), StorageFailure);
    QVERIFY(!library().defaultModel(ModelKind::chat));
}

void TestModelLibrary::aChangedFileDoesNotVerify()
{
    const fs::path file = model("a.gguf");
    library().import(file, false);
    QVERIFY(library().find("a")->sha256.empty());
    QVERIFY(library().verify("a")); // records
    QCOMPARE(library().find("a")->sha256, sha256HexOfFile(file));
    QVERIFY(library().verify("a"));
    std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(-1, std::ios::end).put('!');
    QVERIFY(!library().verify("a"));
    QVERIFY2(!library().verify("a"), "a changed file was recorded as good");
}

void TestModelLibrary::whatCannotRunIsRefusedWithItsReason()
{
    const fs::path file = model("a.gguf", "Strange", "hal9000");
    try {
        library().import(file, false);
        QFAIL("imported");
    } catch (const Unsupported& error) {
        QVERIFY2(std::string(error.what()).find("hal9000") != std::string::npos, error.what());
    }
    QVERIFY(library().list().empty());
    const ModelFacts facts = library().facts(file);
    QVERIFY(!facts.isSupported);
    QCOMPARE(facts.architecture, std::string("hal9000"));
}

void TestModelLibrary::whatIsNoModelIsABadFile()
{
    const fs::path file = m_folder->filePath("text.gguf").toStdString();
    std::ofstream(file) << "this is no model";
    QVERIFY_EXCEPTION_THROWN(library().import(file, true), BadFile);
    QVERIFY_EXCEPTION_THROWN(library().facts(file), BadFile);
    QVERIFY_EXCEPTION_THROWN(library().import("/nowhere/a.gguf", false), StorageFailure);
    // A header that can be read, of a model that is not whole: damaged, and not for another version to run.
    const fs::path lacking = model("lacking.gguf");
    std::string bytes = test::readFile(lacking);
    bytes.replace(bytes.find("blk.1.attn_q.weight"), 19, "blk.1.attn_x.weight");
    std::ofstream(lacking, std::ios::binary) << bytes;
    QVERIFY(library().facts(lacking).isDamaged);
    try {
        library().import(lacking, false);
        QFAIL("imported");
    } catch (const BadFile& error) {
        QCOMPARE(error.problem, std::string("tensor blk.1.attn_q.weight is missing"));
    }
    QVERIFY(ownFiles().isEmpty());
}

void TestModelLibrary::factsAreThoseOfTheHeader()
{
    const ModelFacts facts = library().facts(model("a.gguf"), true);
    QVERIFY2(facts.isSupported, facts.unsupportedReason.c_str());
    QCOMPARE(facts.name, std::string("Tiny"));
    QCOMPARE(facts.license, std::string("mit"));
    QCOMPARE(facts.contextLength, int64_t(2048));
    QCOMPARE(facts.nLayers, 2);
    QCOMPARE(facts.nVocabulary, int64_t(259));
    QCOMPARE(facts.nParameters, int64_t(2 * 259 * 32 + 32 + 2 * (2 * 32 + 2 * 32 * 32 + 2 * 16 * 32 + 3 * 64 * 32)));
    QCOMPARE(facts.tensors.size(), size_t(21));
    QCOMPARE(facts.quantization.at("F32"), uint64_t(4 * facts.nParameters));
    QCOMPARE(facts.memory.kvBytesPerToken, uint64_t(2 * 2 * 16 * 2)); // layers, keys and values, width, bytes of F16
    QCOMPARE(facts.memory.chatTokens, int64_t(2048));
    QCOMPARE(facts.memory.chatKvBytesOf.at("f32"), 2048 * 2 * facts.memory.kvBytesPerToken);
    QVERIFY(facts.memory.computeBytes > 0);
    QVERIFY(!facts.endTokens.empty() && facts.endTokens.front() == "<|end|>");
}

void TestModelLibrary::whatDoesNotGrowWithAChatIsForetoldToo()
{
    const auto file = test::fixturePath("models-next/deepseek4.gguf");
    if (!fs::exists(file))
        QSKIP("models-next/ of the fixtures is absent");
    const auto memory = library().facts(file).memory;
    const uint64_t raw = 256 * 4 * 64 * 4, blocks = 256 / 4 * (64 + 128) * 4 + 256 / 32 * 64 * 4; // F32; a page for each 32 tokens
    QCOMPARE(memory.chatKvBytesOf.at("f32"), raw + blocks + 2 * (6 * (64 + 128) + 3 * 64) * 4);
    QCOMPARE(memory.kvBytesPerTokenOf.at("f32"), blocks / 256);
}

void TestModelLibrary::stoppingACopyLeavesNothing()
{
    std::stop_source stop;
    stop.request_stop();
    const fs::path file = model("a.gguf");
    QVERIFY_EXCEPTION_THROWN(library().import(file, true, stop.get_token()), Cancelled);
    QVERIFY(ownFiles().isEmpty());
    QVERIFY(library().list().empty());
}

void TestModelLibrary::theNewestModelOfItsKindIsTheDefault()
{
    QVERIFY(!library().defaultModel(ModelKind::chat));
    library().import(model("a.gguf"), false);
    library().import(model("b.gguf"), false);
    QCOMPARE(library().defaultModel(ModelKind::chat)->id, std::string("b"));
    QVERIFY(!library().defaultModel(ModelKind::embedding));
}

void TestModelLibrary::aFolderIsReferencedOrCopiedWhole()
{
    const fs::path folder = test::fixturePath("hf/llama3-rope");
    if (!fs::exists(folder))
        QSKIP("hf/ of the fixtures is absent");
    const ModelEntry referenced = library().import(folder, false);
    QCOMPARE(referenced.path, fs::canonical(folder));
    QCOMPARE(referenced.id, std::string("llama3-rope"));
    QCOMPARE(referenced.kind, ModelKind::chat);
    QCOMPARE(referenced.bytes, uint64_t(fs::file_size(folder / "model.safetensors")));
    QCOMPARE(library().import(folder / "model.safetensors", false).id, referenced.id);
    QCOMPARE(library().resolve("llama3-rope"), fs::canonical(folder));
    library().remove(referenced.id);
    QVERIFY(fs::exists(folder / "config.json"));

    const ModelEntry copied = library().import(folder, true);
    QCOMPARE(copied.path, own("llama3-rope"));
    for (const char* name : {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "generation_config.json"})
        QVERIFY(test::readFile(copied.path / name) == test::readFile(folder / name));
    QVERIFY(library().verify(copied.id)); // records the hash
    QVERIFY(library().verify(copied.id));
    fs::permissions(copied.path / "tokenizer_config.json", fs::perms::owner_write, fs::perm_options::add);
    std::ofstream(copied.path / "tokenizer_config.json", std::ios::app) << "\n";
    QVERIFY(!library().verify(copied.id));
    library().remove(copied.id);
    QVERIFY(ownFiles().isEmpty());
}

void TestModelLibrary::aFolderOfEachKindHasFacts()
{
    const fs::path folder = test::fixturePath("hf/llama3-rope");
    if (!fs::exists(folder))
        QSKIP("hf/ of the fixtures is absent");
    const ModelFacts facts = library().facts(folder, true);
    QVERIFY2(facts.isSupported, facts.unsupportedReason.c_str());
    QCOMPARE(facts.architecture, std::string("llama"));
    QCOMPARE(facts.name, std::string("llama3-rope"));
    QCOMPARE(facts.nVocabulary, int64_t(320));
    QCOMPARE(facts.contextLength, int64_t(512));
    QVERIFY(facts.quantization.contains("F16"));
    QVERIFY(facts.warnings.empty());
    QCOMPARE(facts.endTokens, std::vector<std::string>({"<|im_start|>", "<|im_end|>"}));
    QVERIFY(facts.memory.kvBytesPerToken > 0 && facts.memory.weightsBytes > 200'000);
    const ModelFacts bert = library().facts(test::fixturePath("hf/bert"));
    QVERIFY(bert.isEmbedding && bert.isSupported);
    QVERIFY(!bert.warnings.empty()); // without a tokenizer
}

void TestModelLibrary::aQuantizedCopyIsTheSameModel()
{
    const fs::path folder = test::fixturePath("hf/llama3-rope"), out = m_folder->filePath("small.gguf").toStdString();
    if (!fs::exists(folder))
        QSKIP("hf/ of the fixtures is absent");
    uint64_t last = 0, total = 0;
    const QuantizeResult result = quantizeModel(folder, out, "Q8_0", 2, {}, [&](uint64_t done, uint64_t all) { last = done, total = all; });
    QCOMPARE(last, total);
    QCOMPARE(result.outBytes, uint64_t(fs::file_size(out)));
    QVERIFY(result.types.contains("Q8_0"));
    const ModelFacts facts = library().facts(out);
    QVERIFY2(facts.isSupported, facts.unsupportedReason.c_str());
    QCOMPARE(facts.endTokens, library().facts(folder).endTokens);

    LoadOptions exact;
    exact.isExact = true;
    const auto before = m_engine->models().load(folder, exact), after = m_engine->models().load(out, exact);
    for (const char* text : {"The quick brown fox", "it's 12345678 o'clock\r\n\r\n\tok", "<|im_start|>a<|im_end|>"})
        QCOMPARE(after->tokenize(text, {true}), before->tokenize(text, {true}));
    const auto logitsOf = [](LoadedModel& model) {
        std::vector<float> all;
        const std::vector<int32_t> ids{5, 80, 200, 19, 297, 298};
        model.logits(ids, 0, [&](std::span<const float> rows, int64_t) { all.insert(all.end(), rows.begin(), rows.end()); });
        return all;
    };
    const auto a = logitsOf(*before), b = logitsOf(*after);
    double difference = 0, square = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        difference += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
        square += double(a[i]) * a[i];
    }
    QCOMPARE(a.size(), b.size());
    QVERIFY(difference > 0 && difference < 2e-3 * square);

    QVERIFY_EXCEPTION_THROWN(quantizeModel(out, out, "Q4_0", 1), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(quantizeModel(out, out, "Q9", 1), std::invalid_argument);
    const fs::path smaller = m_folder->filePath("smaller.gguf").toStdString();
    quantizeModel(out, smaller, "Q4_0", 1); // from Q8_0
    QVERIFY(library().facts(smaller).isSupported);
    QVERIFY_EXCEPTION_THROWN(quantizeModel(smaller, m_folder->filePath("x.gguf").toStdString(), "Q8_0", 1), Unsupported);
    std::stop_source stop;
    stop.request_stop();
    QVERIFY_EXCEPTION_THROWN(quantizeModel(out, m_folder->filePath("x.gguf").toStdString(), "Q4_0", 1, stop.get_token()), Cancelled);
    QVERIFY(!fs::exists(m_folder->filePath("x.gguf").toStdString()));
}

QTEST_GUILESS_MAIN(TestModelLibrary)
#include "tst_model_library.moc"
