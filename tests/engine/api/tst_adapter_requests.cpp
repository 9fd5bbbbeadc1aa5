// SPDX-License-Identifier: GPL-3.0-or-later
// Requests with adapters on a whole, tiny model: side by side, through the caches of keys and values, at strengths, from bad
// files.
#include "engine/api/loaded_model.h"
#include "engine/core/error.h"
#include "tests/fixtures.h"
#include "tests/tiny_model.h"

#include <QTemporaryDir>
#include <QtTest>

#include <cmath>
#include <cstring>
#include <fstream>
#include <thread>

using namespace sy;
using namespace sy::api;
namespace fs = std::filesystem;

namespace {

struct Matrix {
    std::string name;
    int64_t out, in;
};
const std::vector<Matrix> kUsual = {
    {"blk.0.attn_k", 16, 32}, {"blk.0.attn_v", 16, 32}, {"blk.1.attn_q", 32, 32}, {"blk.1.ffn_down", 32, 64}};

void writeAdapter(const fs::path& path, uint32_t seed, const std::vector<Matrix>& matrices = kUsual,
                  const std::string& architecture = "llama")
{
    constexpr int64_t kRank = 4;
    formats::GgufWriter out(path);
    out.metadata().setString("general.type", "adapter");
    out.metadata().setString("general.architecture", architecture);
    out.metadata().setString("adapter.type", "lora");
    out.metadata().setReal("adapter.lora.alpha", 8);
    for (const Matrix& m : matrices) {
        out.declare(m.name + ".weight.lora_a", {kRank, m.in}, DType::F32);
        out.declare(m.name + ".weight.lora_b", {m.out, kRank}, DType::F32);
    }
    uint32_t state = seed;
    for (const Matrix& m : matrices) {
        for (const int64_t n : {kRank * m.in, m.out * kRank}) {
            std::vector<float> values(static_cast<size_t>(n));
            for (float& value : values) {
                state = state * 1664525u + 1013904223u;
                value = (float(state >> 8) / 8388608.0f - 1.0f) * 0.3f;
            }
            out.append(std::as_bytes(std::span(values)));
        }
    }
    out.finish();
}

const std::string kDocument = [] {
    std::string text;
    for (int i = 0; i < 6; ++i)
        text +=
            "The pump P-" + std::to_string(100 + i % 4) + " is checked every month. Its seal is replaced when it leaks.\n";
    return text;
}();

struct Answer {
    std::vector<int32_t> ids;
    std::vector<double> logprobs;
    int64_t nCached = 0;
    bool operator==(const Answer& other) const { return ids == other.ids && logprobs == other.logprobs; }
};

GenerationRequest request(const AdapterSetting& adapter, const std::string& text = kDocument)
{
    GenerationRequest r;
    r.rawPrompt = text;
    r.sampling.seed = 5;
    r.sampling.temperature = 0.9;
    r.maxTokens = 40;
    r.adapter = adapter;
    return r;
}

Answer answer(LoadedModel& model, const GenerationRequest& request)
{
    Answer a;
    const auto onToken = [&](const TokenEvent& event) {
        a.ids.push_back(event.id);
        a.logprobs.push_back(event.logprob);
        return true;
    };
    a.nCached = model.generate(request, onToken).cachedTokens;
    return a;
}

std::vector<float> logits(LoadedModel& model, std::span<const int32_t> ids, const AdapterSetting& adapter)
{
    std::vector<float> all;
    model.logits(
        ids, 16, [&](std::span<const float> rows, int64_t) { all.insert(all.end(), rows.begin(), rows.end()); }, {},
        adapter);
    return all;
}

bool sameBits(const std::vector<float>& a, const std::vector<float>& b)
{
    return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

} // namespace

class TestAdapterRequests : public QObject {
    Q_OBJECT

    QTemporaryDir m_dir;
    fs::path m_folder, m_model, m_a, m_b;
    std::shared_ptr<Processor> m_processor = std::make_shared<Processor>(2);

    std::shared_ptr<LoadedModel> open() { return openModel(m_processor, m_model, {}, {}); }
    std::vector<AdapterSetting> settings() const { return {{}, {m_a, 1}, {m_b, 1}, {m_a, 0.5}, {m_b, 2}}; }
    std::vector<int32_t> someTokens() { return open()->tokenize(kDocument.substr(0, 100)); }

private slots:
    void initTestCase()
    {
        m_folder = m_dir.path().toStdString();
        m_model = m_folder / "tiny.gguf";
        m_a = m_folder / "a.gguf";
        m_b = m_folder / "b.gguf";
        sy::test::writeTinyModel(m_model);
        writeAdapter(m_a, 11);
        writeAdapter(m_b, 12);
    }

    void requestsSideBySideAnswerAsAlone()
    {
        const auto wanted = settings();
        std::vector<Answer> alone, beside(wanted.size());
        for (const AdapterSetting& setting : wanted) {
            alone.push_back(answer(*open(), request(setting)));
            for (size_t i = 0; i + 1 < alone.size(); ++i)
                QVERIFY2(alone[i].ids != alone.back().ids, "two adapters that answer alike prove nothing");
        }
        const auto model = open();
        for (int round = 0; round < 2; ++round) { // the second one finds all pages of the first
            {
                std::vector<std::jthread> threads;
                for (size_t i = 0; i < wanted.size(); ++i)
                    threads.emplace_back([&, i] { beside[i] = answer(*model, request(wanted[i])); });
            }
            for (size_t i = 0; i < wanted.size(); ++i) {
                QVERIFY2(beside[i] == alone[i], qPrintable(QString("request %1").arg(i)));
                QCOMPARE(beside[i].nCached > 0, round == 1);
            }
        }
    }

    void theCacheIsKeptApartByContentAndStrength()
    {
        const fs::path copy = m_folder / "copy.gguf";
        fs::copy_file(m_a, copy, fs::copy_options::overwrite_existing);
        const struct {
            AdapterSetting setting;
            bool isCached;
        } cases[] = {{{}, false},       {{m_a, 1}, false},    {{m_b, 1}, false}, {{m_a, 0.5}, false},
                     {{m_a, 1}, true},  {{m_a, 0}, true},     {{}, true},        {{m_a, 0.5}, true},
                     {{copy, 1}, true}, {{copy, 1.5}, false}, {{m_b, 0}, true},  {{m_b, 1}, true}};
        const auto model = open();
        for (size_t i = 0; i < std::size(cases); ++i) {
            const Answer a = answer(*model, request(cases[i].setting));
            QVERIFY2((a.nCached > 0) == cases[i].isCached, qPrintable(QString("request %1").arg(i)));
            QVERIFY2(a == answer(*open(), request(cases[i].setting)), qPrintable(QString("request %1").arg(i)));
        }
    }

    void strengthZeroIsTheBareModelBitForBit()
    {
        const auto ids = someTokens();
        for (const bool isExact : {false, true}) {
            LoadOptions load;
            load.isExact = isExact;
            const auto model = openModel(m_processor, m_model, load, {});
            const auto bare = logits(*model, ids, {});
            QVERIFY(sameBits(logits(*model, ids, {m_a, 0}), bare));
            const auto full = logits(*model, ids, {m_a, 1}), half = logits(*model, ids, {m_a, 0.5});
            QVERIFY(!sameBits(full, bare) && !sameBits(half, bare) && !sameBits(half, full));
            const double nll = model->perplexity(ids, 50).meanNll;
            QCOMPARE(model->perplexity(ids, 50, {}, {}, {m_a, 0}).meanNll, nll);
            QVERIFY(std::abs(model->perplexity(ids, 50, {}, {}, {m_a, 1}).meanNll - nll) > 1e-3);
        }
    }

    void aSavedContextBelongsToItsAdapter()
    {
        const fs::path file = m_folder / "chat.kv";
        std::vector<ChatMessage> messages{{"user", kDocument}};
        GenerationRequest first = request({m_a, 1}, {});
        first.messages = messages;
        int64_t nSaved = 0;
        {
            const auto model = open();
            messages.push_back({"assistant", model->generate(first, {}).text});
            QCOMPARE(model->saveContext(messages, m_folder / "none.kv"), int64_t(0)); // nothing was computed without one
            nSaved = model->saveContext(messages, file, {m_a, 1});
            QVERIFY(nSaved >= int64_t(kDocument.size()) / 32 * 32);
        }
        const auto model = open();
        QCOMPARE(model->restoreContext(file), nSaved);
        for (const AdapterSetting& setting : settings()) {
            GenerationRequest next = first;
            next.adapter = setting;
            const Answer warm = answer(*model, next);
            QCOMPARE(warm.nCached > 0, setting.file == m_a && setting.strength == 1);
            QVERIFY(warm == answer(*open(), next));
        }
    }

    void anAdapterIsReadOnceAndAgainWhenItsFileHasChanged()
    {
        const fs::path file = m_folder / "changing.gguf";
        fs::copy_file(m_a, file);
        const auto model = open();
        const Answer first = answer(*model, request({file, 1})), other = answer(*model, request({m_b, 1}));
        const auto time = fs::last_write_time(file);
        {
            std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
            stream.write("damage", 6);
        }
        fs::last_write_time(file, time); // nobody can see that it has changed, so that reading it again would show
        for (int i = 0; i < 3; ++i) {
            QVERIFY(answer(*model, request({file, 1})) == first);
            QVERIFY(answer(*model, request({m_b, 1})) == other);
        }
        fs::last_write_time(file, time + std::chrono::seconds(2));
        QVERIFY_EXCEPTION_THROWN(answer(*model, request({file, 1})), BadFile);
        fs::copy_file(m_b, file, fs::copy_options::overwrite_existing);
        fs::last_write_time(file, time + std::chrono::seconds(4));
        QVERIFY(answer(*model, request({file, 1})) == other);
    }

    void whatDoesNotBelongToTheModelIsNamedBeforeAnythingIsComputed()
    {
        const auto model = open();
        const auto refuses = [&](const AdapterSetting& setting) {
            GenerationRequest r = request(setting);
            bool isStarted = false;
            const auto started = [&] { isStarted = true; };
            try {
                model->generate(
                    r, [&](const TokenEvent&) { return started(), true; }, {}, [&](const PromptProgress&) { started(); });
            } catch (...) {
                if (!isStarted)
                    throw;
            }
        };
        const fs::path foreign = m_folder / "foreign.gguf", unused = m_folder / "unused.gguf",
                       crooked = m_folder / "crooked.gguf";
        writeAdapter(foreign, 1, kUsual, "qwen2");
        writeAdapter(unused, 1, {{"blk.0.attn_q", 32, 32}, {"blk.7.attn_q", 32, 32}});
        writeAdapter(crooked, 1, {{"blk.0.attn_q", 32, 48}});
        for (const auto& [file, word] : {std::pair(foreign, "qwen2"), {unused, "blk.7.attn_q"}}) {
            try {
                refuses({file, 1});
                QFAIL("accepted");
            } catch (const Unsupported& error) {
                QVERIFY2(std::string(error.what()).find(word) != std::string::npos, error.what());
            }
        }
        QVERIFY_EXCEPTION_THROWN(refuses({crooked, 1}), BadFile);
        QVERIFY_EXCEPTION_THROWN(refuses({m_model, 1}), BadFile);
        QVERIFY_EXCEPTION_THROWN(refuses({m_folder / "nowhere.gguf", 1}), StorageFailure);
        QVERIFY_EXCEPTION_THROWN(refuses({unused, 0}), Unsupported); // a wrong file stays wrong when it is turned off
        for (const double strength : {-0.1, 2.1, double(NAN)})
            QVERIFY_EXCEPTION_THROWN(refuses({m_a, strength}), std::invalid_argument);
        QVERIFY_EXCEPTION_THROWN(logits(*model, someTokens(), {unused, 1}), Unsupported);
        QVERIFY_EXCEPTION_THROWN(model->perplexity(someTokens(), 50, {}, {}, {foreign, 1}), Unsupported);
        QCOMPARE(answer(*model, request({})).nCached, int64_t(0));
    }

    void aFolderAsPeftWritesItGivesPeftsLogits()
    {
        const fs::path folder = sy::test::fixturePath("training/peft-llama");
        if (!fs::exists(folder))
            QSKIP("the training goldens are not there");
        LoadOptions load;
        load.isExact = true;
        const auto model = openModel(m_processor, sy::test::fixturePath("hf/llama"), load, {});
        std::vector<int32_t> ids;
        uint32_t x = 7;
        for (int i = 0; i < 40; ++i) {
            x = x * 1664525 + 1013904223;
            ids.push_back(int32_t((x >> 8) % 256));
        }
        const auto expected = sy::test::readFloats(folder.string() + ".expected.f32");
        const auto found = logits(*model, ids, {folder, 1});
        QCOMPARE(found.size(), expected.size());
        for (size_t i = 0; i < found.size(); ++i)
            QVERIFY(std::abs(found[i] - expected[i]) < 1e-4f);
    }
};

QTEST_GUILESS_MAIN(TestAdapterRequests)
#include "tst_adapter_requests.moc"
