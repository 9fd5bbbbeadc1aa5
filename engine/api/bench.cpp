// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/api/bench.h"
#include "engine/api/loaded_model.h"
#include "engine/core/error.h"
#include "engine/generate/random.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <stdexcept>

namespace sy::api {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start)
{
    return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Steps a model without a scheduler, in pieces as large as the scheduler's largest.
class Stepper {
public:
    Stepper(LoadedModel::State& state, const generate::AdapterChoice& adapter, std::stop_token stop)
        : m_model(*state.model), m_context(state.context()), m_stepLock(state.processor->stepLock),
          m_expertMass(float(state.options.expertMass)), m_adapter(adapter), m_stop(std::move(stop))
    {
    }

    void feed(nn::KvSequence& cache, std::span<const int32_t> tokens)
    {
        const auto most = size_t(generate::SchedulerOptions().stepTokens);
        for (size_t first = 0; first < tokens.size(); first += most) {
            const auto piece = tokens.subspan(first, std::min(most, tokens.size() - first));
            const bool isLast = first + piece.size() == tokens.size();
            models::SequenceStep part = partOf(cache, piece);
            part.logits = isLast ? models::LogitsWanted::last : models::LogitsWanted::none;
            step({&part, 1});
        }
    }

    models::SequenceStep partOf(nn::KvSequence& cache, std::span<const int32_t> tokens) const
    {
        models::SequenceStep part{&cache, tokens};
        part.expertMass = m_expertMass;
        part.adapter = m_adapter.use();
        return part;
    }

    void step(std::span<const models::SequenceStep> parts)
    {
        if (m_stop.stop_requested())
            throw Cancelled();
        const generate::StepLock::Turn turn(m_stepLock);
        m_model.step(m_context, parts);
    }

private:
    models::Model& m_model;
    const ops::OpContext m_context;
    generate::StepLock& m_stepLock;
    const float m_expertMass;
    generate::AdapterChoice m_adapter;
    std::stop_token m_stop;
};

void checkOptions(const BenchOptions& o, int64_t contextLength)
{
    if (o.nPrompt < 0 || o.nGenerate < 0 || o.depth < 0 || o.batch < 1 || o.nRepeat < 1)
        throw std::invalid_argument("bench: prompt, generate and depth are at least 0, batch and repeat at least 1");
    if (o.nPrompt == 0 && o.nGenerate == 0)
        throw std::invalid_argument("bench: with neither prompt nor generate there is nothing to measure");
    if (o.depth + std::max(o.nPrompt, o.nGenerate) > contextLength)
        throw std::invalid_argument("bench: depth and tokens exceed the model's context of " + std::to_string(contextLength));
}

} // namespace

BenchResult::Spread spreadOf(std::vector<double> values)
{
    std::sort(values.begin(), values.end());
    const size_t n = values.size();
    const double median = n % 2 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
    return {values.front(), median, values.back()};
}

std::vector<int32_t> someTokens(int64_t n, int64_t nVocabulary)
{
    std::vector<int32_t> ids(static_cast<size_t>(n));
    for (size_t i = 0; i < ids.size(); ++i)
        ids[i] = int32_t(generate::philox({uint32_t(i), 0, 0, 0}, {1, 1})[0] % uint64_t(nVocabulary));
    return ids;
}

uint64_t peakBytesOfProcess()
{
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("VmHWM:", 0) == 0)
            return std::strtoull(line.c_str() + 6, nullptr, 10) * 1024;
    }
    return 0;
}

BenchResult ModelHost::bench(const std::filesystem::path& path, const BenchOptions& options, std::stop_token stop)
{
    const auto processor = processorOf(*this);
    LoadOptions load = options.load;
    // Sequences share what is deep in the cache and have a page of their own for its end.
    load.contextLength = options.depth + std::max(options.nPrompt, options.nGenerate);
    const auto start = Clock::now();
    const std::shared_ptr<LoadedModel> model = openModel(processor, path, load, {}, stop, memory().availableBytes);
    BenchResult result;
    result.loadSeconds = secondsSince(start);

    LoadedModel::State& state = model->state();
    state.weights->wait(stop);
    state.chat(); // throws for an embedding model
    checkOptions(options, model->contextLength());
    const int64_t pages = (options.depth + options.nPrompt) / nn::KvLayout::kPageTokens + 2 +
                          options.batch * ((options.nGenerate + 1) / nn::KvLayout::kPageTokens + 2);
    const nn::KvLayout& layout = state.pool->layout();
    nn::KvPool pool(layout, size_t(pages) * layout.pageBytes());
    Stepper stepper(state, state.adapterFor(options.adapter), stop);
    const int64_t nVocabulary = state.model->config().nVocabulary;
    const std::vector<int32_t> prompt = someTokens(std::max<int64_t>(options.nPrompt, 32), nVocabulary);

    { // pages of the file, buffers and threads are made on first use
        nn::KvSequence warm(pool);
        stepper.feed(warm, std::span(prompt).first(std::min<size_t>(prompt.size(), 32)));
    }
    nn::KvSequence deep(pool);
    if (options.depth > 0)
        stepper.feed(deep, someTokens(options.depth, nVocabulary));

    std::vector<double> prefill, decode;
    for (int i = 0; i < options.nRepeat; ++i) {
        if (options.nPrompt > 0) {
            nn::KvSequence cache = deep.fork();
            const auto begin = Clock::now();
            stepper.feed(cache, std::span(prompt).first(size_t(options.nPrompt)));
            prefill.push_back(double(options.nPrompt) / secondsSince(begin));
        }
        if (options.nGenerate == 0)
            continue;
        std::vector<nn::KvSequence> caches;
        for (int b = 0; b < options.batch; ++b)
            caches.push_back(deep.fork());
        const auto begin = Clock::now();
        for (int64_t t = 0; t < options.nGenerate; ++t) {
            std::vector<models::SequenceStep> parts;
            for (nn::KvSequence& cache : caches)
                parts.push_back(stepper.partOf(cache, std::span(prompt).subspan(size_t(t) % prompt.size(), 1)));
            stepper.step(parts);
        }
        decode.push_back(double(options.nGenerate * options.batch) / secondsSince(begin));
    }
    if (!prefill.empty())
        result.prefillTokensPerSecond = spreadOf(std::move(prefill));
    if (!decode.empty())
        result.decodeTokensPerSecond = spreadOf(std::move(decode));
    result.peakBytes = peakBytesOfProcess();
    result.nThreads = processor->pool.nThreads();
    result.cpuLevel = cpu::levelName(cpu::level());
    result.device = "cpu";
    return result;
}

EmbedBenchResult ModelHost::benchEmbed(const std::filesystem::path& path, std::span<const std::string> passages, int nRepeat,
                                       std::stop_token stop)
{
    if (passages.empty() || nRepeat < 1)
        throw std::invalid_argument("bench: at least one passage and one repetition");
    const std::shared_ptr<LoadedModel> model = load(path, {}, stop);
    model->state().weights->wait(stop);
    std::vector<LoadedModel::EmbedInput> inputs;
    for (const std::string& passage : passages)
        inputs.push_back({passage, LoadedModel::EmbedInput::Kind::passage});
    model->embed(std::span(inputs).first(1), true, stop); // buffers and threads are made on first use

    std::vector<double> perSecond, tokensPerSecond;
    for (int i = 0; i < nRepeat; ++i) {
        const auto begin = Clock::now();
        const auto embeddings = model->embed(inputs, true, stop);
        const double seconds = secondsSince(begin);
        int64_t nTokens = 0;
        for (const LoadedModel::Embedding& embedding : embeddings)
            nTokens += embedding.nTokens;
        perSecond.push_back(double(passages.size()) / seconds);
        tokensPerSecond.push_back(double(nTokens) / seconds);
    }
    return {spreadOf(std::move(perSecond)), spreadOf(std::move(tokensPerSecond))};
}

} // namespace sy::api
