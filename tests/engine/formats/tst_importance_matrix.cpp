// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/formats/importance_matrix.h"

#include "engine/core/error.h"
#include "engine/formats/gguf_writer.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <limits>

using namespace sy;
using namespace sy::formats;

namespace {

struct Entry {
    std::string name;
    std::vector<float> sums, counts;
};

void write(const std::filesystem::path& path, const std::vector<Entry>& entries, const char* type = "imatrix")
{
    GgufWriter out(path);
    out.metadata().setString("general.type", type);
    for (const Entry& e : entries) {
        const auto n = int64_t(e.counts.size());
        out.declare(e.name + ".in_sum2", {n, int64_t(e.sums.size()) / n}, DType::F32);
        out.declare(e.name + ".counts", {n, 1}, DType::F32);
    }
    for (const Entry& e : entries) {
        out.append(std::as_bytes(std::span(e.sums)));
        out.append(std::as_bytes(std::span(e.counts)));
    }
    out.finish();
}

} // namespace

class TestImportanceMatrix : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    std::filesystem::path m_file;

private slots:
    void init() { m_file = std::filesystem::path(m_dir.path().toStdString()) / "imatrix.gguf"; }

    void sumsBecomeMeansOverTheTokens()
    {
        write(m_file, {{"blk.0.ffn_up.weight", {10, 30, 0, 40}, {10}}});
        const auto matrix = ImportanceMatrix::open(m_file);
        const auto importance = matrix.of("blk.0.ffn_up.weight", 1, 4);
        QCOMPARE(importance.size(), size_t(4));
        QCOMPARE(importance[1] / importance[0], 3.0f);
        QCOMPARE(importance[3] / importance[0], 4.0f);
        QVERIFY(importance[2] > 0 && importance[2] < 1e-6f); // a column that was never used
        QVERIFY(matrix.of("blk.1.ffn_up.weight", 1, 4).empty());
    }

    void anExpertThatFewTokensSawLeansOnItsLayer()
    {
        // Three experts: seen often, seen once, never seen. Means of all: 2148/1025 and 3072/1025.
        write(m_file, {{"e", {2048, 1024, 100, 2048, 0, 0}, {1024, 1, 0}}});
        const auto importance = ImportanceMatrix::open(m_file).of("e", 3, 2);
        const double often = importance[0] / importance[1], once = importance[2] / importance[3], never = importance[4] / importance[5];
        const double mean = 2148.0 / 3072.0;
        QVERIFY(std::abs(never - mean) < 1e-5);
        QVERIFY(std::abs(once - (100 + 256 * 2148 / 1025.0) / (2048 + 256 * 3072 / 1025.0)) < 1e-5);
        QVERIFY(std::abs(often - (2048 + 256 * 2148 / 1025.0) / (1024 + 256 * 3072 / 1025.0)) < 1e-5);
    }

    void whatWasNeverMeasuredHasNone()
    {
        write(m_file, {{"a", {0, 0}, {0}}, {"b", {0, 0}, {7}}});
        const auto matrix = ImportanceMatrix::open(m_file);
        QVERIFY(matrix.of("a", 1, 2).empty() && matrix.of("b", 1, 2).empty());
    }

    void liesAreRefused()
    {
        write(m_file, {{"a", {1, 2}, {1}}}, "model");
        QVERIFY_THROWS_EXCEPTION(BadFile, ImportanceMatrix::open(m_file));
        write(m_file, {{"a", {1, 2}, {1}}, {"b", {1, -2}, {1}}, {"c", {1, std::numeric_limits<float>::infinity()}, {1}}});
        const auto matrix = ImportanceMatrix::open(m_file);
        QVERIFY_THROWS_EXCEPTION(BadFile, matrix.of("a", 1, 3));
        QVERIFY_THROWS_EXCEPTION(BadFile, matrix.of("a", 2, 1));
        QVERIFY_THROWS_EXCEPTION(BadFile, matrix.of("b", 1, 2));
        QVERIFY_THROWS_EXCEPTION(BadFile, matrix.of("c", 1, 2));
    }
};

QTEST_APPLESS_MAIN(TestImportanceMatrix)
#include "tst_importance_matrix.moc"
