// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/core/error.h"
#include "engine/formats/gguf.h"
#include "engine/formats/gguf_split.h"
#include "engine/formats/gguf_writer.h"

#include <QTemporaryDir>
#include <QTest>
#include <sys/stat.h>

using namespace sy;
using namespace sy::formats;

namespace {

struct PartSpec {
    int no;
    int count;
    std::vector<std::string> tensors;
    int total = -1;
};

void writePart(const std::filesystem::path& path, const PartSpec& part)
{
    GgufWriter out(path);
    if (part.no == 0)
        out.metadata().setString("general.architecture", "llama");
    out.metadata().setInteger("split.no", part.no, ValueType::u16);
    out.metadata().setInteger("split.count", part.count, ValueType::u16);
    if (part.total >= 0)
        out.metadata().setInteger("split.tensors.count", part.total, ValueType::i32);
    for (const std::string& name : part.tensors)
        out.declare(name, {4}, DType::F32);
    for (const std::string& name : part.tensors)
        out.append(Tensor::of(std::vector<float>{float(name.back()), 1, 2, 3}, {4}));
    out.finish();
}

} // namespace

class TestGgufSplit : public QObject {
    Q_OBJECT

private slots:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }
    void allPartsOpenFromAnyOfThem();
    void namesOutsideThePatternAreSingleFiles();
    void aMissingPartIsNamed();
    void partsThatContradictTheirNamesAreRefused();
    void aWrongTotalIsRefused();
    void aTensorInTwoPartsIsRefused();
    void aRenamedPartIsRefused();
    void whatIsNoFileIsRefused();

private:
    std::filesystem::path path(const char* name) const { return m_folder->filePath(name).toStdString(); }
    std::unique_ptr<QTemporaryDir> m_folder;
};

void TestGgufSplit::allPartsOpenFromAnyOfThem()
{
    writePart(path("m-00001-of-00003.gguf"), {0, 3, {"a", "b"}, 4});
    writePart(path("m-00002-of-00003.gguf"), {1, 3, {"c"}});
    writePart(path("m-00003-of-00003.gguf"), {2, 3, {"d"}});
    for (const char* name : {"m-00001-of-00003.gguf", "m-00002-of-00003.gguf", "m-00003-of-00003.gguf"}) {
        const GgufFile file = GgufFile::open(path(name));
        QCOMPARE(file.paths().size(), size_t(3));
        QCOMPARE(file.tensors().size(), size_t(4));
        QCOMPARE(*file.string("general.architecture"), std::string_view("llama"));
        for (const char* tensor : {"a", "b", "c", "d"})
            QCOMPARE(file.get(tensor).f32()[0], float(tensor[0]));
        QCOMPARE(file.find("d")->part, 2);
        uint64_t bytes = 0;
        for (const auto& part : file.paths())
            bytes += std::filesystem::file_size(part);
        QCOMPARE(file.fileBytes(), bytes);
    }

    // A tensor keeps its own part mapped after the file object has gone.
    Tensor survivor = GgufFile::open(path("m-00001-of-00003.gguf")).get("c");
    QCOMPARE(survivor.f32()[0], float('c'));
}

void TestGgufSplit::namesOutsideThePatternAreSingleFiles()
{
    for (const char* name : {"m.gguf", "-00001-of-00003.gguf", "m-0001-of-0003.gguf", "m-00001-of-00003.bin", "m-00004-of-00003.gguf",
                             "m-00000-of-00003.gguf", "m-0000x-of-00003.gguf", "m-00001_of-00003.gguf"})
        QCOMPARE(splitNameOf(name).nParts, 1);
    QCOMPARE(splitNameOf("dir/m-00002-of-00003.gguf").nParts, 3);
    QCOMPARE(splitPath(splitNameOf("dir/m-00002-of-00003.gguf"), 0), std::filesystem::path("dir/m-00001-of-00003.gguf"));
    QCOMPARE(splitPath(splitNameOf("m-00001-of-12345.gguf"), 12344), std::filesystem::path("m-12345-of-12345.gguf"));

    // One part of one is what a splitter writes for a small model.
    writePart(path("m-00001-of-00001.gguf"), {0, 1, {"a"}, 1});
    QCOMPARE(GgufFile::open(path("m-00001-of-00001.gguf")).tensors().size(), size_t(1));
}

void TestGgufSplit::aMissingPartIsNamed()
{
    writePart(path("m-00001-of-00002.gguf"), {0, 2, {"a"}, 2});
    try {
        GgufFile::open(path("m-00001-of-00002.gguf"));
        QFAIL("opened");
    } catch (const StorageFailure& e) {
        QCOMPARE(e.path, path("m-00002-of-00002.gguf").string());
    }
}

void TestGgufSplit::partsThatContradictTheirNamesAreRefused()
{
    writePart(path("m-00001-of-00002.gguf"), {0, 2, {"a"}, 2});
    writePart(path("m-00002-of-00002.gguf"), {0, 2, {"b"}});
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(path("m-00001-of-00002.gguf")), BadFile);
    writePart(path("m-00002-of-00002.gguf"), {1, 3, {"b"}});
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(path("m-00001-of-00002.gguf")), BadFile);
    writePart(path("m-00002-of-00002.gguf"), {1, 2, {"b"}});
    QCOMPARE(GgufFile::open(path("m-00001-of-00002.gguf")).tensors().size(), size_t(2));
}

void TestGgufSplit::aWrongTotalIsRefused()
{
    writePart(path("m-00001-of-00002.gguf"), {0, 2, {"a"}, 3});
    writePart(path("m-00002-of-00002.gguf"), {1, 2, {"b"}});
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(path("m-00001-of-00002.gguf")), BadFile);
}

void TestGgufSplit::aTensorInTwoPartsIsRefused()
{
    writePart(path("m-00001-of-00002.gguf"), {0, 2, {"a"}, 2});
    writePart(path("m-00002-of-00002.gguf"), {1, 2, {"a"}});
    try {
        GgufFile::open(path("m-00001-of-00002.gguf"));
        QFAIL("opened");
    } catch (const BadFile& e) {
        QCOMPARE(e.path, path("m-00002-of-00002.gguf").string());
        QCOMPARE(e.problem, std::string("tensor a occurs twice"));
    }
}

void TestGgufSplit::aRenamedPartIsRefused()
{
    writePart(path("renamed.gguf"), {0, 2, {"a"}, 2});
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(path("renamed.gguf")), BadFile);
}

void TestGgufSplit::whatIsNoFileIsRefused()
{
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(path("absent.gguf")), StorageFailure);
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(m_folder->path().toStdString()), StorageFailure);
    QCOMPARE(::mkfifo(path("pipe.gguf").c_str(), 0600), 0);
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(path("pipe.gguf")), StorageFailure); // and does not wait for a writer
    QFile empty(m_folder->filePath("empty.gguf"));
    QVERIFY(empty.open(QIODevice::WriteOnly));
    empty.close();
    QVERIFY_EXCEPTION_THROWN(GgufFile::open(path("empty.gguf")), BadFile);
}

QTEST_APPLESS_MAIN(TestGgufSplit)
#include "tst_gguf_split.moc"
