// SPDX-License-Identifier: GPL-3.0-or-later
// Contents are a function of the tokens up to a position, as real keys and values are: whoever shares a page must find in it what
// they would have computed themselves.
#include "engine/core/error.h"
#include "engine/nn/kv_cache.h"
#include "engine/quant/half.h"
#include "engine/quant/quant_table.h"

#include <QtTest>

#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>

using namespace sy;
using nn::KvLayout;
using nn::KvPool;
using nn::KvSequence;

namespace {

constexpr int kPage = KvLayout::kPageTokens;
const KvLayout kLayout{3, 2, 5, 4, DType::F32};

float content(uint64_t prefix, int layer, int head, int d)
{
    return float((prefix * 31 + uint64_t(layer) * 7 + uint64_t(head) * 3 + uint64_t(d)) % 1999) / 16.0f;
}

std::vector<uint64_t> prefixHashes(std::span<const int32_t> tokens)
{
    std::vector<uint64_t> hashes;
    uint64_t h = 1;
    for (const int32_t token : tokens)
        hashes.push_back(h = h * 1000003 + uint64_t(token));
    return hashes;
}

void computeAndStore(const KvSequence& sequence, const KvLayout& layout, int64_t first)
{
    const auto hashes = prefixHashes(sequence.tokens());
    for (int layer = 0; layer < layout.nLayers; ++layer) {
        std::vector<float> keys, values;
        for (int64_t t = first; t < sequence.length(); ++t) {
            for (int head = 0; head < layout.nKvHeads; ++head) {
                for (int d = 0; d < layout.keyDim; ++d)
                    keys.push_back(content(hashes[size_t(t)], layer, head, d));
                for (int d = 0; d < layout.valueDim; ++d)
                    values.push_back(-content(hashes[size_t(t)], layer, head, d));
            }
        }
        sequence.store(layer, first, keys.data(), values.data(), sequence.length() - first);
    }
}

bool holdsItsContents(const KvSequence& sequence, const KvLayout& layout)
{
    const auto hashes = prefixHashes(sequence.tokens());
    for (int layer = 0; layer < layout.nLayers; ++layer) {
        const ops::KvPages pages = sequence.pages(layer);
        if (pages.keys.size() != size_t((sequence.length() + kPage - 1) / kPage) || pages.values.size() != pages.keys.size())
            return false;
        const auto at = [&](const std::byte* page, int64_t index) {
            return layout.dtype == DType::F32 ? reinterpret_cast<const float*>(page)[index]
                                              : quant::halfToFloat(reinterpret_cast<const uint16_t*>(page)[index]);
        };
        for (int64_t t = 0; t < sequence.length(); ++t) {
            for (int head = 0; head < layout.nKvHeads; ++head) {
                const int64_t row = int64_t(head) * kPage + t % kPage;
                for (int d = 0; d < layout.keyDim; ++d) {
                    if (at(pages.keys[size_t(t / kPage)], row * layout.keyDim + d) != content(hashes[size_t(t)], layer, head, d))
                        return false;
                }
                for (int d = 0; d < layout.valueDim; ++d) {
                    if (at(pages.values[size_t(t / kPage)], row * layout.valueDim + d) != -content(hashes[size_t(t)], layer, head, d))
                        return false;
                }
            }
        }
    }
    return true;
}

std::vector<int32_t> counting(int n, int32_t start = 0)
{
    std::vector<int32_t> tokens;
    for (int i = 0; i < n; ++i)
        tokens.push_back(start + i);
    return tokens;
}

void grow(KvSequence& sequence, std::span<const int32_t> tokens, const KvLayout& layout = kLayout)
{
    const int64_t first = sequence.length();
    sequence.append(tokens);
    computeAndStore(sequence, layout, first);
}

} // namespace

class TestKvCache : public QObject {
    Q_OBJECT

private slots:
    void contentsAreWhereAttentionLooksForThem_data()
    {
        QTest::addColumn<int>("dtype");
        QTest::newRow("F32") << int(DType::F32);
        QTest::newRow("F16") << int(DType::F16); // the contents of this test are exact in F16
    }

    void contentsAreWhereAttentionLooksForThem()
    {
        QFETCH(int, dtype);
        KvLayout layout = kLayout;
        layout.dtype = DType(dtype);
        KvPool pool(layout, layout.pageBytes() * 10);
        KvSequence sequence(pool);
        for (const int n : {1, 30, 1, 1, 64, 7})
            grow(sequence, counting(n, n), layout);
        QCOMPARE(sequence.length(), 104);
        QVERIFY(holdsItsContents(sequence, layout));
        QCOMPARE(pool.usedBytes(), 4 * layout.pageBytes());
        QCOMPARE(pool.freeTokens(), int64_t(6 * kPage));
    }

    void codesAreThoseOfTheDefinition_data()
    {
        QTest::addColumn<int>("keyDim");
        QTest::addColumn<int>("valueDim");
        QTest::newRow("whole blocks") << 64 << 32;
        QTest::newRow("filled up") << 40 << 5;
        QTest::newRow("values in keys") << 33 << 0;
    }

    void codesAreThoseOfTheDefinition()
    {
        QFETCH(int, keyDim);
        QFETCH(int, valueDim);
        const KvLayout layout{2, 3, keyDim, valueDim, DType::Q8_0};
        KvPool pool(layout, layout.pageBytes() * 4);
        KvSequence sequence(pool);
        const auto tokens = counting(40);
        sequence.append(tokens);
        const auto value = [](int64_t t, int i) { return std::sin(float(t * 131 + i)) * float(i + 1); };
        std::vector<float> keys, values;
        for (int64_t t = 0; t < 40; ++t) {
            for (int i = 0; i < 3 * keyDim; ++i)
                keys.push_back(value(t, i));
            for (int i = 0; i < 3 * valueDim; ++i)
                values.push_back(-value(t, i));
        }
        sequence.store(1, 0, keys.data(), values.data(), 40);
        const auto holds = [&](std::span<const std::byte* const> pages, const std::vector<float>& expected, int dim) {
            const quant::QuantType* type = quant::find(DType::Q8_0);
            const int padded = (dim + 31) / 32 * 32;
            for (int64_t t = 0; t < 40; ++t) {
                for (int head = 0; head < 3; ++head) {
                    std::vector<float> row(size_t(padded), 0.0f);
                    std::copy_n(expected.data() + (t * 3 + head) * dim, dim, row.data());
                    std::vector<std::byte> codes(ops::kvRowBytes(DType::Q8_0, dim));
                    type->pack(row.data(), codes.data(), padded);
                    if (std::memcmp(codes.data(), pages[size_t(t / kPage)] + (head * kPage + t % kPage) * int64_t(codes.size()), codes.size()) != 0)
                        return false;
                }
            }
            return true;
        };
        QVERIFY(holds(sequence.pages(1).keys, keys, keyDim));
        QVERIFY(valueDim == 0 || holds(sequence.pages(1).values, values, valueDim));
    }

    void aForkSharesPagesUntilOneOfThemWrites()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 10);
        KvSequence first(pool);
        grow(first, counting(50));
        KvSequence second = first.fork();
        QCOMPARE(pool.usedBytes(), 2 * kLayout.pageBytes());
        grow(second, counting(3, 900));
        QCOMPARE(pool.usedBytes(), 3 * kLayout.pageBytes()); // the partly filled page was copied
        grow(first, counting(2, 700));
        QCOMPARE(pool.usedBytes(), 3 * kLayout.pageBytes()); // by now nobody shares it
        QVERIFY(holdsItsContents(first, kLayout));
        QVERIFY(holdsItsContents(second, kLayout));
        QCOMPARE(first.pages(0).keys[0], second.pages(0).keys[0]);
        QVERIFY(first.pages(0).keys[1] != second.pages(0).keys[1]);
    }

    void aPromptAdoptsWholePagesAndKeepsOneTokenToCompute()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 10);
        {
            KvSequence done(pool);
            grow(done, counting(100));
            done.publish();
        }
        QCOMPARE(pool.usedBytes(), 0);
        QCOMPARE(pool.cachedBytes(), 3 * kLayout.pageBytes());
        for (const auto& [nPrompt, nAdopted] : {std::pair(96, 64), {97, 96}, {33, 32}, {32, 0}, {1, 0}, {0, 0}}) {
            KvSequence next(pool);
            QCOMPARE(next.adoptPrefix(counting(nPrompt)), nAdopted);
            QCOMPARE(next.length(), nAdopted);
            QVERIFY(holdsItsContents(next, kLayout));
        }
        std::vector<int32_t> other = counting(100);
        other[40] = 7;
        KvSequence next(pool);
        QCOMPARE(next.adoptPrefix(other), 32);
        QVERIFY_THROWS_EXCEPTION(std::invalid_argument, next.adoptPrefix(other));
        grow(next, std::span(other).subspan(32));
        QVERIFY(holdsItsContents(next, kLayout));
    }

    void equalPagesAfterDifferentBeginningsAreNotMistakenForOneAnother()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 10);
        std::vector<int32_t> first = counting(64), second = counting(64);
        second[0] = 77; // the pages of tokens 32 ... 63 read alike but were computed after different ones
        for (const auto& tokens : {first, second}) {
            KvSequence sequence(pool);
            grow(sequence, tokens);
            sequence.publish();
        }
        QCOMPARE(pool.cachedBytes(), 4 * kLayout.pageBytes());
        for (auto tokens : {first, second}) {
            tokens.push_back(1);
            KvSequence sequence(pool);
            QCOMPARE(sequence.adoptPrefix(tokens), 64);
            QVERIFY(holdsItsContents(sequence, kLayout));
        }
    }

    void pagesOfOneVariantAreNotFoundByAnother()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 20);
        const auto tokens = counting(100);
        const std::string variants[] = {"", "a x 1", "a x 2", "b x 1"};
        for (const std::string& variant : variants) {
            KvSequence sequence(pool, variant);
            QCOMPARE(sequence.adoptPrefix(tokens), 0);
            grow(sequence, tokens);
            const auto* const own = sequence.pages(0).keys[0];
            sequence.publish();
            QVERIFY(sequence.pages(0).keys[0] == own); // not replaced by another variant's
        }
        QCOMPARE(pool.cachedBytes(), 12 * kLayout.pageBytes());
        std::set<const std::byte*> pages;
        for (const std::string& variant : variants) {
            KvSequence sequence(pool, variant);
            QCOMPARE(sequence.adoptPrefix(tokens), 96);
            pages.insert(sequence.pages(0).keys.begin(), sequence.pages(0).keys.end());
            KvSequence fork = sequence.fork(), moved(pool);
            moved = std::move(fork);
            QCOMPARE(moved.variant(), variant);
        }
        QCOMPARE(pages.size(), size_t(12));
    }

    void aPublishedPageIsNotWrittenAfterTruncation()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 10);
        KvSequence sequence(pool);
        grow(sequence, counting(64));
        sequence.publish();
        sequence.truncate(40);
        grow(sequence, counting(30, 500));
        QVERIFY(holdsItsContents(sequence, kLayout));
        KvSequence again(pool);
        QCOMPARE(again.adoptPrefix(counting(65)), 64);
        QVERIFY(holdsItsContents(again, kLayout));
    }

    void twoCopiesOfOnePrefixBecomeOne()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 10);
        KvSequence first(pool), second(pool);
        grow(first, counting(70));
        grow(second, counting(70));
        QCOMPARE(pool.usedBytes(), 6 * kLayout.pageBytes());
        first.publish();
        second.publish();
        QCOMPARE(pool.usedBytes(), 4 * kLayout.pageBytes());
        QCOMPARE(first.pages(1).values[1], second.pages(1).values[1]);
        QVERIFY(holdsItsContents(second, kLayout));
    }

    void theLeastRecentlyUsedPrefixIsGivenUpFirstFromItsEnd()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 5);
        {
            KvSequence a(pool), b(pool);
            grow(a, counting(64, 0));
            a.publish();
            grow(b, counting(64, 1000));
            b.publish();
        }
        {
            KvSequence again(pool); // a is used again: b is older now
            QCOMPARE(again.adoptPrefix(counting(65, 0)), 64);
        }
        KvSequence large(pool);
        grow(large, counting(64, 5000));
        QCOMPARE(pool.cachedBytes(), 3 * kLayout.pageBytes());
        KvSequence a(pool), b(pool);
        QCOMPARE(a.adoptPrefix(counting(65, 0)), 64);
        QCOMPARE(b.adoptPrefix(counting(65, 1000)), 32); // its second page went, its first is still good
        QVERIFY(holdsItsContents(a, kLayout) && holdsItsContents(b, kLayout));
    }

    void aFullPoolRefusesAndChangesNothing()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 3 + 100);
        QCOMPARE(pool.budgetBytes(), 3 * kLayout.pageBytes());
        KvSequence sequence(pool);
        grow(sequence, counting(40));
        KvSequence other = sequence.fork();
        try {
            sequence.append(counting(60));
            QFAIL("there was room");
        } catch (const OutOfMemory& error) {
            QCOMPARE(error.wantedBytes, 3 * kLayout.pageBytes()); // two more, and the shared one copied
            QCOMPARE(error.availableBytes, kLayout.pageBytes());
        }
        QCOMPARE(sequence.length(), 40);
        QVERIFY(holdsItsContents(sequence, kLayout));
        grow(sequence, counting(24));
        QVERIFY(holdsItsContents(sequence, kLayout) && holdsItsContents(other, kLayout));
    }

    void anythingMayHappenInAnyOrder_data()
    {
        QTest::addColumn<int>("nPages");
        QTest::newRow("room for all") << 4000;
        QTest::newRow("eviction") << 70;
        QTest::newRow("often full") << 14;
    }

    void anythingMayHappenInAnyOrder()
    {
        QFETCH(int, nPages);
        std::mt19937 random(uint32_t(nPages) + 1);
        const auto below = [&](int n) { return int(random() % unsigned(n)); };
        KvPool pool(kLayout, kLayout.pageBytes() * size_t(nPages));
        std::vector<KvSequence> sequences;
        std::vector<std::vector<int32_t>> expected;
        std::vector<std::vector<int32_t>> prompts; // what was once published, to be asked for again
        int nRefused = 0, nAdopted = 0;
        for (int step = 0; step < 6000; ++step) {
            const int what = below(100);
            const size_t i = sequences.empty() ? 0 : random() % sequences.size();
            if (sequences.empty() || (what < 20 && sequences.size() < 12)) {
                sequences.emplace_back(pool);
                expected.emplace_back();
                if (!prompts.empty() && below(4) > 0) {
                    std::vector<int32_t> prompt = prompts[random() % prompts.size()];
                    if (below(2))
                        prompt.resize(size_t(below(int(prompt.size())) + 1));
                    if (below(2))
                        prompt[random() % prompt.size()] ^= 1;
                    const int64_t n = sequences.back().adoptPrefix(prompt);
                    QVERIFY(n < int64_t(prompt.size()) && n % kPage == 0);
                    nAdopted += n > 0;
                    expected.back().assign(prompt.begin(), prompt.begin() + n);
                }
            } else if (what < 60) {
                std::vector<int32_t> more;
                for (int n = below(2) ? 1 : below(70) + 1; n > 0; --n)
                    more.push_back(below(3)); // few tokens: prefixes meet by chance too
                try {
                    grow(sequences[i], more);
                    expected[i].insert(expected[i].end(), more.begin(), more.end());
                } catch (const OutOfMemory&) {
                    ++nRefused;
                }
            } else if (what < 64 && sequences.size() < 12) {
                sequences.push_back(sequences[i].fork());
                expected.push_back(expected[i]);
            } else if (what < 70) {
                const int n = below(int(expected[i].size()) + 1);
                sequences[i].truncate(n);
                expected[i].resize(size_t(n));
            } else if (what < 82) {
                sequences[i].publish();
                if (expected[i].size() > 40 && prompts.size() < 200)
                    prompts.push_back(expected[i]);
            } else if (what < 99) {
                std::swap(sequences[i], sequences.back()); // moves
                std::swap(expected[i], expected.back());
                sequences.pop_back();
                expected.pop_back();
            } else {
                pool.clearPrefixIndex();
                QCOMPARE(pool.cachedBytes(), 0);
            }
            QVERIFY(pool.usedBytes() + pool.cachedBytes() <= pool.budgetBytes());
            QCOMPARE(pool.freeTokens(), int64_t((pool.budgetBytes() - pool.usedBytes()) / kLayout.pageBytes() * kPage));
            for (size_t k = 0; k < sequences.size(); ++k) {
                QVERIFY(std::ranges::equal(sequences[k].tokens(), expected[k]));
                if (k == i || step % 20 == 0)
                    QVERIFY(holdsItsContents(sequences[k], kLayout));
            }
        }
        qInfo("%d adopted, %d refused", nAdopted, nRefused);
        QVERIFY(nAdopted > 20);
        QCOMPARE(nRefused > 0, nPages < 20);
        sequences.clear();
        QCOMPARE(pool.usedBytes(), 0);
    }

    void sequencesOfOnePoolMayBeUsedByDifferentThreads()
    {
        KvPool pool(kLayout, kLayout.pageBytes() * 24);
        std::atomic<int> nWrong = 0;
        std::vector<std::thread> threads;
        for (unsigned seed = 0; seed < 4; ++seed) {
            threads.emplace_back([&pool, &nWrong, seed] {
                std::mt19937 random(seed);
                for (int round = 0; round < 200; ++round) {
                    std::vector<int32_t> prompt = counting(100, int32_t(random() % 2) * 1000);
                    KvSequence sequence(pool);
                    try {
                        const int64_t n = sequence.adoptPrefix(prompt);
                        grow(sequence, std::span(prompt).subspan(size_t(n)));
                        sequence.publish();
                        KvSequence branch = sequence.fork();
                        grow(branch, counting(int(random() % 40), int32_t(random() % 5)));
                        branch.publish();
                        nWrong += !holdsItsContents(sequence, kLayout) || !holdsItsContents(branch, kLayout);
                    } catch (const OutOfMemory&) {
                    }
                }
            });
        }
        for (std::thread& thread : threads)
            thread.join();
        QCOMPARE(nWrong.load(), 0);
        QCOMPARE(pool.usedBytes(), 0);
    }
};

QTEST_APPLESS_MAIN(TestKvCache)
#include "tst_kv_cache.moc"
