// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/nn/kv_snapshot.h"

#include <QFile>
#include <QTemporaryDir>
#include <QtTest>

#include <vector>

using namespace sy;
using namespace sy::nn;

namespace {

constexpr KvLayout kLayout{3, 2, 5, 4, DType::F32};

std::vector<int32_t> tokensOf(int n, int seed)
{
    std::vector<int32_t> tokens;
    for (int i = 0; i < n; ++i)
        tokens.push_back((i * 7 + seed) % 1000);
    return tokens;
}

float content(int layer, int64_t position, int i)
{
    return float(layer * 1000 + position) + float(i) / 16;
}

void compute(KvPool& pool, const std::vector<int32_t>& tokens, const std::string& variant = {})
{
    KvSequence sequence(pool, variant);
    sequence.append(tokens);
    for (int layer = 0; layer < kLayout.nLayers; ++layer) {
        for (int64_t t = 0; t < sequence.length(); ++t) {
            std::vector<float> keys, values;
            for (int i = 0; i < kLayout.nKvHeads * kLayout.keyDim; ++i)
                keys.push_back(content(layer, t, i));
            for (int i = 0; i < kLayout.nKvHeads * kLayout.valueDim; ++i)
                values.push_back(-content(layer, t, i));
            sequence.store(layer, t, keys.data(), values.data(), 1);
        }
    }
    sequence.publish();
}

bool holdsItsContents(const KvSequence& sequence)
{
    for (int layer = 0; layer < kLayout.nLayers; ++layer) {
        const ops::KvPages pages = sequence.pages(layer);
        for (int64_t t = 0; t < sequence.length(); ++t) {
            const auto* keys = reinterpret_cast<const float*>(pages.keys[size_t(t / 32)]);
            const auto* values = reinterpret_cast<const float*>(pages.values[size_t(t / 32)]);
            for (int head = 0; head < kLayout.nKvHeads; ++head) {
                const int64_t row = head * 32 + t % 32;
                for (int d = 0; d < kLayout.keyDim; ++d) {
                    if (keys[row * kLayout.keyDim + d] != content(layer, t, head * kLayout.keyDim + d))
                        return false;
                }
                for (int d = 0; d < kLayout.valueDim; ++d) {
                    if (values[row * kLayout.valueDim + d] != -content(layer, t, head * kLayout.valueDim + d))
                        return false;
                }
            }
        }
    }
    return true;
}

} // namespace

class TestKvSnapshot : public QObject {
    Q_OBJECT

private slots:
    void init()
    {
        m_file = std::filesystem::path(m_folder.path().toStdString()) / "chat.kv";
        QFile::remove(QString::fromStdString(m_file.string()));
    }

    void whatWasSavedIsFoundByTheNextPrompt()
    {
        const auto tokens = tokensOf(150, 3);
        {
            KvPool pool(kLayout, kLayout.pageBytes() * 20);
            compute(pool, tokens);
            QCOMPARE(savePages(pool, tokens, "model a", m_file), int64_t(128)); // whole pages
            QCOMPARE(pool.usedBytes(), size_t(0));
        }
        KvPool pool(kLayout, kLayout.pageBytes() * 20);
        QCOMPARE(restorePages(pool, "model a", m_file), int64_t(128));
        QCOMPARE(pool.usedBytes(), size_t(0));
        QCOMPARE(pool.cachedBytes(), 4 * kLayout.pageBytes());
        KvSequence sequence(pool);
        QCOMPARE(sequence.adoptPrefix(tokens), int64_t(128));
        QVERIFY(holdsItsContents(sequence));
        QCOMPARE(restorePages(pool, "model a", m_file), int64_t(128)); // again: the pages that are there stay
        QCOMPARE(pool.usedBytes() + pool.cachedBytes(), 4 * kLayout.pageBytes());
    }

    void exactlyWholePagesAreAllSaved()
    {
        const auto tokens = tokensOf(96, 1);
        KvPool pool(kLayout, kLayout.pageBytes() * 20);
        compute(pool, tokens);
        QCOMPARE(savePages(pool, tokens, "k", m_file), int64_t(96));
        auto other = tokens;
        other[40] = 999;
        QCOMPARE(savePages(pool, other, "k", m_file), int64_t(32)); // as far as they are the same
        other[0] = 999;
        QCOMPARE(savePages(pool, other, "k", m_file), int64_t(0));
        QVERIFY(!std::filesystem::exists(m_file)); // rather none than one of another conversation
    }

    void aFileBringsItsOwnVariantBack()
    {
        const auto tokens = tokensOf(64, 5);
        KvPool pool(kLayout, kLayout.pageBytes() * 20);
        compute(pool, tokens, "adapter x 1");
        QCOMPARE(savePages(pool, tokens, "k", m_file), int64_t(0)); // there is nothing of the bare model
        QCOMPARE(savePages(pool, tokens, "k", m_file, "adapter x 1"), int64_t(64));
        KvPool fresh(kLayout, kLayout.pageBytes() * 20);
        compute(fresh, tokens); // the bare model's pages of the same tokens are something else
        QCOMPARE(restorePages(fresh, "k", m_file), int64_t(64));
        QCOMPARE(fresh.cachedBytes(), 4 * kLayout.pageBytes());
        auto prompt = tokens;
        prompt.push_back(1);
        KvSequence with(fresh, "adapter x 1"), other(fresh, "adapter x 2");
        QCOMPARE(with.adoptPrefix(prompt), int64_t(64));
        QVERIFY(holdsItsContents(with));
        QCOMPARE(other.adoptPrefix(prompt), int64_t(0));
    }

    void whatDoesNotMatchIsIgnored()
    {
        const auto tokens = tokensOf(64, 5);
        KvPool pool(kLayout, kLayout.pageBytes() * 20);
        compute(pool, tokens);
        QCOMPARE(savePages(pool, tokens, "model a", m_file), int64_t(64));
        KvPool fresh(kLayout, kLayout.pageBytes() * 20);
        QCOMPARE(restorePages(fresh, "model b", m_file), int64_t(0));
        QCOMPARE(restorePages(fresh, "model a", m_file.string() + ".none"), int64_t(0));
        KvLayout half = kLayout;
        half.dtype = DType::F16;
        KvPool other(half, half.pageBytes() * 20);
        QCOMPARE(restorePages(other, "model a", m_file), int64_t(0));
        KvPool small(kLayout, kLayout.pageBytes());
        QCOMPARE(restorePages(small, "model a", m_file), int64_t(0));
        QCOMPARE(fresh.cachedBytes() + other.cachedBytes() + small.cachedBytes(), size_t(0));
        QCOMPARE(restorePages(fresh, "model a", m_file), int64_t(64));
    }

    // Wherever a byte is another one, and wherever the file is cut.
    void aDamagedFileIsIgnored()
    {
        const auto tokens = tokensOf(32, 2);
        KvPool pool(kLayout, kLayout.pageBytes() * 20);
        compute(pool, tokens);
        savePages(pool, tokens, "k", m_file);
        QFile file(QString::fromStdString(m_file.string()));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QByteArray good = file.readAll();
        file.close();
        KvPool fresh(kLayout, kLayout.pageBytes() * 20);
        const auto tryBytes = [&](const QByteArray& bytes) {
            QFile out(QString::fromStdString(m_file.string()));
            return out.open(QIODevice::WriteOnly | QIODevice::Truncate) && out.write(bytes) == bytes.size() && (out.close(), true)
                       ? restorePages(fresh, "k", m_file)
                       : -1;
        };
        for (int at = 0; at < good.size(); at += at < 400 ? 11 : 293) {
            QByteArray bad = good;
            bad[at] = char(bad[at] ^ 0x21);
            QCOMPARE(tryBytes(bad), int64_t(0));
            QCOMPARE(tryBytes(good.first(at)), int64_t(0));
        }
        QCOMPARE(tryBytes(good + "x"), int64_t(0));
        QCOMPARE(fresh.cachedBytes() + fresh.usedBytes(), size_t(0));
        QCOMPARE(tryBytes(good), int64_t(32));
    }

private:
    QTemporaryDir m_folder;
    std::filesystem::path m_file;
};

QTEST_APPLESS_MAIN(TestKvSnapshot)
#include "tst_kv_snapshot.moc"
